import re

import numpy as np
import pytest

from featviz.gallery.charts import Line, bars, chart, table


def line(kind, evaluations, best):
    return Line(kind, kind, np.array(evaluations, dtype=np.int64), np.array(best, dtype=np.float64))


def points(d):
    """The corners of a staircase path."""
    x, y = map(float, re.match(r"M([-\d.]+),([-\d.]+)", d).groups())
    found = [(x, y)]
    for command, value in re.findall(r"([HV])([-\d.]+)", d):
        x, y = (float(value), y) if command == "H" else (x, float(value))
        found.append((x, y))
    return found


def test_nothing_to_draw():
    assert chart([line("search", [], [])]) is None
    assert chart([line("search", [1, 2], [np.nan, -np.inf])]) is None
    assert table([line("search", [], [])]) == []


def test_everything_lies_within_the_frame_and_rises():
    drawn = chart([line("search", [1, 50, 400, 1000], [-3.2, 0.1, 7.0, 7.0]), line("random", [1, 900], [-4.0, -1.0])])
    frame = drawn.frame
    for path in drawn.paths:
        corners = points(path.d)
        assert all(frame.left <= x <= frame.width - frame.right for x, _ in corners)
        assert all(frame.top <= y <= frame.height - frame.bottom for _, y in corners)
        assert [y for _, y in corners] == sorted((y for _, y in corners), reverse=True)
        assert (path.end_x, path.end_y) == corners[-1]
    assert [path.kind for path in drawn.paths] == ["random", "search"]
    assert [path.label for path in drawn.paths] == ["−1", "7"]


def test_ticks_are_round_and_enclose_the_scores():
    drawn = chart([line("search", [1, 1000], [-3.2, 14.9])])
    assert [tick.label for tick in drawn.y_ticks] == ["−5", "0", "5", "10", "15"]


@pytest.mark.parametrize("best", [[2.0, 2.0], [0.0, 0.0], [1e-300, 1e-300], [1e12, 1e12 + 1]])
def test_flat_curves_have_an_axis(best):
    drawn = chart([line("search", [1, 10], best)])
    assert len(drawn.y_ticks) >= 2
    assert len({tick.at for tick in drawn.y_ticks}) == len(drawn.y_ticks)


def test_an_early_climb_is_drawn_on_a_logarithmic_axis():
    early = chart([line("search", [1, 10, 50, 10_000], [0.0, 5.0, 9.0, 10.0])])
    late = chart([line("search", [1, 5_000, 9_000, 10_000], [0.0, 5.0, 9.0, 10.0])])
    assert early.logarithmic
    assert not late.logarithmic
    assert [tick.label for tick in early.x_ticks] == ["1", "10", "100", "1,000", "10,000"]
    assert [tick.label for tick in late.x_ticks] == ["0", "2,500", "5,000", "7,500", "10,000"]


def test_long_labels_have_room_within_the_frame():
    short, long = chart([line("search", [1, 10], [0.0, 1.5])]), chart([line("search", [1, 10], [-1.0, -6.0188e-06])])
    assert short.frame.right == 54
    (path,) = long.paths
    assert len(path.label) == 10
    assert path.end_x + 8 * len(path.label) < long.frame.width


def test_one_evaluation():
    drawn = chart([line("search", [1], [3.0])])
    assert len(drawn.paths) == 1
    assert np.isfinite(drawn.paths[0].end_x)


def test_long_curves_are_thinned_and_keep_their_end():
    m = 20_000
    drawn = chart([line("search", np.arange(1, m + 1), np.linspace(0, 1, m))])
    assert len(drawn.paths[0].d) < 12_000
    assert drawn.paths[0].end_x == drawn.frame.width - drawn.frame.right


def test_labels_at_the_ends_do_not_overlap():
    drawn = chart([line("search", [1, 100], [0.0, 10.0]), line("random", [1, 100], [0.0, 9.99])])
    first, second = sorted(path.label_y for path in drawn.paths)
    assert second - first >= 14


def test_line_before_its_begin_and_after_its_end():
    step = line("search", [5, 10], [1.0, 2.0])
    assert [step.at(n) for n in (4, 5, 9, 10, 11)] == [None, 1.0, 1.0, 2.0, None]


def test_table_holds_each_end():
    rows = table([line("search", [1, 40], [1.0, 4.0]), line("random", [1, 20], [0.0, 2.0])])
    assert rows == [
        (1, [1.0, 0.0]),
        (3, [1.0, 0.0]),
        (10, [1.0, 0.0]),
        (20, [1.0, 2.0]),
        (30, [1.0, None]),
        (40, [4.0, None]),
    ]


def test_bars_share_a_scale_that_holds_zero():
    found = bars({"a": 3.0, "b": -1.0}, {"a": 1.0, "b": -2.0}, frozenset({"a"}))
    assert found.zero == 40.0
    a, b = found.first
    assert (a.x, a.width, a.other, a.named) == (40.0, 60.0, 60.0, True)
    assert (b.x, b.width, b.other, b.named) == (20.0, 20.0, 0.0, False)


def test_of_many_outputs_the_named_and_the_highest_come_first():
    outputs = {f"o{i}": float(i) for i in range(30)}
    found = bars(outputs, None, frozenset({"o3"}), most=4)
    assert [bar.name for bar in found.first] == ["o3", "o29", "o28", "o27"]
    assert len(found.rest) == 26
    assert not found.marked


def test_bars_say_whether_a_value_takes_much_room():
    assert not bars({"a": -22.46, "b": 0.5}, None, frozenset()).wide
    assert bars({"a": -22.46, "b": -6.0188e-06}, None, frozenset()).wide
    assert bars({"a": -22.46, "b": float("nan")}, None, frozenset()).wide


def test_bars_of_what_is_not_a_number():
    found = bars({"a": float("nan"), "b": float("inf"), "c": 0.0}, None, frozenset())
    assert [bar.width for bar in found.first] == [0.0, 0.0, 0.0]
    assert bars({}, None, frozenset()) is None
