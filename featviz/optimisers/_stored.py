"""Arrays and latents in the state of an optimiser, checked when they come back."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from featviz.errors import LatentShapeError, RunDamaged
from featviz.latent import LatentDescription, Latents, record_from_json

__all__ = ["latents_from_state", "latents_to_state", "stored_array"]


def stored_array(
    state: Mapping[str, Any], key: str, dtype: DTypeLike, shape: tuple[int, ...] | None = None
) -> NDArray[Any]:
    """A copy of the array at ``key`` of a state; one axis of any length when ``shape`` is None.

    Raises:
        RunDamaged: there is no such array.
    """
    try:
        array: NDArray[Any] = np.array(state[key], dtype=dtype)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise RunDamaged(f"the optimiser's state has no array {key!r}.") from None
    if array.ndim != 1 if shape is None else array.shape != shape:
        raise RunDamaged(
            f"the optimiser's state holds {key!r} of shape {array.shape}; expected {shape or 'one axis'}. "
            "Was it saved by an optimiser with other arguments?"
        )
    return array


def latents_to_state(latents: Latents) -> dict[str, Any]:
    """Latents as two arrays and, where there are records, a text."""
    arrays = {"real": latents.real.copy(), "categorical": latents.categorical.copy()}
    return {**arrays, "records": latents.records_as_json()} if latents.records.shape[1] else arrays


def latents_from_state(latent: LatentDescription, state: Mapping[str, Any], n: int) -> Latents:
    """The n latents that ``latents_to_state`` wrote.

    Raises:
        RunDamaged: they are not latents of this description.
    """
    real = stored_array(state, "real", np.float64, (n, latent.real))
    categorical = stored_array(state, "categorical", np.int64, (n, len(latent.options)))
    records = np.empty((n, latent.records), dtype=object)
    try:
        if latent.records:
            rows = json.loads(state["records"])
            for row, place in np.ndindex(records.shape):
                records[row, place] = record_from_json(rows[row][place])
        latents = Latents(real, categorical, records)
        latent.check(latents)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, RecursionError, LatentShapeError):
        raise RunDamaged("the optimiser's state holds latents of another space.") from None
    if not np.isfinite(real).all():
        raise RunDamaged("the optimiser's state holds real genes that are not finite.")
    return latents
