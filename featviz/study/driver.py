"""``fv.search``: the whole loop in one call."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from featviz.protocols import ScoreFunction, SearchSpace
from featviz.study.progress import Callback
from featviz.study.run import Run
from featviz.study.study import Study

__all__ = ["search"]


def search(  # noqa: D417  the arguments are put in below
    space: SearchSpace,
    objective: ScoreFunction,
    *,
    budget: int,
    seed: int = 0,
    optimiser: str = "auto",
    optimiser_options: Mapping[str, Any] | None = None,
    restarts: int = 1,
    halving: bool = False,
    query_seconds: float | None = None,
    batch_size: int | None = None,
    baseline: int = 0,
    references: Any = None,
    noise: bool | Literal["auto"] = "auto",
    replicates: int = 1,
    out: str | os.PathLike[str] | None = None,
    resume: bool | Literal["warm"] = True,
    target: float | None = None,
    max_seconds: float | None = None,
    callbacks: Sequence[Callback] = (),
    progress: str | bool = "auto",
) -> Run:
    """Search ``space`` for the inputs with the highest scores of ``objective``.

    Args:
        ARGUMENTS

    Returns:
        The run: ``run.best.input``, ``run.best.score``, ``run.top(9)``, ``run.history``.

    Raises:
        InvalidArgument, WrongType: for arguments that cannot be used, before anything is evaluated.
        FailureBudgetExceeded: when more than half of the last 100 evaluations failed.
        RunMismatch, RunExists, RunLocked, RunDamaged, StorageError: about the directory ``out``.
    """
    return Study(
        space,
        objective,
        budget=budget,
        seed=seed,
        optimiser=optimiser,
        optimiser_options=optimiser_options,
        restarts=restarts,
        halving=halving,
        query_seconds=query_seconds,
        batch_size=batch_size,
        baseline=baseline,
        references=references,
        noise=noise,
        replicates=replicates,
        out=out,
        resume=resume,
        target=target,
        max_seconds=max_seconds,
        callbacks=callbacks,
        progress=progress,
    ).run()


def _with_arguments(text: str) -> str:
    """``text`` with the arguments as the study describes them: they are the same."""
    described = (Study.__doc__ or "").partition("    Args:\n")[2].partition("\n\n")[0]
    return text.replace("        ARGUMENTS", "\n".join(f"    {line}" for line in described.splitlines()))


# With -OO there is no docstring.
search.__doc__ = _with_arguments(search.__doc__ or "")
