"""The base of the terms of an objective: one number an input, from outputs of boxes, the input, or both."""

import copy
import inspect
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument, WrongType
from featviz.objectives.part import Part, Seen
from featviz.protocols import Box
from featviz.text import shown, visible

__all__ = ["Term", "checked_box"]


class Term(Part):
    """A number of each input, higher is better. Most derive from :class:`~featviz.objectives.OutputTerm`.

    A kind of term implements :meth:`measure`, :meth:`describe` and, where its constructor takes any, :meth:`options`.
    """

    # What a constructor is given first, when a term is rebuilt from its spec: "box", "boxes" (a list) or "nothing".
    takes: ClassVar[str] = "nothing"
    # The option that the short form of a spec gives: ``{"margin": "3"}``.
    short: ClassVar[str] = "output"

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The boxes whose outputs :meth:`measure` is given; none by default."""
        return ()

    def with_boxes(self, boxes: Sequence[Box]) -> Self:
        """The same term on other boxes, which have the same outputs; one in place of each of ``boxes``.

        Raises:
            InvalidArgument: when the outputs differ.
        """
        for old, new in zip(self.boxes, boxes, strict=True):
            if old.outputs != new.outputs:
                raise InvalidArgument(f"{visible(old.name)} and {visible(new.name)} must have the same outputs.")
        return self._on(boxes)

    def _on(self, boxes: Sequence[Box]) -> Self:  # noqa: ARG002  the default has none
        """A copy on ``boxes``; implemented by every kind that has any."""
        return copy.copy(self)

    @abstractmethod
    def measure(self, outputs: Sequence[NDArray[np.float64]], seen: Seen) -> NDArray[np.float64]:
        """Values of shape (n,).

        Args:
            outputs: for each of ``boxes``, shape (n, k).
            seen: the inputs, and what else is known of them.
        """


def checked_box(box: Any) -> Box:
    """``box`` when it is a black box.

    Raises:
        WrongType: when it is a bare function or model instead.
    """
    if isinstance(box, Box) and not inspect.isclass(box):
        return box
    raise WrongType(
        f"an objective is about a black box, but this is {shown(box)}. "
        "Wrap it first: box = featviz.black_box(thing, outputs=[...])."
    )
