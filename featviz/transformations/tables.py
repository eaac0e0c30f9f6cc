"""Noise on rows of a table."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from featviz.batches import described
from featviz.checks import did_you_mean, finite
from featviz.errors import InvalidArgument, WrongType
from featviz.protocols import Spec
from featviz.text import visible
from featviz.transformations.base import Transformation

__all__ = ["RowNoise", "row_noise"]


class RowNoise(Transformation):
    """Normal noise on columns of numbers; see :func:`row_noise`."""

    kind: ClassVar[str] = "row_noise"

    def __init__(self, std: float | Mapping[str, float]) -> None:
        if isinstance(std, Mapping):
            if not std:
                raise InvalidArgument("row_noise needs the standard deviation of at least one column.")
            self.columns = {str(name): finite(f"the std of {visible(name, 60)!r}", v, 0.0) for name, v in std.items()}
            self.relative = 0.0
        else:
            self.columns, self.relative = {}, finite("std", std, 0.0)

    def options(self) -> Spec:
        """The standard deviations."""
        return {"std": dict(self.columns) or self.relative}

    def __call__(self, inputs: Any, rng: np.random.Generator) -> Any:
        """The rows, with noise on their numbers."""
        if not hasattr(inputs, "columns") or not hasattr(inputs, "iloc"):
            raise WrongType(f"row_noise is for the rows of a table, but the inputs are {described(inputs)}.")
        changed = inputs.copy()
        for name in self.columns or list(inputs.columns):
            if name not in inputs.columns:
                hint = did_you_mean(name, map(str, inputs.columns))
                raise WrongType(f"row_noise is for the column {visible(name, 60)!r}, which the rows lack.{hint}")
            z = rng.standard_normal()
            column = inputs[name]
            kind = getattr(column.dtype, "kind", "O")
            if kind not in "fiu":
                if self.columns:
                    raise WrongType(f"row_noise is for numbers, but column {visible(name, 60)!r} is {column.dtype}.")
                continue
            moved = column + float(z) * (self.columns[name] if self.columns else self.relative * column.abs())
            changed[name] = (moved if kind == "f" else moved.round()).astype(column.dtype)
        return changed


def row_noise(std: float | Mapping[str, float]) -> RowNoise:
    """Normal noise on the numbers of table rows, the same draw for a column in the whole batch.

    Whole numbers stay whole; categories, truth values, dates and missing values stay as they are. Noisy rows may leave
    the ranges and rules of the space.

    Args:
        std: standard deviations by column, ``{"age": 2.0, "income": 500.0}``, in the columns' units; or one number, the
            standard deviation relative to each value, for all columns of numbers.
    """
    return RowNoise(std)
