"""Spaces from Hypothesis strategies."""

import datetime as dt
import sys

import numpy as np
import pytest
from hypothesis import strategies as st

import featviz as fv
from featviz.errors import MissingDependency, WrongType
from featviz.search_spaces.records import hypothesis_strategies


@st.composite
def _counted(draw):
    count = draw(st.integers(1, 5))
    return count, draw(st.lists(st.integers(0, count), min_size=count, max_size=count))


STRATEGIES = {
    "integers": (st.integers(), lambda x: type(x) is int),
    "bounded": (st.integers(-5, 5), lambda x: -5 <= x <= 5),
    "one bound": (st.integers(min_value=10), lambda x: x >= 10),
    "floats": (st.floats(), np.isfinite),
    "floats in a range": (st.floats(0.5, 1), lambda x: 0.5 <= x <= 1),
    "floats above": (st.floats(min_value=1, exclude_min=True), lambda x: x > 1),
    "text": (st.text(max_size=5), lambda x: len(x) <= 5),
    "bytes": (st.binary(min_size=1), lambda x: type(x) is bytes),
    "one of": (st.none() | st.booleans(), lambda x: x in (None, True, False)),
    "filtered": (st.integers().filter(lambda x: x % 7 == 0), lambda x: x % 7 == 0),
    "dicts": (st.dictionaries(st.text("ab", max_size=2), st.booleans(), max_size=3), lambda x: type(x) is dict),
    "composite": (_counted(), lambda x: len(x[1]) == x[0] and max(x[1]) <= x[0]),
    "recursive": (st.recursive(st.just(3), lambda c: st.lists(c, max_size=3)), lambda x: isinstance(x, int | list)),
    "unique": (st.lists(st.integers(0, 9), unique=True), lambda x: len(set(x)) == len(x)),
    "dates": (st.dates(), lambda x: isinstance(x, dt.date)),
    "built": (st.builds(complex, st.floats(0, 1), st.just(2.0)), lambda x: x.imag == 2),
}  # fmt: skip


@pytest.mark.parametrize("name", STRATEGIES)
def test_inputs_are_of_the_strategy_through_every_move(name):
    strategy, good = STRATEGIES[name]
    space = fv.from_hypothesis(strategy)
    rng = np.random.default_rng(0)
    latents = space.latent.sample(rng, 20)
    assert latents.digest() == space.latent.sample(np.random.default_rng(0), 20).digest()
    for move in space.latent.moves:
        assert all(map(good, space.decode_latents(latents)))
        latents = move.propose(latents, latents[::-1], rng)
    assert np.isfinite(space.latent.log_prior(latents)).all()


def test_a_search_finds_what_a_strategy_holds():
    space = fv.from_hypothesis(st.lists(st.integers(0, 9), max_size=6))
    box = fv.black_box(lambda x: sum(x) - 3 * len(x), per_input=True)
    run = fv.search(space, fv.maximise(box), budget=600, progress="none")
    assert run.best.score > 30


def test_what_is_no_strategy_is_refused():
    with pytest.raises(WrongType, match="expected a strategy"):
        fv.from_hypothesis([1, 2])


@pytest.fixture
def no_machinery():
    hypothesis_strategies._machinery.cache_clear()
    yield
    hypothesis_strategies._machinery.cache_clear()


@pytest.mark.usefixtures("no_machinery")
def test_without_hypothesis_the_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "hypothesis"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(MissingDependency, match=r"featviz\[hypothesis\]"):
        fv.from_hypothesis(st.integers())


@pytest.mark.usefixtures("no_machinery")
def test_a_version_that_works_in_another_way_is_named(monkeypatch):
    monkeypatch.delattr("hypothesis.control.BuildContext")
    with pytest.raises(MissingDependency, match="it was tried with"):
        fv.from_hypothesis(st.integers())
