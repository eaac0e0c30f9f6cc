"""OneMax and LeadingOnes on n bits, and the exact times in which two simple searches are expected to solve them.

Both count agreement with a hidden string: OneMax all places that agree, LeadingOnes those before the first that does
not. The maximum is n. The searches begin at a random string and keep a child that is not worse: randomised local search
(RLS) flips one random bit, the (1+1) evolutionary algorithm each bit with probability 1/n.

Times are numbers of evaluations until the optimum is evaluated, that of the first string included.
"""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LeadingOnes",
    "OneMax",
    "leading_ones_ea",
    "leading_ones_rls",
    "one_max_ea",
    "one_max_rls",
]

Array = NDArray[np.float64]
Bits = NDArray[np.integer]

# Separates the hidden strings from what searches draw under the same seed.
_HIDDEN = 0x68696464


class OneMax:
    """How many of n bits agree with a hidden string.

    Args:
        n: bits.
        seed: of the hidden string.
    """

    def __init__(self, n: int, seed: int) -> None:
        self.target = _hidden(n, seed)

    def __call__(self, bits: Bits) -> Array:
        """Scores, float64 (m,), of bits (m, n)."""
        return (bits == self.target).sum(axis=1).astype(np.float64)


class LeadingOnes:
    """How many of n bits agree with a hidden string before the first that does not.

    Args:
        n: bits.
        seed: of the hidden string.
    """

    def __init__(self, n: int, seed: int) -> None:
        self.target = _hidden(n, seed)

    def __call__(self, bits: Bits) -> Array:
        """Scores, float64 (m,), of bits (m, n)."""
        return np.logical_and.accumulate(bits == self.target, axis=1).sum(axis=1).astype(np.float64)


def one_max_rls(n: int) -> float:
    """Expected evaluations of RLS on OneMax: with k wrong bits one is righted after n / k steps, so n H_k in all.

    The number of wrong bits of the first string is binomial (Doerr & Doerr 2016, "The impact of random initialization
    on the runtime of randomized search heuristics").
    """
    harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, n + 1))])
    return 1 + n * float(_binomial(n, 0.5) @ harmonic)


def leading_ones_rls(n: int) -> float:
    """Expected evaluations of RLS on LeadingOnes: the bits behind are random, so n steps for every second place.

    Doerr 2019, "Analyzing randomized search heuristics via stochastic domination".
    """
    return 1 + n**2 / 2


def leading_ones_ea(n: int) -> float:
    """Expected evaluations of the (1+1) EA of rate p = 1/n on LeadingOnes: ((1 - p)^(1 - n) - (1 - p)) / (2 p^2).

    Böttcher, Doerr & Neumann 2010, "Optimal fixed and adaptive mutation rates for the LeadingOnes problem".
    """
    p = 1 / n
    return 1 + ((1 - p) ** (1 - n) - (1 - p)) / (2 * p**2)


def one_max_ea(n: int) -> float:
    """Expected evaluations of the (1+1) EA of rate 1/n on OneMax, from the chain of the number of wrong bits.

    No closed form is known; it is e n ln n - 1.8925 n + (e/2) ln n + 0.5979 up to a term that vanishes (Hwang,
    Panholzer, Rolin, Tsai & Chen 2018, "Probabilistic analysis of the (1+1)-evolutionary algorithm").
    """
    expected = np.zeros(n + 1)
    for wrong in range(1, n + 1):
        # Of the wrong bits a are righted and of the right ones b are spoilt: a - b fewer are wrong.
        fewer = np.convolve(_binomial(wrong, 1 / n), _binomial(n - wrong, 1 / n)[::-1])[n - wrong + 1 :]
        # fewer[d - 1] is the chance of d fewer, which leaves wrong - d.
        expected[wrong] = (1 + fewer @ expected[wrong - 1 :: -1]) / fewer.sum()
    return 1 + float(_binomial(n, 0.5) @ expected)


def _hidden(n: int, seed: int) -> NDArray[np.int64]:
    """Random bits. A search that draws its first string from ``default_rng(seed)`` must not draw these."""
    return np.random.default_rng((_HIDDEN, seed)).integers(2, size=n)


def _binomial(n: int, p: float) -> Array:
    """The chances of 0 to n successes."""
    return np.array([math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)])
