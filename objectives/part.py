"""What terms and penalties share: a kind, options that rebuild them, and a weight."""

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from featviz.checks import finite
from featviz.latent import Latents
from featviz.protocols import SearchSpace, Spec
from featviz.registry import import_path

__all__ = ["Part", "Seen", "option_text", "signed"]


@dataclass(frozen=True, eq=False)
class Seen:
    """What a part may look at beside the outputs of boxes.

    Args:
        inputs: the batch of n inputs; read-only.
        latents: what they were decoded from, where that is known.
        space: the space that is searched, where that is known.
    """

    inputs: Any
    latents: Latents | None = None
    space: SearchSpace | None = None


class Part(ABC):
    """A weighted part of an objective. It is never changed: a new weight makes a new part."""

    # The name under which the class is registered; left empty, its import path is used in specs.
    kind: ClassVar[str] = ""

    weight: float = 1.0

    def options(self) -> Spec:
        """The keyword arguments that rebuild this part, as TOML can hold them; none by default."""
        return {}

    @abstractmethod
    def describe(self) -> str:
        """The part, without its weight, as a formula for people."""

    def weighted(self, weight: float) -> Self:
        """The same part with ``weight``, a finite number, in place of its own."""
        part = copy.copy(self)
        part.weight = finite("weight", weight)
        return part

    def spec(self) -> Spec | None:
        """``{"kind": ..., "weight": ..., **options}``, or None when another process could not find the class."""
        kind = type(self).kind or import_path(type(self))
        return None if kind is None else {"kind": kind, "weight": self.weight, **self.options()}


def signed(parts: list[tuple[float, str]]) -> str:
    """``"a - 0.5 * b"`` from weights and formulas."""
    text = ""
    for weight, formula in parts:
        size = abs(weight)
        shown = formula if size == 1 else f"{size:g} * {formula}"
        sign = "-" if weight < 0 else "+"
        if text:
            text += f" {sign} {shown}"
        else:
            text = f"-{shown}" if weight < 0 else shown
    return text


def option_text(options: dict[str, Any]) -> str:
    """``"a=1, b='x'"`` for a formula."""
    return ", ".join(f"{name}={value!r}" for name, value in options.items())
