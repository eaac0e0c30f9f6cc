"""Which token follows which: a chain learnt from example sequences, drawn from and asked about in batches."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from featviz.latent import Latents

__all__ = ["Chain", "ChainPrior", "unigram"]

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

# The part of the unigram frequencies that all options share alike, so that each can occur. A part, and not a count for
# each option: of a large vocabulary most are in no example, and together they would outweigh those that are.
_SHARED = 0.01
# Options that follow the left neighbour, of which the one that fits the right one is taken.
_CANDIDATES = 8
# Probabilities that change by less in sum from one position to the next change no more.
_SETTLED = 1e-10


def unigram(examples: Sequence[Int64], options: int) -> Float64:
    """How often each of so many options occurs in the examples, as probabilities that are all above 0."""
    counts = np.bincount(np.concatenate(examples), minlength=options)
    p: Float64 = (1 - _SHARED) * counts / counts.sum() + _SHARED / options
    return p


class Chain:
    """A Markov chain over options: a first one, then each by the one before it.

    A step from option a is, with probability 1 / (1 + times that a was followed), a draw from the unigram frequencies,
    and else one of those that followed a. That is the mean under a Dirichlet prior of weight 1 around the unigram
    (MacKay and Peto 1995, "A hierarchical Dirichlet language model"): what was seen often keeps its rules, what was
    seen once does not, and everything can occur.

    Only pairs that occurred are kept: 32 bytes for each, and 48 for each option. A full table of 50,000 options would
    take 20 GB.

    Args:
        examples: sequences of options, int64 (length,), each with at least one.
        options: how many there are.
        behind: the option that always stands in front; -1 where sequences begin as the examples do.
        before: the option that always stands at the end; -1 where they end anyhow.
    """

    def __init__(self, examples: Sequence[Int64], options: int, behind: int = -1, before: int = -1) -> None:
        self.options = options
        self._before = before
        self.unigram = unigram(examples, options)
        left = np.concatenate([e[:-1] for e in examples])
        right = np.concatenate([e[1:] for e in examples])
        # A key for each pair, in the order of (left, right): both tables below are read by binary search.
        self._keys, counts = np.unique(left * options + right, return_counts=True)
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
        starts = np.bincount([e[0] for e in examples], minlength=options)
        self.first: Float64 = (starts + self.unigram) / (starts.sum() + 1)
        if behind >= 0:
            self.first = self.probability(np.full(options, behind), np.arange(options))
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

    def between(self, left: Int64, right: Int64, rng: np.random.Generator) -> Int64:
        """Options that fit between two neighbours, -1 at either end; all of shape (n,).

        One of a few that follow the left one is taken, in proportion to how likely the right one is behind it.
        """
        candidates = self.after(np.maximum(left, 0)[:, None] + np.zeros(_CANDIDATES, dtype=np.int64), rng)
        alone = left < 0
        if alone.any():
            shape = (int(alone.sum()), _CANDIDATES)
            candidates[alone] = np.searchsorted(self._cumulated_first, rng.random(shape), side="right")
        right = np.where(right < 0, self._before, right)
        fit = self.probability(candidates, np.maximum(right, 0)[:, None])
        fit[right < 0] = 1.0
        cumulated = fit.cumsum(axis=1)
        choice = (cumulated < rng.random((len(left), 1)) * cumulated[:, -1:]).sum(axis=1)
        found: Int64 = candidates[np.arange(len(left)), choice]
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
        """The probabilities of each option at each of ``length`` positions, one array for all where they settle."""
        p = self.first / self.first.sum()
        found = [p]
        owner = self._keys // self.options
        for _ in range(length - 1):
            learnt = np.bincount(self._after, weights=((1 - self._escape) * p)[owner] * self._share, minlength=len(p))
            p = learnt + float(self._escape @ p) * self.unigram
            p = p / p.sum()
            if np.abs(p - found[-1]).sum() < _SETTLED:
                return found + found[-1:] * (length - len(found))
            found.append(p)
        return found

    def log_density(self, sequences: Int64) -> Float64:
        """The log probability of each of n sequences, float64 (n,)."""
        if not sequences.shape[1]:
            return np.zeros(len(sequences))
        steps = np.log(self.probability(sequences[:, :-1], sequences[:, 1:]))
        total: Float64 = np.log(self.first[sequences[:, 0]]) + steps.sum(axis=1)
        return total


class ChainPrior:
    """Tokens by a chain, and all lengths equally likely where they vary."""

    def __init__(self, chain: Chain, length: int, lengths: int) -> None:
        self._chain, self._length, self._lengths = chain, length, lengths

    def sample(self, rng: np.random.Generator, n: int) -> Latents:
        """``n`` latents."""
        tokens = self._chain.sample(rng, n, self._length)
        if self._lengths > 1:
            tokens = np.hstack([rng.integers(self._lengths, size=(n, 1)), tokens])
        return Latents(np.empty((n, 0)), tokens)

    def log_density(self, latents: Latents) -> NDArray[np.float64]:
        """The log probability of each latent, tokens behind the end included; shape (n,)."""
        tokens = latents.categorical[:, -self._length :]
        return self._chain.log_density(tokens) - float(np.log(self._lengths))


def _cumulated(p: Float64) -> Float64:
    # Divided by the last sum, so that no draw below 1 falls behind the last option.
    total: Float64 = np.cumsum(p)
    part: Float64 = total / total[-1]
    return part
