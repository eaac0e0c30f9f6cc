"""What the wrappers add to the contract: losses, quiet, failures turned into advice, replay."""

import logging
import random
import tracemalloc
import warnings

import numpy as np
import pytest

from featviz.errors import InvalidArgument, MissingDependency, OptimiserError, ReplayDivergence, RunDamaged
from featviz.latent import LatentDescription, Latents
from featviz.optimisers import make_optimiser
from featviz.optimisers._foreign_calls import ForeignCalls
from featviz.optimisers._replaying import ReplayingOptimiser
from featviz.optimisers._scores import Losses


class TestLosses:
    def test_finite_scores_change_their_sign(self):
        assert Losses().of(np.array([1.0, -2.0])).tolist() == [-1.0, 2.0]

    @pytest.mark.parametrize("missing", [np.nan, -np.inf])
    def test_no_score_is_worse_than_all_before(self, missing):
        losses = Losses()
        losses.of(np.array([-50.0, 3.0]))
        now = losses.of(np.array([missing, 1.0]))
        assert now[1] == -1.0
        assert 50.0 < now[0] < 60.0

    def test_nothing_known_yet(self):
        losses = Losses()
        assert np.isfinite(losses.of(np.full(3, np.nan))).all()
        assert losses.of(np.array([1.0, np.nan]))[1] > -1.0

    @pytest.mark.parametrize("before", [[-50.0, 3.0], [np.nan]])
    def test_what_breaks_constraints_lies_between_in_its_order(self, before):
        losses = Losses()
        losses.of(np.array(before))
        now = losses.of(np.array([-np.inf, -1.2e200, np.nan, -1e200, -2e200]))
        assert now[3] < now[1] < now[4] < now[0] == now[2]
        assert now[3] > np.nanmax(-np.array(before), initial=0.0)
        if not np.isnan(before[0]):
            assert now[0] < 60.0  # no library that fits a model of the values is swamped

    def test_extremes_stay_finite(self):
        out = Losses().of(np.array([np.inf, 1e308, -1e308, np.nan]))
        assert np.isfinite(out).all()
        assert out.argmax() in (2, 3)

    def test_arguments_stay(self):
        scores = np.array([np.nan, 1.0])
        Losses().of(scores)
        assert np.isnan(scores[0])


class TestForeignCalls:
    def test_the_users_state_survives_and_the_librarys_goes_on(self):
        calls, again = ForeignCalls(1, "x"), ForeignCalls(1, "x")
        users = np.random.get_state(legacy=False)["state"]["key"].copy(), random.getstate()  # noqa: NPY002
        drawn = []
        for own in (calls, calls, again):
            with own.running():
                drawn.append((np.random.random(), random.random()))  # noqa: NPY002
        assert drawn[0] == drawn[2] != drawn[1]
        assert np.array_equal(users[0], np.random.get_state(legacy=False)["state"]["key"])  # noqa: NPY002
        assert users[1] == random.getstate()

    def test_restores_after_an_error_and_keeps_quiet(self, caplog):
        before = random.getstate()
        logger = logging.getLogger("some.library")
        with pytest.raises(KeyError), ForeignCalls(1, "some.library").running():  # noqa: PT012  all of it inside
            random.random()
            logger.warning("noise")
            warnings.warn("noise", UserWarning, stacklevel=1)
            raise KeyError
        assert random.getstate() == before
        assert logger.level == logging.NOTSET
        assert not caplog.records


class Toy(ReplayingOptimiser):
    """A library in five lines, to see the shared part alone."""

    name = "toy"
    _logger = "toy"
    fail: type[BaseException] | None = None
    drift = 0.0

    def _load(self):
        return None

    def _make(self):
        self.heard = []

    def _ask(self, n):
        if self.fail:
            raise self.fail("because")
        rows = np.random.standard_normal((n, self._genes)) + self.drift  # noqa: NPY002
        return rows, [f"handle{self._asked + i}" for i in range(n)]

    def _tell(self, rows, handles, losses):
        self.heard += list(zip(handles, losses.tolist(), strict=True))


def toy(**members):
    return type("Tuned", (Toy,), members)(LatentDescription(3), 5)


def test_rows_find_their_handles_in_any_order():
    own = toy()
    asked = own.ask(4)
    own.tell(asked[[2, 0]], np.array([2.0, 0.0]))
    own.tell(asked[[3, 1]], np.array([3.0, 1.0]))
    assert own.heard == [("handle0", 0.0), ("handle2", -2.0), ("handle1", -1.0), ("handle3", -3.0)]


@pytest.mark.parametrize("batch", [1, 20])
def test_the_history_is_small(batch):
    own = type("Deaf", (Toy,), {"_tell": lambda *_: None})(LatentDescription(200), 5)

    def evaluate(times):
        for _ in range(times):
            own.tell(own.ask(batch), np.zeros(batch))

    tracemalloc.start()
    try:
        evaluate(10)
        before = tracemalloc.get_traced_memory()[0]
        evaluate(2000 // batch)
        kept = (tracemalloc.get_traced_memory()[0] - before) / 2000
    finally:
        tracemalloc.stop()
    # 16 bytes and 16 a batch, and an eighth that arrays keep in reserve.
    assert kept < 1.25 * (16 + 16 / batch)


def test_foreign_and_repeated_rows_have_no_handle():
    own = toy()
    asked = own.ask(2)
    foreign = Latents.of_real(np.full((1, 3), 7.0))
    own.tell(Latents.concatenate([foreign, asked, asked[:1]]), np.arange(4.0))
    assert [handle for handle, _ in own.heard] == ["handle0", "handle1", None, None]


def test_replay_tells_the_same_again():
    own = toy()
    for _ in range(3):
        asked = own.ask(4)
        own.tell(asked[[3, 1]], np.array([np.nan, 1.0]))
        own.tell(Latents.of_real(np.full((1, 3), 7.0)), np.array([5.0]))
    other = Toy(LatentDescription(3), 5)
    other.load_state_dict(own.state_dict())
    assert other.heard == own.heard
    assert other.ask(3).digest() == own.ask(3).digest()
    # It replays into itself as well, from the beginning.
    own.load_state_dict(own.state_dict())
    assert len(own.heard) == len(other.heard)


def test_another_version_of_the_library_is_noticed():
    own = toy()
    asked = own.ask(4)
    own.tell(asked, np.arange(4.0))
    with pytest.raises(ReplayDivergence, match="another version"):
        toy(drift=1e-12).load_state_dict(own.state_dict())


def test_damaged_histories_are_refused():
    own = toy()
    own.tell(own.ask(2), np.zeros(2))
    good = own.state_dict()
    for damage in (
        {"events": np.array([2, -1])},
        {"told": np.array([0, 9])},
        {"told": np.array([0, 0])},
        {"scores": np.zeros(3)},
        {"foreign": np.zeros((1, 3))},
        {"events": np.array([-2, 2])},
    ):
        with pytest.raises(RunDamaged):
            toy().load_state_dict({**good, **damage})
    with pytest.raises(RunDamaged):
        toy().load_state_dict({})


@pytest.mark.parametrize("error", [RuntimeError, ZeroDivisionError, AssertionError])
def test_failures_become_advice(error):
    with pytest.raises(
        OptimiserError, match=rf"toy failed in ask \(3 genes, batch 7\): {error.__name__}: because.*sep-cma"
    ):
        toy(fail=error).ask(2)


def test_a_missing_package_is_named():
    with pytest.raises(MissingDependency, match="not installed"):
        toy(fail=ModuleNotFoundError).ask(2)


@pytest.mark.parametrize("rows", [np.full((2, 3), np.nan), np.zeros((2, 4))])
def test_nonsense_from_the_library_is_not_passed_on(rows):
    with pytest.raises(OptimiserError, match="not finite"):
        toy(_ask=lambda self, n: (rows, [None] * n)).ask(2)


def test_nonsense_is_not_passed_to_the_library():
    own = toy()
    with pytest.raises(InvalidArgument, match="finite"):
        own.tell(Latents.of_real(np.full((1, 3), np.inf)), np.zeros(1))
    assert own.heard == []


def test_diagonal_cma_that_nevergrad_breaks_is_explained():
    """Nevergrad 1.0.12: 'Mean shift samples are expected but missing' after some generations."""
    own = make_optimiser("nevergrad:DiagonalCMA", LatentDescription(784), seed=3, budget=600, batch_size=20).optimiser
    with pytest.raises(OptimiserError, match=r"784 genes, batch 20.*sep-cma"):  # noqa: PT012  fails in one of many steps
        for _ in range(40):
            asked = own.ask(20)
            own.tell(asked, asked.real[:, 0])


@pytest.mark.parametrize("name", ["nevergrad:DE", "nevergrad:DiagonalCMA", "optuna:TPE", "optuna:CMA", "cma"])
def test_foreign_rows_and_starts_are_taken(name):
    start = Latents.of_real(np.full((1, 4), 0.5))
    own = make_optimiser(name, LatentDescription(4), budget=200, start=start).optimiser
    own.tell(Latents.of_real(np.full((2, 4), 9.0)), np.array([1.0, np.nan]))
    for _ in range(4):
        asked = own.ask(own.batch_size)
        own.tell(asked, -np.abs(asked.real).sum(axis=1))
    assert np.isfinite(own.ask(3).real).all()


def test_optuna_begins_in_the_prior():
    own = make_optimiser("optuna:Random", LatentDescription(20)).optimiser
    drawn = own.ask(100).real
    assert abs(drawn.mean()) < 0.1
    assert abs(drawn.std() - 1) < 0.05


def test_optuna_stays_quiet(capfd, caplog):
    own = make_optimiser("optuna:CMA", LatentDescription(3)).optimiser
    own.tell(own.ask(7), np.arange(7.0))
    own.ask(7)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_full_cma_restarts_with_twice_the_population():
    own = make_optimiser("cma", LatentDescription(2)).optimiser
    first = own.batch_size
    for _ in range(150):
        asked = own.ask(own.batch_size)
        own.tell(asked, -((asked.real - 0.5) ** 2).sum(axis=1))
        if own.batch_size != first:
            break
    assert own.batch_size == 2 * first
