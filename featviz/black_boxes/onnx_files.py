"""ONNX files as black boxes, run by onnxruntime."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.black_boxes.base import BlackBox, Preprocess
from featviz.black_boxes.layouts import LAYOUTS, arrange, cast, check_layout, choose_layout
from featviz.checks import did_you_mean, integer, one_of
from featviz.errors import BoxError, InvalidArgument
from featviz.onnx_sessions import ONNX_DTYPES, file_sha256, open_onnx
from featviz.text import visible

__all__ = ["OnnxBox"]


class OnnxBox(BlackBox):
    """A model in an ONNX file with one input. The session is opened once, on the CPU.

    Args:
        path: the file. Weights that it keeps in further files are not part of its checksum.
        outputs: the k names of the numbers in the output; by default the output's own name where it holds one
            number an input, and "0", "1", ... where it holds several.
        name: a label; the file's name without its suffix by default.
        output: which of the graph's outputs to read, by name; needed only where there are several.
        layout: how the batch is laid out for the model, one of "NHWC", "NCHW", "NHW" (pictures), "NLC", "NCL", "NL"
            (series), "flat_channels_last", "flat_channels_first" and "as_is". By default the one that fits
            the file's shapes; needed only where two fit, as with a file that leaves all sizes open.
        threads: onnxruntime's threads within an operator. One by default: the models and batches of a search are
            small, several searches share a machine, and the bits of a sum depend on how many threads made it.
        preprocess: applied to the batch first.

    Raises:
        BoxError: when the file is missing, is not an ONNX model, has several inputs, or an input or output that is
            not made of numbers.
        MissingDependency: when onnxruntime is not installed.

    A batch is cast to the model's dtype as :func:`~featviz.black_boxes.layouts.cast` says. A model with a fixed batch
    size is asked in parts of that size, the last one filled up with copies of its last row.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        outputs: Any = None,
        name: str | None = None,
        output: str | None = None,
        layout: str | None = None,
        threads: int = 1,
        preprocess: Preprocess | None = None,
    ) -> None:
        self.path = Path(path)
        self._label = visible(name if name is not None else self.path.stem or "model")
        self._layout = None if layout is None else one_of("layout", layout, LAYOUTS)
        self._session = open_onnx(self.path, integer("threads", threads, 1, 1024), BoxError)
        self.sha256 = file_sha256(self.path)
        self._input = self._single_input()
        self._dtype = np.dtype(ONNX_DTYPES[self._input.type])
        self._dims = [d if isinstance(d, int) else None for d in self._input.shape[1:]]
        batch = self._input.shape[0]
        self._batch_size = batch if isinstance(batch, int) else None
        self._output = self._chosen_output(output)
        names = self._own_names(outputs)
        super().__init__(
            name=name if name is not None else self.path.stem or "model", outputs=names, preprocess=preprocess
        )
        self._noisy = False

    def answer(self, inputs: Any) -> NDArray[np.float64]:
        """The rows of the output in use; see :class:`OnnxBox`."""
        if not isinstance(inputs, np.ndarray):
            raise BoxError(
                f"{self._label} takes arrays, but the batch is a {type(inputs).__name__}. "
                "Pass preprocess= a function that makes an array of it."
            )
        layout = self._layout
        if layout is None:
            layout = choose_layout(inputs, self._dims, self._label)
        else:
            check_layout(inputs, self._dims, layout, self._label)
        given = np.ascontiguousarray(cast(arrange(inputs, layout), self._dtype, self._label))
        if self._batch_size is None:
            return self._run(given)
        return self._run_in_parts(given, self._batch_size)

    def _run_in_parts(self, given: NDArray[Any], size: int) -> NDArray[np.float64]:
        parts = []
        for start in range(0, len(given), size):
            part = given[start : start + size]
            filled = np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])
            parts.append(self._run(filled)[: len(part)])
        return np.concatenate(parts)

    def _run(self, given: NDArray[Any]) -> NDArray[np.float64]:
        rows = np.asarray(self._session.run([self._output.name], {self._input.name: given})[0])
        if rows.size == len(given) * len(self.outputs):
            rows = rows.reshape(len(given), -1)  # axes of length 1 after the outputs, or none before them
        return rows.astype(np.float64)

    def _single_input(self) -> Any:
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            listed = ", ".join(visible(i.name, 40) for i in inputs[:20])
            raise BoxError(
                f"{self._label} has {len(inputs)} inputs ({listed}), and a black box takes one batch. "
                "Wrap it in a function of the batch that feeds them all, and pass that to black_box."
            )
        (given,) = inputs
        if given.type not in ONNX_DTYPES:
            raise BoxError(
                f"the input {visible(given.name)!r} of {self._label} is a {given.type}, which is not made of numbers. "
                "Wrap it in a function that makes that of a batch, and pass the function to black_box."
            )
        if not given.shape:
            raise BoxError(f"the input {visible(given.name)!r} of {self._label} has no axis for a batch.")
        return given

    def _chosen_output(self, wanted: str | None) -> Any:
        known = {o.name: o for o in self._session.get_outputs()}
        listed = ", ".join(visible(o, 40) for o in known)
        if wanted is None and len(known) > 1:
            raise BoxError(f"{self._label} has several outputs: {listed}. Say which with output='...'.")
        chosen = next(iter(known.values())) if wanted is None else known.get(wanted)
        if chosen is None:
            raise BoxError(
                f"{self._label} has no output {visible(wanted)!r}. It has: {listed}.{did_you_mean(wanted, known)}"
            )
        if chosen.type not in ONNX_DTYPES:
            raise BoxError(
                f"the output {visible(chosen.name)!r} of {self._label} is a {chosen.type}, not a tensor of numbers. "
                "Say another with output='...', or export the model again (with skl2onnx: zipmap=False)."
            )
        return chosen

    def _own_names(self, outputs: Any) -> Any:
        width = self._width()
        if outputs is None:
            if width is None:
                raise BoxError(
                    f"{self._label} does not say how many numbers its output {visible(self._output.name)!r} holds. "
                    "Pass outputs=[...] with their names."
                )
            return [self._output.name] if width == 1 else [str(i) for i in range(width)]
        names = list(outputs) if not isinstance(outputs, str) else outputs
        if width is not None and len(names) != width and not isinstance(outputs, str):
            raise InvalidArgument(f"{self._label} has {width} outputs, but outputs= names {len(names)}.")
        return names

    def _width(self) -> int | None:
        """How many numbers an input the output holds, or None when the file leaves it open."""
        shape = list(self._output.shape)
        if len(shape) == 1 and self._batch_size == 1 and isinstance(shape[0], int):
            return int(shape[0])  # one input and no axis for it
        sizes = [d for d in shape[1:] if d != 1]
        if len(sizes) > 1:
            raise BoxError(
                f"the output {visible(self._output.name)!r} of {self._label} is a map of shape {shape}, and a black "
                "box answers with one row of numbers. Wrap the model in a function that picks or averages them."
            )
        if any(not isinstance(d, int) for d in sizes):
            return None
        return int(math.prod(sizes))
