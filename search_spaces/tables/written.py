"""A tabular space as a table of a TOML file."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tomli_w
from numpy.typing import NDArray

from featviz.protocols import Spec
from featviz.search_spaces.tables.columns import Column
from featviz.search_spaces.tables.constraints import Constraint
from featviz.search_spaces.tables.dtypes import dtype_spec, family_of, text_type
from featviz.search_spaces.tables.frozen import Frozen

__all__ = ["spec_of"]

_MOST_BYTES = 500_000


def spec_of(
    names: Sequence[str],
    *,
    columns: Mapping[str, Column],
    frozen: Mapping[str, Frozen],
    constraints: Sequence[Constraint],
    row: Mapping[str, Any] | None,
    correlation: NDArray[np.float64] | None,
) -> Spec | None:
    """The arguments that make a tabular space again; None where they cannot be written down or are too large."""
    variables = {name: column.variable.spec() for name, column in columns.items()}
    values = {name: column.spec_value() for name, column in frozen.items()}
    texts = [constraint.text for constraint in constraints]
    if None in variables.values() or None in values.values() or None in texts:
        return None
    spec: Spec = {"type": "TabularSpace", "columns": variables}
    types = {name: dtype_spec(column.dtype, column.base, column.is_nullable) for name, column in columns.items()}
    types |= {name: _frozen_type(column) for name, column in frozen.items()}
    given = {
        "frozen": values,
        "dtypes": {name: kind for name, kind in types.items() if kind is not None},
        "order": list(names) if list(names) != [*columns, *frozen] else [],
        "constraints": texts,
    }
    spec |= {name: value for name, value in given.items() if value}
    if row is not None:
        reference = {name: _written(columns[name], value) for name, value in row.items()}
        spec["reference"] = {name: value for name, value in reference.items() if value is not None}
    if correlation is not None:
        spec["correlation"] = [correlation[place, : place + 1].tolist() for place in range(len(correlation))]
    return spec if _is_bearable(spec) else None


def _written(column: Column, value: Any) -> Any:
    """One value of a row as TOML can hold it; None where it is missing."""
    import pandas as pd  # noqa: PLC0415  slow to import

    if pd.isna(value):
        return None
    if column.kind == "date":
        return pd.Timestamp(value).isoformat()
    return value.item() if isinstance(value, np.generic) else value


def _frozen_type(column: Frozen) -> Any:
    if family_of(column.dtype) == "category":
        return {"categories": column.dtype.categories.tolist(), "ordered": bool(column.dtype.ordered)}
    if family_of(column.dtype) == "text":
        return text_type(column.dtype)
    return str(column.dtype)


def _is_bearable(spec: Spec) -> bool:
    try:
        return len(tomli_w.dumps(spec).encode("utf-8")) <= _MOST_BYTES
    except (TypeError, ValueError):  # what TOML has no form for, such as intervals or half a character
        return False
