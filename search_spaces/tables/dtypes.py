"""Types of columns: which ones there are, by what they are called, and which suits a variable."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from featviz import checks
from featviz.errors import InvalidArgument
from featviz.search_spaces.choices import Choice
from featviz.search_spaces.quantities import Integer
from featviz.search_spaces.tables.dates import Date
from featviz.search_spaces.tables.levels import Boolean, Ordered
from featviz.text import shown

__all__ = ["dtype_from", "dtype_spec", "family_of", "one_value", "text_type"]

# Arrays of numbers with a mask beside them.
_MASKED = {f"{kind}{bits}" for kind in ("Int", "UInt") for bits in (8, 16, 32, 64)} | {"Float32", "Float64", "boolean"}


def family_of(dtype: Any) -> str | None:
    """One of "float", "integer", "boolean", "date", "object", "text", "category", "masked"; None for any other."""
    import pandas as pd  # noqa: PLC0415  slow to import

    if isinstance(dtype, np.dtype):
        kinds = {"f": "float", "i": "integer", "u": "integer", "b": "boolean", "M": "date", "O": "object"}
        return kinds.get(dtype.kind)
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if isinstance(dtype, pd.DatetimeTZDtype):
        return "date"
    if isinstance(dtype, pd.StringDtype):
        return "text"
    return "masked" if getattr(dtype, "name", None) in _MASKED else None


def dtype_from(given: Any, variable: Any, nullable: bool) -> Any:
    """The type that ``given`` stands for, or the one that suits the variable where it is None.

    Args:
        given: what pandas takes for a type, or ``{"categories": [...], "ordered": ...}``.
        variable: of the values that are there.
        nullable: whether values may be missing.

    Raises:
        InvalidArgument: if it is no type of a column here.
    """
    import pandas as pd  # noqa: PLC0415  slow to import

    if given is None:
        return _suitable(variable, nullable)
    ordered = isinstance(variable, Ordered)
    if isinstance(given, Mapping):
        checks.option_names("the type of a column", given, ("categories", "ordered"))
        return pd.CategoricalDtype(given.get("categories"), given.get("ordered", ordered))
    if (isinstance(given, str) and given == "category") or (
        isinstance(given, pd.CategoricalDtype) and given.categories is None
    ):
        return _category(variable, ordered)
    try:
        dtype = pd.api.types.pandas_dtype(given)
    except TypeError:
        raise InvalidArgument(f"there is no type of columns {shown(given)}. Name one that pandas knows.") from None
    if isinstance(dtype, np.dtype) and dtype.kind == "U":  # "str" before pandas 3
        dtype = np.dtype(object)
    if family_of(dtype) is None:
        raise InvalidArgument(
            f"columns of type {shown(given)} are not supported: use numbers, bool, category, str, object or "
            "datetime64, or leave the column out."
        )
    return dtype


def dtype_spec(dtype: Any, variable: Any, nullable: bool) -> Any:
    """What ``dtype_from`` rebuilds the type from; None where it is the one that suits the variable."""
    suitable = _suitable(variable, nullable)
    # Types of categories without an order are equal whatever the order they are listed in, and so of their codes.
    if dtype == suitable and (family_of(dtype) != "category" or dtype.categories.equals(suitable.categories)):
        return None
    if family_of(dtype) == "category":
        return {"categories": dtype.categories.tolist(), "ordered": bool(dtype.ordered)}
    if family_of(dtype) == "text":
        return text_type(dtype)
    return str(dtype)


def one_value(value: Any, dtype: Any) -> Any:
    """A Series of one value.

    Raises:
        TypeError, ValueError, OverflowError: if it cannot be of this type.
    """
    import pandas as pd  # noqa: PLC0415  slow to import

    # Pandas would make a missing value of what is no category.
    if isinstance(dtype, pd.CategoricalDtype) and not pd.isna(value) and value not in dtype.categories:
        raise ValueError("there is no such category")
    return pd.Series([value], dtype=dtype)


def text_type(dtype: Any) -> str:
    """What pandas takes for a type of text; both kinds call themselves "string"."""
    return "str" if isinstance(dtype.na_value, float) else "string"


def _suitable(variable: Any, nullable: bool) -> Any:
    import pandas as pd  # noqa: PLC0415  slow to import

    if isinstance(variable, Boolean):
        return pd.BooleanDtype() if nullable else np.dtype(bool)
    if isinstance(variable, Date):
        return np.dtype("M8[us]")
    kinds = {int} if isinstance(variable, Integer) else {float}
    if isinstance(variable, Choice | Ordered):
        options = range(variable.options) if isinstance(variable.options, int) else variable.options
        kinds = {type(option) for option in options}
    if kinds == {int}:
        return pd.Int64Dtype() if nullable else np.dtype(np.int64)
    return np.dtype(np.float64) if kinds <= {int, float} else _category(variable, isinstance(variable, Ordered))


def _category(variable: Any, ordered: bool) -> Any:
    import pandas as pd  # noqa: PLC0415  slow to import

    if not isinstance(variable, Choice | Ordered):
        raise InvalidArgument("only a Choice or Ordered can be a column of type category.")
    options = range(variable.options) if isinstance(variable.options, int) else variable.options
    return pd.CategoricalDtype(list(options), ordered=ordered)
