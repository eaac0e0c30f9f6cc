"""That the ways whose times are compared make the same inputs."""

import numpy as np
import pytest
from sampling.cases import CASES
from sampling.ways import BATCH, FEATVIZ

from featviz.batches import batch_length

# What takes seconds a turn.
LONG = {"nevergrad, Choice", "optuna, suggest_categorical"}
CHEAP = [case for case in CASES if "128" not in case.name]


def made(way, seed=1):
    value = None
    for step in way.prepare(seed):
        value = step(value)
    return value


@pytest.mark.parametrize("case", CHEAP, ids=lambda case: case.name)
def test_the_first_way_is_featvizs_and_all_of_its_ways_make_a_whole_batch(case):
    assert case.ways[0].library == FEATVIZ
    for way in case.ways:
        if way.library in {FEATVIZ, "numpy", "gymnasium"}:
            assert way.inputs == BATCH
            assert batch_length(made(way)) == BATCH


@pytest.mark.slow
def test_every_way_makes_tokens_of_the_vocabulary():
    (case,) = (case for case in CASES if case.name.startswith("tokens"))
    for way in case.ways:
        if way.name in LONG or "as text" in way.name:
            continue
        ids = np.asarray(made(way))
        assert ids.shape == (BATCH, 16), way.name
        assert ids.min() >= 0, way.name
        assert 800 < ids.max() < 1000 or "bigrams" in way.name, way.name


@pytest.mark.slow
def test_every_way_makes_tables_with_the_same_columns_and_ranges():
    (case,) = (case for case in CASES if case.name.startswith("table"))
    names = None
    for way in case.ways:
        frame = made(way)
        assert len(frame) == way.inputs
        names = sorted(frame.columns) if names is None else names
        assert sorted(frame.columns) == names
        numbers = frame[[name for name in names if not name.startswith("kind")]].to_numpy(dtype=float)
        assert numbers.min() >= 0
        assert 50 < numbers.max() < 100


def test_a_turn_repeats_itself_with_its_seed():
    for case in CHEAP:
        first, again, other = (made(case.ways[0], seed) for seed in (1, 1, 2))
        assert repr(first) == repr(again)
        assert repr(first) != repr(other)
