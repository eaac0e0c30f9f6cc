"""A batch asked in parts, and the inputs of a part that fails found, all requests of a round side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.black_boxes.http.messages import Trouble
from featviz.errors import RowsFailed
from featviz.text import first_line

__all__ = ["Ask", "ask_in_parts"]

Rows = NDArray[np.intp]
Outputs = NDArray[np.float64]
# What came of each of some parts: their outputs (RowsFailed where some rows have none), or a trouble with the part.
Ask = Callable[[Sequence[Rows], bool], Sequence[Outputs | RowsFailed | Trouble]]

# Inputs of a large part that failed that are asked alone, spread evenly, before it is halved.
_PROBES = 8


def ask_in_parts(ask: Ask, n: int, size: int, k: int) -> Outputs:
    """The outputs of n inputs, asked ``size`` at a time.

    A part that fails in a way that may be the fault of an input is asked again by halves, and so on down to single
    inputs, each round of them side by side. A part of more than 16 is first sounded: eight of its inputs are asked
    alone, and when all of them fail alike, the others are given up unasked, with a reason that says so. One bad input
    of m costs about 8 + 2 log2(m) further requests, a service that fails at all of them 8, and none more than 2 m + 7.

    Args:
        ask: gives what came of each of some parts. It is told whether they are parts of one that failed.
        n: the number of inputs.
        size: the most inputs of a part.
        k: the number of outputs.

    Raises:
        RowsFailed: when some inputs, or all, have no outputs.
    """
    search = _Search(np.full((n, k), np.nan))
    pending = [np.arange(start, min(start + size, n)) for start in range(0, n, size)]
    again = False
    while pending:
        results = ask(pending, again)
        sounded, search.sounding = search.sounding, []  # whose probes are among what was answered now
        entered = zip(pending, results, strict=True)
        pending = [part for rows, result in entered for part in search.enter(rows, result, sound=not again)]
        pending += [part for probes, others in sounded for part in search.halved(probes, others)]
        again = True
    if search.errors:
        row = min(search.errors)
        reason = first_line(search.errors[row])
        message = f"{len(search.errors)} of {n} inputs failed; the first is row {row}: {reason}"
        raise RowsFailed(message, search.outputs, search.errors)
    return search.outputs


@dataclass
class _Search:
    outputs: Outputs
    errors: dict[int, Exception] = field(default_factory=dict)
    # Parts that are being sounded: their probes and the others.
    sounding: list[tuple[Rows, Rows]] = field(default_factory=list)

    def enter(self, rows: Rows, result: Outputs | RowsFailed | Trouble, *, sound: bool) -> list[Rows]:
        """Take note of what came of a part; the parts that are to be asked next for it."""
        if isinstance(result, RowsFailed):
            self.outputs[rows] = result.outputs
            self.errors |= {int(rows[position]): error for position, error in result.errors.items()}
        elif not isinstance(result, Trouble):
            self.outputs[rows] = result
        elif len(rows) == 1 or not result.about_input:
            self.errors |= dict.fromkeys(rows.tolist(), result.error)
        elif not sound or len(rows) <= 2 * _PROBES:
            return _halves(rows)
        else:
            positions = np.linspace(0, len(rows) - 1, _PROBES).astype(np.intp)
            self.sounding.append((rows[positions], np.delete(rows, positions)))
            return [rows[position : position + 1] for position in positions]
        return []

    def halved(self, probes: Rows, others: Rows) -> list[Rows]:
        """What to ask next for a part whose probes were answered; nothing, and it is given up, where all failed."""
        errors = [self.errors.get(int(row)) for row in probes]
        if None in errors or len({type(error) for error in errors}) > 1:
            return _halves(others)
        self._give_up(others, errors[0])
        return []

    def _give_up(self, rows: Rows, error: Any) -> None:
        note = f"{error} (not asked alone: each of {_PROBES} others of its batch failed like this)"
        self.errors |= dict.fromkeys(rows.tolist(), type(error)(note))


def _halves(rows: Rows) -> list[Rows]:
    return [half for half in np.array_split(rows, 2) if len(half)]
