"""Which token follows which: a chain learnt from example sequences, drawn from and asked about in batches."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chain", "unigram"]

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

# Added to the count of every token, so that each can occur.
_SMOOTHING = 0.01


def unigram(examples: Sequence[Int64], options: int) -> Float64:
    """How often each of so many options occurs in the examples, as probabilities that are all above 0."""
    counts = np.bincount(np.concatenate(examples), minlength=options) + _SMOOTHING
    p: Float64 = counts / counts.sum()
    return p


class Chain:
    """A Markov chain over options: a first one, then each by the one before it.

    A step from option a is, with probability 1 / (1 + times that a was seen), a draw from the unigram frequencies, and
    else one of those that followed a: absolute smoothing towards the unigram (as in Chen & Goodman 1999, "An empirical
    study of smoothing techniques for language modeling", with a weight by count). What was seen often keeps its rules,
    what was seen once does not, and everything can occur.

    Only pairs that occurred are kept, so memory grows with the examples and not with the square of the vocabulary.

    Args:
        examples: sequences of options, int64 (length,), each with at least one.
        options: how many there are.
    """

    def __init__(self, examples: Sequence[Int64], options: int) -> None:
        self.options = options
        self.unigram = unigram(examples, options)
        first = np.bincount([e[0] for e in examples], minlength=options)
        self.first: Float64 = (first + self.unigram) / (first.sum() + 1)
        before = np.concatenate([e[:-1] for e in examples])
        after = np.concatenate([e[1:] for e in examples])
        # A key for each pair, in the order of (before, after): both tables below are read by binary search.
        self._keys, counts = np.unique(before * options + after, return_counts=True)
        owner = self._keys // options
        self._after = self._keys % options
        seen = np.bincount(owner, weights=counts, minlength=options)
        self._escape: Float64 = np.asarray(1.0 / (1.0 + seen), dtype=np.float64)
        self._share = counts / np.maximum(seen, 1)[owner]
        # Within the successors of a, cumulated from a to a + 1.
        cumulated = np.cumsum(counts) - np.concatenate([[0.0], np.cumsum(seen)])[owner]
        self._steps = owner + cumulated / np.maximum(seen, 1)[owner]
        self._last = np.searchsorted(owner, np.arange(options), side="right") - 1
        self._cumulated_unigram = _cumulated(self.unigram)
        self._cumulated_first = _cumulated(self.first)

    def sample(self, rng: np.random.Generator, n: int, length: int) -> Int64:
        """``n`` sequences, int64 (n, length)."""
        found = np.empty((n, length), dtype=np.int64)
        if length:
            found[:, 0] = np.searchsorted(self._cumulated_first, rng.random(n), side="right")
        for at in range(1, length):
            found[:, at] = self.after(found[:, at - 1], rng)
        return found

    def after(self, before: Int64, rng: np.random.Generator) -> Int64:
        """An option after each of ``before``, int64 of the same shape."""
        u = rng.random((2, *before.shape))
        escaped = u[1] < self._escape[before]
        if not len(self._after):
            escaped[...] = True
        place = np.minimum(np.searchsorted(self._steps, before + u[0], side="right"), self._last[before])
        found = self._after[place] if len(self._after) else np.zeros_like(before)
        if escaped.any():
            # The draw that would have chosen a successor is free to choose among all.
            found[escaped] = np.searchsorted(self._cumulated_unigram, u[0][escaped], side="right")
        return found

    def probability(self, before: Int64, after: Int64) -> Float64:
        """The probability of ``after`` behind ``before``, elementwise."""
        key = before * self.options + after
        escape = self._escape[before]
        p: Float64 = escape * self.unigram[after]
        if len(self._keys):
            place = np.minimum(np.searchsorted(self._keys, key), len(self._keys) - 1)
            p += (1 - escape) * self._share[place] * (self._keys[place] == key)
        return p

    def marginals(self, length: int) -> list[Float64]:
        """The probabilities of each option at each of ``length`` positions."""
        p = self.first / self.first.sum()
        found = [p]
        owner = self._keys // self.options
        for _ in range(length - 1):
            learnt = np.bincount(self._after, weights=((1 - self._escape) * p)[owner] * self._share, minlength=len(p))
            p = learnt + float(self._escape @ p) * self.unigram
            p = p / p.sum()
            found.append(p)
        return found

    def log_density(self, sequences: Int64) -> Float64:
        """The log probability of each of n sequences, float64 (n,)."""
        if not sequences.shape[1]:
            return np.zeros(len(sequences))
        steps = np.log(self.probability(sequences[:, :-1], sequences[:, 1:]))
        total: Float64 = np.log(self.first[sequences[:, 0]]) + steps.sum(axis=1)
        return total


def _cumulated(p: Float64) -> Float64:
    # Divided by the last sum, so that no draw below 1 falls behind the last option.
    total: Float64 = np.cumsum(p)
    part: Float64 = total / total[-1]
    return part
