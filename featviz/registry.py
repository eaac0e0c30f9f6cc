"""Names for classes: built-in ones, plug-ins from entry points, and ``"package.module:Name"``.

Built-ins are registered by import path, through the same door as plug-ins, and loaded when first asked for.
"""

import importlib
import re
import sys
import warnings
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from featviz.checks import did_you_mean
from featviz.errors import FeatvizWarning, NameNotFound, WrongType
from featviz.text import first_line, visible

__all__ = ["Registry", "import_object", "import_path", "is_import_path"]

_IMPORT_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\(\))?")


def is_import_path(text: str) -> bool:
    """Whether ``text`` has the form ``"package.module:attribute"``, with ``()`` after it or not."""
    return _IMPORT_PATH.fullmatch(text) is not None


def import_object(path: str) -> Any:
    """The object at ``"package.module:attribute"``; with ``()`` after it, what calling the attribute returns.

    Raises:
        NameNotFound: when the module cannot be found or has no such attribute. An error inside the module is
            raised as it is.
        WrongType: when ``()`` follows what cannot be called.
    """
    if not is_import_path(path):
        raise NameNotFound(f"expected 'package.module:attribute', but got {visible(path)!r}.")
    module_name, _, attribute = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise NameNotFound(
                f"there is no module {module_name!r} (asked for as {visible(path)!r}). "
                "Is its folder on the Python path, or its package installed here?"
            ) from error
        raise
    found: Any = module
    for part in attribute.removesuffix("()").split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            public = [n for n in dir(found) if not n.startswith("_")]
            raise NameNotFound(
                f"module {module_name!r} has no attribute {part!r}.{did_you_mean(part, public)}"
            ) from None
    if not attribute.endswith("()"):
        return found
    if not callable(found):
        raise WrongType(f"{visible(path)!r} is a {type(found).__name__}, which cannot be called: leave out the ().")
    return found()


def import_path(thing: Any) -> str | None:
    """``"package.module:name"`` by which another process finds the function or class ``thing``, or None.

    None for what was typed into a shell or a script (``__main__``), for lambdas, closures and bound methods, and
    for whatever its module does not hold under its own name.
    """
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module == "__main__":
        return None
    path = f"{module}:{name}"
    if not is_import_path(path):
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return path if found is thing else None


class Registry:
    """Classes of one kind by name.

    Args:
        kind: what the classes are, for messages: ``"optimiser"``.
        group: the entry-point group of plug-ins: ``"featviz.optimisers"``.
        builtin: import paths by name.
    """

    def __init__(self, kind: str, group: str, builtin: Mapping[str, str]) -> None:
        self.kind = kind
        self.group = group
        self._paths = dict(builtin)
        self._loaded: dict[str, Any] = {}

    def names(self) -> list[str]:
        """Every registered name, built-in ones first."""
        plugins = sorted({e.name for e in entry_points(group=self.group)} - set(self._paths))
        return [*self._paths, *plugins]

    def __contains__(self, name: object) -> bool:
        """Whether ``name`` is registered. Plug-ins, which take long, are looked for where no built-in one has it."""
        return name in self._paths or name in self._loaded or name in self.names()

    def get(self, name: str) -> Any:
        """The class registered as ``name``, or found at ``"package.module:Name"``.

        Raises:
            NameNotFound: with the nearest known name.
            WrongType: when ``name`` is not a string.
        """
        if not isinstance(name, str):
            raise WrongType(f"the name of the {self.kind} must be text, but it is a {type(name).__name__}.")
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> Any:
        if name in self._paths:
            return import_object(self._paths[name])
        if is_import_path(name):
            return import_object(name)
        for entry in entry_points(group=self.group):
            if entry.name == name:
                try:
                    return entry.load()
                except (Exception, SystemExit) as error:  # noqa: BLE001  a plug-in may fail in any way
                    owner = entry.dist.name if entry.dist else "an unknown distribution"
                    warnings.warn(
                        f"the plug-in {visible(name)!r} of {owner} could not be loaded: {first_line(error)}",
                        FeatvizWarning,
                        stacklevel=3,
                    )
        known = [n for n in self.names() if n != name]  # which is there still when its plug-in is broken
        raise NameNotFound(
            f"there is no {self.kind} {visible(name)!r}. There are: {', '.join(map(visible, known))}; "
            f"or give 'package.module:Name'.{did_you_mean(name, known)}"
        )
