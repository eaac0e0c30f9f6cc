"""Units whose activation is read with noise: what is asked is noisy, and the true score is known to the benchmark."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["CODES", "Generator", "NoisyUnit", "TuningCurve"]

Array = NDArray[np.float64]

# Numbers of a code, as of the generator of Wang & Ponce.
CODES = 4096
_HIDDEN = 512


class NoisyUnit:
    """A function read with the noise of Wang & Ponce 2022 (GECCO), as their program adds it.

    An answer is ``f(x) * max(0, 1 + level * z)`` with z standard normal and independent: the noise grows with the
    activation, and an activation never changes its sign.

    Args:
        clean: rows (n, d) -> float64 (n,), the true scores.
        level: the noise level; 0 for none.
        seed: of the noise.
        budget: questions that are answered before the unit refuses.
    """

    def __init__(self, clean: Callable[[Array], Array], level: float, seed: int, budget: int) -> None:
        self.clean, self.level = clean, level
        self._rng = np.random.default_rng([seed, 0x6E6F6973])
        self._budget = budget
        self.queries = 0

    def __call__(self, rows: NDArray[np.floating]) -> Array:
        """Noisy scores, float64 (n,), of n rows; each is counted."""
        self.queries += len(rows)
        if self.queries > self._budget:
            raise RuntimeError(f"more than {self._budget:,} questions were asked")
        clean = self.clean(np.asarray(rows, dtype=np.float64))
        return clean * np.maximum(0.0, 1 + self.level * self._rng.standard_normal(len(clean))) if self.level else clean

    def left(self) -> int:
        """Questions that are left."""
        return self._budget - self.queries


class Generator:
    """A fixed random network from codes to pictures of ``side`` x ``side`` in [0, 1]: smooth, not linear, wasteful.

    One hidden layer of ReLU units, each of which adds a random field with a 1/f spectrum; then a sigmoid. Codes of the
    standard normal distribution give pictures of medium contrast.

    Args:
        side: of a picture.
        seed: of the weights.
    """

    def __init__(self, side: int, seed: int = 0) -> None:
        rng = np.random.default_rng([seed, 0x67656E])
        self._mix = rng.standard_normal((CODES, _HIDDEN)).astype(np.float32) / np.float32(np.sqrt(CODES))
        frequencies = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
        spectrum = np.fft.rfft2(rng.standard_normal((_HIDDEN, side, side))) / np.maximum(frequencies, 1 / side)
        fields = np.fft.irfft2(spectrum, s=(side, side)).reshape(_HIDDEN, -1)
        self._fields = (fields / fields.std()).astype(np.float32) * np.float32(2 / np.sqrt(_HIDDEN))

    def __call__(self, codes: NDArray[np.floating]) -> Array:
        """Pictures, float64 (n, side * side), of codes (n, 4096)."""
        hidden = np.maximum(np.asarray(codes, dtype=np.float32) @ self._mix, 0)
        drive = np.clip((hidden - np.float32(0.4)) @ self._fields, -60, 60)
        return (1 / (1 + np.exp(-drive))).astype(np.float64)


class TuningCurve:
    """A unit with one preferred direction of codes, broad and far from the beginning; its highest activation is 1.

    ``(1 + cos(code, preferred)) / 2`` to the power of 4, times a saturating growth with the length of the code.
    """

    def __init__(self, seed: int, codes: int = CODES) -> None:
        preferred = np.random.default_rng([seed, 0x74756E]).standard_normal(codes)
        self._preferred = preferred / np.linalg.norm(preferred)

    def __call__(self, codes: NDArray[np.floating]) -> Array:
        """Activations, float64 (n,), in [0, 1]."""
        lengths = np.linalg.norm(codes, axis=1)
        cosines = codes @ self._preferred / np.maximum(lengths, 1e-12)
        scores: Array = ((1 + cosines) / 2) ** 4 * np.tanh(lengths / np.sqrt(codes.shape[1]))
        return scores
