"""Tables as CSV (RFC 4180) that no spreadsheet takes for formulas, and back.

A spreadsheet computes a cell that begins with ``=``, ``+``, ``-`` or ``@``, and such a formula may start programs or
send what is in the table elsewhere. In front of such a cell stands an apostrophe, unless it is a number, which stays
as it is; cells of our own that begin with apostrophes and such a sign get one more, so that reading can take it off
again. Every cell is quoted: a program that cuts at semicolons or tabs does not make two cells of one.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from featviz.text import is_number

__all__ = ["LONGEST_CELL", "from_csv", "to_csv", "unguarded"]

# Python's own reader refuses cells beyond 131,072 characters.
LONGEST_CELL = 100_000

# The signs of full width are taken for the others by spreadsheets in East Asian languages.
_STARTS = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_FORMULA = re.compile(f"'*[{_STARTS}]")
_GUARDED = re.compile(f"'+[{_STARTS}]")


def to_csv(rows: Iterable[Sequence[str]], errors: str = "strict") -> bytes:
    """``rows`` as CSV in UTF-8.

    Args:
        rows: cells of text.
        errors: what to do with lone surrogates, which UTF-8 does not have: see ``str.encode``.
    """
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([[_guarded(cell) for cell in row] for row in rows])
    return text.getvalue().encode("utf-8", errors)


def from_csv(content: bytes) -> list[list[str]]:
    """The rows that :func:`to_csv` wrote, or that a spreadsheet saved.

    Raises:
        ValueError: when ``content`` is not CSV in UTF-8.
    """
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))
    except csv.Error as error:
        raise ValueError(f"not a table: {error}") from error
    return [[unguarded(cell) for cell in row] for row in rows]


def unguarded(cell: str) -> str:
    """``cell`` without the apostrophe that :func:`to_csv` put in front of it, if it did."""
    return cell[1:] if _GUARDED.match(cell) else cell


def _guarded(cell: str) -> str:
    # A sign on its own is no formula, and often stands for "none".
    harmless = len(cell) == 1 or is_number(cell) or not _FORMULA.match(cell)
    return cell if harmless else f"'{cell}"
