"""What one recorded choice may be: numbers, whole numbers, options. Each knows its prior and its near neighbours.

A domain is a value: two that say the same are equal. Making one checks its arguments; the functions below keep those
already made, since a function of ``draw`` asks for the same few again and again.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Any, Protocol

import numpy as np

from featviz import checks
from featviz.errors import InvalidArgument
from featviz.search_spaces.choices import Choice, probabilities_of
from featviz.search_spaces.quantities import Integer, LogUniform, Uniform
from featviz.search_spaces.variables import Real, Variable

__all__ = [
    "Domain",
    "Interval",
    "LogInterval",
    "Normal",
    "Options",
    "Range",
    "interval",
    "log_interval",
    "normal",
    "options",
    "truth",
    "whole_range",
]

Value = int | float

_LOG_2PI = math.log(2 * math.pi)
_LARGEST = 2**53
# Steps are this part of the range at most, and down to a thousandth of that, all sizes equally likely on a
# logarithmic scale: coarse steps find a slope and fine ones its top, with no step size to adapt.
_WIDEST, _DECADES = 0.3, 3.0
# A float64 below 1 times a larger count would miss whole numbers.
_BY_FRACTION = 2**32


class Domain(Protocol):
    """The values that a choice may have.

    Attributes:
        only: the value where there is just one, so that nothing is recorded; else None.
    """

    @property
    def only(self) -> Value | None:
        """The only value there is, or None."""

    def contains(self, value: object) -> bool:
        """Whether ``value`` is one of them, in the right type."""

    def draw(self, rng: np.random.Generator) -> Value:
        """A value from the prior."""

    def other(self, value: Any, rng: np.random.Generator) -> Value:
        """A value from the prior that is not ``value``."""

    def near(self, value: Any, rng: np.random.Generator) -> Value:
        """A neighbour of ``value``: a small step of a number, another option."""

    def fitted(self, value: object) -> Value | None:
        """The nearest value here to one of another range; None where there is no telling."""

    def log_density(self, value: Any) -> float:
        """The log density of a number, or the log probability of an option."""

    def variable(self) -> Variable:
        """The same prior as a variable of a fixed-shape space."""


@dataclass(frozen=True)
class Normal:
    """Numbers with a standard normal prior."""

    only: None = None

    def contains(self, value: object) -> bool:
        """Whether it is a finite float."""
        return type(value) is float and math.isfinite(value)

    def draw(self, rng: np.random.Generator) -> float:
        """A standard normal number."""
        return rng.standard_normal()

    def other(self, value: float, rng: np.random.Generator) -> float:  # noqa: ARG002  no number is drawn twice
        """A standard normal number."""
        return rng.standard_normal()

    def near(self, value: float, rng: np.random.Generator) -> float:
        """The value and a normal step of a random size."""
        return value + _step(rng) * rng.standard_normal() / _WIDEST

    def fitted(self, value: object) -> None:  # noqa: ARG002  a number of another range means nothing here
        """None."""
        return

    def log_density(self, value: float) -> float:
        """Of the standard normal distribution."""
        return -0.5 * (value * value + _LOG_2PI)

    def variable(self) -> Variable:
        """``Real()``."""
        return Real()


@dataclass(frozen=True)
class Interval:
    """Numbers from ``low`` to ``high``, all equally likely."""

    low: float
    high: float

    @property
    def only(self) -> float | None:
        """``low`` where it equals ``high``."""
        return self.low if self.low == self.high else None

    def contains(self, value: object) -> bool:
        """Whether it is a float between the bounds."""
        return type(value) is float and self.low <= value <= self.high

    def draw(self, rng: np.random.Generator) -> float:
        """A uniform number."""
        return min(self.low + (self.high - self.low) * rng.random(), self.high)

    def other(self, value: float, rng: np.random.Generator) -> float:  # noqa: ARG002  no number is drawn twice
        """A uniform number."""
        return self.draw(rng)

    def near(self, value: float, rng: np.random.Generator) -> float:
        """A normal step of a random size, no further than the bounds."""
        moved = value + (self.high - self.low) * _step(rng) * rng.standard_normal()
        return min(max(moved, self.low), self.high)

    def fitted(self, value: object) -> float | None:
        """The nearer bound, for a number outside."""
        return min(max(value, self.low), self.high) if type(value) is float else None

    def log_density(self, value: float) -> float:  # noqa: ARG002  the same everywhere
        """Minus the log of the width."""
        return -math.log(self.high - self.low)

    def variable(self) -> Variable:
        """``Uniform(low, high)``."""
        return Uniform(self.low, self.high)


@dataclass(frozen=True)
class LogInterval:
    """Positive numbers from ``low`` to ``high`` whose logarithms are all equally likely."""

    low: float
    high: float

    @property
    def only(self) -> float | None:
        """``low`` where it equals ``high``."""
        return self.low if self.low == self.high else None

    @cached_property
    def _span(self) -> float:
        return math.log(self.high) - math.log(self.low)

    def contains(self, value: object) -> bool:
        """Whether it is a float between the bounds."""
        return type(value) is float and self.low <= value <= self.high

    def draw(self, rng: np.random.Generator) -> float:
        """A number whose logarithm is uniform."""
        return self._inside(math.log(self.low) + self._span * rng.random())

    def other(self, value: float, rng: np.random.Generator) -> float:  # noqa: ARG002  no number is drawn twice
        """A number whose logarithm is uniform."""
        return self.draw(rng)

    def near(self, value: float, rng: np.random.Generator) -> float:
        """A normal step of the logarithm, of a random size, no further than the bounds."""
        return self._inside(math.log(value) + self._span * _step(rng) * rng.standard_normal())

    def fitted(self, value: object) -> float | None:
        """The nearer bound, for a number outside."""
        return min(max(value, self.low), self.high) if type(value) is float else None

    def log_density(self, value: float) -> float:
        """Minus the log of the value and of the width in logarithms."""
        return -math.log(value) - math.log(self._span)

    def variable(self) -> Variable:
        """``LogUniform(low, high)``."""
        return LogUniform(self.low, self.high)

    def _inside(self, logarithm: float) -> float:
        # Before exp, which overflows beyond 709.
        bounded = min(max(logarithm, math.log(self.low)), math.log(self.high))
        return min(max(math.exp(bounded), self.low), self.high)


@dataclass(frozen=True)
class Range:
    """Whole numbers from ``low`` to ``high``, both included, all equally likely."""

    low: int
    high: int

    @property
    def only(self) -> int | None:
        """``low`` where it equals ``high``."""
        return self.low if self.low == self.high else None

    @property
    def count(self) -> int:
        """How many there are."""
        return self.high - self.low + 1

    def contains(self, value: object) -> bool:
        """Whether it is an int between the bounds."""
        return type(value) is int and self.low <= value <= self.high

    def draw(self, rng: np.random.Generator) -> int:
        """A uniform whole number."""
        return self.low + _below(self.count, rng)

    def other(self, value: int, rng: np.random.Generator) -> int:
        """A uniform whole number, of all but ``value``."""
        found = self.low + _below(self.count - 1, rng)
        return found + 1 if found >= value else found

    def near(self, value: int, rng: np.random.Generator) -> int:
        """At least one up or down, the other way at a bound."""
        step = max(1, round(self.count * _step(rng) * abs(rng.standard_normal())))
        ways = (step, -step) if rng.random() < 0.5 else (-step, step)
        moved = min(max(value + ways[0], self.low), self.high)
        return moved if moved != value else min(max(value + ways[1], self.low), self.high)

    def fitted(self, value: object) -> int | None:
        """The nearer bound, for a whole number outside."""
        return min(max(value, self.low), self.high) if type(value) is int else None

    def log_density(self, value: int) -> float:  # noqa: ARG002  the same everywhere
        """Minus the log of their number."""
        return -math.log(self.count)

    def variable(self) -> Variable:
        """``Integer(low, high)``."""
        return Integer(self.low, self.high)


@dataclass(frozen=True)
class Options:
    """Places from 0 of ``count`` options, with prior probabilities; None for all equally likely."""

    count: int
    probabilities: tuple[float, ...] | None = None

    @cached_property
    def only(self) -> int | None:
        """The place of the only option that is possible."""
        if self.probabilities is None:
            return 0 if self.count == 1 else None
        possible = [place for place, p in enumerate(self.probabilities) if p > 0]
        return possible[0] if len(possible) == 1 else None

    @cached_property
    def _cumulated(self) -> list[float]:
        sums = list(accumulate(self.probabilities or ()))
        return [s / sums[-1] for s in sums]

    def contains(self, value: object) -> bool:
        """Whether it is the place of an option that is possible."""
        if type(value) is not int or not 0 <= value < self.count:
            return False
        return self.probabilities is None or self.probabilities[value] > 0

    def draw(self, rng: np.random.Generator) -> int:
        """A place from the prior."""
        if self.probabilities is None:
            return _below(self.count, rng)
        return bisect_right(self._cumulated, rng.random())

    def other(self, value: int, rng: np.random.Generator) -> int:
        """A place from the prior, of all but ``value``."""
        if self.probabilities is None:
            found = _below(self.count - 1, rng)
            return found + 1 if found >= value else found
        rest = [0.0 if place == value else p for place, p in enumerate(self.probabilities)]
        sums = list(accumulate(rest))
        return bisect_right(sums, sums[-1] * rng.random())

    def near(self, value: int, rng: np.random.Generator) -> int:
        """Any other option: they have no order."""
        return self.other(value, rng)

    def fitted(self, value: object) -> None:  # noqa: ARG002  an option of another list means nothing here
        """None."""
        return

    def log_density(self, value: int) -> float:
        """The log of its probability."""
        return -math.log(self.count) if self.probabilities is None else math.log(self.probabilities[value])

    def variable(self) -> Variable:
        """``Choice(count, probabilities)``."""
        return Choice(self.count, self.probabilities)


_NORMAL = Normal()


def normal() -> Normal:
    """The domain of bare numbers."""
    return _NORMAL


@lru_cache(maxsize=1024, typed=True)
def interval(low: Any, high: Any) -> Interval:
    """The domain of numbers in a range.

    Raises:
        WrongType, InvalidArgument: unless ``low <= high`` are finite numbers and not too far apart.
    """
    found = Interval(checks.finite("low", low), checks.finite("high", high))
    _check_order(found.low, found.high)
    if not math.isfinite(found.high - found.low):
        raise InvalidArgument(f"the range from {found.low:g} to {found.high:g} is too wide for a float64.")
    return found


@lru_cache(maxsize=1024, typed=True)
def log_interval(low: Any, high: Any) -> LogInterval:
    """The domain of positive numbers in a range.

    Raises:
        WrongType, InvalidArgument: unless ``0 < low <= high`` are finite numbers.
    """
    found = LogInterval(checks.finite("low", low), checks.finite("high", high))
    if found.low <= 0:
        raise InvalidArgument(f"a logarithmic range must begin above 0, but low is {found.low:g}.")
    _check_order(found.low, found.high)
    return found


@lru_cache(maxsize=1024, typed=True)
def whole_range(low: Any, high: Any) -> Range:
    """The domain of whole numbers in a range.

    Raises:
        WrongType, InvalidArgument: unless ``low <= high`` are whole numbers.
    """
    found = Range(checks.integer("low", low, -_LARGEST, _LARGEST), checks.integer("high", high, -_LARGEST, _LARGEST))
    _check_order(found.low, found.high)
    return found


@lru_cache(maxsize=1024)
def options(count: int, probabilities: tuple[Any, ...] | None = None) -> Options:
    """The domain of the places of ``count`` options.

    Raises:
        WrongType, InvalidArgument: if there is none, or probabilities are not one an option with sum 1.
    """
    if count < 1:
        raise InvalidArgument("a choice needs at least one option, but there are none.")
    if probabilities is None:
        return Options(count)
    return Options(count, tuple(probabilities_of(probabilities, count).tolist()))


@lru_cache(maxsize=1024)
def truth(p: Any) -> Options:
    """The domain of false (0) and true (1), true with probability ``p``."""
    likely = checks.finite("p", p, 0, 1)
    return Options(2) if likely == 0.5 else Options(2, (1 - likely, likely))


def _check_order(low: float, high: float) -> None:
    if low > high:
        raise InvalidArgument(f"low must not be above high, but low is {low:g} and high is {high:g}.")


def _step(rng: np.random.Generator) -> float:
    return float(_WIDEST * 10.0 ** (-_DECADES * rng.random()))


def _below(count: int, rng: np.random.Generator) -> int:
    """A uniform whole number from 0 to ``count`` - 1."""
    # A fraction costs a tenth of what ``integers`` does; it favours none by more than one in a million.
    return int(count * rng.random()) if count <= _BY_FRACTION else int(rng.integers(count))
