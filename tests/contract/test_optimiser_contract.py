"""Every registered optimiser, and a handful of the wrapped libraries', keeps the shipped contract."""

import json

import numpy as np
import pytest

from featviz.optimisers import OPTIMISERS
from featviz.optimisers.nsga2 import Nsga2
from featviz.optimisers.sep_cma import SepCma
from featviz.testing.optimisers import CHECKS, OptimiserContract, check_optimiser

WRAPPED = ["nevergrad:DE", "nevergrad:DiagonalCMA", "nevergrad:OnePlusOne", "optuna:TPE", "optuna:CMA"]
MORE_WRAPPED = ["nevergrad:TwoPointsDE", "nevergrad:TBPSA", "nevergrad:CMA", "optuna:QMC", "optuna:NSGAII"]


class TestRegistered(OptimiserContract):
    @pytest.fixture(params=OPTIMISERS.names())
    def optimiser(self, request):
        return request.param


# Starting another process and loading optuna or nevergrad in it takes seconds; so do optuna's 600 trials.
SLOW = {("optuna:TPE", "progress"), ("optuna:CMA", "progress"), ("optuna:TPE", "missing scores")}


def _cases():
    for name in WRAPPED:
        for check in CHECKS:
            slow = (name, check) in SLOW or (check == "other process" and name != "nevergrad:DE")
            yield pytest.param(name, check, marks=pytest.mark.slow if slow else ())
    for name in MORE_WRAPPED:
        for check in CHECKS:
            yield pytest.param(name, check, marks=pytest.mark.slow)


@pytest.mark.parametrize(("name", "check"), list(_cases()))
def test_wrapped(name, check):
    CHECKS[check](name)


def test_check_optimiser_names_what_it_checked():
    assert check_optimiser(SepCma) == tuple(CHECKS)


class Careless(SepCma):
    """Breaks one rule at a time, so that the contract is seen to bite."""


class HashSeeded(Careless):
    def _draw(self, rng, n):
        return super()._draw(np.random.default_rng(abs(hash("featviz"))), n)


class Global(Careless):
    def _draw(self, rng, n):
        return super()._draw(np.random.default_rng(np.random.randint(1 << 30)), n)  # noqa: NPY002  the fault


class Ordered(Careless):
    def tell(self, latents, scores):
        super().tell(latents[: len(latents) // 2], scores[: len(latents) // 2])


class Forgetful(Careless):
    def load_state_dict(self, state):
        super().load_state_dict({**state, "asks": 0})


class Mutating(Careless):
    def tell(self, latents, scores):
        super().tell(latents, scores)
        scores.sort()


class Reusing(Careless):
    def _draw(self, rng, n):
        rows = super()._draw(rng, n)
        if getattr(self, "_buffer", None) is None or self._buffer.shape != rows.shape:
            self._buffer = rows
        self._buffer[:] = rows
        return self._buffer


class NanHappy(Careless):
    def tell(self, latents, scores):
        super().tell(latents, np.where(np.isnan(scores), 1e9, scores))


class Lazy(Careless):
    def tell(self, latents, scores):
        pass


class Unseeded(Careless):
    def _draw(self, rng, n):
        return super()._draw(np.random.default_rng(), n)


class Short(Careless):
    def ask(self, n):
        return super().ask(n)[: max(1, n - 1)]


class Pickled(Careless):
    def state_dict(self):
        return {**super().state_dict(), "asks": {1, 2}}


class Brittle(Careless):
    def tell(self, latents, scores):
        if np.isnan(scores).all():
            raise ValueError
        super().tell(latents, scores)


class Many(Nsga2):
    """Breaks one rule of several objectives at a time."""


class FirstOnly(Many):
    def tell(self, latents, scores):
        super().tell(latents, scores[:, :1] if scores.ndim == 2 else scores)


class NothingLearnt(Many):
    def tell(self, latents, scores):
        super().tell(latents, np.full(len(latents), np.nan))


class FirstHalf(Many):
    def tell(self, latents, scores):
        super().tell(latents[: len(latents) // 2], scores[: len(latents) // 2])


class NanTop(Many):
    def tell(self, latents, scores):
        if np.isnan(scores).all():
            raise ValueError
        super().tell(latents, scores)


class Overwriting(Many):
    def tell(self, latents, scores):
        super().tell(latents, scores)
        scores[:] = 0


class Stateless(Many):
    def state_dict(self):
        return {**super().state_dict(), "asks": 0}


@pytest.mark.parametrize("broken", [FirstOnly, NothingLearnt, FirstHalf, NanTop, Overwriting, Stateless])
def test_the_check_of_several_objectives_bites(broken):
    with pytest.raises((AssertionError, ValueError)):
        CHECKS["goals"](f"{__name__}:{broken.__name__}")


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (HashSeeded, "other process"),
        (Global, "global state"),
        (Ordered, "row order"),
        (Forgetful, "state"),
        (Mutating, "arguments"),
        (Reusing, "arguments"),
        (NanHappy, "missing scores"),
        (Lazy, "progress"),
        (Unseeded, "seed"),
        (Short, "latents"),
        (Pickled, "state"),
        (Brittle, "all missing"),
    ],
)
def test_contract_bites(broken, check):
    with pytest.raises((AssertionError, TypeError, ValueError)):
        CHECKS[check](f"{__name__}:{broken.__name__}")


def test_states_are_small():
    from featviz.latent import LatentDescription

    own = SepCma(LatentDescription(5000))
    for _ in range(30):
        asked = own.ask(own.batch_size)
        own.tell(asked, asked.real[:, 0])
    state = own.state_dict()
    size = sum(v.nbytes if isinstance(v, np.ndarray) else len(json.dumps(v)) for v in state.values())
    assert size < 5 * 5000 * 8
