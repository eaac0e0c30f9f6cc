"""The settings of a search, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from featviz import checks
from featviz.errors import InvalidArgument, WrongType
from featviz.protocols import ScoreFunction, SearchSpace
from featviz.random import Streams
from featviz.study.halving import least_budget

__all__ = ["MAX_BUDGET", "MAX_REPLICATES", "Settings", "check_parts"]

# At a microsecond an evaluation this is eleven days; more is a slip of the keyboard.
MAX_BUDGET = 10**12
_MAX_BATCH = 1_000_000
MAX_REPLICATES = 10_000
# Each has an optimiser of its own while restarts take turns, and agreement compares all pairs of them.
_MAX_RESTARTS = 10_000
# Arguments that every optimiser is given by the search.
_GIVEN = frozenset({"name", "latent", "seed", "budget", "start", "batch_size", "goals", "query_seconds"})


@dataclass(frozen=True)
class Settings:
    """What ``fv.search`` was asked to do, apart from the space and the objective; see there."""

    budget: int
    seed: int = 0
    optimiser: str = "auto"
    optimiser_options: Mapping[str, Any] = field(default_factory=dict)
    restarts: int = 1
    batch_size: int | None = None
    baseline: int = 0
    noise: str | bool = "auto"
    replicates: int = 1
    target: float | None = None
    max_seconds: float | None = None
    halving: bool = False
    query_seconds: float | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "budget", checks.integer("budget", self.budget, 1, MAX_BUDGET))
        put(self, "seed", checks.seed(self.seed))
        put(self, "restarts", checks.integer("restarts", self.restarts, 1, _MAX_RESTARTS))
        put(self, "replicates", checks.integer("replicates", self.replicates, 1, MAX_REPLICATES))
        if not isinstance(self.noise, bool) and self.noise != "auto":
            raise InvalidArgument(f'noise must be "auto", True or False, but it is {self.noise!r}.')
        put(self, "baseline", checks.integer("baseline", self.baseline, 0, MAX_BUDGET))
        if self.batch_size is not None:
            put(self, "batch_size", checks.integer("batch_size", self.batch_size, 1, _MAX_BATCH))
        if self.target is not None:
            put(self, "target", checks.finite("target", self.target))
        if self.max_seconds is not None:
            put(self, "max_seconds", checks.finite("max_seconds", self.max_seconds, 0.0, exclusive=True))
        if self.query_seconds is not None:
            put(self, "query_seconds", checks.finite("query_seconds", self.query_seconds, 0.0))
        if not isinstance(self.optimiser, str):
            raise WrongType(
                f"optimiser must be a name such as 'auto' or 'nevergrad:DE', or 'package.module:Class', "
                f"but it is a {type(self.optimiser).__name__}."
            )
        if not isinstance(self.optimiser_options, Mapping) or not all(
            isinstance(k, str) for k in self.optimiser_options
        ):
            raise WrongType("optimiser_options must be a dict of keyword arguments.")
        if taken := sorted(_GIVEN & set(self.optimiser_options)):
            raise InvalidArgument(f"optimiser_options cannot hold {', '.join(taken)}: the search sets them itself.")
        if self.replicates > self.budget:
            raise InvalidArgument(
                f"{self.replicates:,} replicates of each input need a budget of at least as many evaluations, but it "
                f"is {self.budget:,}."
            )
        if self.restarts > self.budget:
            raise InvalidArgument(
                f"{self.restarts:,} restarts need a budget of at least as many evaluations, but it is {self.budget:,}."
            )
        self._check_halving()

    def _check_halving(self) -> None:
        if not isinstance(self.halving, bool):
            raise WrongType(f"halving must be True or False, but it is a {type(self.halving).__name__}.")
        if not self.halving:
            return
        if self.restarts == 1:
            raise InvalidArgument("halving chooses among several restarts: pass restarts=8 or another number above 1.")
        self.check_rungs(0)

    def check_rungs(self, references: int) -> None:
        """Refuse to halve restarts with a budget that leaves less than one input for each in each rung.

        Args:
            references: inputs that are evaluated before the restarts.
        """
        least = (least_budget(self.restarts) + references) * self.replicates
        if self.halving and self.budget < least:
            of_each = "" if self.replicates == 1 else f" of {self.replicates:,} replicates"
            besides = f" beside {references:,} reference inputs" if references else ""
            raise InvalidArgument(
                f"{self.restarts:,} restarts{of_each} need a budget of at least {least:,} evaluations to be halved"
                f"{besides}, but it is {self.budget:,}. Ask for fewer restarts."
            )

    def table(self) -> dict[str, Any]:
        """The settings as a TOML table; what is not set is left out."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values["optimiser_options"] = dict(self.optimiser_options)
        defaults = {"noise": "auto", "replicates": 1, "halving": False}
        return {
            name: value
            for name, value in values.items()
            if value is not None and value != {} and defaults.get(name) != value
        }


def check_parts(space: Any, objective: Any, callbacks: Any, resume: Any) -> None:
    """Refuse arguments of ``fv.search`` that are not the kinds of objects it needs."""
    if isinstance(space, type):
        name = space.__name__
        raise WrongType(f"space must be a search space, but it is the class {name}: make one of it, such as {name}().")
    if not isinstance(space, SearchSpace):
        raise WrongType(f"space must be a search space such as fv.ImageSpace(...), but it is a {type(space).__name__}.")
    if space.latent.feasible is not None:
        # A space that nothing satisfies is refused here, and not after a search in vain.
        space.latent.sample(Streams(0).at(0), 1)
    if objective is not None and not isinstance(objective, ScoreFunction):
        raise WrongType(
            f"objective must be one such as fv.maximise(box, 'name'), but it is a {type(objective).__name__}."
        )
    if not isinstance(callbacks, list | tuple) or not all(callable(callback) for callback in callbacks):
        raise WrongType("callbacks must be a list of functions of one argument, the progress.")
    if not isinstance(resume, bool) and resume != "warm":
        raise InvalidArgument(f'resume must be True, False or "warm", but it is {resume!r}.')
