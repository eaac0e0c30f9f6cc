"""A series as coordinates: each channel a line in a lane of its own, all over one axis of time."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from featviz.blocks import SeriesBlock
from featviz.display.axes import Frame, Tick, linear_ticks
from featviz.display.formats import count, number, plural
from featviz.downsampling import min_max
from featviz.text import visible

__all__ = ["CARD", "GRID", "PAGE", "Lane", "Plan", "Trace", "trace"]

# In units of the view box: the height from which a lane has room for four labels, the least height of a lane with its
# name, that of a name, the gap between lanes without names, and the width of a digit.
_TALL, _LEAST, _NAME, _GAP, _DIGIT = 170, 62, 18, 3, 6.2
_LONGEST = 32
_SMALLEST, _LARGEST = 1e-290, 1e290

_Scale = tuple[float, float, list[float]]
"""The lowest and the highest value that a lane holds, and its labels."""


@dataclass(frozen=True)
class Plan:
    """How much of a series is drawn, and in what room.

    Args:
        frame: the size of the chart; one with axes grows with its lanes, and its left margin with its labels.
        points: at most so many a line.
        lanes: at most so many channels; the others are counted.
        axes: whether there are scales and names.
    """

    frame: Frame
    points: int
    lanes: int
    axes: bool


PAGE = Plan(Frame(330, 228, 52, 8, 10, 40), points=600, lanes=12, axes=True)
GRID = Plan(Frame(200, 120, 3, 3, 4, 4), points=96, lanes=4, axes=False)
CARD = Plan(Frame(200, 160, 3, 3, 4, 4), points=96, lanes=4, axes=False)


@dataclass(frozen=True)
class Lane:
    """A channel: its name, its SVG path, its scale, and the position of zero (None when zero is not in it)."""

    name: str
    d: str
    ticks: list[Tick]
    zero: float | None
    top: float
    bottom: float


@dataclass(frozen=True)
class Trace:
    """A series, ready to draw.

    Args:
        frame: its size.
        lanes: from top to bottom.
        x_ticks: of the axis of time.
        x_title: what that axis counts.
        said: what the series is, in words.
        hidden: channels that are not drawn.
        axes: whether scales and names are drawn.
    """

    frame: Frame
    lanes: list[Lane]
    x_ticks: list[Tick]
    x_title: str
    said: str
    hidden: int
    axes: bool


def trace(block: SeriesBlock, plan: Plan) -> Trace:
    """``block`` drawn as ``plan`` says."""
    values = block.values.astype(np.float64)
    length, channels = values.shape
    drawn = min(channels, plan.lanes)
    named = plan.axes and (bool(block.names) or drawn > 1)
    spans = _spans(plan, drawn, _NAME if named else _GAP if drawn > 1 else 0)
    scales = [_scale(values[:, i], plan.axes, bottom - top) for i, (top, bottom) in enumerate(spans)]
    frame = replace(plan.frame, height=round(spans[-1][1] + plan.frame.bottom))
    if plan.axes:
        longest = max(len(number(mark)) for _, _, marks in scales for mark in marks)
        frame = replace(frame, left=round(10 + _DIGIT * longest))
    room = frame.width - frame.left - frame.right

    def x_of(position: float) -> float:
        return round(frame.left + (position / (length - 1) if length > 1 else 0.5) * room, 1)

    rate = block.sampling_rate or 1.0
    names = (block.names or tuple(f"channel {i + 1}" for i in range(drawn))) if named else ("",) * drawn
    return Trace(
        frame,
        [
            _lane(
                values[:, i], _short(names[i]), spans[i], scales[i], kept=min_max(values[:, i], plan.points), x_of=x_of
            )
            for i in range(drawn)
        ],
        [Tick(x_of(v * rate), number(v) if block.sampling_rate else count(round(v))) for v in _times(block)],
        "time in seconds" if block.sampling_rate else "sample",
        _said(block),
        channels - drawn,
        plan.axes,
    )


def _spans(plan: Plan, drawn: int, gap: int) -> list[tuple[float, float]]:
    """Top and bottom of each lane; where there are axes, each keeps a height in which a line can be read."""
    frame = plan.frame
    usual = frame.height - frame.top - frame.bottom
    height = (max(usual, _LEAST * drawn) if plan.axes else usual) / drawn
    return [(frame.top + i * height + gap, frame.top + (i + 1) * height) for i in range(drawn)]


def _scale(values: NDArray[np.float64], axes: bool, tall: float) -> _Scale:
    low, high = float(values.min()), float(values.max())
    marks = _marks(low, high, 4 if tall > _TALL else 2)
    if axes or low == high:
        low, high = min(low, marks[0]), max(high, marks[-1])
    return low, high, marks


def _lane(
    values: NDArray[np.float64],
    name: str,
    span: tuple[float, float],
    scale: _Scale,
    *,
    kept: NDArray[np.int64],
    x_of: Callable[[float], float],
) -> Lane:
    top, bottom = span
    low, high, marks = scale
    half = high / 2 - low / 2  # the whole span of the largest numbers is infinite

    def y_of(value: float) -> float:
        return round(bottom - ((value / 2 - low / 2) / half if half else 0.5) * (bottom - top), 1)

    points = [f"{x_of(float(i)):g},{y_of(float(values[i])):g}" for i in kept]
    # A line of one point has no length; the round end of a stroke shows it.
    d = f"M{points[0]}" + (f"L{' '.join(points[1:])}" if len(points) > 1 else "h0")
    zero = y_of(0.0) if low <= 0 <= high else None
    return Lane(name, d, [Tick(y_of(v), number(v)) for v in marks], zero, round(top, 1), round(bottom, 1))


def _short(name: str) -> str:
    """``name`` in the room above a lane."""
    shown = visible(name[:_LONGEST], _LONGEST)
    return shown if len(name) <= _LONGEST and len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _marks(low: float, high: float, most: int) -> list[float]:
    largest = max(abs(low), abs(high))
    # Round numbers around the largest or the smallest that there are would be infinite or 0.
    return linear_ticks(low, high, most) if largest == 0 or _SMALLEST < largest < _LARGEST else [low, high]


def _times(block: SeriesBlock) -> list[float]:
    """Round moments within the series, in seconds or in samples."""
    last = (len(block.values) - 1) / (block.sampling_rate or 1.0)
    if not _SMALLEST < last < _LARGEST:
        return [0.0] if last == 0 else []
    ticks = [t for t in linear_ticks(0, last, 5) if t <= last * (1 + 1e-9)]
    return ticks if block.sampling_rate else [t for t in ticks if t == round(t)]


def _said(block: SeriesBlock) -> str:
    length, channels = block.values.shape
    during = "" if block.sampling_rate is None else f" over {number(length / block.sampling_rate)} s"
    of = f" of {channels} channels" if channels > 1 else ""
    low, high = number(float(block.values.min())), number(float(block.values.max()))
    return f"a series of {plural(length, 'sample')}{of}{during}, from {low} to {high}"
