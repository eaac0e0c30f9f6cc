"""The kinds of black boxes: what each is made of, what makes it, and which options it takes."""

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featviz.black_boxes.estimators import is_estimator
from featviz.checks import option_names
from featviz.registry import Registry, import_object

__all__ = ["BOXES", "COMMON_OPTIONS", "KINDS", "Kind", "is_onnx", "is_torch", "is_url"]

# Options of every kind, put into effect by :meth:`BlackBox.configured`.
COMMON_OPTIONS = frozenset({"max_batch", "noisy"})


@dataclass(frozen=True)
class Kind:
    """A kind of black box that :func:`~featviz.black_boxes.black_box` makes.

    Args:
        takes: whether it is made of this thing.
        maker: import path of the class or function that makes one of ``(thing, *, outputs=, name=, **options)``. It is
            imported when the first one is made. One with ``**options`` checks their names itself.
    """

    takes: Callable[[Any], bool]
    maker: str

    def load(self) -> Callable[..., Any]:
        """The class or function."""
        found: Callable[..., Any] = import_object(self.maker)
        return found

    def check_options(self, what: str, options: dict[str, Any]) -> None:
        """Refuse options that this kind does not take."""
        parameters = inspect.signature(self.load()).parameters.values()
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            return
        option_names(what, options, {p.name for p in parameters if p.kind is p.KEYWORD_ONLY} | COMMON_OPTIONS)


def is_onnx(thing: Any) -> bool:
    """Whether ``thing`` is the path of an ONNX file."""
    return isinstance(thing, str | os.PathLike) and Path(thing).suffix.lower() == ".onnx"


def is_url(thing: Any) -> bool:
    """Whether ``thing`` is the address of something that is asked over HTTP."""
    return isinstance(thing, str) and thing[:8].lower().startswith(("http://", "https://"))


def _is_command(thing: Any) -> bool:
    return isinstance(thing, list | tuple) and bool(thing) and all(isinstance(word, str) for word in thing)


def is_torch(thing: Any) -> bool:
    """Whether ``thing`` is a module of torch."""
    # Known by name, so that torch is not imported for the question.
    return any(c.__name__ == "Module" and c.__module__.split(".")[0] == "torch" for c in type(thing).__mro__)


def _is_estimator(thing: Any) -> bool:
    return not inspect.isroutine(thing) and not inspect.isclass(thing) and is_estimator(thing)


# In the order in which they are tried.
KINDS = (
    Kind(is_url, "featviz.black_boxes.http:http_box"),
    Kind(_is_command, "featviz.black_boxes.commands:command_box"),
    Kind(is_onnx, "featviz.black_boxes.onnx_files:OnnxBox"),
    Kind(is_torch, "featviz.black_boxes.torch_modules:TorchBox"),
    Kind(_is_estimator, "featviz.black_boxes.estimators:EstimatorBox"),
    Kind(callable, "featviz.black_boxes.functions:FunctionBox"),
)

# What a spec names as its ``kind``: boxes that are made by a function of their own and not of one thing. Each is called
# with the other entries of the spec; an entry ``box`` that is a table is made a black box first.
BOXES = Registry(
    "black box",
    "featviz.black_boxes",
    {
        "folder": "featviz.black_boxes.commands:folder_box",
        "human": "featviz.black_boxes.human:human",
        "policy": "featviz.black_boxes.agents:policy",
        "rollout": "featviz.black_boxes.agents:rollout",
        "robust": "featviz.black_boxes.robust_boxes:RobustBox",
    },
)
