import pytest

from featviz.display.formats import count, duration, number, plural


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (14.900414, "14.9"),
        (-0.92983, "−0.93"),
        (12345.678, "12,346"),
        (3.2e-7, "3.2e−07"),
        (0.0, "0"),
        (5.2661013, "5.266"),
        (1e300, "1e+300"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
        (float("nan"), "not a number"),
    ],
)
def test_number(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4213, "0.42 s"),
        (12.4, "12 s"),
        (192, "3 min 12 s"),
        (120, "2 min"),
        (7500, "2 h 5 min"),
        (90000, "1 d 1 h"),
        (-1, "unknown"),
        (float("nan"), "unknown"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_plural_and_count():
    assert (plural(1, "run"), plural(2000, "run"), count(-1200)) == ("1 run", "2,000 runs", "−1,200")
