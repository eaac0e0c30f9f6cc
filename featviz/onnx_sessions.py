"""ONNX files: opened by onnxruntime, and known by their checksum. For boxes and for decoders of pictures."""

from pathlib import Path
from typing import Any

import numpy as np

from featviz.errors import FeatvizError, MissingDependency
from featviz.text import first_line, visible

__all__ = ["ONNX_DTYPES", "open_onnx"]

# onnxruntime's names of the tensors that hold numbers.
ONNX_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(uint16)": np.uint16,
    "tensor(int16)": np.int16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint32)": np.uint32,
    "tensor(uint64)": np.uint64,
    "tensor(bool)": np.bool_,
}


def open_onnx(path: Path, threads: int, error: type[FeatvizError]) -> Any:
    """A session of onnxruntime on the CPU.

    Args:
        path: the file.
        threads: onnxruntime's threads within an operator.
        error: what to raise when there is no such file, or it is not an ONNX model.

    Raises:
        MissingDependency: when onnxruntime is not installed.
    """
    if not path.is_file():
        raise error(f"there is no file {visible(path)}.")
    try:
        import onnxruntime  # noqa: PLC0415  takes long to import and is optional
    except ImportError as missing:
        raise MissingDependency(
            "an ONNX file needs onnxruntime, which is not installed. Run: pip install 'featviz[onnx]'"
        ) from missing
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only: warnings about unused weights help nobody here
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as caught:
        raise error(f"{visible(path)} could not be opened as an ONNX model: {first_line(caught)}") from caught
