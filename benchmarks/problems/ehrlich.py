"""Ehrlich functions: sequences that must contain spaced motifs and avoid forbidden transitions.

Stanton et al. 2024, "Closed-Form Test Functions for Biophysical Sequence Design Benchmarking"; their code is
holo-bench. Same family of functions; the instances differ, as the random numbers do.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["INFEASIBLE", "Ehrlich"]

Array = NDArray[np.float64]
Sequences = NDArray[np.integer]

# What the black box answers to an infeasible sequence: just below 0, the lowest feasible value.
INFEASIBLE = -0.1
TEMPERATURE = 0.5
BAND = 0.4


class Ehrlich:
    """One Ehrlich function of sequences of ``length`` states 0 .. ``states`` - 1.

    f(x) = Π_i g(h_i(x)) where h_i is the share of motif i that is present at the best place, in steps of
    1 / quantisation, and g(h) = h (1 + epistasis · h (h - 1)). x is infeasible when any two neighbours are a forbidden
    transition. The maximum is 1; one motif of which no step is present makes the whole 0. Motifs may
    repeat a state, as the chain does, so some instances are much easier than others: read the spread, and what sampling
    the chain alone reaches.

    As a black box it answers an infeasible sequence with ``INFEASIBLE`` = -0.1, the same for every method: a search
    that ranks sees "worse than any feasible one". A NaN would say that the evaluation failed, which it did not, and a
    search whose evaluations mostly fail is stopped; -inf (``raw``, as in holo-bench) many libraries do not take.

    Args:
        states: number of states V, at least 2.
        length: of the sequences, L.
        motifs: number of motifs c; c · motif_length may not exceed L.
        motif_length: states a motif k, at least 2.
        quantisation: levels of h; divides ``motif_length``, which is the default.
        epistasis: how much worse than its share a half-present motif is; 0 is the plain function.
        seed: of the transitions, motifs and spacings.

    Raises:
        ValueError: for sizes that do not fit together.
    """

    def __init__(
        self,
        states: int,
        length: int,
        motifs: int,
        motif_length: int,
        quantisation: int | None = None,
        epistasis: float = 0.0,
        *,
        seed: int,
    ) -> None:
        quantisation = motif_length if quantisation is None else quantisation
        if states < 2 or motifs < 1 or motif_length < 2 or motifs * motif_length > length:
            raise ValueError(f"{motifs} motifs of {motif_length} states do not fit into {length} positions")
        if not 1 <= quantisation <= motif_length or motif_length % quantisation:
            raise ValueError(f"quantisation must divide motif_length = {motif_length}, got {quantisation}")
        self.states, self.length, self.quantisation, self.epistasis = states, length, quantisation, epistasis
        rng = np.random.default_rng(seed)
        self.transitions = _transitions(states, rng)
        self._stationary = _stationary(self.transitions)
        # One feasible chain, cut into motifs: so the motifs one after another are feasible.
        chain = self._chain(rng, 1, motifs * motif_length)
        self.motifs: NDArray[np.int64] = chain.reshape(motifs, motif_length)
        slack = (length - motifs * motif_length) // motifs
        weights = rng.dirichlet(np.ones(motif_length - 1), size=motifs)
        gaps = 1 + np.floor(weights * slack).astype(np.int64)
        self.offsets: NDArray[np.int64] = np.concatenate([np.zeros((motifs, 1), np.int64), gaps.cumsum(axis=1)], axis=1)

    def __call__(self, sequences: Sequences) -> Array:
        """Values, float64 (n,), of sequences (n, length): in [0, 1], or ``INFEASIBLE``."""
        return np.where(self.feasible(sequences), self._objective(sequences), INFEASIBLE)

    def raw(self, sequences: Sequences) -> Array:
        """As holo-bench has it: float64 (n,), -inf where infeasible."""
        return np.where(self.feasible(sequences), self._objective(sequences), -np.inf)

    def feasible(self, sequences: Sequences) -> NDArray[np.bool_]:
        """Whether every transition of each sequence is allowed, bool (n,)."""
        allowed = self.transitions[sequences[:, :-1], sequences[:, 1:]] > 0
        return np.asarray(allowed.all(axis=1))

    def sample_chain(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """Draw n sequences, int64 (n, length), from the Markov chain: all feasible. The prior of the paper."""
        return self._chain(rng, n, self.length)

    def optimum(self) -> NDArray[np.int64]:
        """A sequence, int64 (length,), of value 1: the motifs one after another, gaps filled by repeating a state."""
        parts = []
        for motif, offsets in zip(self.motifs, self.offsets, strict=True):
            parts.append(np.repeat(motif, np.diff(offsets, append=offsets[-1] + 1)))
        filled = np.concatenate(parts)
        return np.concatenate([filled, np.full(self.length - len(filled), filled[-1])])

    def shares(self, sequences: Sequences) -> Array:
        """The quantised share h of each motif that is present, float64 (n, motifs)."""
        k, q = self.motifs.shape[1], self.quantisation
        shares = np.empty((len(sequences), len(self.motifs)))
        for i, (motif, offsets) in enumerate(zip(self.motifs, self.offsets, strict=True)):
            places = np.arange(self.length - offsets[-1])[:, None] + offsets
            matches = (sequences[:, places] == motif).sum(axis=2).max(axis=1)
            shares[:, i] = (matches * q // k) / q
        return shares

    def _objective(self, sequences: Sequences) -> Array:
        h = self.shares(sequences)
        value: Array = (h * (1 + self.epistasis * h * (h - 1))).prod(axis=1)
        return value

    def _chain(self, rng: np.random.Generator, n: int, length: int) -> NDArray[np.int64]:
        uniform = rng.random((n, length))
        # Divided by the last: it is exactly 1 from the last allowed state on, so no forbidden one can be drawn.
        cumulative = self.transitions.cumsum(axis=1)
        cumulative /= cumulative[:, -1:]
        first = self._stationary.cumsum()
        chain = np.empty((n, length), np.int64)
        chain[:, 0] = np.searchsorted(first / first[-1], uniform[:, 0], side="right")
        for t in range(1, length):
            chain[:, t] = (cumulative[chain[:, t - 1]] <= uniform[:, t, None]).sum(axis=1)
        return chain


def _transitions(states: int, rng: np.random.Generator) -> Array:
    """A random ergodic matrix (states, states) with forbidden transitions, wherever ``states`` leaves room for them."""
    half = int(states * BAND)
    distance = np.abs(np.arange(states)[:, None] - np.arange(states))
    band = np.minimum(distance, states - distance) <= half
    while True:
        logits = rng.standard_normal((states, states)) / TEMPERATURE
        allowed = band[rng.permutation(states)] | np.eye(states, dtype=bool)
        weights = np.where(allowed, np.exp(logits - logits.max(axis=1, keepdims=True)), 0.0)
        # The diagonal makes the chain aperiodic, so it is ergodic when every state is reached in V - 1 steps.
        reached: NDArray[np.bool_] = allowed
        for _ in range(states.bit_length()):
            reached = np.asarray(reached @ reached)
        if reached.all():
            matrix: Array = weights / weights.sum(axis=1, keepdims=True)
            return matrix


def _stationary(transitions: Array) -> Array:
    """The distribution (states,) that the transitions keep."""
    states = len(transitions)
    system = np.vstack([transitions.T - np.eye(states), np.ones(states)])
    found: Array = np.linalg.lstsq(system, np.append(np.zeros(states), 1.0), rcond=None)[0]
    return np.clip(found, 0, None)
