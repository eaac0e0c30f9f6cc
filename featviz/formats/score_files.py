"""``scores.csv``: what somebody measured for the inputs of a batch, read with care for how tables are saved."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.checks import did_you_mean
from featviz.errors import InvalidArgument
from featviz.formats.csv_text import unguarded
from featviz.formats.files import read_regular
from featviz.text import first_line, is_number, visible

__all__ = ["Scores", "read_scores"]

_MOST_BYTES = 100_000_000
_ID, _REMARK = "id", "error"


@dataclass(frozen=True, eq=False)
class Scores:
    """What a score file says.

    Args:
        outputs: float64 array of shape (n, k), NaN in rows without scores.
        missing: why a row has none, by row.
    """

    outputs: NDArray[np.float64]
    missing: dict[int, str]


def read_scores(path: Path, ids: Sequence[int], outputs: Sequence[str]) -> Scores:
    """The scores in a CSV file with a column ``id``, one for each of ``outputs`` and, if need be, ``error``.

    Rows may come in any order, other columns are not looked at, and commas, semicolons and tabs may stand between
    cells. Numbers have a decimal point. An empty cell means that there is no score, for the reason in ``error``.

    Args:
        path: the file.
        ids: the n inputs that it must have a line for, each once.
        outputs: the k names of the outputs.

    Raises:
        OSError: when it cannot be opened.
        InvalidArgument: when it is not such a file, naming line and column.
    """
    lines = _lines(path)
    head = next(lines, None)
    if head is None:
        raise InvalidArgument(f"{_name(path)} is empty; its first line must be {visible(','.join([_ID, *outputs]))!r}.")
    width = len(head[1])
    positions = _positions(path, head[1], outputs)
    rows = {number: row for row, number in enumerate(ids)}
    found = np.full((len(ids), len(outputs)), np.nan)
    seen: dict[int, int] = {}
    missing: dict[int, str] = {}
    for line, cells in lines:
        if len(cells) != width:
            raise InvalidArgument(f"{_name(path)}, line {line}: expected {width} cells, but it has {len(cells)}.")
        row = _row(path, line, cells[positions[_ID]], rows, seen)
        for column, output in enumerate(outputs):
            found[row, column] = _number(path, line, output, cells[positions[output]])
        if np.isnan(found[row]).any():
            remark = cells[positions[_REMARK]] if _REMARK in positions else ""
            missing[row] = visible(remark, 500) if remark else "no score was given"
            found[row] = np.nan
    if absent := [number for number in ids if rows[number] not in seen]:
        listed = ", ".join(map(str, absent[:5])) + (f" and {len(absent) - 5:,} more" if len(absent) > 5 else "")
        raise InvalidArgument(
            f"{_name(path)} has no line for {'id' if len(absent) == 1 else 'ids'} {listed}. Every input needs one; "
            "leave the score empty where there is none."
        )
    return Scores(found, missing)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not empty, with their numbers, one by one: the first one too many ends the reading."""
    try:
        content = read_regular(path, _MOST_BYTES)
    except ValueError as error:
        raise InvalidArgument(f"{error}.") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidArgument(f"{_name(path)} is not text in UTF-8. Save the table as CSV, UTF-8.") from None
    head = text.split("\n", 1)[0]
    between = "," if "," in head else ";" if ";" in head else "\t" if "\t" in head else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=between, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [unguarded(cell.strip()) for cell in cells]
    except csv.Error as error:
        raise InvalidArgument(f"{_name(path)}, line {reader.line_num}, is not CSV: {first_line(error)}.") from None


def _positions(path: Path, head: list[str], outputs: Sequence[str]) -> dict[str, int]:
    names = [_ID, *(name.strip() for name in outputs)]
    for name in names:
        if head.count(name) != 1:
            come = ", ".join(repr(visible(cell, 40)) for cell in head[:20])
            many = "is there twice" if name in head else "is missing"
            raise InvalidArgument(
                f"{_name(path)}, line 1: the column {visible(name, 60)!r} {many}. Expected the columns "
                f"{', '.join(visible(n, 60) for n in names)}, but it has {come}.{did_you_mean(name, head)}"
            )
    found = {output: head.index(name) for output, name in zip((_ID, *outputs), names, strict=True)}
    return found if head.count(_REMARK) != 1 else {_REMARK: head.index(_REMARK)} | found


def _row(path: Path, line: int, cell: str, rows: dict[int, int], seen: dict[int, int]) -> int:
    where = f"{_name(path)}, line {line}, column {_ID!r}"
    number = int(cell) if cell.isascii() and cell.isdigit() and len(cell) < 20 else -1
    if number not in rows:
        raise InvalidArgument(
            f"{where}: expected one of the ids {min(rows)} to {max(rows)} of this batch, but it is {_cell(cell)}."
        )
    row = rows[number]
    if row in seen:
        raise InvalidArgument(f"{where}: the id {number} stands in line {seen[row]} already.")
    seen[row] = line
    return row


def _number(path: Path, line: int, output: str, cell: str) -> float:
    if not cell:
        return np.nan
    if is_number(cell):
        return float(cell)
    hint = " Write it with a decimal point." if is_number(cell.replace(",", ".")) else ""
    raise InvalidArgument(
        f"{_name(path)}, line {line}, column {visible(output, 60)!r}: expected a number, or nothing where there is "
        f"none, but it is {_cell(cell)}.{hint}"
    )


def _cell(cell: Any) -> str:
    return repr(visible(cell, 60)) if cell else "empty"


def _name(path: Path) -> str:
    return visible(f"{path.parent.name}/{path.name}", 200)
