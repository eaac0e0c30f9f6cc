"""Curves and bars as coordinates; the templates only write them down as SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from featviz.display.axes import Frame, Tick, linear_ticks
from featviz.display.formats import count, number
from featviz.text import visible

__all__ = ["Bar", "Bars", "Chart", "Line", "Path", "bars", "chart", "table"]

# A logarithmic axis is taken when half of the climb lies in this first part of the evaluations.
_EARLY = 0.1
_LABEL_GAP = 14.0
# The room that a label at the end of a line needs besides, and for each of its characters.
_LABEL_MARGIN, _LABEL_CHARACTER = 4.0, 8.5

# Values with more characters than this need a wider column.
_LONG_NUMBER = 7


@dataclass(frozen=True)
class Line:
    """A step function to draw.

    Args:
        name: for the legend.
        kind: "search", "random" or "restart"; decides colour and dash.
        evaluations: int64 array of shape (m,), increasing.
        best: float64 array of shape (m,): the best score so far from each of ``evaluations`` on.
    """

    name: str
    kind: str
    evaluations: NDArray[np.int64]
    best: NDArray[np.float64]

    def __post_init__(self) -> None:
        known = np.isfinite(self.best)
        object.__setattr__(self, "evaluations", np.maximum(np.asarray(self.evaluations)[known], 1))
        object.__setattr__(self, "best", np.asarray(self.best, dtype=np.float64)[known])

    def at(self, evaluations: int) -> float | None:
        """The best score after ``evaluations``, or None when the line does not reach that far or is not begun."""
        if not len(self.best) or evaluations > self.evaluations[-1] or evaluations < self.evaluations[0]:
            return None
        return float(self.best[np.searchsorted(self.evaluations, evaluations, side="right") - 1])


FRAME = Frame()


@dataclass(frozen=True)
class Path:
    """A drawn line: its kind, its SVG path, and the label at its end (empty when there is none)."""

    kind: str
    d: str
    end_x: float
    end_y: float
    label_y: float
    label: str


@dataclass(frozen=True)
class Chart:
    """A curve, ready to draw."""

    frame: Frame
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    paths: list[Path]
    logarithmic: bool


@dataclass(frozen=True)
class Bar:
    """One output: all positions in per cent of the common scale."""

    name: str
    value: float
    x: float
    width: float
    other: float | None
    named: bool


@dataclass(frozen=True)
class Bars:
    """Outputs side by side.

    Args:
        zero: the position of zero in per cent.
        names: "short", "medium" or "long": the room that the names need.
        marked: whether any bar has a mark for another input.
        wide: whether any value takes much room to write.
        first: shown at once.
        rest: shown on demand.
    """

    zero: float
    names: str
    marked: bool
    wide: bool
    first: list[Bar]
    rest: list[Bar]


def chart(lines: Sequence[Line], frame: Frame = FRAME) -> Chart | None:
    """The chart of ``lines`` within ``frame``; None when there is no point to draw."""
    drawn = [line for line in lines if len(line.best)]
    if not drawn:
        return None
    longest = max(len(_label(line)) for line in drawn)
    frame = replace(frame, right=max(frame.right, round(_LABEL_MARGIN + _LABEL_CHARACTER * longest)))
    last = max(int(line.evaluations[-1]) for line in drawn)
    low, high = min(float(line.best.min()) for line in drawn), max(float(line.best.max()) for line in drawn)
    y_values = linear_ticks(low, high, 5)
    low, high = min(low, y_values[0]), max(high, y_values[-1])
    logarithmic = last >= 20 and any(_climbs_early(line, last) for line in drawn if line.kind == "search")
    first = min(int(line.evaluations[0]) for line in drawn)
    x_values = _log_ticks(first, last) if logarithmic else linear_ticks(0, last, 4)
    start = float(min(first, *x_values)) if logarithmic else 0.0

    def x_of(value: float) -> float:
        part = math.log(value / start) / math.log(last / start) if logarithmic else value / last
        return round(frame.left + part * (frame.width - frame.left - frame.right), 1)

    def y_of(value: float) -> float:
        part = (value - low) / (high - low)
        return round(frame.height - frame.bottom - part * (frame.height - frame.top - frame.bottom), 1)

    # The search is drawn last, so that it lies above the others.
    order = sorted(drawn, key=lambda line: ("restart", "random", "search").index(line.kind))
    paths = [_path(line, [x_of(v) for v in line.evaluations], [y_of(v) for v in line.best]) for line in order]
    return Chart(
        frame,
        [Tick(x_of(v), count(round(v))) for v in x_values if v <= last],
        [Tick(y_of(v), number(v)) for v in y_values],
        _apart(paths),
        logarithmic,
    )


def table(lines: Sequence[Line]) -> list[tuple[int, list[float | None]]]:
    """The best score of each line after 1, 3, 10, 30, ... evaluations, and at the end."""
    drawn = [line for line in lines if len(line.best)]
    if not drawn:
        return []
    last = max(int(line.evaluations[-1]) for line in drawn)
    ends = {int(line.evaluations[-1]) for line in drawn}
    steps = {step * 10**power for power in range(10) for step in (1, 3) if step * 10**power < last}
    rows = [(at, [line.at(at) for line in drawn]) for at in sorted(steps | ends)]
    return [row for row in rows if any(value is not None for value in row[1])]


def bars(
    outputs: Mapping[str, float], other: Mapping[str, float] | None, named: frozenset[str], most: int = 12
) -> Bars | None:
    """Outputs as bars on one scale that holds zero.

    Args:
        outputs: value by name, in the order of the box.
        other: the outputs for another input, drawn as a mark on each bar.
        named: the outputs that the objective names.
        most: how many are shown at once; when there are more, the named and the highest come first.
    """
    finite = {name: value for name, value in outputs.items() if math.isfinite(value)}
    beside = {name: value for name, value in (other or {}).items() if math.isfinite(value) and name in outputs}
    if not outputs:
        return None
    values = [0.0, *finite.values(), *beside.values()]
    low, high = min(values), max(values)
    span = high - low or 1.0

    def part(value: float) -> float:
        return round(100 * (value - low) / span, 2)

    def bar(name: str, value: float) -> Bar:
        end = part(value) if name in finite else part(0)
        mark = part(beside[name]) if name in beside else None
        return Bar(name, value, min(end, part(0)), round(abs(end - part(0)), 2), mark, name in named)

    names = list(outputs)
    if len(names) > most:
        names.sort(key=lambda n: (n not in named, -finite.get(n, -math.inf)))
    all_bars = [bar(name, outputs[name]) for name in names]
    longest = max(len(visible(name)) for name in names)
    room = "short" if longest <= 4 else "medium" if longest <= 12 else "long"
    wide = any(len(number(value)) > _LONG_NUMBER for value in outputs.values())
    return Bars(part(0), room, bool(beside), wide, all_bars[:most], all_bars[most:])


def _path(line: Line, xs: list[float], ys: list[float]) -> Path:
    """A staircase; of several steps within half a unit of width only the last is kept."""
    d = [f"M{xs[0]:g},{ys[0]:g}"]
    drawn_x, drawn_y = xs[0], ys[0]
    for i in range(1, len(xs)):
        is_last = i == len(xs) - 1
        if not is_last and xs[i + 1] - drawn_x < 0.5:
            continue
        if xs[i] != drawn_x:
            d.append(f"H{xs[i]:g}")
        if ys[i] != drawn_y:
            d.append(f"V{ys[i]:g}")
        drawn_x, drawn_y = xs[i], ys[i]
    return Path(line.kind, "".join(d), drawn_x, drawn_y, drawn_y, _label(line))


def _label(line: Line) -> str:
    """What stands at the end of a line."""
    return "" if line.kind == "restart" else number(float(line.best[-1]))


def _apart(paths: list[Path]) -> list[Path]:
    """The same paths, with the labels at their ends moved apart."""
    labelled = sorted((p for p in paths if p.label), key=lambda p: p.end_y)
    moved: dict[int, float] = {}
    floor = -math.inf
    for path in labelled:
        floor = max(path.end_y, floor + _LABEL_GAP)
        moved[id(path)] = floor
    return [Path(p.kind, p.d, p.end_x, p.end_y, moved.get(id(p), p.end_y), p.label) for p in paths]


def _climbs_early(line: Line, last: int) -> bool:
    climb = line.best[-1] - line.best[0]
    early = line.at(max(int(line.evaluations[0]), round(_EARLY * last)))
    return early is not None and bool(early - line.best[0] > 0.5 * climb)


def _log_ticks(first: int, last: int) -> list[float]:
    """Powers of ten between ``first`` and ``last``, with 2 and 5 between them when they are few."""
    steps = (1,) if last / first >= 1000 else (1, 2, 5)
    ticks = [float(s * 10**p) for p in range(19) for s in steps if first <= s * 10**p <= last]
    return ticks or [float(first), float(last)]
