"""Moves on series: a window or a frequency band borrowed from another series, and shifts in time.

They work on series before squashing, so a decoder must turn genes into them and back without loss. The first two are
those of Höllig et al. 2022, "TSEvo: Evolutionary Counterfactual Explanations for Time Series Classification".
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from featviz.latent import Latents, Move
from featviz.search_spaces.series.decoders import SeriesDecoder
from featviz.search_spaces.series.shapes import Float64

__all__ = ["series_moves"]

Change = Callable[[Float64, Float64, np.random.Generator], Float64]


def series_moves(decoder: SeriesDecoder, references: Float64 | None) -> tuple[Move, ...]:
    """The moves for a decoder with an exact inverse; with reference series, ones that borrow from them too.

    Args:
        decoder: of the space.
        references: numbers without bounds of shape (m, length, channels).
    """
    moves = [
        Move("time shift", _on_series(decoder, _shifted), 0.5),
        Move("window of a mate", _on_series(decoder, _with_window), 0.5),
        Move("band of a mate", _on_series(decoder, _with_band), 0.5),
    ]
    if references is not None:
        moves += [
            Move("window of a reference", _on_series(decoder, _with_window, references), 0.5),
            Move("band of a reference", _on_series(decoder, _with_band, references), 0.5),
        ]
    return tuple(moves)


def _on_series(
    decoder: SeriesDecoder, change: Change, references: Float64 | None = None
) -> Callable[[Latents, Latents, np.random.Generator], Latents]:
    def propose(parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
        n = len(parents)
        own = decoder.decode(parents.real)
        borrowed = None if references is None else references[rng.integers(len(references), size=n)]
        others = decoder.decode(mates.real) if borrowed is None else borrowed
        return Latents(decoder.encode(change(own, others, rng)), parents.categorical.copy(), parents.records.copy())

    return propose


def _shifted(own: Float64, others: Float64, rng: np.random.Generator) -> Float64:  # noqa: ARG001  a shift needs no other
    """Each series moved along the axis of time, its end coming in at its beginning."""
    n, length, _ = own.shape
    by = rng.integers(1, max(length, 2), size=(n, 1))
    at = (np.arange(length) - by) % length
    return np.take_along_axis(own, at[:, :, None], axis=1)


def _with_window(own: Float64, others: Float64, rng: np.random.Generator) -> Float64:
    """A window of the other series pasted in at any place; of up to half the length."""
    n, length, _ = own.shape
    width = rng.integers(1, max(2, length // 2 + 1), size=n)
    source = np.asarray(rng.integers(0, length - width + 1))
    target = np.asarray(rng.integers(0, length - width + 1))
    at = np.arange(length)
    inside = _between(at, target, target + width)
    taken = np.take_along_axis(
        others, np.clip(at - target[:, None] + source[:, None], 0, length - 1)[:, :, None], axis=1
    )
    return np.where(inside[:, :, None], taken, own)


def _with_band(own: Float64, others: Float64, rng: np.random.Generator) -> Float64:
    """A band of frequencies in place of the own one."""
    n, length, _ = own.shape
    count = length // 2 + 1
    ends = np.sort(rng.integers(0, count + 1, size=(n, 2)), axis=1)
    band = _between(np.arange(count), ends[:, 0], np.maximum(ends[:, 1], ends[:, 0] + 1))
    mixed = np.where(band[:, :, None], np.fft.rfft(others, axis=1), np.fft.rfft(own, axis=1))
    found: Float64 = np.fft.irfft(mixed, n=length, axis=1)
    return found


def _between(at: NDArray[np.int64], first: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (at >= first[:, None]) & (at < end[:, None])
    return inside
