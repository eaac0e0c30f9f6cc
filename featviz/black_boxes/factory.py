"""``black_box``: one entry point for every kind of black box."""

import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from featviz.black_boxes.base import BlackBox
from featviz.black_boxes.functions import FunctionBox
from featviz.black_boxes.kinds import COMMON_OPTIONS, KINDS, Kind, is_onnx, is_url
from featviz.black_boxes.onnx_files import OnnxBox
from featviz.checks import unique_names
from featviz.errors import BoxError, InvalidArgument, WrongType
from featviz.protocols import Box, Spec
from featviz.registry import import_object, import_path, is_import_path
from featviz.text import shown, visible

__all__ = ["black_box"]


_OTHER_FILES = frozenset({".h5", ".joblib", ".keras", ".npz", ".pickle", ".pkl", ".pt", ".pth", ".safetensors"})


def black_box(thing: Any, *, outputs: Any = None, name: str | None = None, **options: Any) -> BlackBox:
    """Anything that turns inputs into numbers, as a :class:`BlackBox`.

    Args:
        thing: a function of a batch (or of one input, with ``per_input=True``; it may be asynchronous); a fitted
            estimator in the style of scikit-learn; a torch module; the path of an ``.onnx`` file; the address of a
            service, ``"https://..."``; a command, ``["./score", "--fast"]``; ``"package.module:attribute"`` for any of
            these, or ``"package.module:factory()"`` for what calling it returns; or a black box, which is returned as
            it is. For agents see :func:`policy` and :func:`rollout`, for a person :func:`human`.
        outputs: the names of the outputs, in order. Needed for functions that return several numbers an input;
            estimators, ONNX files and inference servers know theirs.
        name: a short label for people.
        **options: by kind; see :class:`FunctionBox`, :class:`EstimatorBox`, :class:`OnnxBox`, :class:`TorchBox`,
            :func:`http_box` and :func:`command_box`. All take ``noisy`` and ``max_batch`` (see
            :meth:`BlackBox.configured`), and those that are given the batch itself ``preprocess``, a function of the
            batch (or its import path), applied first.

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
    named = isinstance(thing, str) and not is_onnx(thing) and not is_url(thing) and is_import_path(thing)
    found = import_object(thing) if named else thing
    given = {"outputs": outputs, "name": name, **options}
    if isinstance(found, Box) and not inspect.isclass(found):
        return _existing(found, source, given)
    kind = _kind_of(found)
    # An address is not shown: it may hold a secret, which its maker refuses.
    known = source if isinstance(source, str) else "a command" if source else type(found).__name__
    what = "a service" if is_url(found) else visible(known)
    kind.check_options(f"a black box of {what}", options)
    if outputs is not None:
        outputs = list(unique_names("outputs", outputs))
        given["outputs"] = outputs
    own = {option: value for option, value in options.items() if option not in COMMON_OPTIONS}
    common = {option: value for option, value in options.items() if option in COMMON_OPTIONS}
    preprocess = options.get("preprocess")
    if isinstance(preprocess, str):
        own["preprocess"] = import_object(preprocess)
    elif preprocess is not None:
        given["preprocess"] = import_path(preprocess)
        source = None if given["preprocess"] is None else source
    made: BlackBox = kind.load()(found, outputs=outputs, name=name, **own)
    box = made.configured(**common)
    # A maker that wrote its own spec (an HTTP box leaves secrets out of it) knows better.
    if source is None or box.spec() is not None:
        return box
    return box.with_spec(_spec_of(box, source, given))


def _source(thing: Any) -> str | list[str] | None:
    """What another process finds ``thing`` by, or None."""
    if isinstance(thing, str):
        return thing
    if isinstance(thing, list | tuple) and all(isinstance(word, str) for word in thing):
        return list(thing)  # a command
    if isinstance(thing, os.PathLike):
        return str(os.fspath(thing))
    return import_path(thing) if inspect.isroutine(thing) else None


def _existing(box: Box, source: str | list[str] | None, given: Mapping[str, Any]) -> BlackBox:
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


def _kind_of(thing: Any) -> Kind:
    if inspect.isclass(thing):
        raise WrongType(
            f"{thing.__name__} is a class. Pass an instance, such as {thing.__name__}(...) once it is fitted or loaded."
        )
    for kind in KINDS:
        if kind.takes(thing):
            return kind
    if isinstance(thing, str | os.PathLike):
        raise _not_a_source(os.fspath(thing))
    raise WrongType(
        "a black box is made of a function of a batch, a fitted estimator, a torch module, the path of an .onnx file, "
        "an address (https://...), a command as a list of words or 'package.module:attribute', "
        f"but this is {shown(thing)}."
    )


def _not_a_source(text: str) -> BoxError:
    if Path(text).suffix.lower() in _OTHER_FILES:
        return BoxError(
            f"{visible(text)!r} is not an ONNX file. featviz opens no other model files, since many of them run code "
            "when they are opened: load it yourself, and pass the model or a function."
        )
    return BoxError(
        f"{visible(text)!r} is neither the path of an .onnx file, nor an address (https://...), nor of the form "
        "'package.module:attribute'. A command is given as a list of words: ['./score', '--fast']."
    )


def _spec_of(box: BlackBox, source: str | list[str], given: Mapping[str, Any]) -> Spec:
    file = {"sha256": box.sha256} if isinstance(box, OnnxBox) else {}
    options = {key: os.fspath(value) if isinstance(value, os.PathLike) else value for key, value in given.items()}
    return {"from": source, **file, **{key: value for key, value in options.items() if value is not None}}
