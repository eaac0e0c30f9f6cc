"""Changes: in how many columns a row differs from a reference."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.checks import unique_names
from featviz.errors import InvalidArgument, WrongType
from featviz.objectives.penalty import Penalty
from featviz.protocols import Spec
from featviz.text import shown, visible

__all__ = ["Changes", "changes"]

# What rounding does to numbers on their way through the genes.
_ROUNDING = 1e-6


class Changes(Penalty):
    """The number of columns in which a row differs from a reference; see :func:`changes`."""

    kind: ClassVar[str] = "changes"

    def __init__(self, reference: Any, *, missing: Sequence[str] = ()) -> None:
        row = _as_mapping(reference)
        names = unique_names("missing", missing) if len(missing) else ()
        self._row = {str(name): _plain(str(name), value) for name, value in row.items()} | dict.fromkeys(names)
        if not self._row:
            raise InvalidArgument("the reference must have at least one column.")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the reference names."""
        return tuple(self._row)

    def options(self) -> Spec:
        """The reference, and the columns that are missing in it."""
        there = {name: value for name, value in self._row.items() if value is not None}
        missing = [name for name in self._row if name not in there]
        written = {name: str(v) if isinstance(v, np.datetime64) else v for name, v in there.items()}
        return {"reference": written} | ({"missing": missing} if missing else {})

    def describe(self) -> str:
        """``"changes from the reference"``."""
        return "changes from the reference"

    def value(self, inputs: Any) -> NDArray[np.float64]:
        """The number of columns that differ, shape (n,), for a data frame of n rows.

        Raises:
            WrongType: when the inputs are no data frame.
            InvalidArgument: when it lacks a column of the reference.
        """
        if not hasattr(inputs, "columns") or not hasattr(inputs, "iloc"):
            raise WrongType(f"changes is for the rows of a table, but the inputs are a {type(inputs).__name__}.")
        total = np.zeros(len(inputs))
        for name, value in self._row.items():
            if name not in inputs.columns:
                raise InvalidArgument(f"the rows lack the column {visible(name, 60)!r} of the reference.")
            total += _differs(inputs[name], value)
        return total


def changes(reference: Any) -> Changes:
    """The penalty on columns that differ from a reference row: their number.

    With it a search finds the smallest set of columns that has to change (Wachter, Mittelstadt & Russell 2017,
    "Counterfactual explanations without opening the black box", who ask for few changes)::

        space = fv.TabularSpace.from_dataframe(df, reference=df.iloc[[0]])
        goal = fv.maximise(box, "granted") - 0.5 * fv.changes(space.reference)

    Numbers count as the same within a millionth.

    Args:
        reference: a dict, a Series or a frame of one row; what it does not name may change for nothing.
    """
    return Changes(reference)


def _as_mapping(given: Any) -> dict[Any, Any]:
    if hasattr(given, "iloc") and hasattr(given, "columns"):
        if len(given) != 1:
            raise InvalidArgument(f"the reference must be one row, but it has {len(given):,}.")
        return {name: given[name].iloc[0] for name in given.columns}
    if isinstance(given, Mapping):
        return dict(given)
    if hasattr(given, "iloc"):
        return dict(zip(given.index, given.tolist(), strict=True))
    raise WrongType(f"the reference must be a dict, a Series or a frame of one row, but it is {shown(given)}.")


def _plain(name: str, value: Any) -> Any:
    """One value as text, a number, a truth value or a datetime64; None where it is missing."""
    if type(value).__name__ in ("NaTType", "NAType"):  # of pandas, which this module does not import
        return None
    if isinstance(value, np.datetime64) or hasattr(value, "isoformat"):
        if getattr(value, "tzinfo", None) is not None:
            raise InvalidArgument(f"column {visible(name, 60)!r} has a time zone: leave it out of the reference.")
        moment = np.datetime64(value, "us")
        return None if np.isnat(moment) else moment
    plain = value.item() if isinstance(value, np.generic) else value
    if plain is None or (isinstance(plain, float) and np.isnan(plain)):
        return None
    if not isinstance(plain, str | int | float):
        raise WrongType(f"column {visible(name, 60)!r} of the reference must be a plain value, not {shown(plain)}.")
    return plain


def _differs(series: Any, value: Any) -> NDArray[np.bool_]:
    missing: NDArray[np.bool_] = series.isna().to_numpy(dtype=bool)
    if value is None:
        return ~missing
    if series.dtype.kind == "M":
        moment = np.datetime64(value, "us")
        return np.asarray(missing | (series.to_numpy().astype("M8[us]") != moment))
    if series.dtype.kind in "iuf" and not isinstance(value, str):
        numbers = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.asarray(missing | ~np.isclose(numbers, value, rtol=_ROUNDING, atol=1e-12))
    found = series.astype(object).to_numpy()
    return np.asarray(missing | (found != value))
