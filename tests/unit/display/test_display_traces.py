import re

import numpy as np
import pytest

from featviz.blocks import SeriesBlock
from featviz.display.traces import CARD, GRID, PAGE, trace


def points(lane):
    return [tuple(map(float, pair.split(","))) for pair in re.findall(r"-?[\d.]+,-?[\d.]+", lane.d)]


def test_the_axis_is_time_where_the_rate_is_known():
    values = np.sin(np.linspace(0, 9, 500))[:, None]
    timed = trace(SeriesBlock(values, sampling_rate=100.0), PAGE)
    assert timed.x_title == "time in seconds"
    assert [tick.label for tick in timed.x_ticks] == ["0", "1", "2", "3", "4"]
    counted = trace(SeriesBlock(values), PAGE)
    assert counted.x_title == "sample"
    assert [tick.label for tick in counted.x_ticks] == ["0", "100", "200", "300", "400"]
    assert timed.said == "a series of 500 samples over 5 s, from −1 to 1"
    assert counted.said == "a series of 500 samples, from −1 to 1"


def test_points_lie_within_the_frame_and_high_values_high():
    values = np.array([[0.0], [1.0], [-1.0], [3.0]])
    drawn = trace(SeriesBlock(values), PAGE)
    (lane,) = drawn.lanes
    (x0, y0), (_, y1), (_, y2), (x3, y3) = points(lane)
    assert (x0, x3) == (drawn.frame.left, drawn.frame.width - drawn.frame.right)
    assert y3 < y1 < y0 < y2
    assert y0 == lane.zero
    assert [tick.label for tick in lane.ticks] == ["−1", "0", "1", "2", "3"]


def test_channels_have_lanes_that_do_not_overlap():
    values = np.random.default_rng(0).normal(size=(50, 3)) * [1, 1e6, 1e-6]
    drawn = trace(SeriesBlock(values, names=("x", "y", "z")), PAGE)
    assert [lane.name for lane in drawn.lanes] == ["x", "y", "z"]
    for above, below in zip(drawn.lanes, drawn.lanes[1:], strict=False):
        assert above.bottom < below.top
    for lane in drawn.lanes:
        ys = [y for _, y in points(lane)]
        assert lane.top <= min(ys)
        assert max(ys) <= lane.bottom
        assert max(ys) - min(ys) > 0.4 * (lane.bottom - lane.top)
    assert [lane.name for lane in trace(SeriesBlock(values), PAGE).lanes] == ["channel 1", "channel 2", "channel 3"]


def test_channels_beyond_the_room_are_counted():
    drawn = trace(SeriesBlock(np.zeros((5, 20))), PAGE)
    assert (len(drawn.lanes), drawn.hidden) == (12, 8)
    assert len(trace(SeriesBlock(np.zeros((5, 20))), CARD).lanes) == 4


@pytest.mark.parametrize("plan", [PAGE, GRID, CARD])
def test_a_long_series_stays_small_and_keeps_its_spike(plan):
    values = np.zeros((1_000_000, 1), dtype=np.float32)
    values[333_333] = 7
    (lane,) = trace(SeriesBlock(values, sampling_rate=16_000), plan).lanes
    drawn = points(lane)
    assert len(drawn) <= plan.points
    assert len(lane.d) < 12 * plan.points
    assert min(y for _, y in drawn) < lane.top + 0.3 * (lane.bottom - lane.top)


@pytest.mark.parametrize("plan", [PAGE, GRID, CARD])
@pytest.mark.parametrize(
    "values",
    [
        [0.0], [5.0], [2.0, 2.0], [1.7e308, -1.7e308], [1.7e308, 1.7e308], [5e-324, 0.0], [1e-300, 2e-300],
        [1.0, 1.0 + 1e-15], [-1e300, 1e-300], [1e16, 1e16 + 2],
    ],
)  # fmt: skip
@pytest.mark.parametrize("rate", [None, 1e-308, 1e308, 250])
def test_extreme_values_are_drawn_within_the_frame(values, plan, rate):
    drawn = trace(SeriesBlock(np.array(values)[:, None], sampling_rate=rate), plan)
    (lane,) = drawn.lanes
    for x, y in points(lane):
        assert 0 <= x <= drawn.frame.width
        assert lane.top - 0.1 <= y <= lane.bottom + 0.1
    for tick in lane.ticks if drawn.axes else []:
        assert lane.top - 0.1 <= tick.at <= lane.bottom + 0.1
    assert "nan" not in lane.d
    if len(values) == 1:
        assert lane.d.endswith("h0")
