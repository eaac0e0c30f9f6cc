"""Problems of two objectives: ZDT, and activation against naturalness of pictures and of sequences of words."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featviz.latent import LatentDescription, Latents

__all__ = ["TwoGoals", "digits", "words", "zdt"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TwoGoals:
    """A problem with two values, each better when larger.

    Attributes:
        name: for tables.
        latent: what featviz searches.
        values: latents -> float64 (n, 2).
        reference: float64 (2,): the worst point that counts in the hypervolume.
        even: whether libraries that can be given their first rows do better with even ones than with the prior's.
        best: the hypervolume of the true front, where it is known.
    """

    name: str
    latent: LatentDescription
    values: Callable[[Latents], Array]
    reference: Array
    even: bool = False
    best: float | None = None


# Zitzler, Deb & Thiele 2000, "Comparison of multiobjective evolutionary algorithms: empirical results".
_SHAPES: dict[int, Callable[[Array, Array], Array]] = {
    1: lambda f, g: 1 - np.sqrt(f / g),
    2: lambda f, g: 1 - (f / g) ** 2,
    3: lambda f, g: 1 - np.sqrt(f / g) - f / g * np.sin(10 * np.pi * f),
}
_WORST = np.array([-1.1, -1.1])


def zdt(number: int, genes: int = 30) -> TwoGoals:
    """ZDT1, 2 or 3 with the signs turned; a gene of the problem is the normal distribution function of one of ours."""
    from scipy.special import ndtr

    from featviz.hypervolume import hypervolume

    def values(latents: Latents) -> Array:
        x = ndtr(latents.real)
        f, g = x[:, 0], 1 + 9 * x[:, 1:].mean(axis=1)
        return -np.column_stack([f, g * _SHAPES[number](f, g)])

    f = np.linspace(0, 1, 20_001)
    front = -np.column_stack([f, _SHAPES[number](f, np.ones_like(f))])

    name, best = f"ZDT{number}, {genes} genes", hypervolume(front, _WORST)
    return TwoGoals(name, LatentDescription(genes), values, _WORST, even=True, best=best)


def digits() -> TwoGoals:
    """How far a support vector machine prefers 3, against the total variation of the picture (8 x 8, 36 genes)."""
    from sklearn.datasets import load_digits
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import SVC

    import featviz as fv

    pictures, labels = load_digits(return_X_y=True)
    box = fv.black_box(OneVsRestClassifier(SVC(gamma=0.0005, C=10)).fit(pictures, labels), name="svm")
    space = fv.ImageSpace(8, 8, low=0, high=16, frequencies=6)
    goal = fv.pareto(fv.margin(box, 3), fv.total_variation())

    def values(latents: Latents) -> Array:
        x = space.decode_latents(latents)
        return goal.score([box(x)], x)[:, 1:]

    return TwoGoals("digit 3, margin against total variation", space.latent, values, np.array([-2.0, -6.0]))


def words() -> TwoGoals:
    """The log-odds of a text classifier against the log-probability of the words under a learnt bigram, per word."""
    import featviz as fv
    from problems.tokens import tokens

    problem = tokens(vocabulary=200, length=12)
    texts = [text.split() for text in problem.texts]
    space = fv.TokenSpace(list(problem.vocabulary), problem.length, examples=texts)

    def values(latents: Latents) -> Array:
        natural = space.latent.log_prior(latents) / problem.length
        return np.column_stack([problem.score(space.decode_latents(latents)), np.maximum(natural, -20.0)])

    return TwoGoals("12 of 200 words, log-odds against bigram", space.latent, values, np.array([-5.0, -12.0]))
