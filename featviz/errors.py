"""Every error and warning that featviz raises on purpose.

Each derives from :class:`FeatvizError` *and* from the builtin it resembles, so ``except ValueError`` keeps
working. A message says what was expected, what came, and what to do.
"""

from typing import Any

__all__ = [
    "AnswerShapeError",
    "AnswerTypeError",
    "BoxBudgetSpent",
    "BoxError",
    "BoxTimeout",
    "BoxUnavailable",
    "FailureBudgetExceeded",
    "FeatvizError",
    "FeatvizWarning",
    "IncompatibleOptimiser",
    "InvalidArgument",
    "InvalidConfig",
    "LatentShapeError",
    "MissingDependency",
    "NameNotFound",
    "NotRebuildable",
    "OptimiserError",
    "OutputNotFound",
    "ProcessDied",
    "ReplayDivergence",
    "RequestFailed",
    "RowsFailed",
    "RunDamaged",
    "RunExists",
    "RunLocked",
    "RunMismatch",
    "RunNotFound",
    "SpaceError",
    "StopSearch",
    "StorageError",
    "WrongType",
]


class FeatvizError(Exception):
    """The base of every error that featviz raises on purpose."""


class FeatvizWarning(UserWarning):
    """The category of every warning that featviz gives."""


class InvalidArgument(FeatvizError, ValueError):
    """An argument has the right type and a value that cannot be used."""


class WrongType(FeatvizError, TypeError):
    """An argument has a type that cannot be used."""


class InvalidConfig(FeatvizError, ValueError):
    """A TOML configuration has an unknown key, a wrong type or a missing entry."""


class LatentShapeError(FeatvizError, ValueError):
    """A batch of latents does not fit the latent description it is used with."""


class SpaceError(FeatvizError, ValueError):
    """A search space broke its contract, for instance a decoder that returned the wrong number of rows."""


class BoxError(FeatvizError, ValueError):
    """A thing cannot be used as a black box, or the box cannot take the inputs of this space at all."""


class AnswerShapeError(FeatvizError, ValueError):
    """A black box answered with another number of rows or columns than it was asked for."""


class AnswerTypeError(FeatvizError, TypeError):
    """A black box answered with something that is not a number, such as None, text, or a truth value."""


class RowsFailed(FeatvizError, RuntimeError):
    """Some inputs of a batch failed and the others are answered.

    Args:
        message: what happened, for a caller who does not look further.
        outputs: float64 array of shape (n, k), NaN in the rows that failed.
        errors: what went wrong, by row.
    """

    def __init__(self, message: str, outputs: Any, errors: dict[int, Exception]) -> None:
        super().__init__(message)
        self.outputs = outputs
        self.errors = errors

    def __reduce__(self) -> tuple[Any, ...]:
        """All three arguments, for the way back from a worker process."""
        return type(self), (*self.args, self.outputs, self.errors)


class BoxTimeout(FeatvizError, TimeoutError):
    """A black box gave no answer in time."""


class RequestFailed(FeatvizError, RuntimeError):
    """A service answered a request about some inputs with an error, or with nothing that can be read."""


class ProcessDied(FeatvizError, RuntimeError):
    """The process that a black box runs in ended before it answered."""


class BoxUnavailable(BoxError):
    """A black box cannot be reached at all. The run was closed cleanly and can be resumed once it can."""


class BoxBudgetSpent(BoxError):
    """The requests or the cost that a black box was allowed are spent. The run was closed and can be resumed."""


class NameNotFound(FeatvizError, LookupError):
    """No registered space, objective or optimiser has this name."""


class OutputNotFound(FeatvizError, LookupError):
    """A black box has no output of this name."""


class MissingDependency(FeatvizError, ImportError):
    """An optional package is needed and is not installed; the message names the extra."""


class OptimiserError(FeatvizError, RuntimeError):
    """An optimiser failed, or is known to fail, in this setting; the message names one that works."""


class IncompatibleOptimiser(FeatvizError, ValueError):
    """An optimiser does not accept the kinds of genes that this space has."""


class FailureBudgetExceeded(FeatvizError, RuntimeError):
    """More than half of the last evaluations failed. The run was closed cleanly and can be resumed."""


class RunNotFound(FeatvizError, FileNotFoundError):
    """There is no run in this directory."""


class RunExists(FeatvizError, FileExistsError):
    """The directory already holds a run, or something that is not a run."""


class RunLocked(FeatvizError, RuntimeError):
    """Another process is writing to this run."""


class RunDamaged(FeatvizError, ValueError):
    """A file of a run does not hold what featviz wrote there."""


class RunMismatch(FeatvizError, ValueError):
    """The directory holds a run of another search than the one asked for."""


class NotRebuildable(FeatvizError, RuntimeError):
    """A run was made with objects that its files cannot describe, such as a function typed into a shell."""


class ReplayDivergence(FeatvizError, RuntimeError):
    """A resumed optimiser asked for other inputs than it did the first time."""


class StorageError(FeatvizError, OSError):
    """A run directory cannot be made, read or written; what was stored before is intact."""


class StopSearch(FeatvizError):
    """Raised by a callback to end a search; the run is kept and is marked as stopped by a callback."""
