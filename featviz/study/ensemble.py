"""Several spaces, or several ways to search one, under one budget: ``search_ensemble``.

Which decoder of pictures suits a box, or which optimiser, is seldom known beforehand. All of them are begun, and the
better half goes on again and again, until one is left with the rest of the budget: successive halving, as among the
restarts of one run (:mod:`featviz.study.halving`). Each member is an ordinary run in a directory of its own.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from featviz.protocols import ScoreFunction, SearchSpace
from featviz.study.members import Ensemble, members_of
from featviz.study.progress import Callback, Reporter, make_reporter
from featviz.study.team import Team

__all__ = ["search_ensemble"]


def search_ensemble(  # noqa: D417  the others are those of fv.search
    members: Mapping[str, SearchSpace | Sequence[Any]],
    objective: ScoreFunction,
    *,
    budget: int,
    seed: int = 0,
    optimiser: str = "auto",
    optimiser_options: Mapping[str, Any] | None = None,
    query_seconds: float | None = None,
    batch_size: int | None = None,
    baseline: int = 0,
    references: Any = None,
    noise: bool | Literal["auto"] = "auto",
    replicates: int = 1,
    out: str | os.PathLike[str] | None = None,
    resume: bool = True,
    target: float | None = None,
    max_seconds: float | None = None,
    callbacks: Sequence[Callback] = (),
    progress: str | bool = "auto",
) -> Ensemble:
    """Search several spaces for the highest scores of one objective, and spend the budget on those that do best.

    Half of the budget goes to choosing among the members, in rungs of about the same cost with half as many members
    each; the one that is left gets the rest. All members plan for what that one gets.

    Args:
        members: by name, a space; or a pair of a space and the name of an optimiser, or of a space and a dict of
            settings of its own: "optimiser", "optimiser_options", "seed", "batch_size" or "references". So
            optimisers, or seeds, can race on one space. Names are names of directories.
        objective: what to maximise in each of them; one that is a single score.
        budget: evaluations of single inputs that all members together may make, reference inputs included.
        references: inputs that each member starts from, and evaluates first, each at its own cost.
        baseline: random inputs to evaluate besides, from the space of the member that is left at the end.
        out: a directory in which each member's run has its own, by its name; None to keep everything in memory.
        callbacks: called with the :class:`featviz.study.Progress` of all members, whose number is its ``restart``.

    The other arguments are as in :func:`featviz.search`, for the members that do not say otherwise. What was left
    behind by a noisy box is not asked for again.

    Raises:
        InvalidArgument, WrongType, RunMismatch, RunExists, FailureBudgetExceeded: as there.
    """
    shared = {"seed": seed, "optimiser": optimiser, "optimiser_options": optimiser_options}
    shared |= {"batch_size": batch_size, "references": references}
    common: dict[str, Any] = {"baseline": baseline, "noise": noise, "replicates": replicates}
    common |= {"target": target, "max_seconds": max_seconds, "query_seconds": query_seconds}
    found, reporter = members_of(members, shared), make_reporter(progress)
    team = Team(found, objective, budget=budget, out=out, resume=resume, callbacks=callbacks, **common)
    return _raced(team, reporter)


def _raced(team: Team, reporter: Reporter) -> Ensemble:
    try:
        for choice in team.choices:
            reporter.say(choice)
        while (made := team.step()) is not None:
            reporter.show(made)
    except BaseException as error:
        team.close_after(error)
        raise
    finally:
        reporter.close()
    return team.close()
