"""A search under random shifts finds a digit that a classifier recognises where it was not shown it."""

import numpy as np
import pytest

import featviz as fv
from featviz.demo.models import digits_data

SIDE, PIXELS = 16, 2


def kept(box, picture, digit):
    """The share of shifts under which the digit is the largest output."""
    padded = np.pad(picture, ((PIXELS, PIXELS), (PIXELS, PIXELS), (0, 0)), mode="edge")
    moves = range(2 * PIXELS + 1)
    moved = np.stack([padded[y : y + SIDE, x : x + SIDE] for y in moves for x in moves])
    return (box(moved).argmax(axis=1) == digit).mean()


@pytest.mark.slow
def test_the_best_under_jitter_keeps_its_class_more_often():
    from sklearn.neural_network import MLPClassifier

    pictures, labels = digits_data()
    box = fv.black_box(MLPClassifier((50,), early_stopping=True, random_state=0).fit(pictures, labels), name="MLP")
    space = fv.ImageSpace(SIDE, SIDE)
    shares = {"plain": [], "robust": []}
    for digit in (1, 3, 5, 8):
        goal = fv.margin(box, str(digit))
        for name, one in (("plain", goal), ("robust", fv.robust(goal, fv.jitter(PIXELS)))):
            run = fv.search(space, one, budget=1000, seed=0, progress="none")
            shares[name].append(kept(box, run.best.input, digit))
    assert np.mean(shares["robust"]) > np.mean(shares["plain"]) + 0.05
    assert np.mean(shares["robust"]) > 0.85
