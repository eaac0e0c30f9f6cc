"""Inputs themselves as files: arrays as npy, data frames as CSV, and what JSON can hold as JSON.

What comes back is equal to what was written, types included, with these exceptions: the index of a data frame is a
new one that counts from 0, what stands for a missing text in it is the missing value of its type, and see
:mod:`featviz.formats.json_text`. Whatever cannot be written like that (objects, frames with mixed columns, frames
within dicts, a dict with a large array) is not, and None comes back for it.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from featviz.formats.block_files import MOST_BYTES, npy, read_array
from featviz.formats.csv_text import LONGEST_CELL, from_csv, to_csv
from featviz.formats.files import read_regular
from featviz.formats.json_text import dump, load, plain, restored

__all__ = ["InputFile", "input_file", "read_input"]

_MOST_ROWS = 10_000
_INTEGERS = re.compile(r"u?int(8|16|32|64)", re.IGNORECASE)
_FLOATS = re.compile(r"float(32|64)", re.IGNORECASE)
_TRUTHS = frozenset({"bool", "boolean"})
_TEXTS = frozenset({"object", "str", "string"})
_DATES = re.compile(r"datetime64\[(s|ms|us|ns)\]")


@dataclass(frozen=True)
class InputFile:
    """An input as a file.

    Args:
        suffix: "npy", "json" or "csv".
        content: the whole of it.
        described: what the file does not say, made of JSON values.
    """

    suffix: str
    content: bytes
    described: dict[str, Any]


def input_file(x: Any) -> InputFile | None:
    """``x`` as the file that holds it, or None when none can."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "biuf":
        return InputFile("npy", npy(x), {"file": "npy"})
    try:
        if hasattr(x, "iloc") and hasattr(x, "columns"):
            return _frame_file(x)
        value, notes = plain(x)
        return None if value is None else InputFile("json", dump(value), {"file": "json", "notes": notes})
    except (TypeError, ValueError, RecursionError):
        return None


def read_input(folder: Path, name: str, described: dict[str, Any]) -> Any:
    """The input that :func:`input_file` wrote, from the file ``name`` (without its suffix) in ``folder``.

    Raises:
        OSError: when the file cannot be opened.
        ValueError: or any of ``UNREADABLE``, when it is not what was written.
    """
    suffix = str(described["file"])
    path = folder / f"{name}.{suffix}"
    if suffix == "npy":
        return read_array(path)
    content = read_regular(path, MOST_BYTES[suffix])
    if suffix == "json":
        return restored(load(content), described["notes"])
    if suffix == "csv":
        return _read_frame(from_csv(content), described["columns"])
    raise ValueError(f"{path.name[:40]!r} is no file that was written")


def _frame_file(frame: Any) -> InputFile | None:
    names = list(frame.columns)
    if not names or len(set(names)) != len(names) or not all(isinstance(name, str) for name in names):
        return None
    if len(frame) > _MOST_ROWS:
        return None
    columns = [_column(frame[name]) for name in names]
    if any(column is None for column in columns):
        return None
    known = [column for column in columns if column is not None]
    rows = [names, *zip(*(cells for cells, _ in known), strict=True)]
    if any(len(cell) > LONGEST_CELL for row in rows for cell in row):
        return None
    return InputFile("csv", to_csv(rows), {"file": "csv", "columns": [described for _, described in known]})


def _column(column: Any) -> tuple[list[str], dict[str, Any]] | None:
    """The cells of a column as text, and its type; None when text cannot stand for it."""
    dtype, missing = str(column.dtype), column.isna().tolist()
    described: dict[str, Any] = {"dtype": dtype, "missing": [i for i, is_missing in enumerate(missing) if is_missing]}
    present = [value for value, is_missing in zip(column.tolist(), missing, strict=True) if not is_missing]
    if dtype == "category":
        options, notes = plain(column.cat.categories.tolist())
        kinds = {type(option) for option in options}
        if notes or len(kinds) > 1 or not kinds <= {str, int, float, bool}:
            return None
        described |= {"options": options, "ordered": bool(column.cat.ordered)}
    elif dtype in _TEXTS:
        if not all(isinstance(value, str) for value in present):
            return None
    elif _DATES.fullmatch(dtype):
        present = [value.isoformat() for value in present]
    elif dtype.lower() == "float32":
        present = [np.float32(value) for value in present]  # whose text is as short as it can be
    elif not (_INTEGERS.fullmatch(dtype) or _FLOATS.fullmatch(dtype) or dtype in _TRUTHS):
        return None
    texts = iter(present)
    return ["" if is_missing else str(next(texts)) for is_missing in missing], described


def _read_frame(rows: list[list[str]], columns: list[dict[str, Any]]) -> Any:
    try:
        import pandas as pd  # noqa: PLC0415  only a run over data frames needs pandas
    except ImportError:
        return None
    names, *cells = rows
    if len(set(names)) != len(names) or any(len(row) != len(names) for row in cells) or len(columns) != len(names):
        raise ValueError("a data frame is not what was written")
    of_column = list(zip(*cells, strict=True)) or [() for _ in names]
    pairs = zip(of_column, columns, strict=True)
    return pd.DataFrame(dict(zip(names, (_series(pd, list(c), d) for c, d in pairs), strict=True)))


def _series(pd: Any, cells: list[str], described: dict[str, Any]) -> Any:
    dtype, missing = str(described["dtype"]), {int(i) for i in described["missing"]}
    if dtype == "category":
        options = described["options"]
        by_text = {str(option): option for option in options}
        values = [None if i in missing else by_text[cell] for i, cell in enumerate(cells)]
        return pd.Series(pd.Categorical(values, categories=options, ordered=bool(described["ordered"])))
    parse: Any
    if dtype in _TEXTS:
        parse = str
    elif dtype in _TRUTHS:
        parse = {"True": True, "False": False}.__getitem__
    elif _INTEGERS.fullmatch(dtype):
        parse = int
    elif _FLOATS.fullmatch(dtype):
        parse = float
    elif _DATES.fullmatch(dtype):
        parse = np.datetime64
    else:
        raise ValueError(f"a column is of no type that was written: {dtype[:40]!r}")
    absent: Any = np.datetime64("NaT") if parse is np.datetime64 else np.nan if parse is float else None
    return pd.Series([absent if i in missing else parse(cell) for i, cell in enumerate(cells)], dtype=dtype)
