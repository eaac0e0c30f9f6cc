"""A series as coordinates: each channel a line in a lane of its own, all over one axis of time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featviz.blocks import SeriesBlock
from featviz.downsampling import min_max
from featviz.gallery.charts import Frame, Tick, linear_ticks
from featviz.gallery.formats import count, number, plural

__all__ = ["CARD", "GRID", "PAGE", "Lane", "Plan", "Trace", "trace"]

# Room that the scale of a lane needs for two labels.
_LABELLED = 44
_SMALLEST, _LARGEST = 1e-290, 1e290


@dataclass(frozen=True)
class Plan:
    """How much of a series is drawn, and in what room.

    Args:
        frame: the size of the chart; its margins are 0 where there are no axes.
        points: at most so many a line.
        lanes: at most so many channels; the others are counted.
        axes: whether there are scales and names.
    """

    frame: Frame
    points: int
    lanes: int
    axes: bool


PAGE = Plan(Frame(330, 236, 52, 8, 18, 40), points=600, lanes=12, axes=True)
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
    frame = plan.frame
    values = block.values.astype(np.float64)
    length, channels = values.shape
    drawn = min(channels, plan.lanes)
    if plan.axes and drawn > 1:
        # Each lane keeps a height in which a line can be read; one channel fills the usual frame.
        frame = Frame(frame.width, frame.top + frame.bottom + max(178, 62 * drawn), *_margins(frame))
    room = frame.width - frame.left - frame.right

    def x_of(position: float) -> float:
        return round(frame.left + (position / (length - 1) if length > 1 else 0.5) * room, 1)

    height = (frame.height - frame.top - frame.bottom) / drawn
    gap = (20 if plan.axes else 3) if drawn > 1 else 0
    lanes = []
    for i in range(drawn):
        top = frame.top + i * height + gap
        name = block.names[i] if block.names else f"channel {i + 1}" if drawn > 1 else ""
        lanes.append(_lane(values[:, i], name, (top, frame.top + (i + 1) * height), plan, x_of))
    rate = block.sampling_rate or 1.0
    return Trace(
        frame,
        lanes,
        [Tick(x_of(v * rate), number(v) if block.sampling_rate else count(round(v))) for v in _times(block)],
        "time in seconds" if block.sampling_rate else "sample",
        _said(block),
        channels - drawn,
        plan.axes,
    )


def _lane(
    values: NDArray[np.float64], name: str, span: tuple[float, float], plan: Plan, x_of: Callable[[float], float]
) -> Lane:
    top, bottom = span
    low, high = float(values.min()), float(values.max())
    tall = bottom - top
    marks = _marks(low, high, 4 if tall > 4 * _LABELLED else 2)
    if plan.axes or low == high:
        low, high = min(low, marks[0]), max(high, marks[-1])
    scale = high / 2 - low / 2  # halved, for the span of the largest numbers is infinite

    def y_of(value: float) -> float:
        return round(bottom - ((value / 2 - low / 2) / scale if scale else 0.5) * tall, 1)

    kept = min_max(values, plan.points)
    points = [f"{x_of(float(i)):g},{y_of(float(values[i])):g}" for i in kept]
    # A line of one point has no length; the round end of a stroke shows it.
    d = f"M{points[0]}" + (f"L{' '.join(points[1:])}" if len(points) > 1 else "h0")
    zero = y_of(0.0) if low <= 0 <= high else None
    return Lane(name, d, [Tick(y_of(v), number(v)) for v in marks], zero, round(top, 1), round(bottom, 1))


def _margins(frame: Frame) -> tuple[int, int, int, int]:
    return frame.left, frame.right, frame.top, frame.bottom


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
