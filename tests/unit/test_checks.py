"""featviz.checks: what is accepted, what is refused, and that the message helps."""

import decimal
import fractions
import math

import numpy as np
import pytest

from featviz import checks
from featviz.errors import InvalidArgument, WrongType


class Mute:
    """An object that fails to describe itself."""

    def __repr__(self):
        raise RuntimeError("no")

    __str__ = __repr__


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1),
        (1e4, 10_000),
        (np.int8(7), 7),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.float32(12), 12),
        (fractions.Fraction(4, 2), 2),
        (1e18, 10**18),
        (10**400, 10**400),
    ],
)
def test_integer_accepts(value, expected):
    got = checks.integer("budget", value, 1)
    assert got == expected
    assert type(got) is int


BUDGETS = [
    (0, InvalidArgument, "at least 1, but it is 0"),
    (-5, InvalidArgument, "at least 1, but it is -5"),
    (1.5, InvalidArgument, "whole number, but it is 1.5"),
    (math.nan, InvalidArgument, "whole number, but it is nan"),
    (math.inf, InvalidArgument, "whole number, but it is inf"),
    (np.float64(0.5), InvalidArgument, "0.5"),
    (-(10**400), InvalidArgument, "at least 1"),
    (-(10**5000), InvalidArgument, "at least 1, but it is an object of type int"),
    (True, WrongType, "True (bool)"),
    (np.True_, WrongType, "(bool)"),
    (None, WrongType, "None (NoneType)"),
    ("100", WrongType, "'100' (str)"),
    (1 + 2j, WrongType, "(1+2j) (complex)"),
    ([5], WrongType, "[5] (list)"),
    (np.array(5), WrongType, "(ndarray)"),
    (np.array([5]), WrongType, "(ndarray)"),
    (decimal.Decimal(5), WrongType, "(Decimal)"),
    (Mute(), WrongType, "an object of type Mute"),
    ("\x1b[31m\u202e", WrongType, r"\x1b[31m\u202e"),
]


@pytest.mark.parametrize(("value", "error", "says"), BUDGETS, ids=[str(i) for i in range(len(BUDGETS))])
def test_integer_refuses(value, error, says):
    with pytest.raises(error) as caught:
        checks.integer("budget", value, 1)
    assert str(caught.value).startswith("budget must be ")
    assert says in str(caught.value)


def test_integer_says_both_limits():
    with pytest.raises(InvalidArgument, match=r"between 1 and 10,000, but it is 10001"):
        checks.integer("height", 10_001, 1, 10_000)
    assert checks.integer("height", 10_000, 1, 10_000) == 10_000


@pytest.mark.parametrize("value", [0, 1, np.int64(3), np.uint64(2**64 - 1), 2**64 - 1])
def test_seed_accepts(value):
    assert checks.seed(value) == int(value)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (-1, InvalidArgument),
        (2**64, InvalidArgument),
        (10**400, InvalidArgument),
        (1.0, WrongType),
        (np.float32(1), WrongType),
        (math.nan, WrongType),
        (True, WrongType),
        (None, WrongType),
        ("0", WrongType),
    ],
)
def test_seed_refuses(value, error):
    with pytest.raises(error, match=r"^seed must be "):
        checks.seed(value)


@pytest.mark.parametrize("value", [0, 0.5, np.float16(1), fractions.Fraction(1, 3), np.int32(1)])
def test_finite_accepts(value):
    got = checks.finite("weight", value, 0, 1)
    assert got == float(value)
    assert type(got) is float


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (math.nan, InvalidArgument),
        (math.inf, InvalidArgument),
        (-math.inf, InvalidArgument),
        (10**400, InvalidArgument),
        (-(10**400), InvalidArgument),
        (1.0000000001, InvalidArgument),
        (-1e-300, InvalidArgument),
        (True, WrongType),
        ("3.5", WrongType),
        (None, WrongType),
        (1j, WrongType),
        (np.array([1.0]), WrongType),
        (Mute(), WrongType),
    ],
)
def test_finite_refuses(value, error):
    with pytest.raises(error, match=r"^weight must be "):
        checks.finite("weight", value, 0, 1)


def test_finite_shows_a_value_that_is_just_outside_in_full():
    with pytest.raises(InvalidArgument, match=r"in \[0, 1\], but it is 1\.0000000001"):
        checks.finite("weight", 1.0000000001, 0, 1)


def test_finite_exclusive_refuses_the_limits():
    assert checks.finite("gain", 1e-9, 0, 1, exclusive=True) == 1e-9
    for limit in (0, 1):
        with pytest.raises(InvalidArgument, match=r"in \(0, 1\)"):
            checks.finite("gain", limit, 0, 1, exclusive=True)
        assert checks.finite("gain", limit, 0, 1) == limit


def test_one_of_names_the_choices_and_the_nearest():
    assert checks.one_of("decoder", "dct", {"pixels", "dct"}) == "dct"
    with pytest.raises(InvalidArgument) as caught:
        checks.one_of("decoder", "pixel", {"pixels", "dct"})
    assert str(caught.value) == ("decoder must be one of dct, pixels, but it is 'pixel' (str). Did you mean 'pixels'?")


@pytest.mark.parametrize("value", [None, 3, ["dct"], Mute(), "", "\x00", "\ud800"])
def test_one_of_refuses(value):
    with pytest.raises(InvalidArgument, match=r"^decoder must be one of dct, pixels, but it is ") as caught:
        checks.one_of("decoder", value, ["dct", "pixels"])
    str(caught.value).encode()


def test_option_names():
    checks.option_names("optimiser 'snes'", [], ["sigma"])
    checks.option_names("optimiser 'snes'", ["sigma"], ["sigma", "population"])
    with pytest.raises(InvalidArgument, match=r"has no option 'popluation'\. It takes: population, sigma\. Did you"):
        checks.option_names("optimiser 'snes'", ["popluation"], ["sigma", "population"])
    with pytest.raises(InvalidArgument, match=r"has no option 'x'\. It takes no options\.$"):
        checks.option_names("optimiser 'random'", ["x"], [])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["person"], ("person",)),
        (("a", "b"), ("a", "b")),
        ((n for n in ["a", "b"]), ("a", "b")),
        ({"b": 1, "a": 2}, ("b", "a")),
        (range(3), ("0", "1", "2")),
        (np.arange(2), ("0", "1")),
        (np.array(["cat", "dog"]), ("cat", "dog")),
        (np.array([False, True]), ("False", "True")),  # the classes_ of an estimator trained on truth values
        (["A", "a"], ("A", "a")),
        (["猫", "🦊", "</script><script>alert(1)</script>"], ("猫", "🦊", "</script><script>alert(1)</script>")),
        (["x" * 10_000], ("x" * 10_000,)),
    ],
)
def test_unique_names_accepts(values, expected):
    got = checks.unique_names("outputs", values)
    assert got == expected
    assert all(type(name) is str for name in got)


LABELS = [
    ("person", WrongType, "'person' (str). Put it in [ ]."),
    (b"ab", WrongType, "(bytes)"),
    ({"a", "b"}, WrongType, "(set)"),
    (frozenset({"a"}), WrongType, "(frozenset)"),
    (None, WrongType, "None"),
    (3, WrongType, "3 (int)"),
    (Mute(), WrongType, "an object of type Mute"),
    ([None], WrongType, "it holds None"),
    ([1.5], WrongType, "it holds 1.5"),
    ([["a"]], WrongType, "it holds ['a']"),
    ([b"a"], WrongType, "it holds b'a'"),
    ([Mute()], WrongType, "it holds an object of type Mute"),
    ([], InvalidArgument, "empty"),
    ([""], InvalidArgument, "one has 0"),
    (["x" * 1_000_000], InvalidArgument, "one has 1,000,000"),
    (["a", "b", "a"], InvalidArgument, "'a' is there twice"),
    ([1, "1"], InvalidArgument, "'1' is there twice"),
    (["\u202ex", "\u202ex"], InvalidArgument, "u202ex' is there twice"),
]


@pytest.mark.parametrize(("values", "error", "says"), LABELS, ids=[str(i) for i in range(len(LABELS))])
def test_unique_names_refuses(values, error, says):
    with pytest.raises(error) as caught:
        checks.unique_names("outputs", values)
    message = str(caught.value)
    assert message.startswith("outputs must ")
    assert says in message
    assert len(message) < 300
    assert message.isprintable()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Person", " Did you mean 'person'?"),
        ("persn", " Did you mean 'person'?"),
        ("zebra", ""),
        ("", ""),
        ("person" * 1_000_000, ""),
        (None, ""),
        (Mute(), ""),
    ],
    ids=["case", "letter left out", "far", "empty", "long", "None", "mute"],
)
def test_did_you_mean(name, says):
    assert checks.did_you_mean(name, ["background", "person"]) == says


def test_did_you_mean_shows_what_is_hidden_in_a_known_name():
    assert "\u202e" not in checks.did_you_mean("person", ["person\u202e"])
