"""NSGA-II on latents: selection, several kinds of genes, bad values, state. The contract is tested elsewhere."""

import json

import numpy as np
import pytest

from featviz.dominance import non_dominated
from featviz.errors import IncompatibleOptimiser, InvalidArgument, LatentShapeError, RunDamaged, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.optimisers import OPTIMISERS, make_optimiser
from featviz.optimisers.nsga2 import Nsga2

REAL = LatentDescription(4)
MIXED = LatentDescription(3, (4, 3, 2, 5))


def two(latents):
    """A trade in the first gene, and a cost of everything else."""
    cost = (latents.real[:, 1:] ** 2).sum(axis=1) + (latents.categorical != 1).sum(axis=1)
    traded = 3 * np.tanh(latents.real[:, 0])
    return np.column_stack([traded, -traded]) - cost[:, None]


def run(optimiser, batches, values=two):
    for _ in range(batches):
        asked = optimiser.ask(optimiser.batch_size)
        optimiser.tell(asked, values(asked))
    return optimiser


def of_real(rows):
    return Latents.of_real(np.array(rows, dtype=np.float64))


def test_the_better_fronts_and_the_lonelier_rows_stay():
    own = Nsga2(LatentDescription(1), population=4)
    values = np.array([[0, 10], [1, 9.5], [1.2, 9.4], [6, 5], [10, 0], [0, 0], [5, 4.9]], dtype=np.float64)
    own.tell(of_real(np.arange(7.0)[:, None]), values)
    # Of the five that nothing dominates the one in the densest place goes: 1.2, between 1 and 6, has more room than 1.
    assert sorted(own._latents.real[:, 0].tolist()) == [0, 2, 3, 4]


def test_parents_survive_until_something_dominates_them():
    own = Nsga2(LatentDescription(1), population=2)
    own.tell(of_real([[1], [2]]), np.array([[1.0, 0.0], [0.0, 1.0]]))
    own.tell(of_real([[3]]), np.array([[0.0, 0.0]]))
    assert sorted(own._latents.real[:, 0].tolist()) == [1, 2]
    own.tell(of_real([[4]]), np.array([[2.0, 2.0]]))
    assert 4 in own._latents.real[:, 0]


def test_a_mixed_front_is_found():
    own = run(Nsga2(MIXED, seed=1), 100)
    front = own._values[non_dominated(own._values)]
    # On the true front the two values sum to zero.
    assert len(front) >= 40
    assert front.sum(axis=1).mean() > -0.2
    assert np.ptp(front[:, 0]) > 3


def test_one_objective_is_ranked_by_its_score():
    def top(latents):
        return -((latents.real - 1) ** 2).sum(axis=1)

    one = run(Nsga2(REAL, seed=3), 60, top)
    column = run(Nsga2(REAL, seed=3), 60, lambda latents: top(latents)[:, None])
    assert one._values.max() > -0.05
    assert (np.diff(one._values[:, 0]) <= 0).all()
    assert np.array_equal(one._latents.real, column._latents.real)


def test_rows_without_a_score_are_not_asked_for_again():
    own = Nsga2(LatentDescription(0, (2, 2)), seed=0, batch_size=4)
    asked = own.ask(4)
    own.tell(asked, np.array([[1, np.nan], [np.nan, np.nan], [-np.inf, 1], [0, 0]]))
    assert len(own._values) == 1
    assert not np.isnan(own._values).any()


def test_infinite_and_huge_values_are_borne():
    own = Nsga2(REAL, seed=0, population=4)
    rng = np.random.default_rng(0)
    for scale in (1e308, np.inf, 1e200, 1.0):
        asked = own.ask(8)
        with np.errstate(over="ignore", invalid="ignore"):
            values = rng.standard_normal((8, 2)) * scale
        own.tell(asked, values)
    assert np.isfinite(own.ask(8).real).all()


def test_a_latent_told_again_counts_once_with_its_new_values():
    own = Nsga2(LatentDescription(1), population=4)
    own.tell(of_real([[1], [2], [2]]), np.array([[1.0, 1.0], [0.0, 2.0], [0.0, 2.0]]))
    own.tell(of_real([[1]]), np.array([[0.0, 0.0]]))
    assert dict(zip(own._latents.real[:, 0].tolist(), own._values.tolist(), strict=True)) == {1: [0, 0], 2: [0, 2]}


def test_the_state_is_arrays_and_json_and_checked():
    own = run(Nsga2(MIXED, seed=1), 5)
    state = own.state_dict()
    json.dumps({key: value for key, value in state.items() if not isinstance(value, np.ndarray)})
    again = Nsga2(MIXED, seed=1)
    again.load_state_dict(state)
    assert run(own, 3).ask(7).digest() == run(again, 3).ask(7).digest()
    for wrong in (
        {"values": np.full_like(state["values"], np.nan)},
        {"values": state["values"][:-1]},
        {"values": state["values"][:, 0]},
        {"keys": state["keys"][:-1]},
        {"parents_real": state["parents_real"][:, :1]},
        {"asks": "many"},
    ):
        with pytest.raises(RunDamaged):
            Nsga2(MIXED, seed=1).load_state_dict({**state, **wrong})
    fresh = Nsga2(MIXED, seed=1)
    fresh.load_state_dict(Nsga2(MIXED, seed=1).state_dict())
    assert fresh.ask(5).digest() == Nsga2(MIXED, seed=1).ask(5).digest()


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        (np.zeros((3, 2)), InvalidArgument, r"\(2,\), or \(2, m\)"),
        (np.zeros((2, 0)), InvalidArgument, "m objectives"),
        (np.zeros((2, 2, 2)), InvalidArgument, "m objectives"),
        (np.array([["a", "b"]] * 2), WrongType, "real numbers"),
        (np.zeros((2, 3)), InvalidArgument, "2 objectives were told before, but now there are 3"),
    ],
)
def test_scores_are_checked(values, error, said):
    own = run(Nsga2(REAL), 1)
    with pytest.raises(error, match=said):
        own.tell(own.ask(2), values)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"population": 1}, InvalidArgument),
        ({"population": "many"}, WrongType),
        ({"batch_size": 0}, InvalidArgument),
        ({"escape": 2}, InvalidArgument),
        ({"start": Latents.of_real(np.zeros((1, 9)))}, LatentShapeError),
    ],
)
def test_arguments_are_checked(options, error):
    with pytest.raises(error):
        Nsga2(REAL, **options)


def test_auto_picks_it_for_several_objectives_of_every_kind_of_gene():
    for latent in (REAL, MIXED, LatentDescription(0, (2, 3))):
        made = make_optimiser("auto", latent, goals=2)
        assert made.name == "nsga2"
        assert "2 objectives" in made.reason
    assert make_optimiser("auto", MIXED).name == "ga"


@pytest.mark.parametrize("name", [*OPTIMISERS.names(), "nevergrad:DE", "optuna:TPE"])
def test_others_refuse_several_objectives_and_name_it(name):
    if name in ("nsga2", "random"):
        assert make_optimiser(name, REAL, goals=3).name == name
        return
    with pytest.raises(IncompatibleOptimiser, match="pursues one objective, but this one has 3"):
        make_optimiser(name, REAL, goals=3)


def test_an_optimiser_of_one_objective_that_is_told_several_says_so():
    own = make_optimiser("ga", MIXED).optimiser
    asked = own.ask(3)
    with pytest.raises(InvalidArgument, match="only the optimiser 'nsga2' learns"):
        own.tell(asked, np.zeros((3, 2)))
