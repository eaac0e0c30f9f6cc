"""Black boxes from the specs that they give, and that people write into a TOML file."""

import inspect
from collections.abc import Mapping
from typing import Any

from featviz.black_boxes.base import BlackBox
from featviz.black_boxes.factory import black_box
from featviz.black_boxes.kinds import BOXES
from featviz.black_boxes.onnx_files import OnnxBox
from featviz.checks import option_names
from featviz.errors import BoxError, InvalidArgument, InvalidConfig
from featviz.text import shown, visible

__all__ = ["box_from_spec"]

_TEXTS = ("kind", "name", "preprocess", "sha256")


def box_from_spec(spec: Mapping[str, Any]) -> BlackBox:
    """The black box that ``spec`` describes. It imports and runs what the spec names, so trust the spec first.

    Args:
        spec: ``{"from": ..., ...}`` with "package.module:attribute", the path of an ONNX file, an address, or a command
            as a list of words, and ``outputs``, ``name``, ``sha256`` (of an ONNX file) and the options of
            :func:`black_box`; or ``{"kind": "human", ...}`` with the arguments of the function of that name. A relative
            path is taken from the current directory.

    Raises:
        InvalidConfig: for an entry that is missing, unknown, or of a wrong type.
        BoxError: when the file is not the one whose sha256 is given.
    """
    if not isinstance(spec, Mapping):
        raise InvalidConfig(f"a box must be a table with an entry 'from', but it is {shown(spec)}.")
    for key in _TEXTS:
        if key in spec and not isinstance(spec[key], str):
            raise InvalidConfig(f"the entry {key} of a box must be text, but it is {shown(spec[key])}.")
    if "kind" in spec:
        return _of_kind(spec)
    source = spec.get("from")
    is_command = isinstance(source, list) and source and all(isinstance(word, str) for word in source)
    if not isinstance(source, str) and not is_command:
        raise InvalidConfig(
            "a box needs an entry from = 'package.module:attribute', the path of an .onnx file, an address, or a "
            "command as a list of words, or an entry kind"
            + (f", but it is {shown(source)}." if "from" in spec else ".")
        )
    options = {key: value for key, value in spec.items() if key not in {"from", "sha256"}}
    try:
        box = black_box(source, **options)
    except InvalidArgument as error:
        raise InvalidConfig(f"box: {error}") from error
    _check_file(box, source, spec.get("sha256"))
    return box


def _of_kind(spec: Mapping[str, Any]) -> BlackBox:
    options = {key: value for key, value in spec.items() if key != "kind"}
    if isinstance(options.get("box"), Mapping):
        try:
            options["box"] = box_from_spec(options["box"])
        except RecursionError:
            raise InvalidConfig("box: boxes are nested too deeply in one another.") from None
    make = BOXES.get(spec["kind"])
    parameters = inspect.signature(make).parameters
    try:
        if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            option_names("it", options, parameters)
        box: BlackBox = make(**options)
    except (InvalidArgument, TypeError) as error:  # an option of a wrong type, or one that is missing or unknown
        raise InvalidConfig(f"box of kind {visible(spec['kind'])}: {error}") from error
    return box


def _check_file(box: BlackBox, source: Any, sha256: str | None) -> None:
    if sha256 is None:
        return
    if not isinstance(box, OnnxBox):
        raise InvalidConfig(f"sha256 is for files, but the box comes from {visible(source)!r}.")
    if box.sha256 != sha256.lower():
        raise BoxError(
            f"the file {visible(source)} has changed: its sha256 was {visible(sha256)} and is {box.sha256}. "
            "Bring back the file that it was, or start anew without the entry sha256."
        )
