"""The best points of functions drawn from a Gaussian process, within a trust region."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from featviz.optimisers._gaussian_process import Paths
from featviz.optimisers._kernel import Points
from featviz.optimisers._options import OptionTables

__all__ = ["Box", "Proposals", "proposals"]

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

# Candidates about the centre, and of those the best of each function that are improved.
_CANDIDATES, _IMPROVED = 512, 4
# Candidates that stand in where the improved points are known already, or forbidden.
_SPARE = 124
# A candidate differs from the centre in about so many real genes (Eriksson et al. 2019, supplement D).
_CHANGED = 20
# Rounds in which options are exchanged, neighbours in each, and steps up the gradient after them.
_ROUNDS, _NEIGHBOURS, _STEPS = 4, 24, 24
# The first step, as a part of half the region.
_FIRST_STEP = 0.3
# With real genes, the part of the candidates that keep the centre's options.
_KEPT = 0.3


@dataclass(frozen=True, eq=False)
class Box:
    """Where to look.

    Args:
        low: float64 (d,).
        high: float64 (d,).
        centre: one point.
        good: points that did well, whose options are worth trying.
        radius: how many categorical genes may differ from the centre's.
        tables: the options of the categorical genes.
        alike: whether all of those have the same options, so that one is worth trying at any place.
    """

    low: Array
    high: Array
    centre: Points
    good: Points
    radius: int
    tables: OptionTables
    alike: bool


class _Climb(NamedTuple):
    """What the points that climb share: the functions, which of them each point climbs, and the box."""

    paths: Paths
    path: NDArray[np.intp]
    box: Box


class Proposals(NamedTuple):
    """For each of p functions, points from the best one down.

    All of them at once would take gigabytes where there are many functions and genes.

    Args:
        improved: p times as many points as are improved, by function.
        candidates: points for where those are known or forbidden.
        kept: which of the candidates each function takes, the best first, shape (p, k).
    """

    improved: Points
    candidates: Points
    kept: NDArray[np.intp]

    def of(self, one: int) -> Points:
        """The points of one function."""
        own = slice(one * _IMPROVED, (one + 1) * _IMPROVED)
        real = np.concatenate([self.improved.real[own], self.candidates.real[self.kept[one]]])
        codes = np.concatenate([self.improved.codes[own], self.candidates.codes[self.kept[one]]])
        return Points(real, codes)


def proposals(rng: np.random.Generator, paths: Paths, count: int, box: Box) -> Proposals:
    """Points where each of ``count`` functions is high: improved ones first, then the best of the candidates."""
    candidates = Points(_moved(rng, box), _exchanged(rng, np.repeat(box.centre.codes, _CANDIDATES, 0), box, few=False))
    values = paths.values(candidates)
    order = np.argsort(-values, axis=0, kind="stable").T
    path = np.repeat(np.arange(count), _IMPROVED)
    first = order[:, :_IMPROVED].ravel()
    points, reached = candidates.at(first), values[first, path]
    climb = _Climb(paths, path, box)
    if candidates.codes.shape[1]:
        points, reached = _exchanges(rng, climb, points, reached)
    if candidates.real.shape[1]:
        points, reached = _climbed(climb, points, reached)
    best = np.argsort(-reached.reshape(count, _IMPROVED), axis=1, kind="stable")
    best += _IMPROVED * np.arange(count)[:, None]
    return Proposals(points.at(best.ravel()), candidates, order[:, :_SPARE])


def _moved(rng: np.random.Generator, box: Box) -> Array:
    """The centre with some real genes drawn anew, for each candidate."""
    d = len(box.low)
    if not d:
        return np.empty((_CANDIDATES, 0))
    changed = rng.random((_CANDIDATES, d)) < min(1.0, _CHANGED / d)
    changed[np.arange(_CANDIDATES), rng.integers(d, size=_CANDIDATES)] = True
    return np.where(changed, rng.uniform(box.low, box.high, size=(_CANDIDATES, d)), box.centre.real)


def _exchanged(rng: np.random.Generator, codes: Codes, box: Box, *, few: bool) -> Codes:
    """``codes`` (n, c) with one gene or more set to other options, half of them from good points."""
    n, c = codes.shape
    if not c:
        return codes
    many = np.minimum(rng.geometric(0.6 if few else 0.4, size=n), box.radius)
    if len(box.low) and not few:
        many[rng.random(n) < _KEPT] = 0
    changed = rng.random((n, c)).argsort(axis=1).argsort(axis=1) < many[:, None]
    children = codes.copy()
    row, gene = np.nonzero(changed)
    children[row, gene] = box.tables.draw(rng, gene, codes[row, gene])
    mates = box.good.codes[rng.integers(len(box.good.codes), size=n)]
    if box.alike:
        elsewhere = np.take_along_axis(mates, rng.integers(c, size=(n, c)), axis=1)
        mates = np.where(rng.random((n, 1)) < 0.5, elsewhere, mates)
    children = np.where(changed & (rng.random((n, 1)) < 0.5), mates, children)
    outside = (children != box.centre.codes).sum(axis=1) > box.radius
    children[outside] = codes[outside]
    return children


def _exchanges(rng: np.random.Generator, climb: _Climb, points: Points, reached: Array) -> tuple[Points, Array]:
    """Exchange options: each point becomes the best of its neighbours while one is better."""
    paths, path, box = climb
    rows = np.arange(len(path))
    owners = np.repeat(path, _NEIGHBOURS)
    for _ in range(_ROUNDS):
        codes = _exchanged(rng, np.repeat(points.codes, _NEIGHBOURS, 0), box, few=True)
        around = Points(np.repeat(points.real, _NEIGHBOURS, 0), codes)
        values = paths.own(around, owners)[0].reshape(len(rows), _NEIGHBOURS)
        best = values.argmax(axis=1)
        better = values[rows, best] > reached
        chosen = codes[rows * _NEIGHBOURS + best]
        points = Points(points.real, np.where(better[:, None], chosen, points.codes))
        reached = np.where(better, values[rows, best], reached)
    return points, reached


def _climbed(climb: _Climb, points: Points, reached: Array) -> tuple[Points, Array]:
    """Climb by the gradient, with steps that fall to nothing (Kingma & Ba 2015, "Adam"), within the box."""
    paths, path, box = climb
    real, half = points.real.copy(), (box.high - box.low) / 2
    mean, square = np.zeros_like(real), np.zeros_like(real)
    for step in range(1, _STEPS + 1):
        slopes = paths.own(Points(real, points.codes), path)[1] * half
        mean = 0.8 * mean + 0.2 * slopes
        square = 0.9 * square + 0.1 * np.square(slopes)
        direction = mean / (1 - 0.8**step) / (np.sqrt(square / (1 - 0.9**step)) + 1e-12)
        real = np.clip(real + _FIRST_STEP * (1 - step / (_STEPS + 1)) * half * direction, box.low, box.high)
    values = paths.own(Points(real, points.codes), path)[0]
    better = values > reached
    return Points(np.where(better[:, None], real, points.real), points.codes), np.where(better, values, reached)
