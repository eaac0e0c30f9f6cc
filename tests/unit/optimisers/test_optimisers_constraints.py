"""What breaks a constraint ranks behind everything else, also in libraries that look at the values."""

import numpy as np
import pytest

import featviz as fv
from featviz.optimisers._scores import Losses
from featviz.protocols import BELOW_ALL

TARGET = np.random.default_rng(5).random((6, 6, 1))


def told(*violations):
    over = np.array(violations)
    return -BELOW_ALL * (1 + over / (1 + over))


def test_losses_of_broken_constraints_lie_behind_the_worst_score_and_before_what_failed():
    losses = Losses()
    scores = np.concatenate([[3.0, 1.0], told(0.1, 5.0, 1e9), [np.nan]])
    found = losses.of(scores)
    assert found[0] == -3
    assert found[1] == -1
    assert (np.diff(found[1:]) > 0).all()
    assert found[-1] < 0  # on the scale of the scores, so that they can still be told apart


def test_before_anything_keeps_the_constraint_less_broken_is_better():
    found = Losses().of(np.concatenate([told(5.0, 0.1), [np.nan]]))
    assert found[1] < found[0] < found[2] == 1e20


@pytest.mark.parametrize("optimiser", ["sep-cma", "snes", "cma", "nevergrad:CMA", "nevergrad:DE", "optuna:TPE"])
def test_a_search_finds_its_way_to_what_keeps_the_constraint(optimiser):
    box = fv.black_box(
        lambda x: np.column_stack([-((x - TARGET) ** 2).sum(axis=(1, 2, 3)), x.mean(axis=(1, 2, 3))]),
        outputs=["close", "mean"],
        noisy=False,
    )
    goal = fv.maximise(box, "close").subject_to(fv.maximise(box, "mean"), at_most=0.42)  # the target's own is 0.49
    run = fv.search(fv.ImageSpace(6, 6), goal, budget=250, optimiser=optimiser, seed=3, progress="none")
    assert run.best.outputs["mean"] <= 0.42
    chance = fv.search(fv.ImageSpace(6, 6), goal, budget=250, optimiser="random", seed=3, progress="none")
    assert run.best.score > chance.best.score
