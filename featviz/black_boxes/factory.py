"""``black_box``: one entry point for every kind of black box."""

import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from featviz.black_boxes.base import BlackBox
from featviz.black_boxes.estimators import EstimatorBox, is_estimator
from featviz.black_boxes.functions import FunctionBox
from featviz.black_boxes.onnx_files import OnnxBox
from featviz.checks import option_names, unique_names
from featviz.errors import BoxError, InvalidArgument, WrongType
from featviz.protocols import Box, Spec
from featviz.registry import import_object, import_path, is_import_path
from featviz.text import shown, visible

__all__ = ["OPTIONS", "black_box"]

# The options of each kind beside ``outputs`` and ``name``, as their constructors document them.
OPTIONS: dict[Any, frozenset[str]] = {
    FunctionBox: frozenset({"per_input", "preprocess"}),
    EstimatorBox: frozenset({"method", "preprocess"}),
    OnnxBox: frozenset({"layout", "output", "preprocess", "threads"}),
}

_OTHER_FILES = frozenset({".h5", ".joblib", ".keras", ".npz", ".pickle", ".pkl", ".pt", ".pth", ".safetensors"})


def black_box(thing: Any, *, outputs: Any = None, name: str | None = None, **options: Any) -> BlackBox:
    """Anything that turns inputs into numbers, as a :class:`BlackBox`.

    Args:
        thing: a function of a batch (or of one input, with ``per_input=True``); a fitted estimator in the style of
            scikit-learn; the path of an ``.onnx`` file; ``"package.module:attribute"`` for any of these, or
            ``"package.module:factory()"`` for what calling it returns; or a black box, which is returned as it is.
        outputs: the names of the outputs, in order. Needed for functions that return several numbers an input;
            estimators and ONNX files know theirs.
        name: a short label for people.
        **options: by kind. Functions: ``per_input``. Estimators: ``method``. ONNX files: ``output``, ``layout``,
            ``threads``. All: ``preprocess``, a function of the batch (or its import path), applied first. See
            :class:`FunctionBox`, :class:`EstimatorBox` and :class:`OnnxBox`.

    Returns:
        The black box. Its ``spec()`` is None where another process could not find the thing again: a function typed
        into a shell, a lambda, an estimator in memory.

    Raises:
        WrongType, BoxError: when the thing cannot be a black box; the message says what to do instead.
        NameNotFound: when there is no such module or attribute.
        InvalidArgument: for options that this kind does not have.

    Examples:
        >>> box = black_box(lambda batch: batch.mean(axis=1), name="brightness")
        >>> box.outputs
        ('output',)
    """
    source = _source(thing)
    found = import_object(thing) if isinstance(thing, str) and not _is_onnx(thing) and is_import_path(thing) else thing
    if isinstance(found, Box) and not inspect.isclass(found):
        return _existing(found, source, {"outputs": outputs, "name": name, **options})
    kind = _kind_of(found)
    what = f"a black box of {visible(source or type(found).__name__)}"
    option_names(what, options, OPTIONS[kind] | {"outputs", "name"})
    if outputs is not None:
        outputs = list(unique_names("outputs", outputs))
    given = {"outputs": outputs, "name": name, **options}
    preprocess = options.get("preprocess")
    if isinstance(preprocess, str):
        options = {**options, "preprocess": import_object(preprocess)}
    elif preprocess is not None:
        given["preprocess"] = import_path(preprocess)
        source = None if given["preprocess"] is None else source
    box: BlackBox = kind(found, outputs=outputs, name=name, **options)
    return box if source is None else box.with_spec(_spec_of(box, source, given))


def _source(thing: Any) -> str | None:
    """What another process finds ``thing`` by, or None."""
    if isinstance(thing, str):
        return thing
    if isinstance(thing, os.PathLike):
        return str(os.fspath(thing))
    return import_path(thing) if inspect.isroutine(thing) else None


def _existing(box: Box, source: str | None, given: Mapping[str, Any]) -> BlackBox:
    for option, value in given.items():
        if value is not None:
            raise InvalidArgument(
                f"{visible(box.name)} is a black box already, so {visible(option)}= cannot be changed. "
                f"Pass {visible(option)}= where it is made."
            )
    spec = {"from": source} if source is not None else box.spec()
    if isinstance(box, BlackBox):
        return box if source is None else box.with_spec(spec)
    return FunctionBox(box, outputs=box.outputs, name=box.name).with_spec(spec)


def _kind_of(thing: Any) -> Any:
    if isinstance(thing, str | os.PathLike):
        _check_onnx(os.fspath(thing))
        return OnnxBox
    if inspect.isclass(thing):
        raise WrongType(
            f"{thing.__name__} is a class. Pass an instance, such as {thing.__name__}(...) once it is fitted or loaded."
        )
    if any(c.__name__ == "Module" and c.__module__.split(".")[0] == "torch" for c in type(thing).__mro__):
        raise WrongType(
            f"a torch module such as {type(thing).__name__} must be wrapped in a function of the numpy batch, as in "
            "black_box(lambda x: model(torch.from_numpy(x)).detach().numpy(), outputs=[...]); "
            "for pictures, x.transpose(0, 3, 1, 2) puts the channels first."
        )
    if not inspect.isroutine(thing) and is_estimator(thing):
        return EstimatorBox
    if callable(thing):
        return FunctionBox
    raise WrongType(
        "a black box is made of a function of a batch, a fitted estimator, the path of an .onnx file or "
        f"'package.module:attribute', but this is {shown(thing)}."
    )


def _is_onnx(text: str) -> bool:
    return Path(text).suffix.lower() == ".onnx"


def _check_onnx(text: str) -> None:
    if _is_onnx(text):
        return
    if Path(text).suffix.lower() in _OTHER_FILES:
        raise BoxError(
            f"{visible(text)!r} is not an ONNX file. featviz opens no other model files, since many of them run code "
            "when they are opened: load it yourself, and pass the model or a function."
        )
    raise BoxError(
        f"{visible(text)!r} is neither the path of an .onnx file nor of the form 'package.module:attribute'."
    )


def _spec_of(box: BlackBox, source: str, given: Mapping[str, Any]) -> Spec:
    file = {"sha256": box.sha256} if isinstance(box, OnnxBox) else {}
    return {"from": source, **file, **{key: value for key, value in given.items() if value is not None}}
