"""``Draw``: what a function that describes a space asks for its choices."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from featviz import checks
from featviz.errors import FeatvizError, InvalidArgument, WrongType
from featviz.protocols import SearchSpace
from featviz.search_spaces.records import domains
from featviz.search_spaces.records.nested import draw_nested
from featviz.search_spaces.records.tapes import MAX_CHOICES, Tape
from featviz.text import shown, visible

__all__ = ["Draw"]

# Concrete ones first: to ask whether something is a Sequence takes as long as a choice.
_LISTS = (list, str, tuple, range, np.ndarray, Sequence)

T = TypeVar("T")
Part = Callable[["Draw"], T]


class Draw:
    """Hands a function its choices, one for each call, and records them.

    Every choice has a name. Within a list element, an optional part, or a :meth:`scope` names stand under its own, as
    in ``note/3/pitch``; a name that comes again in one place is numbered, ``pitch#2``. Choices with one possible value
    are made without being recorded. The function must depend on nothing but what it draws.
    """

    __slots__ = ("_prefix", "_tape")

    def __init__(self, tape: Tape, prefix: str = "") -> None:
        self._tape, self._prefix = tape, prefix

    def real(self, name: str) -> float:
        """A number with a standard normal prior."""
        return float(self._tape.choose(self._claim(name), domains.normal()))

    def uniform(self, name: str, low: float, high: float) -> float:
        """A number from ``low`` to ``high``, all equally likely."""
        return float(self._tape.choose(self._claim(name), _made(name, domains.interval, low, high)))

    def log_uniform(self, name: str, low: float, high: float) -> float:
        """A positive number from ``low`` to ``high`` whose logarithms are all equally likely."""
        return float(self._tape.choose(self._claim(name), _made(name, domains.log_interval, low, high)))

    def integer(self, name: str, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included, all equally likely."""
        return int(self._tape.choose(self._claim(name), _made(name, domains.whole_range, low, high)))

    def choice(self, name: str, options: Sequence[T], probabilities: Sequence[float] | None = None) -> T:
        """One of ``options``, which may be anything, with ``probabilities`` (their sum 1) or all equally likely."""
        if not isinstance(options, _LISTS):
            # A set has another order in another process.
            raise WrongType(
                f"choice {visible(name)!r}: options must be a list or a tuple, but they are {shown(options)}."
            )
        p = None if probabilities is None else tuple(probabilities)
        place = int(self._tape.choose(self._claim(name), _made(name, domains.options, len(options), p)))
        found: T = options[place]
        return found

    def boolean(self, name: str, p: float = 0.5) -> bool:
        """True with probability ``p``."""
        return bool(self._tape.choose(self._claim(name), _made(name, domains.truth, p)))

    def permutation(self, name: str, things: int | Sequence[T]) -> list[Any]:
        """An order of ``things``, or of the numbers below ``things``; all orders are equally likely.

        The choices are those of a shuffle (Durstenfeld 1964, "Algorithm 235: Random permutation"): each order has one
        record, and another value of one choice moves at most three things.
        """
        if isinstance(things, int | np.integer):
            order: list[Any] = list(range(checks.integer(f"choice {visible(name)!r}: things", things, 0, MAX_CHOICES)))
        else:
            order = list(things)
        path, count = self._claim(name), len(order)
        for place in range(count - 1):
            drawn = place + int(self._tape.choose(f"{path}/{place}", domains.options(count - place)))
            order[place], order[drawn] = order[drawn], order[place]
        return order

    def list(self, name: str, element: Part[T], min: int, max: int) -> list[T]:  # noqa: A002  what users call them
        """A list of ``min`` to ``max`` elements, all lengths equally likely, each made by ``element(draw)``."""
        return [element(draw) for draw in self.elements(name, min, max)]

    def elements(self, name: str, min: int, max: int) -> "tuple[Draw, ...]":  # noqa: A002  as above
        """For a loop: what each of ``min`` to ``max`` elements of a list is drawn from."""
        length = _made(name, domains.whole_range, min, max)
        if length.low < 0 or length.high > MAX_CHOICES:
            raise InvalidArgument(
                f"choice {visible(name)!r}: a list may have from 0 to {MAX_CHOICES:,} elements, but it was asked for "
                f"{length.low:,} to {length.high:,}."
            )
        tape, path = self._tape, self._claim(name)
        count = int(tape.choose(path, length))
        tape.count_steps(count)
        return tuple(Draw(tape, f"{path}/{place}/") for place in range(count))

    def optional(self, name: str, part: Part[T], p: float = 0.5) -> T | None:
        """What ``part(draw)`` makes with probability ``p``, else None."""
        path = self._claim(name)
        there = self._tape.choose(path, _made(name, domains.truth, p))
        return part(Draw(self._tape, f"{path}/")) if there else None

    def one_of(self, name: str, *parts: Part[Any]) -> Any:
        """What one of ``parts`` makes, all equally likely. Its choices stand under its name, or ``case0`` and so on."""
        case, draw = self.branch(name, len(parts))
        label = getattr(parts[case], "__name__", "")
        return parts[case](Draw(self._tape, f"{draw._prefix}{label if label.isidentifier() else f'case{case}'}/"))

    def branch(self, name: str, cases: int, probabilities: Sequence[float] | None = None) -> "tuple[int, Draw]":
        """For a test: which of so many ``cases``, and what its choices are drawn from, under the same name for all."""
        p = None if probabilities is None else tuple(probabilities)
        path = self._claim(name)
        case = int(self._tape.choose(path, _made(name, domains.options, cases, p)))
        return case, Draw(self._tape, f"{path}/")

    def space(self, name: str, other: SearchSpace) -> Any:
        """An input of another space: of one with a fixed number of genes, or of another function of ``draw``.

        Where that space calls an input invalid, others are drawn in its place.

        Raises:
            SpaceError: if next to none of its inputs is valid.
        """
        return draw_nested(Draw(self._tape, f"{self._claim(name)}/"), name, other)

    def scope(self, name: str) -> "Draw":
        """The same under a name: ``draw.scope("left").real("x")`` is recorded as ``left/x``."""
        return Draw(self._tape, f"{self._claim(name)}/")

    def _claim(self, name: str) -> str:
        if not isinstance(name, str):
            raise WrongType(f"the name of a choice must be text, but it is {shown(name)}.")
        return self._tape.claim(self._prefix + _checked(name))


@lru_cache(maxsize=4096)
def _checked(name: str) -> str:
    """A name that does not look like a path, the place of an element, or a number that was put on."""
    if not name or "/" in name or "#" in name or name.isdecimal():
        raise InvalidArgument(
            f"a choice cannot be called {visible(name, 60)!r}: give it a name without '/' and '#' that is no number."
        )
    return name


def _made(name: str, make: Callable[..., T], *arguments: Any) -> T:
    """The domain that ``make`` gives; errors name the choice."""
    try:
        return make(*arguments)
    except FeatvizError as error:
        raise type(error)(f"choice {visible(name, 60)!r}: {error}") from None
    except TypeError:  # not hashable, and so not what was expected
        raise WrongType(f"choice {visible(name, 60)!r}: expected numbers, but got {shown(arguments)}.") from None
