"""How an evaluation ended."""

from enum import IntEnum

__all__ = ["Status"]


class Status(IntEnum):
    """How an evaluation ended. The numbers are stored in runs: they never change, and none is used again."""

    OK = 0
    EXCEPTION = 1  # the box, or the objective, raised an exception
    NONFINITE = 2  # an output or the score is NaN or infinite
    SHAPE = 3  # the answer has another number of rows or columns
    TYPE = 4  # the answer holds what is not a number
    TIMEOUT = 5  # no answer came in time
    WORKER_DIED = 6  # the process that asked the box ended
    INFEASIBLE = 7  # the space calls the input invalid; no box was asked
    CANCELLED = 8  # the search ended first

    @property
    def label(self) -> str:
        """The status for people: ``"worker died"``."""
        return self.name.lower().replace("_", " ")

    @property
    def is_fault(self) -> bool:
        """Whether something went wrong; not so for an infeasible input or one that nobody evaluated."""
        return self not in {Status.OK, Status.INFEASIBLE, Status.CANCELLED}
