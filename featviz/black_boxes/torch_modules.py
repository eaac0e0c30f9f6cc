"""torch modules as black boxes. torch is imported when the first one is made."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length, described, take
from featviz.black_boxes.base import BlackBox, Preprocess
from featviz.black_boxes.layouts import LAYOUTS, arrange, check_layout
from featviz.black_boxes.torch_layers import first_layer, layout_for, output_names, place_of
from featviz.checks import one_of
from featviz.errors import BoxError, InvalidArgument, MissingDependency, WrongType
from featviz.text import first_line, shown, visible

__all__ = ["TorchBox"]

_DTYPES = ("bfloat16", "float16", "float32", "float64", "int32", "int64", "uint8")


class TorchBox(BlackBox):
    """A torch module: one output a column of what it returns.

    While it is asked the module is in evaluation mode and no gradients are kept; afterwards each of its layers is in
    the mode that it was in before.

    Args:
        module: a ``torch.nn.Module``. It stays on the device where it is.
        outputs: the names of the k outputs. By default the labels of a transformers configuration, or "0", "1", ... up
            to the width of the last layer ("output" where that is 1); needed where the module ends in another layer.
        name: a label; the class of the module by default.
        output: which part of the answer to read, where the module returns several: a position in a tuple, a key of a
            dict, or an attribute. By default ``logits`` where the answer has it.
        device: such as "cuda" or "cuda:1". The module is moved there; say nothing to leave it where it is.
        layout: how a batch is laid out for the module, a name in
            :data:`~featviz.black_boxes.layouts.LAYOUTS`. By default channels first for a module that begins with a
            convolution ("NCHW" for pictures, "NCL" for series) and "flat_channels_first" for one that begins with a
            dense layer of as many inputs; any other batch is passed as it is. "NHWC" and "NLC" leave pictures and
            series as they are.
        dtype: what arrays are cast to, such as "float16". By default floats become the module's own dtype, whole
            numbers int64 for a module that begins with an embedding, and its own dtype for one that begins with a
            convolution or a dense layer.
        preprocess: applied to the batch first, such as a tokenizer's call on a list of texts.

    Raises:
        WrongType: when it is no torch module.
        BoxError: when the outputs have to be named.
        MissingDependency: when torch is not installed.

    A batch that is a dict (or what a tokenizer returns) is passed as keyword arguments, a tuple as positional ones.
    """

    def __init__(
        self,
        module: Any,
        *,
        outputs: Any = None,
        name: str | None = None,
        output: int | str | None = None,
        device: str | None = None,
        layout: str | None = None,
        dtype: str | None = None,
        preprocess: Preprocess | None = None,
    ) -> None:
        self._torch = _torch()
        if not isinstance(module, self._torch.nn.Module):
            raise WrongType(f"expected a torch.nn.Module, but this is {shown(module)}.")
        label = name if name is not None else type(module).__name__
        names = outputs if outputs is not None else output_names(module)
        if names is None:
            raise BoxError(
                f"how many numbers {visible(label)} answers with cannot be read off its layers. "
                "Pass outputs=[...] with their names."
            )
        super().__init__(name=label, outputs=names, preprocess=preprocess)
        if output is not None and (isinstance(output, bool) or not isinstance(output, int | str)):
            raise WrongType(f"output must be a position or a name, but it is {shown(output)}.")
        self._output = output
        self._layout = None if layout is None else one_of("layout", layout, LAYOUTS)
        self._dtype = None if dtype is None else getattr(self._torch, one_of("dtype", dtype, _DTYPES))
        self._module = module if device is None else _moved(module, device)
        self._first = first_layer(module)
        self._works = False  # whether it has answered once
        self._noisy = False

    def answer(self, inputs: Any) -> NDArray[np.float64]:
        """The columns of what the module returns; see :class:`TorchBox`."""
        if isinstance(inputs, Mapping):  # such as what a tokenizer returns, which is no dict
            inputs = dict(inputs)
        try:
            rows = self._rows(inputs, self._forward(inputs))
        except (BoxError, MemoryError):
            raise
        except Exception as error:
            if "OutOfMemory" in type(error).__name__:
                raise BoxError(
                    f"{visible(self.name)} ran out of memory on {batch_length(inputs)} inputs. Pass max_batch= a "
                    f"number that fits: {first_line(error)}"
                ) from error
            if not self._works and not self._answers_one(inputs):
                raise BoxError(
                    f"{visible(self.name)} cannot take {described(inputs)}: {first_line(error)}. Say layout= or "
                    "dtype=, or pass preprocess= a function that makes what it takes."
                ) from error
            raise
        self._works = True
        return rows

    def provenance(self) -> Mapping[str, str]:
        """The version of torch."""
        return {"torch": str(self._torch.__version__)}

    def _answers_one(self, inputs: Any) -> bool:
        """Whether the first input alone is answered, so that the fault lies with another one."""
        if batch_length(inputs) == 1:
            return False
        try:
            self._forward(take(inputs, slice(0, 1)))
        except Exception:  # noqa: BLE001  whatever it is, the first error is told
            return False
        return True

    def _forward(self, inputs: Any) -> Any:
        device, own = place_of(self._module)
        place = "cpu" if device is None else device
        # Not inference_mode: what a module keeps from a call (positions, caches) could not be trained with afterwards.
        with self._torch.no_grad(), _evaluating(self._module):
            if isinstance(inputs, dict):
                return self._module(**{str(key): self._tensor(inputs[key], place, own) for key in inputs})
            if isinstance(inputs, tuple):
                return self._module(*(self._tensor(part, place, own) for part in inputs))
            return self._module(self._tensor(inputs, place, own, alone=True))

    def _tensor(self, part: Any, device: Any, own: Any, *, alone: bool = False) -> Any:
        torch = self._torch
        if isinstance(part, torch.Tensor):
            return part.to(device)
        if hasattr(part, "to_numpy"):  # a data frame
            part = part.to_numpy()
        if not isinstance(part, np.ndarray) or part.dtype.kind not in "fiub":
            raise BoxError(
                f"{visible(self.name)} takes arrays of numbers, but the batch is {described(part)}. "
                "Pass preprocess= a function that makes tensors or arrays of it, such as a tokenizer."
            )
        array = self._arranged(part) if alone else part
        tensor = torch.from_numpy(np.array(array, order="C"))  # a copy: a module may write into what it is given
        return tensor.to(device=device, dtype=self._dtype_for(part.dtype, own, alone))

    def _arranged(self, batch: NDArray[Any]) -> NDArray[Any]:
        layout = self._layout or layout_for(self._first, batch.shape)
        if layout is None:
            return batch
        kind, width = self._first or ("", 0)
        dims = [width, *[None] * (batch.ndim - 2)] if kind.startswith("conv") and layout in ("NCHW", "NCL") else None
        if dims is not None or LAYOUTS[layout][0] not in (None, batch.ndim):
            check_layout(batch, dims or [None] * (batch.ndim - 1), layout, visible(self.name))
        return arrange(batch, layout)

    def _dtype_for(self, dtype: np.dtype[Any], own: Any, alone: bool) -> Any:
        torch = self._torch
        if self._dtype is not None and alone:
            return self._dtype
        floating = own if own is not None else torch.get_default_dtype()
        if dtype.kind == "f":
            return floating
        weighs = self._first is not None and self._first[0] != "embedding"
        if alone and weighs:
            return floating
        return torch.bool if dtype.kind == "b" else torch.int64

    def _rows(self, inputs: Any, answer: Any) -> NDArray[np.float64]:
        n, k = batch_length(inputs), len(self.outputs)
        tensor = self._chosen(answer)
        shape = tuple(tensor.shape)
        if shape[:1] != (n,) or tensor.numel() != n * k:
            sizes = [size for size in shape[1:] if size != 1]
            advice = (
                f"Pass outputs=[...] with {sizes[0] if sizes else 1} names."
                if shape[:1] == (n,) and len(sizes) < 2
                else "Wrap it in a function of the batch that picks or averages them."
            )
            raise BoxError(
                f"{visible(self.name)} has {k} outputs, but it answers to {n} inputs with a tensor of shape {shape}. "
                f"{advice}"
            )
        rows: NDArray[np.float64] = tensor.detach().cpu().double().reshape(n, k).numpy()
        return rows

    def _chosen(self, answer: Any) -> Any:
        torch = self._torch
        if self._output is not None:
            answer = _part(answer, self._output, self.name)
        elif isinstance(answer, Mapping) and "logits" in answer:
            answer = answer["logits"]
        elif torch.is_tensor(getattr(answer, "logits", None)):
            answer = answer.logits
        elif isinstance(answer, tuple | list | Mapping) and len(answer) == 1:
            answer = next(iter(answer.values() if isinstance(answer, Mapping) else answer))
        if not torch.is_tensor(answer):
            raise BoxError(
                f"{visible(self.name)} answers with {_parts(answer)}, of which one tensor has to be chosen. "
                "Say output= its position or its name."
            )
        return answer


@contextmanager
def _evaluating(module: Any) -> Iterator[None]:
    """Evaluation mode for the time of a call; then each layer is as it was."""
    training = [layer for layer in module.modules() if layer.training]
    if training:
        module.eval()
    try:
        yield
    finally:
        for layer in training:
            layer.training = True


def _torch() -> Any:
    try:
        import torch  # noqa: PLC0415  takes long to import and is optional
    except ImportError as missing:
        raise MissingDependency(
            "a torch module needs torch, which is not installed. Run: pip install 'featviz[torch]'"
        ) from missing
    return torch


def _moved(module: Any, device: str) -> Any:
    try:
        return module.to(device)
    except (RuntimeError, AssertionError, TypeError) as error:  # torch asserts that it was built for the device
        raise InvalidArgument(f"the module cannot be moved to device {shown(device)}: {first_line(error)}") from error


def _part(answer: Any, output: int | str, label: str) -> Any:
    try:
        if isinstance(output, str) and not isinstance(answer, Mapping):
            return getattr(answer, output)
        return answer[output]
    except (AttributeError, IndexError, KeyError, TypeError):
        raise BoxError(
            f"{visible(label)} answers with {_parts(answer)}, which has no part {visible(output)!r}. "
            "Say another with output=."
        ) from None


def _parts(answer: Any) -> str:
    if isinstance(answer, Mapping):
        return f"a {type(answer).__name__} with {', '.join(visible(key, 40) for key in list(answer)[:10]) or 'nothing'}"
    if isinstance(answer, tuple | list):
        shapes = ", ".join(str(tuple(part.shape)) if hasattr(part, "shape") else type(part).__name__ for part in answer)
        return f"a {type(answer).__name__} of {shapes or 'nothing'}"
    return f"a {type(answer).__name__}"
