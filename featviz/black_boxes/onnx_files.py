"""ONNX files as black boxes. onnxruntime is imported when the first one is opened."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length
from featviz.black_boxes.base import BlackBox, Preprocess
from featviz.black_boxes.layouts import LAYOUTS
from featviz.black_boxes.onnx_inputs import OnnxInput, fixed_batch, parts_of
from featviz.black_boxes.onnx_outputs import OnnxOutput, outputs_of
from featviz.checks import integer, one_of, option_names
from featviz.digests import file_sha256
from featviz.errors import BoxError, InvalidArgument
from featviz.onnx_sessions import open_onnx
from featviz.text import visible

__all__ = ["OnnxBox"]


class OnnxBox(BlackBox):
    """A model in an ONNX file, run on the CPU. The session is opened once.

    Args:
        path: the file.
        outputs: the names of the outputs, in order. By default the name of the graph's output where it holds one
            number an input, and "0", "1", ... where it holds several; the keys where it holds a table of each input
            (as skl2onnx makes of a classifier); "output/0", ... where several outputs are read.
        name: a label; the file's name without its suffix by default.
        output: which of the graph's outputs to read, by name. By default all that hold a row of numbers an input,
            without those of whole numbers (the class that was chosen) where others hold fractions.
        layout: how the batch is laid out for the model, one of "NHWC", "NCHW", "NHW" (pictures), "NLC", "NCL", "NL"
            (series), "flat_channels_last", "flat_channels_first" and "as_is"; for a model of several inputs a dict by
            their names. By default the one that fits the file's shapes; needed only where two fit, as with a file that
            leaves all sizes open.
        threads: onnxruntime's threads within an operator. One by default: the models and batches of a search are
            small, several searches share a machine, and the bits of a sum depend on how many threads made it.
        preprocess: applied to the batch first.

    Raises:
        BoxError: when the file is missing, is not an ONNX model, or has an input or output of a kind that does not fit.
        MissingDependency: when onnxruntime is not installed.

    A model of several inputs takes a dict or a data frame by their names, or a tuple in their order. A batch is cast to
    the model's dtype as :func:`~featviz.black_boxes.layouts.cast` says; an input of text takes lists of strings. A
    model with a fixed batch size is asked in parts of that size, the last one filled up with copies of its last row.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        outputs: Any = None,
        name: str | None = None,
        output: str | None = None,
        layout: str | Mapping[str, str] | None = None,
        threads: int = 1,
        preprocess: Preprocess | None = None,
    ) -> None:
        self.path = Path(path)
        self._label = visible(name if name is not None else self.path.stem or "model")
        given = _layout_names(layout)
        self._session = open_onnx(self.path, integer("threads", threads, 1, 1024), BoxError)
        self.sha256 = file_sha256(self.path)
        self._inputs = [OnnxInput.of(one, self._label) for one in self._session.get_inputs()]
        if not self._inputs:
            raise BoxError(f"{self._label} has no inputs, so that there is nothing to search.")
        self._layouts = self._layout_of_each(given)
        self._batch_size = fixed_batch(self._inputs, self._label)
        self._read = self._measured(outputs_of(self._session, output, self._batch_size, self._label))
        names = self._own_names(outputs)
        super().__init__(
            name=name if name is not None else self.path.stem or "model", outputs=names, preprocess=preprocess
        )
        self._noisy = False
        self._adapt()

    def answer(self, inputs: Any) -> NDArray[np.float64]:
        """The rows of the outputs in use; see :class:`OnnxBox`."""
        n = batch_length(inputs)
        given = {
            one.name: one.array(part, self._layouts.get(one.name), self._label)
            for one, part in zip(self._inputs, parts_of(inputs, self._inputs, self._label), strict=True)
        }
        return self._run(given, n) if self._batch_size is None else self._run_in_parts(given, n, self._batch_size)

    def _run_in_parts(self, given: dict[str, NDArray[Any]], n: int, size: int) -> NDArray[np.float64]:
        parts = []
        for start in range(0, n, size):
            count = min(size, n - start)
            rows = np.minimum(np.arange(start, start + size), n - 1)
            parts.append(self._run({name: array[rows] for name, array in given.items()}, size)[:count])
        return np.concatenate(parts)

    def _run(self, given: dict[str, NDArray[Any]], n: int) -> NDArray[np.float64]:
        values = self._session.run([one.name for one in self._read], given)
        columns = [one.rows(value, n) for one, value in zip(self._read, values, strict=True)]
        return columns[0] if len(columns) == 1 else np.hstack(columns)

    def _layout_of_each(self, given: str | dict[str, str] | None) -> dict[str, str]:
        if given is None:
            return {}
        known = [one.name for one in self._inputs]
        if isinstance(given, dict):
            option_names(f"layout= of {self._label}", given, known)
            return given
        if len(known) > 1:
            raise InvalidArgument(
                f"{self._label} has several inputs, so layout= must be a dict by their names, such as "
                f"{{{visible(known[0])!r}: {given!r}}}."
            )
        return {known[0]: given}

    def _measured(self, read: list[OnnxOutput]) -> list[OnnxOutput]:
        """The outputs with the widths and keys that the file does not tell, by asking about one input of zeros."""
        # An open axis other than the batch's may be what the width depends on.
        told = all(None not in one.dims for one in self._inputs)
        if not any(one.maps or (one.width is None and told) for one in read):
            return read
        n = self._batch_size or 1
        try:
            values = self._session.run([one.name for one in read], {one.name: one.zeros(n) for one in self._inputs})
        except Exception:  # noqa: BLE001  onnxruntime's own; zeros may be no input for it at all
            return read
        found = []
        for one, value in zip(read, values, strict=True):
            if one.maps:
                found.append(replace(one, keys=tuple(value[0])))
            elif one.width is None and told and np.size(value) % n == 0:
                found.append(replace(one, width=np.size(value) // n))
            else:
                found.append(one)
        return found

    def _own_names(self, outputs: Any) -> Any:
        alone = len(self._read) == 1
        for one in self._read:
            if one.maps and not one.keys:
                raise BoxError(
                    f"the keys of the output {visible(one.name)!r} of {self._label} cannot be found out. Say another "
                    "with output='...', or export the model again (with skl2onnx: zipmap=False)."
                )
        unknown = [one for one in self._read if not one.maps and one.width is None]
        if unknown and (outputs is None or not alone):
            raise BoxError(
                f"{self._label} does not say how many numbers its output {visible(unknown[0].name)!r} holds. "
                + ("Pass outputs=[...] with their names." if alone else "Say which to read with output='...'.")
            )
        known = [name for one in self._read for name in one.names(alone=alone)]
        if outputs is None:
            return known
        names = list(outputs) if not isinstance(outputs, str) else outputs
        if not unknown and not isinstance(names, str) and len(names) != len(known):
            raise InvalidArgument(f"{self._label} has {len(known)} outputs, but outputs= names {len(names)}.")
        return names

    def _adapt(self) -> None:
        """Read as many columns as were named, and the keys of tables in the order of the names where they are those."""
        one = self._read[0]
        if len(self._read) > 1:
            return
        if not one.maps:
            self._read = [replace(one, width=len(self.outputs))]
            return
        by_text = {str(key): key for key in one.keys}
        if set(self.outputs) == set(by_text):
            self._read = [replace(one, keys=tuple(by_text[name] for name in self.outputs))]


def _layout_names(layout: str | Mapping[str, str] | None) -> str | dict[str, str] | None:
    if layout is None:
        return None
    if isinstance(layout, Mapping):
        return {str(name): one_of("layout", value, LAYOUTS) for name, value in layout.items()}
    return one_of("layout", layout, LAYOUTS)
