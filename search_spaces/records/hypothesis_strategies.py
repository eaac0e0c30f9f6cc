"""``from_hypothesis``: what a Hypothesis strategy generates, as a space.

Hypothesis lets a backend make its choices (``PrimitiveProvider``, documented under "Alternative backends"); here they
are drawn and recorded. What drives a strategy outside of a test is internal to Hypothesis and may change: then the
message names a version that works.
"""

import importlib
import math
from functools import lru_cache
from typing import Any

from featviz.errors import MissingDependency, WrongType
from featviz.search_spaces.records.draws import Draw
from featviz.search_spaces.records.nested import draw_valid
from featviz.search_spaces.records.record_space import RecordSpace
from featviz.text import first_line, shown, visible

__all__ = ["from_hypothesis"]

# The newest that this was tried with.
_TRIED = "6.170"
# Elements beyond the fewest that a text or a row of bytes without a bound of its own has at most.
_MORE = 32
# Characters that come first in Hypothesis' own order, digits and Latin letters ahead, make up nine tenths.
_COMMON, _RARE = 128, 0.1
_BITS = 53
_DECIMALS = 6
_REJECTED = object()


def from_hypothesis(strategy: Any) -> RecordSpace:
    """What a Hypothesis strategy generates; a batch is a list of n inputs.

    Needs the extra ``hypothesis``. The support is that of the strategy, but for infinite and NaN floats, numbers and
    lengths far beyond what Hypothesis tries itself; how likely each input is differs, since Hypothesis prefers what
    breaks tests.

    Args:
        strategy: such as ``st.lists(st.integers(0, 9))``; it must not depend on anything but its own draws.

    Raises:
        MissingDependency: if Hypothesis is not installed, or of a version that works in another way.
        WrongType: if it is no strategy.
    """
    machinery = _machinery()
    if not isinstance(strategy, machinery.strategy):
        raise WrongType(f"expected a strategy of Hypothesis, such as st.integers(0, 9), but got {shown(strategy)}.")
    strategy.validate()
    name = f"from_hypothesis({visible(repr(strategy), 60)})"

    def make(draw: Draw) -> Any:
        return machinery.run(strategy, draw)

    def function(draw: Draw) -> Any:
        return draw_valid(draw, make, lambda made: made is not _REJECTED, name)

    return RecordSpace(function, name=name)


class _Machinery:
    """The parts of Hypothesis that are needed."""

    def __init__(self) -> None:
        # First by itself, so that its lack is told from another version of it.
        importlib.import_module("hypothesis")
        from hypothesis.control import BuildContext  # noqa: PLC0415
        from hypothesis.errors import StopTest, UnsatisfiedAssumption  # noqa: PLC0415
        from hypothesis.internal.conjecture.data import ConjectureData  # noqa: PLC0415
        from hypothesis.strategies import SearchStrategy  # noqa: PLC0415

        self.strategy = SearchStrategy
        self._data, self._context = ConjectureData, BuildContext
        self._stopped = (StopTest, UnsatisfiedAssumption)
        self._provider = _provider_class()

    def run(self, strategy: Any, draw: Draw) -> Any:
        """One input; ``_REJECTED`` where a filter of the strategy found none."""
        try:
            data = self._data(random=None, provider=self._provider(draw))
            context = self._context(data, wrapped_test=_nothing)
        except (TypeError, AttributeError) as error:
            raise _other_version(error) from error
        try:
            with context:
                return data.draw(strategy)
        except self._stopped:
            return _REJECTED


@lru_cache(maxsize=1)
def _machinery() -> _Machinery:
    try:
        return _Machinery()
    except ModuleNotFoundError as error:
        if error.name == "hypothesis":
            raise MissingDependency("from_hypothesis needs Hypothesis: pip install 'featviz[hypothesis]'.") from None
        raise _other_version(error) from error
    except ImportError as error:
        raise _other_version(error) from error


def _nothing() -> None:
    """What stands where Hypothesis expects a test."""


def _other_version(error: Exception) -> MissingDependency:
    from importlib.metadata import version  # noqa: PLC0415  only for the message

    return MissingDependency(
        f"from_hypothesis does not work with Hypothesis {version('hypothesis')} ({first_line(error)}); it was tried "
        f"with {_TRIED}: pip install 'hypothesis~={_TRIED}'."
    )


def _provider_class() -> Any:
    from hypothesis.internal.conjecture.providers import PrimitiveProvider  # noqa: PLC0415  an extra

    class Recorded(PrimitiveProvider):
        """Makes Hypothesis' choices by ``draw``, each span of them under a name of its own."""

        lifetime = "test_case"

        def __init__(self, draw: Draw) -> None:
            super().__init__(None)
            self._draws: list[Draw] = [draw]

        def draw_boolean(self, p: float = 0.5) -> bool:
            return self._draws[-1].boolean("boolean", p)

        def draw_integer(
            self,
            min_value: int | None = None,
            max_value: int | None = None,
            *,
            weights: Any = None,  # noqa: ARG002  what Hypothesis likes to test with
            shrink_towards: int = 0,
        ) -> int:
            return _integer(self._draws[-1], min_value, max_value, shrink_towards)

        def draw_float(
            self,
            *,
            min_value: float = -math.inf,
            max_value: float = math.inf,
            allow_nan: bool = True,  # noqa: ARG002  none is drawn: a black box has no answer to it
            smallest_nonzero_magnitude: float = 0.0,
        ) -> float:
            found = _float(self._draws[-1], min_value, max_value)
            if abs(found) >= smallest_nonzero_magnitude or min_value <= 0 <= max_value:
                return found if abs(found) >= smallest_nonzero_magnitude else 0.0
            return math.copysign(smallest_nonzero_magnitude, found)

        def draw_string(self, intervals: Any, *, min_size: int = 0, max_size: int = _MORE) -> str:
            longest = min(max_size, min_size + _MORE) if len(intervals) else 0
            elements = self._draws[-1].elements("text", min_size, longest)
            return "".join([_character(element, intervals) for element in elements])

        def draw_bytes(self, min_size: int = 0, max_size: int = _MORE) -> bytes:
            elements = self._draws[-1].elements("bytes", min_size, min(max_size, min_size + _MORE))
            return bytes([element.integer("byte", 0, 255) for element in elements])

        def span_start(self, label: int, /) -> None:  # noqa: ARG002  numbers that say nothing to a reader
            self._draws.append(self._draws[-1].scope("part"))

        def span_end(self, discard: bool, /) -> None:  # noqa: ARG002  as Hypothesis calls it
            self._draws.pop()

    return Recorded


def _integer(draw: Draw, low: int | None, high: int | None, near: int) -> int:
    if low is not None and high is not None and max(abs(low), abs(high)) <= 2**_BITS:
        return draw.integer("integer", low, high)
    start = near
    if low is not None:
        start = max(start, low)
    if high is not None:
        start = min(start, high)
    # As many numbers of each size: small ones come up, and large ones too.
    size = draw.integer("bits", 0, _BITS)
    away = draw.integer("integer", 0, 2**size - 1)
    found = start - away if start != low and (start == high or draw.boolean("below")) else start + away
    found = found if low is None else max(found, low)
    return found if high is None else min(found, high)


def _float(draw: Draw, low: float, high: float) -> float:
    if math.isfinite(high - low):
        return draw.uniform("float", low, high)
    away = draw.real("float") * 10.0 ** draw.integer("decimals", -_DECIMALS, _DECIMALS)
    if math.isfinite(low):
        return low + abs(away)
    return high - abs(away) if math.isfinite(high) else away


def _character(draw: Draw, intervals: Any) -> str:
    count = len(intervals)
    rare = count > _COMMON and draw.boolean("rare", _RARE)
    place = draw.integer("character", 0, (count if rare else min(count, _COMMON)) - 1)
    found: str = intervals.char_in_shrink_order(place)
    return found
