"""What ``optimiser="auto"`` picks, and why: by the genes, the budget and the cost of a query.

Each rule rests on a row of benchmarks/RESULTS.md; docs/optimisers.md has them as a table.
"""

from typing import NamedTuple

from featviz.latent import LatentDescription

__all__ = ["Choice", "Circumstances", "choose"]

# Evaluations up to which a model of the scores finds more than anything else that was measured: where slopes mean
# something, and where they do not. Of a box that takes so many seconds an input it is worth its cost for longer.
_FEW, _FEW_STEPWISE = 300, 200
# Genes up to which it does, where the space does not say which of them are coarse: it models them all, and its cost
# grows with them, to a second a query at 20,000.
_MOST_MODELLED = 5_000
_SLOW_SECONDS, _LONGER = 1.0, 200
# Real genes up to which a full covariance pays, and the evaluations a gene from which it does.
_MOST_TOGETHER, _EACH_TOGETHER = 100, 30


class Circumstances(NamedTuple):
    """What is known of a search besides its genes.

    Args:
        budget: evaluations that it may make; None when there is no end.
        goals: objectives that are pursued at once.
        query_seconds: seconds that the box takes for one input; None when nobody said.
    """

    budget: int | None = None
    goals: int = 1
    query_seconds: float | None = None


class Choice(NamedTuple):
    """The name of an optimiser, and why it was chosen, in one sentence for people."""

    name: str
    reason: str


def choose(latent: LatentDescription, about: Circumstances) -> Choice:
    """The optimiser that found the most in the benchmarks for such genes in such circumstances."""
    if about.goals > 1:
        return Choice(
            "nsga2",
            f"there are {about.goals} objectives at once; NSGA-II looks for the whole front of inputs that no other "
            "input beats in all of them",
        )
    if "records" in latent.kinds:
        return Choice(
            "ga",
            "the space draws records of any shape; the genetic algorithm takes them and uses the space's own moves",
        )
    if _is_dear(latent, about):
        slow = f" of {about.query_seconds:g} s each" if about.query_seconds is not None else ""
        return Choice(
            "turbo",
            f"{about.budget:,} evaluations{slow} are few; a Gaussian process in a trust region makes the most of each, "
            "at some tens of milliseconds of its own",
        )
    return _for_many(latent, about)


def _is_dear(latent: LatentDescription, about: Circumstances) -> bool:
    """Whether queries are so few, or so slow, that a model of all scores is worth its cost."""
    if about.budget is None:
        return False
    if latent.scales is None and not latent.stages and latent.genes > _MOST_MODELLED:
        return False
    most = _FEW if latent.kinds == {"real"} and not latent.stepwise else _FEW_STEPWISE
    slow = about.query_seconds is not None and about.query_seconds >= _SLOW_SECONDS
    return about.budget <= most + (_LONGER if slow else 0)


def _for_many(latent: LatentDescription, about: Circumstances) -> Choice:
    if latent.kinds == {"categorical"} and not latent.moves and latent.prior is None:
        return Choice(
            "catcma",
            "all genes are independent choices, and the space knows no moves; CatCMA learns how good each option is",
        )
    if latent.kinds != {"real"}:
        return Choice(
            "ga",
            f"the space has {' and '.join(sorted(latent.kinds - {'real'}))} genes; the genetic algorithm takes every "
            "kind and uses the space's own moves",
        )
    if latent.stepwise:
        return Choice(
            "ga",
            "small steps of this space's genes often change nothing, as with whole numbers or the columns of a table; "
            "the genetic algorithm does not rely on slopes",
        )
    if latent.stages:
        return Choice(
            "coarse-to-fine",
            "the space says which of its real genes are coarse: separable CMA-ES begins with those and takes in the "
            "others step by step",
        )
    if latent.real <= _MOST_TOGETHER and about.budget is not None and about.budget >= _EACH_TOGETHER * latent.real:
        return Choice(
            "full-cma",
            f"{about.budget:,} evaluations are enough to learn which of {latent.real:,} real genes act together: "
            "CMA-ES with a full covariance",
        )
    return Choice(
        "sep-cma",
        "all genes are real numbers; of what was measured, separable CMA-ES found the most on pictures "
        "(benchmarks/RESULTS.md)",
    )
