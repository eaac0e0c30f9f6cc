"""The numbers that fit a JSON schema: ranges, open at either end or not, and multiples."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from featviz import checks
from featviz.errors import InvalidArgument
from featviz.search_spaces.adapters.arrays import BoundedArray
from featviz.search_spaces.adapters.json_merging import NoneFitsError
from featviz.search_spaces.adapters.json_validation import FAMILIES
from featviz.search_spaces.adapters.json_values import JsonMultiple, plain
from featviz.search_spaces.composites import Constant
from featviz.search_spaces.quantities import Integer
from featviz.text import visible

__all__ = ["number_part"]

# Whole numbers further out than this are not all float64.
_LARGEST = 2**53


def number_part(schema: Mapping[str, Any], at: str, *, whole: bool) -> Any:
    """The variable, space or constant of the numbers that fit ``schema``; of whole ones where ``whole``."""
    bounds = {k: schema[k] for k in FAMILIES["number"] if k in schema}
    low = max(bounds.get("minimum", -math.inf), -math.inf)
    high = min(bounds.get("maximum", math.inf), math.inf)
    for name, value in bounds.items():
        checks.finite(f"{name} at {visible(at)}", value)
    above, below = bounds.get("exclusiveMinimum", -math.inf), bounds.get("exclusiveMaximum", math.inf)
    step = bounds.get("multipleOf")
    if step is not None or whole:
        step = checks.finite(f"multipleOf at {visible(at)}", 1 if step is None else step, 0, exclusive=True)
        if whole and not step.is_integer():
            raise InvalidArgument(f"multipleOf at {visible(at)} must be whole for an integer, but it is {step:g}.")
        if step != 1 or (math.isfinite(max(low, above)) and math.isfinite(min(high, below))):
            return _multiples(step, (low, high, above, below), at)
        low, high = max(math.ceil(low) if math.isfinite(low) else low, _beyond(above, 1)), min(high, _beyond(below, -1))
        return BoundedArray(low, math.floor(high) if math.isfinite(high) else high, (), "int64")
    low = max(low, np.nextafter(above, math.inf) if math.isfinite(above) else above)
    high = min(high, np.nextafter(below, -math.inf) if math.isfinite(below) else below)
    if low > high:
        raise NoneFitsError(f"no number lies between the bounds at {visible(at)}")
    return Constant(low) if low == high else BoundedArray(low, high)


def _beyond(bound: float, way: int) -> float:
    """The nearest whole number beyond an exclusive bound."""
    if not math.isfinite(bound):
        return bound
    return math.floor(bound) + 1 if way > 0 else math.ceil(bound) - 1


def _multiples(step: float, bounds: tuple[float, float, float, float], at: str) -> Any:
    """Multiples of ``step``; without bounds those up to a million times."""
    low, high, above, below = bounds
    furthest = 1_000_000
    times = [k / step for k in (low, high, above, below)]
    # Whole numbers of floats that are nearly whole: 0.3 / 0.1 is 2.9999999999999996.
    near = [round(t) if math.isfinite(t) and abs(t - round(t)) < 1e-9 * max(1, abs(t)) else t for t in times]
    first = max(math.ceil(near[0]) if math.isfinite(near[0]) else -math.inf, _beyond(near[2], 1))
    last = min(math.floor(near[1]) if math.isfinite(near[1]) else math.inf, _beyond(near[3], -1))
    if not math.isfinite(first):
        first = -furthest if not math.isfinite(last) else last - furthest
    if not math.isfinite(last):
        last = first + furthest if first != -furthest else furthest
    if first > last:
        raise NoneFitsError(f"no multiple of {step:g} lies between the bounds at {visible(at)}")
    if max(abs(first), abs(last)) > _LARGEST:
        raise InvalidArgument(f"the whole numbers at {visible(at)} reach beyond 2**53.")
    given: float = int(step) if float(step).is_integer() else step
    if first == last:
        return Constant(plain(JsonMultiple(given, 0, 1)._to_form([first])[0]))
    return Integer(int(first), int(last)) if given == 1 else JsonMultiple(given, int(first), int(last))
