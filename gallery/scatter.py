"""Two objectives against each other as coordinates; the template only writes them down as SVG."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featviz.display.axes import Frame, Tick, linear_ticks
from featviz.display.formats import number

__all__ = ["Mark", "Scatter", "scatter"]

Array = NDArray[np.float64]

_FRAME = Frame(width=440, height=320, left=56, right=20, top=30, bottom=46)
# The share of the evaluations, on the worse side of each axis, that may lie outside: a few failures of a search would
# else press all that matters into a corner.
_CUT = 0.05
# Dots nearer to each other than this, in units of the view box, are one.
_GRAIN = 2.0


@dataclass(frozen=True)
class Mark:
    """A candidate of the front; ``label`` is its number among those shown, or empty."""

    x: float
    y: float
    label: str


@dataclass(frozen=True)
class Scatter:
    """The chart, ready to draw.

    Args:
        frame: its size.
        x_ticks: of the first objective.
        y_ticks: of the second.
        dots: an SVG path of lines without length, one for each evaluation that is not on the front.
        outside: evaluations beyond the axes, which are not drawn.
        edge: the border of what is dominated, an SVG path; empty where there are more than two objectives.
        marks: the front, those with a label last.
    """

    frame: Frame
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    dots: str
    outside: int
    edge: str
    marks: list[Mark]


def scatter(values: Array, front: Array, labelled: list[int]) -> Scatter | None:
    """The chart of two objectives; None without a front.

    Args:
        values: float64 (n, m), of every evaluation; NaN where there is none. The first two columns are drawn.
        front: float64 (k, m), the front, the first objective rising.
        labelled: the rows of ``front`` that are shown, which get the labels 1, 2, ...
    """
    if not len(front):
        return None
    whole = values[~np.isnan(values).any(axis=1)]
    ticks = [_ticks(whole[:, axis], front[:, axis]) for axis in (0, 1)]
    spans = [(t[0], t[-1]) for t in ticks]
    frame = _FRAME
    across, up = frame.width - frame.left - frame.right, frame.height - frame.top - frame.bottom

    def placed(points: Array) -> Array:
        # Each end is divided before they are subtracted: the span of the largest numbers is infinite.
        parts = [(points[:, i] / 2 - low / 2) / (high / 2 - low / 2) for i, (low, high) in enumerate(spans)]
        return np.column_stack([frame.left + parts[0] * across, frame.height - frame.bottom - parts[1] * up]).round(1)

    inside = np.all([(whole[:, i] >= low) & (whole[:, i] <= high) for i, (low, high) in enumerate(spans)], axis=0)
    grains = np.unique((placed(whole[inside]) / _GRAIN).round(), axis=0) * _GRAIN
    marks = placed(front).tolist()
    labels = {row: str(place) for place, row in enumerate(labelled, start=1)}
    drawn = [Mark(x, y, labels.get(row, "")) for row, (x, y) in enumerate(marks)]
    edge = "".join(f"V{y:g}H{x:g}" for x, y in marks[1:])
    x_ticks, y_ticks = (
        [Tick(float(placed(np.full((1, 2), value))[0, axis]), number(value)) for value in ticks[axis]]
        for axis in (0, 1)
    )
    return Scatter(
        frame,
        x_ticks,
        y_ticks,
        "".join(f"M{x:g},{y:g}h0" for x, y in grains),
        int(len(whole) - np.count_nonzero(inside)),
        f"M{marks[0][0]:g},{marks[0][1]:g}{edge}" if front.shape[1] == 2 and edge else "",
        sorted(drawn, key=lambda mark: mark.label != ""),
    )


def _ticks(values: Array, front: Array) -> list[float]:
    low = min(float(np.quantile(values, _CUT)), float(front.min()))
    return linear_ticks(low, float(front.max()), 5)
