"""The Open Inference Protocol, version 2, over REST: KServe, Triton, MLServer, OpenVINO and others.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from featviz.batches import batch_length, described
from featviz.black_boxes.functions import DEFAULT_OUTPUT
from featviz.black_boxes.http.json_values import is_frame
from featviz.black_boxes.http.messages import Question, encoded
from featviz.black_boxes.http.protocol import Client, WireProtocol, expected, fetched
from featviz.black_boxes.http.tensors import Declared, declared, tensor_of, values_of
from featviz.black_boxes.layouts import LAYOUTS
from featviz.checks import did_you_mean, one_of, unique_names
from featviz.errors import AnswerShapeError, AnswerTypeError, BoxError, InvalidArgument
from featviz.protocols import Spec
from featviz.text import visible

__all__ = ["OpenInference"]

_PATH = re.compile(r"(.*)/v2/models/([^/?]+)(?:/versions/([^/?]+))?(?:/infer)?/?")
_JSON = {"Content-Type": "application/json"}
_BINARY = {"Content-Type": "application/octet-stream"}
# https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
_BINARY_EXTENSION = "binary_tensor_data"
# What servers that declare no inputs, such as MLServer without settings, call the only one.
_ONLY_INPUT = "input-0"


class OpenInference(WireProtocol):
    """A model behind ``/v2/models/NAME`` or ``/v2/models/NAME/versions/VERSION``.

    Its metadata is read once: names, datatypes and shapes of its inputs, and of its outputs. A batch that is an array
    becomes the only input, laid out as for an ONNX file; a dict of batches the inputs of those names; a tuple the
    inputs in their order; a data frame the inputs of its columns' names, or the only input; a list of texts an input
    of "BYTES". Numbers are sent as they are to a server that lists the extension "binary_tensor_data", and as JSON to
    others.

    Args:
        url: the model's.
        client: asked for the metadata.
        outputs: the k names of the numbers; by default an output's own name where it holds one number an input,
            "0", "1", ... where it holds several, and "name/0", ... with several outputs.
        output: which of the model's outputs to read, or a list of them; needed where several hold numbers.
        layout: see :class:`OnnxBox`.
    """

    def __init__(
        self,
        url: str,
        client: Client,
        *,
        outputs: Sequence[str] | None,
        output: str | Sequence[str] | None = None,
        layout: str | None = None,
    ) -> None:
        match = _PATH.fullmatch(url)
        if match is None:
            raise InvalidArgument(
                "the address of a model of the Open Inference Protocol ends in /v2/models/NAME or "
                "/v2/models/NAME/versions/VERSION."
            )
        root, model, version = match.groups()
        self._model = root + f"/v2/models/{model}" + (f"/versions/{version}" if version else "")
        self._label = visible(model)
        self._layout = None if layout is None else one_of("layout", layout, LAYOUTS)
        self._output = output
        metadata = fetched(client, self._model)
        self._inputs = [declared(entry, self._label) for entry in _entries(metadata, "inputs", self._label)]
        self._chosen = self._read_outputs(_entries(metadata, "outputs", self._label), output)
        self.outputs = self._names(outputs)
        self._named = outputs is not None
        self.batch_size = next((tensor.batch for tensor in self._inputs if tensor.batch is not None), None)
        server = _server(client, root)
        extensions = server.get("extensions") if isinstance(server, Mapping) else None
        self._binary = isinstance(extensions, list) and _BINARY_EXTENSION in extensions
        self._says = _provenance(metadata, version, server)

    def questions(self, inputs: Any) -> list[Question]:
        """One request about all of the batch, filled up to the size of a fixed batch with copies of its last row."""
        tensors = [tensor_of(part, wanted, self._layout, self._label) for wanted, part in self._placed(inputs)]
        if self.batch_size is not None:
            tensors = [tensor.filled_up(self.batch_size) for tensor in tensors]
        written = [tensor.written(binary=self._binary) for tensor in tensors]
        document: dict[str, Any] = {"inputs": [head for head, _ in written]}
        if self._chosen:
            document["outputs"] = [{"name": tensor.name} for tensor in self._chosen]
        head, tail = encoded(document), b"".join(raw for _, raw in written)
        kind = {**_BINARY, "Inference-Header-Content-Length": str(len(head))} if tail else _JSON
        return [Question("POST", f"{self._model}/infer", head + tail, kind)]

    def read(self, documents: Sequence[Any], inputs: Any) -> Any:
        """The chosen outputs side by side."""
        (document,) = documents
        tensors = {str(t.get("name")): t for t in expected(document, "outputs", list) if isinstance(t, Mapping)}
        wanted = [tensor.name for tensor in self._chosen] or list(tensors)[:1]
        for name in wanted or [""]:
            if name not in tensors:
                had = visible(", ".join(tensors), 200) or "none"
                raise AnswerTypeError(f"the answer has no output {visible(name)!r}; it has {had}.")
        n = batch_length(inputs)
        rows = n if self.batch_size is None else self.batch_size
        parts = [values_of(tensors[name], rows)[:n] for name in wanted]
        width = sum(len(part[0]) for part in parts)
        if width > 1 and not self._named and len(self.outputs) == 1:
            raise BoxError(f"{self._label} answers with {width} numbers an input. Pass outputs=[...] with their names.")
        if len(parts) == 1:
            return parts[0]
        if not all(isinstance(part, np.ndarray) for part in parts):
            return [[value for row in rows for value in row] for rows in zip(*parts, strict=True)]
        if width != len(self.outputs):
            raise AnswerShapeError(f"expected {len(self.outputs)} numbers an input, but {width} came.")
        return np.concatenate(parts, axis=1)

    def options(self) -> Spec:
        """See :class:`WireProtocol`."""
        spec: Spec = {}
        if self._output is not None:
            spec["output"] = self._output if isinstance(self._output, str) else list(self._output)
        return spec if self._layout is None else {**spec, "layout": self._layout}

    def provenance(self) -> Mapping[str, str]:
        """The model, its version and platform, and the server, as their metadata say."""
        return self._says

    def _placed(self, inputs: Any) -> list[tuple[Declared, Any]]:
        """The parts of a batch with the inputs that they become."""
        if not self._inputs and not isinstance(inputs, dict | tuple):
            return [(Declared(_ONLY_INPUT, "", None), inputs)]
        names = [tensor.name for tensor in self._inputs]
        if isinstance(inputs, tuple):
            if len(inputs) != len(names):
                raise BoxError(f"{self._label} has {self._listed()}, but the batch is {described(inputs)}.")
            return list(zip(self._inputs, inputs, strict=True))
        if is_frame(inputs) and (len(names) > 1 or list(map(str, inputs.columns)) == names):
            inputs = {str(name): inputs[name] for name in inputs.columns}
        if not isinstance(inputs, dict):
            if len(names) > 1:
                raise BoxError(
                    f"{self._label} has {self._listed()}, but the batch is {described(inputs)}. Use a DictSpace with "
                    "these names, or pass preprocess= a function that makes such a dict."
                )
            return [(self._inputs[0], inputs)]
        wrong = sorted(set(map(str, inputs)) ^ set(names)) if names else []
        if wrong:
            raise BoxError(
                f"{self._label} has {self._listed()}, but the batch is a dict of "
                f"{', '.join(repr(visible(name, 40)) for name in inputs)}.{did_you_mean(wrong[-1], names)}"
            )
        known = {tensor.name: tensor for tensor in self._inputs}
        return [(known.get(str(name), Declared(str(name), "", None)), part) for name, part in inputs.items()]

    def _listed(self) -> str:
        names = ", ".join(repr(visible(tensor.name, 40)) for tensor in self._inputs[:20])
        return f"{len(self._inputs)} input{'' if len(self._inputs) == 1 else 's'} ({names or 'undeclared'})"

    def _read_outputs(self, entries: list[Any], wanted: Any) -> list[Declared]:
        known = {tensor.name: tensor for tensor in (declared(entry, self._label) for entry in entries)}
        listed = ", ".join(visible(name, 40) for name in known)
        if wanted is None:
            numeric = [tensor for tensor in known.values() if tensor.is_numeric]
            if known and not numeric:
                raise BoxError(f"no output of {self._label} holds numbers; it has {listed}.")
            if len(numeric) > 1:
                raise BoxError(f"{self._label} has several outputs: {listed}. Say which with output='...' or a list.")
            return numeric
        names = unique_names("output", [wanted] if isinstance(wanted, str) else wanted)
        for name in names if known else ():
            if name not in known:
                raise BoxError(
                    f"{self._label} has no output {visible(name)!r}. It has: {listed}.{did_you_mean(name, known)}"
                )
            if not known[name].is_numeric:
                raise BoxError(
                    f"the output {visible(name)!r} of {self._label} holds {known[name].datatype}, no numbers."
                )
        return [known.get(name, Declared(name, "", None)) for name in names]

    def _names(self, outputs: Sequence[str] | None) -> tuple[str, ...]:
        widths = [tensor.width(self._label) for tensor in self._chosen]
        known = bool(widths) and None not in widths
        total = sum(width or 0 for width in widths)
        if outputs is not None:
            if known and len(outputs) != total:
                raise InvalidArgument(f"{self._label} has {total} outputs, but outputs= names {len(outputs)}.")
            return tuple(outputs)
        if not known and len(self._chosen) > 1:
            raise BoxError(
                f"{self._label} does not say how many numbers its outputs hold. Pass outputs=[...] with their names."
            )
        if not known:  # how many there are shows in the first answer
            return (self._chosen[0].name if self._chosen else DEFAULT_OUTPUT,)
        if len(self._chosen) == 1 and total > 1:
            return tuple(map(str, range(total)))
        names: list[str] = []
        for tensor, width in zip(self._chosen, widths, strict=True):
            names += [tensor.name] if width == 1 else [f"{tensor.name}/{i}" for i in range(width or 0)]
        return tuple(names)


def _entries(metadata: Any, field: str, label: str) -> list[Any]:
    if not isinstance(metadata, Mapping):
        raise BoxError(f"the metadata of {label} must be an object, but it is {type(metadata).__name__}.")
    entries = metadata.get(field) or []
    if not isinstance(entries, list):
        raise BoxError(f"the metadata of {label} must list its {field}, but has {type(entries).__name__} there.")
    return entries


def _server(client: Client, root: str) -> Any:
    try:
        return fetched(client, f"{root}/v2", once=True)
    except BoxError:
        return None  # what the server says of itself is nice to have


def _provenance(metadata: Mapping[str, Any], version: str | None, server: Any) -> dict[str, str]:
    versions = metadata.get("versions")
    found = {
        "model": metadata.get("name"),
        "version": version or (", ".join(map(str, versions[:10])) if isinstance(versions, list) and versions else None),
        "platform": metadata.get("platform"),
    }
    if isinstance(server, Mapping) and server.get("name"):
        found["server"] = f"{server['name']} {server.get('version', '')}".strip()
    return {name: visible(value, 100) for name, value in found.items() if isinstance(value, str) and value}
