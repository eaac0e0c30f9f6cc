"""What the parts of an input must be, by which saliency takes it apart."""

from typing import Any

import numpy as np

from featviz.batches import batch_length, take
from featviz.latent import Latents
from featviz.protocols import SearchSpace
from featviz.search_spaces import Space
from featviz.testing._inputs import digest, drawn, expect, near, one

__all__ = ["check_units"]

_COPIES = 3
# Encoding an input costs as much, see ``check_encode``.
_ENCODED = 1 / 256


def check_units(space: SearchSpace) -> None:
    """``units`` names the parts of an input; ``apply`` keeps it where all are kept, and gives the fill where none is.

    Where another input has other parts, such as a longer list, hiding all need not give all of the fill. A space
    without ``units`` and ``apply`` passes: it can be searched, and not be explained.
    """
    units_of, apply = getattr(space, "units", None), getattr(space, "apply", None)
    if not callable(units_of) or not callable(apply):
        return
    latents, fill_latents = drawn(space, 8, 1), drawn(space, 9, _COPIES)
    x, fill = _given(space, latents), _fill(space, fill_latents)
    units = tuple(units_of(x))
    expect(bool(units), "units names no part of an input.")
    expect(all(isinstance(unit, str) for unit in units), "units must give text.")
    expect(len(set(units)) == len(units), "two units have the same name.")
    before = _digest(x), _digest(fill)
    keep, hide = (np.full((_COPIES, len(units)), kept) for kept in (True, False))
    whole = space.decode_latents(latents[np.zeros(_COPIES, dtype=np.intp)])
    tolerance = 0.0 if isinstance(x, Latents) else _ENCODED
    expect(near(apply(x, units, keep, fill), whole, tolerance), "apply changes an input of which every unit is kept.")
    hidden = apply(x, units, hide, fill)
    expect(batch_length(hidden) == _COPIES, f"{_COPIES} masks gave {batch_length(hidden)} inputs.")
    want = space.decode_latents(fill_latents)
    alike = [row for row in range(_COPIES) if tuple(units_of(_given(space, fill_latents[[row]]))) == units]
    # One is enough: of the same names may be another option of several, which an input keeps.
    given = [near(take(hidden, [row]), take(want, [row]), tolerance) for row in alike]
    expect(not alike or any(given), "apply does not give the fill where every unit is hidden.")
    first = _fill(space, fill_latents[:1])
    apart = apply(x, units, hide, _fill(space, fill_latents[[0] * _COPIES]))
    expect(near(apply(x, units, hide, first), apart, tolerance), "a fill of one must serve all copies.")
    expect((_digest(x), _digest(fill)) == before, "apply changed what it was given.")


def _by_genes(space: SearchSpace) -> bool:
    """Whether ``apply`` exchanges genes and so is given latents, as saliency gives them."""
    return bool(getattr(space, "applies_to_latents", False)) or getattr(type(space), "apply", None) is Space.apply


def _given(space: SearchSpace, latents: Latents) -> Any:
    return latents if _by_genes(space) else one(space.decode_latents(latents))


def _fill(space: SearchSpace, latents: Latents) -> Any:
    return latents if _by_genes(space) else take(space.decode_latents(latents), slice(None))


def _digest(thing: Any) -> Any:
    return thing.digest() if isinstance(thing, Latents) else digest(thing)
