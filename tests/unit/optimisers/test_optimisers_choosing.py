"""What "auto" picks: every rule, its edge, and that what it picks takes the genes."""

import numpy as np
import pytest

from featviz.latent import LatentDescription, Move, Prior
from featviz.optimisers import OPTIMISERS, make_optimiser
from featviz.optimisers.choosing import Circumstances, choose

REAL, MANY = LatentDescription(10), LatentDescription(784)
STEPS = LatentDescription(10, stepwise=True)
BITS, MIXED = LatentDescription(0, (2,) * 50), LatentDescription(3, (4, 5))
STAGED = LatentDescription(6, stages=(np.arange(2), np.arange(6)))


class Drawn(Prior):
    def sample(self, rng, n):
        raise AssertionError("choosing draws nothing")

    def log_density(self, latents):
        raise AssertionError("choosing asks for no density")


MOVING = LatentDescription(0, (9,) * 5, moves=(Move("shift", lambda parents, mates, rng: parents.copy()),))
JOINT = LatentDescription(0, (9,) * 5, prior=Drawn())
RECORDS = LatentDescription(0, records=1, prior=Drawn(), moves=MOVING.moves)


@pytest.mark.parametrize(
    ("latent", "budget", "seconds", "name"),
    [
        (REAL, None, None, "sep-cma"),
        (REAL, 301, None, "full-cma"),
        (REAL, 10_000, None, "full-cma"),
        (LatentDescription(60), 1_799, None, "sep-cma"),
        (LatentDescription(60), 1_800, None, "full-cma"),
        (LatentDescription(101), 10**6, None, "sep-cma"),
        (MANY, 10_000, None, "sep-cma"),
        (STAGED, 10_000, None, "coarse-to-fine"),
        (STEPS, 10_000, None, "ga"),
        (MIXED, 10_000, None, "ga"),
        (BITS, 10_000, None, "catcma"),
        (MOVING, 10_000, None, "ga"),
        (JOINT, 10_000, None, "ga"),
        (RECORDS, 60, None, "ga"),
        (MANY, 300, None, "turbo"),
        (MANY, 301, 0.1, "sep-cma"),
        (MANY, 500, 2.0, "turbo"),
        (MANY, 501, 2.0, "sep-cma"),
        (LatentDescription(5_000), 300, None, "turbo"),
        (LatentDescription(5_001), 300, 60.0, "sep-cma"),
        (LatentDescription(5_001, scales=np.ones(5_001)), 300, None, "turbo"),
        (MIXED, 200, None, "turbo"),
        (MIXED, 201, None, "ga"),
        (STEPS, 400, 60.0, "turbo"),
    ],
)
def test_rules(latent, budget, seconds, name):
    choice = choose(latent, Circumstances(budget, 1, seconds))
    assert choice.name == name
    assert latent.kinds <= OPTIMISERS.get(choice.name).accepts
    assert choice.reason[-1] != "."


@pytest.mark.parametrize("latent", [REAL, MIXED, BITS])
def test_several_objectives(latent):
    assert choose(latent, Circumstances(60, 3, 10.0)).name == "nsga2"


def test_the_seconds_of_a_query_reach_the_choice():
    assert make_optimiser("auto", MANY, budget=400).name == "sep-cma"
    made = make_optimiser("auto", MANY, budget=400, query_seconds=30)
    assert made.name == "turbo"
    assert "30 s each" in made.reason
