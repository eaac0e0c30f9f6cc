"""What every benchmark prints: aligned tables for people and, as the last line, one JSON object for programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print ``rows`` under ``columns``: text to the left, numbers to the right, floats to three digits, None as "-"."""
    cells = [[_shown(value) for value in row] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(columns, *cells, strict=True)]
    left = [all(isinstance(row[i], str) for row in rows) for i in range(len(columns))]
    print(f"\n{title}")
    for line in (columns, ["-" * width for width in widths], *cells):
        padded = [
            text.ljust(w) if to_left else text.rjust(w) for text, w, to_left in zip(line, widths, left, strict=True)
        ]
        print("  ".join(padded).rstrip(), flush=True)


def print_json(result: Mapping[str, Any]) -> None:
    """Print ``result`` as one line of JSON; call it last."""
    print(json.dumps(result, allow_nan=False), flush=True)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)
