"""The covariance of a Gaussian process over latents: Matérn for real genes, exponentiated Hamming for categorical."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Covariance", "Covariances", "Features", "Kernel", "Points"]

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

_ROOT5 = 5**0.5


class Points(NamedTuple):
    """What the kernel compares.

    Args:
        real: float64 (n, d).
        codes: int64 (n, c), options of categorical genes.
    """

    real: Array
    codes: Codes

    def at(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> "Points":
        """Those at ``rows``."""
        return Points(self.real[rows], self.codes[rows])


class Covariance(NamedTuple):
    """A covariance between two sets of points with the parts that gradients need, each of shape (n, m).

    ``slope`` is the derivative of the Matérn part by the squared distance.
    """

    full: Array
    real: Array
    categorical: Array
    slope: Array


@dataclass(frozen=True, eq=False)
class Kernel:
    """How parameters become covariances.

    With kx the Matérn-5/2 covariance of the real genes and kc that of the categorical ones, it is s kx, or s kc, or,
    where there are both, s (u kx kc + (1 - u) (kx + kc) / 2) (Wan et al. 2021, "Think Global and Act Local", eq. 2).
    kc is exp(-sum_j l_j d_j), d_j being 1 where gene j differs (their exponentiated overlap kernel).

    The inverse length of gene i is exp(t_i) / sqrt(d) with a parameter of its own for each gene (``single``); or
    exp(t) w_i^g / sqrt(sum_k w_k^2g) with two parameters for all, the weights w saying which genes are coarse; or
    exp(t) / sqrt(d) with one, where all weights are equal.

    Args:
        weights: float64 (d,), above 0.
        options: of each categorical gene.
        single: whether each gene has a parameter of its own.
        bag: whether categorical genes with the same options are also compared as a bag: how often each option occurs,
            wherever it does. One more distance, half the squared distance of those counts.
    """

    weights: Array
    options: tuple[int, ...]
    single: bool
    bag: bool

    @cached_property
    def weighted(self) -> bool:
        """Whether some genes are coarser than others."""
        return len(self.weights) > 0 and bool(self.weights.min() < self.weights.max())

    @cached_property
    def real_parameters(self) -> int:
        """How many describe the real genes."""
        if not len(self.weights):
            return 0
        return len(self.weights) if self.single else 1 + self.weighted

    @cached_property
    def categorical_parameters(self) -> int:
        """How many describe the categorical genes."""
        if not self.options:
            return 0
        return (len(self.options) if self.single else 1) + self.bag

    @cached_property
    def parameters(self) -> int:
        """How many there are.

        log s, the log of the noise's variance, those of the real genes, those of the categorical ones, and where there
        are both the log-odds of u.
        """
        both = bool(self.options) and len(self.weights) > 0
        return 2 + self.real_parameters + self.categorical_parameters + both

    @property
    def priors(self) -> tuple[Array, Array]:
        """Means and deviations of normal priors of the parameters, without those of the noise."""
        mean, spread = np.zeros(self.parameters), np.ones(self.parameters)
        first = 2 + self.real_parameters
        mean[2:first] = -0.4
        if self.weighted and not self.single:
            mean[3], spread[3] = 1.5, 0.5
        mean[first : first + self.categorical_parameters] = 0.7
        return mean, spread

    def at(self, theta: Array) -> "Covariances":
        """The covariances with these parameters, float64 (p,)."""
        return Covariances(self, theta)


class Covariances:
    """A kernel with its parameters.

    Args:
        kernel: what the parameters mean.
        theta: float64 (p,).
    """

    def __init__(self, kernel: Kernel, theta: Array) -> None:
        self.kernel, self._theta = kernel, theta
        first = 2 + kernel.real_parameters
        self.inverse_lengths = self._inverse(theta[2:first])
        self._rates = np.exp(theta[first : first + kernel.categorical_parameters]) / max(len(kernel.options), 1)
        # The factors of kx kc, of kx and of kc.
        self.scale = scale = float(np.exp(theta[0]))
        self._part = 1 / (1 + float(np.exp(-theta[-1])))
        if not kernel.options:
            self._factors = 0.0, scale, 0.0
        elif not len(kernel.weights):
            self._factors = 0.0, 0.0, scale
        else:
            self._factors = scale * self._part, scale * (1 - self._part) / 2, scale * (1 - self._part) / 2

    def between(self, a: Points, b: Points) -> Covariance:
        """Between n and m points, the noise left out."""
        both, only_x, only_c = self._factors
        kx = slope = kc = np.zeros((1, 1))
        if len(self.kernel.weights):
            kx, slope = _matern(_squared(a.real * self.inverse_lengths, b.real * self.inverse_lengths))
        if self.kernel.options:
            pairs = zip(self._rates, self._distances(a, b), strict=True)
            kc = np.exp(-sum(rate * distance for rate, distance in pairs))
        return Covariance(both * kx * kc + only_x * kx + only_c * kc, kx, kc, slope)

    def by_squared(self, found: Covariance) -> Array:
        """The derivative of a covariance by the squared distance of the real genes, each as long as its length."""
        both, only_x, _ = self._factors
        return np.asarray((both * found.categorical + only_x) * found.slope)

    def gradient(self, points: Points, found: Covariance, by: Array) -> Array:
        """The gradient of sum(by * between(points, points)) by all parameters but the noise's; symmetric ``by``."""
        kernel = self.kernel
        both, _, only_c = self._factors
        gradient, first = np.zeros(kernel.parameters), 2 + kernel.real_parameters
        gradient[0] = np.sum(by * found.full)
        if len(kernel.weights):
            gradient[2:first] = self._chain(self._by_log_lengths(points.real, by * self.by_squared(found)))
        if kernel.options:
            by_kc = by * (both * found.real + only_c) * found.categorical
            pairs = zip(self._rates, self._distances(points, points), strict=True)
            gradient[first : first + len(self._rates)] = [-rate * np.sum(by_kc * d) for rate, d in pairs]
        if kernel.options and len(kernel.weights):
            inner = found.real * found.categorical - (found.real + found.categorical) / 2
            gradient[-1] = self.scale * self._part * (1 - self._part) * np.sum(by * inner)
        return gradient

    def features(self, rng: np.random.Generator, count: int) -> "Features":
        """Random Fourier features (Rahimi & Recht 2007): ``count`` for each term of the sum."""
        frequencies, tables, phases, sizes = [], [], [], []
        terms = zip(self._factors, (True, True, False), (True, False, True), strict=True)
        for factor, has_x, has_c in terms:
            if not factor:
                continue
            # The spectral density of Matérn-5/2 is a multivariate t with 5 degrees of freedom.
            tails = np.sqrt(rng.chisquare(5, size=count) / 5)
            normal = rng.standard_normal((len(self.inverse_lengths), count))
            frequencies.append(normal * self.inverse_lengths[:, None] / tails * has_x)
            tables.append(self._table(rng, count) * has_c)
            phases.append(rng.uniform(0, 2 * np.pi, size=count))
            sizes.append(np.full(count, np.sqrt(2 * factor / count)))
        joined = np.concatenate
        offsets = np.cumsum((0, *self.kernel.options))[:-1].astype(np.int64)
        return Features(joined(frequencies, 1), joined(tables, 1), offsets, joined(phases), joined(sizes))

    def _inverse(self, own: Array) -> Array:
        """The inverse length of each real gene, float64 (d,)."""
        weights = self.kernel.weights
        if not len(weights):
            return np.empty(0)
        if self.kernel.single or not self.kernel.weighted:
            return np.full(len(weights), 1 / np.sqrt(len(weights))) * np.exp(own)
        raised = weights ** own[1]
        return np.asarray(np.exp(own[0]) * raised / np.sqrt(np.square(raised).sum()))

    def _distances(self, a: Points, b: Points) -> list[Array]:
        # A loop over genes, not rows: an array of (n, m, c) would be c times as large.
        genes = zip(a.codes.T, b.codes.T, strict=True)
        found = [np.not_equal.outer(one, other).astype(np.float64) for one, other in genes]
        if not self.kernel.single:
            found = [np.sum(found, axis=0)]
        if self.kernel.bag:
            found.append(0.5 * _squared(self._counts(a.codes), self._counts(b.codes)))
        return found

    def _counts(self, codes: Codes) -> Array:
        size, n = max(self.kernel.options), len(codes)
        flat = codes + size * np.arange(n)[:, None]
        return np.bincount(flat.ravel(), minlength=size * n).reshape(n, size).astype(np.float64)

    def _table(self, rng: np.random.Generator, count: int) -> Array:
        """A random angle for each option of each gene: exp(-l d) is the kernel of normal ones of variance l."""
        options, bag = self.kernel.options, self.kernel.bag
        if not options:
            return np.empty((0, count))
        of_genes = np.broadcast_to(self._rates[: len(self._rates) - bag], (len(options),))
        of_options = np.repeat(of_genes, options)
        table = rng.standard_normal((len(of_options), count)) * np.sqrt(of_options)[:, None]
        if bag:
            shared = rng.standard_normal((max(options), count)) * np.sqrt(self._rates[-1])
            table += np.tile(shared, (len(options), 1))
        return table

    def _by_log_lengths(self, real: Array, by: Array) -> Array:
        """sum_ab by_ab dQ_ab / dlog(inverse length i), Q being the squared distance; shape (d,)."""
        scaled = real * self.inverse_lengths
        # sum_ab B_ab (x_a - x_b)^2 = 2 sum_a x_a^2 sum_b B_ab - 2 x^T B x, and dQ = 2 (x_a - x_b)^2.
        return np.asarray(4 * (by.sum(axis=1) @ np.square(scaled) - np.sum(scaled * (by @ scaled), axis=0)))

    def _chain(self, by_logs: Array) -> Array:
        if self.kernel.single:
            return by_logs
        if not self.kernel.weighted:
            return np.array([by_logs.sum()])
        logs, raised = np.log(self.kernel.weights), np.square(self.kernel.weights ** self._theta[3])
        return np.array([by_logs.sum(), by_logs @ (logs - raised @ logs / raised.sum())])


@dataclass(frozen=True, eq=False)
class Features:
    """Random features whose inner products approach the kernel: sizes * cos(x @ frequencies + table[codes] + phases).

    Args:
        frequencies: float64 (d, m).
        table: float64 (options of all genes, m).
        offsets: where each gene's options begin in the table.
        phases: float64 (m,).
        sizes: float64 (m,).
    """

    frequencies: Array
    table: Array
    offsets: Codes
    phases: Array
    sizes: Array

    def angles(self, points: Points) -> Array:
        """Shape (n, m)."""
        angles = points.real @ self.frequencies + self.phases
        for gene, offset in enumerate(self.offsets.tolist()):
            angles += self.table[offset + points.codes[:, gene]]
        return np.asarray(angles)

    def __call__(self, points: Points) -> Array:
        """Shape (n, m)."""
        return np.asarray(np.cos(self.angles(points)) * self.sizes)


def _squared(a: Array, b: Array) -> Array:
    """Squared distances between the rows of two arrays."""
    found: Array = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1) - 2 * (a @ b.T)
    np.maximum(found, 0.0, out=found)
    return found


def _matern(squared: Array) -> tuple[Array, Array]:
    """Matérn-5/2 of squared distances, and its slope by them."""
    scaled = _ROOT5 * np.sqrt(squared)
    decay: Array = np.exp(-scaled)
    return (1 + scaled + squared * (5 / 3)) * decay, (-5 / 6) * (1 + scaled) * decay
