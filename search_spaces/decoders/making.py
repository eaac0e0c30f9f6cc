"""A decoder from its name and options."""

import os
from typing import Any

from featviz import checks
from featviz.errors import InvalidArgument, WrongType
from featviz.registry import import_object, is_import_path
from featviz.search_spaces.decoders.base import Decoder
from featviz.search_spaces.decoders.cppn import CppnDecoder
from featviz.search_spaces.decoders.custom import CustomDecoder
from featviz.search_spaces.decoders.dct import DctDecoder
from featviz.search_spaces.decoders.onnx_generator import OnnxDecoder
from featviz.search_spaces.decoders.phase import PhaseDecoder
from featviz.search_spaces.decoders.pixels import PixelDecoder
from featviz.search_spaces.decoders.shapes import ShapesDecoder
from featviz.search_spaces.pictures import PictureShape
from featviz.text import visible

__all__ = ["make_decoder"]

_BUILTIN: dict[str, type[CppnDecoder | DctDecoder | PhaseDecoder | PixelDecoder | ShapesDecoder]] = {
    "dct": DctDecoder,
    "pixels": PixelDecoder,
    "cppn": CppnDecoder,
    "shapes": ShapesDecoder,
    "phase": PhaseDecoder,
}


def make_decoder(decoder: Any, shape: PictureShape, options: dict[str, Any]) -> tuple[Decoder, str | None]:
    """The decoder that ``ImageSpace`` was asked for, and its name; None for a function, which has none.

    Args:
        decoder: a name, the path of an ONNX file, ``"module:attribute"``, or a function.
        shape: of the pictures.
        options: those that were given.

    Raises:
        InvalidArgument, WrongType: if there is no such decoder, or it does not take these options.
        NameNotFound: if there is nothing at ``"module:attribute"``.
    """
    named = os.fspath(decoder) if isinstance(decoder, str | os.PathLike) else None
    if not isinstance(named, str):
        return _own(decoder, shape, options), None
    if named in _BUILTIN:
        made = _BUILTIN[named]
        checks.option_names(f"the decoder {named!r}", options, made.OPTIONS)
        return made(shape, **options), named
    if named.lower().endswith(".onnx"):
        checks.option_names("an ONNX file", options, OnnxDecoder.OPTIONS)
        return OnnxDecoder(shape, named, **options), named
    if not is_import_path(named):
        raise InvalidArgument(
            f"decoder must be {', '.join(_BUILTIN)}, the path of an .onnx file, 'module:attribute' or a function, "
            f"but it is {visible(named)!r}.{checks.did_you_mean(named, _BUILTIN)}"
        )
    return _own(import_object(named), shape, options), named


def _own(function: Any, shape: PictureShape, options: dict[str, Any]) -> CustomDecoder:
    if not callable(function):
        raise WrongType(f"a decoder must be a function from genes to pictures, but it is a {type(function).__name__}.")
    checks.option_names("a decoder of your own", options, CustomDecoder.OPTIONS)
    return CustomDecoder(shape, function, **options)
