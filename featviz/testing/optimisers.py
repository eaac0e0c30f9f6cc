"""The contract of an optimiser, for authors of new ones.

In a script::

    check_optimiser("my_package.my_module:MyOptimiser")

In a test file, with pytest::

    class TestMyOptimiser(OptimiserContract):
        @pytest.fixture
        def optimiser(self):
            return "my_package.my_module:MyOptimiser"
"""

import dataclasses
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.errors import WrongType
from featviz.latent import LatentDescription, Latents
from featviz.optimisers import make_optimiser
from featviz.protocols import Optimiser
from featviz.testing._optimiser_genes import BUDGET, allowed, description_of

__all__ = ["CHECKS", "OptimiserContract", "check_optimiser", "trace"]

_STEPS = 4
_LEARN_NOTHING = frozenset({"random", "optuna:Random", "optuna:QMC"})


def check_optimiser(optimiser: str | type) -> tuple[str, ...]:
    """Run the whole contract.

    Args:
        optimiser: a name that ``make_optimiser`` understands, or a class that another process can import.

    Returns:
        The names of the checks passed.

    Raises:
        AssertionError: the first check that fails, with what was expected and what came.
    """
    name = _importable(optimiser)
    for check in CHECKS.values():
        check(name)
    return tuple(CHECKS)


class OptimiserContract:
    """The contract as a pytest class: supply a fixture ``optimiser`` that returns a name or a class."""

    def test_members(self, optimiser: str | type) -> None:
        """It has the members of the protocol."""
        _check_members(_importable(optimiser))

    def test_latents(self, optimiser: str | type) -> None:
        """Latents fit the description, whatever their number."""
        _check_latents(_importable(optimiser))

    def test_seed(self, optimiser: str | type) -> None:
        """One seed gives one run; another seed another."""
        _check_seed(_importable(optimiser))

    def test_other_process(self, optimiser: str | type) -> None:
        """Another process under another hash seed gives the same run."""
        _check_other_process(_importable(optimiser))

    def test_state(self, optimiser: str | type) -> None:
        """Saved to arrays and JSON and loaded, it asks the same next."""
        _check_state(_importable(optimiser))

    def test_arguments(self, optimiser: str | type) -> None:
        """It mutates no argument and keeps no hold on what it gave or got."""
        _check_arguments(_importable(optimiser))

    def test_missing_scores(self, optimiser: str | type) -> None:
        """NaN and -inf are tolerated and rank last."""
        _check_missing_scores(_importable(optimiser))

    def test_all_missing(self, optimiser: str | type) -> None:
        """Batches without any score are tolerated."""
        _check_all_missing(_importable(optimiser))

    def test_progress(self, optimiser: str | type) -> None:
        """It beats random search on a shifted sphere with categorical genes and a record, where it takes them."""
        _check_progress(_importable(optimiser))

    def test_feasible(self, optimiser: str | type) -> None:
        """If it says that it asks for feasible latents only, it does."""
        _check_feasible(_importable(optimiser))

    def test_row_order(self, optimiser: str | type) -> None:
        """The order of the rows told does not matter."""
        _check_row_order(_importable(optimiser))

    def test_goals(self, optimiser: str | type) -> None:
        """If it says that it learns several objectives at once, it does, and keeps the rules above with them."""
        _check_goals(_importable(optimiser))

    def test_global_state(self, optimiser: str | type) -> None:
        """The global random states are neither read nor changed."""
        _check_global_state(_importable(optimiser))


def trace(name: str, seed: int = 7) -> str:
    """The digests of the batches of a short seeded run, joined: the run's finger print."""
    optimiser, latent = _make(name, seed)
    digests = []
    for _ in range(_STEPS):
        asked = optimiser.ask(optimiser.batch_size)
        digests.append(asked.digest().hex())
        optimiser.tell(asked, _score(latent, asked))
    return " ".join(digests)


def _check_members(name: str) -> None:
    optimiser, _ = _make(name)
    _require(isinstance(optimiser, Optimiser), "it lacks a member of featviz.protocols.Optimiser")
    kinds = frozenset(optimiser.accepts)
    known = {"real", "categorical", "records"}
    _require(kinds <= known and len(kinds) > 0, f"accepts must name kinds of genes, but is {kinds}")
    _require(isinstance(optimiser.replays, bool), "replays must be True or False")
    _require(int(optimiser.batch_size) >= 1, f"batch_size must be at least 1, but is {optimiser.batch_size}")


def _check_latents(name: str) -> None:
    optimiser, latent = _make(name)
    for n in (1, 2, 7, int(optimiser.batch_size), 1, 3 * int(optimiser.batch_size)):
        asked = optimiser.ask(n)
        _require_fit(latent, asked, n)
        optimiser.tell(asked, _score(latent, asked))


def _check_seed(name: str) -> None:
    first = trace(name)
    _require(first == trace(name), "two runs under one seed asked for different latents")
    _require(first != trace(name, seed=8), "two runs under different seeds asked for the same latents")


def _check_other_process(name: str) -> None:
    here = trace(name)
    code = "import sys; from featviz.testing.optimisers import trace; print(trace(sys.argv[1]))"
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(  # noqa: S603  this interpreter, with this code
        [sys.executable, "-W", "ignore", "-c", code, name],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    _require(done.returncode == 0, f"another process could not make it: {done.stderr[-500:]}")
    there = done.stdout.strip().splitlines()[-1]
    _require(here == there, "another process under another PYTHONHASHSEED asked for different latents")


def _check_state(name: str) -> None:
    optimiser, latent = _make(name)
    for size in (int(optimiser.batch_size), 2, int(optimiser.batch_size)):
        asked = optimiser.ask(size)
        optimiser.tell(asked[::-1], _score(latent, asked[::-1]))
    # Some rows are out when the state is taken.
    out = optimiser.ask(3)
    saved = _through_files(optimiser.state_dict())
    other, _ = _make(name)
    other.load_state_dict(saved)
    for _ in range(3):
        optimiser.tell(out, _score(latent, out))
        other.tell(out, _score(latent, out))
        out, again = optimiser.ask(int(optimiser.batch_size)), other.ask(int(optimiser.batch_size))
        _require(out.digest() == again.digest(), "after save and load it asked for different latents")


def _check_arguments(name: str) -> None:
    description = description_of(name)
    start = description.sample(np.random.default_rng(4), 1)
    start.real[:] = 0.25
    before = start.digest()
    optimiser = make_optimiser(name, description, seed=1, budget=BUDGET, start=start).optimiser
    twin = make_optimiser(name, description, seed=1, budget=BUDGET, start=start.copy()).optimiser
    given: list[tuple[Latents, bytes]] = []
    for _ in range(_STEPS):
        asked = optimiser.ask(int(optimiser.batch_size))
        given.append((asked, asked.digest()))
        told, scores = asked.copy(), _score(description, asked)
        digest, copy = told.digest(), scores.copy()
        optimiser.tell(told, scores)
        _require(told.digest() == digest and np.array_equal(scores, copy), "tell changed its arguments")
        # What the caller does with its arrays afterwards is the caller's business.
        mine = twin.ask(int(twin.batch_size))
        _require(mine.digest() == asked.digest(), "it kept hold of arrays that its caller changed later")
        mine_scores = _score(description, mine)
        twin.tell(mine, mine_scores)
        mine.real[:], mine_scores[:] = 99.0, 99.0
    _require(start.digest() == before, "it changed the start that it was given")
    _require(all(a.digest() == d for a, d in given), "latents that ask had returned changed later")


def _check_missing_scores(name: str) -> None:
    """Everything above 0.5 in the first gene has no score, and the score rises towards that edge."""
    if "real" not in description_of(name).kinds:
        return
    for missing in (np.nan, -np.inf):
        optimiser, latent = _make(name)
        rows, fine, told = int(optimiser.batch_size), 0, 0
        total = max(12 * rows, 60)
        while told < total:
            asked = optimiser.ask(rows)
            _require_fit(latent, asked, rows)
            bad = asked.real[:, 0] > 0.5
            # Some rows of a search at the edge lie beyond it; of one that takes NaN for a good score nearly all do.
            fine += int((~bad).sum()) if told >= total // 2 else 0
            told += len(asked)
            optimiser.tell(asked, np.where(bad, missing, _score(latent, asked)))
        hardly = f"after many scores of {missing} in one region it proposes hardly anything outside that region"
        _require(fine > total // 8, hardly)


def _check_all_missing(name: str) -> None:
    optimiser, latent = _make(name)
    for missing in (np.nan, -np.inf, np.nan):
        asked = optimiser.ask(int(optimiser.batch_size))
        optimiser.tell(asked, np.full(len(asked), missing))
    for _ in range(3):
        asked = optimiser.ask(int(optimiser.batch_size))
        _require_fit(latent, asked, int(optimiser.batch_size))
        optimiser.tell(asked, _score(latent, asked))


def _check_progress(name: str) -> None:
    optimiser, latent = _make(name)
    asked = optimiser.ask(int(optimiser.batch_size))
    best, evaluations = -np.inf, 0
    while evaluations < BUDGET:
        scores = _score(latent, asked)
        best, evaluations = max(best, float(scores.max())), evaluations + len(asked)
        optimiser.tell(asked, scores)
        asked = optimiser.ask(int(optimiser.batch_size))
    drawn = [latent.sample(np.random.default_rng(seed), BUDGET) for seed in range(5)]
    by_chance = float(np.median([_score(latent, d).max() for d in drawn]))
    # What learns nothing must be no worse than its like, up to chance.
    bar = 2 * by_chance if name in _LEARN_NOTHING else by_chance
    _require(best > bar, f"after {BUDGET} evaluations its best is {best:.3g}; random search reaches {by_chance:.3g}")


def _check_feasible(name: str) -> None:
    """Half of the space is forbidden, and the score rises towards the forbidden half."""
    latent = dataclasses.replace(description_of(name), feasible=allowed)
    optimiser = make_optimiser(name, latent, seed=3, budget=BUDGET).optimiser
    if not getattr(optimiser, "asks_feasible", False):
        return
    for _ in range(12):
        asked = optimiser.ask(int(optimiser.batch_size))
        _require(bool(allowed(asked).all()), "it asked for latents that the space forbids")
        optimiser.tell(asked, _score(latent, asked))


def _check_row_order(name: str) -> None:
    optimiser, latent = _make(name)
    other, _ = _make(name)
    shuffled = np.random.default_rng(3)
    for _ in range(3):
        asked, again = optimiser.ask(int(optimiser.batch_size)), other.ask(int(other.batch_size))
        close = np.allclose(asked.real, again.real, rtol=1e-6, atol=1e-9)
        same = np.array_equal(asked.categorical, again.categorical) and np.array_equal(asked.records, again.records)
        _require(close and same, "it learnt something else from the same rows told in another order")
        order = shuffled.permutation(len(again))
        optimiser.tell(asked, _score(latent, asked))
        other.tell(again[order], _score(latent, again[order]))


def _check_global_state(name: str) -> None:
    import random  # noqa: PLC0415  only to look at its state

    np.random.seed(5)  # noqa: NPY002  a known global state
    before_numpy, before_python = np.random.get_state(legacy=False), random.getstate()  # noqa: NPY002
    first = trace(name)
    after = np.random.get_state(legacy=False)  # noqa: NPY002
    same = np.array_equal(before_numpy["state"]["key"], after["state"]["key"])
    same = same and before_numpy["state"]["pos"] == after["state"]["pos"]
    _require(bool(same) and before_python == random.getstate(), "it changed a global random state")
    np.random.seed(6)  # noqa: NPY002  another one
    _require(first == trace(name), "its run depends on numpy's global random state")


def _check_goals(name: str) -> None:
    """Two spheres, with their tops at 1 and at -1 in every real gene: a front of trades between them."""
    optimiser, latent = _make(name)
    if not getattr(optimiser, "many_goals", False):
        return
    other, _ = _make(name)
    shuffled = np.random.default_rng(3)
    found: list[NDArray[np.float64]] = []
    missing = (np.nan, -np.inf)
    while sum(map(len, found)) < BUDGET:
        asked, again = optimiser.ask(int(optimiser.batch_size)), other.ask(int(other.batch_size))
        same = np.array_equal(asked.categorical, again.categorical) and np.array_equal(asked.records, again.records)
        same = same and np.allclose(asked.real, again.real, rtol=1e-6, atol=1e-9)
        _require(same, "with two objectives it learnt something else from the same rows told in another order")
        told = _two_scores(latent, asked)
        found.append(told.copy())
        told[:: len(told), len(found) % 2] = missing[len(found) % 2]
        before = told.copy()
        optimiser.tell(asked, told)
        _require(np.array_equal(told, before, equal_nan=True), "tell changed the scores of two objectives")
        order = shuffled.permutation(len(again))
        other.tell(again[order], told[order])
        if len(found) == 3:  # goes on from its own state
            saved = _through_files(other.state_dict())
            other, _ = _make(name)
            other.load_state_dict(saved)
    nothing = optimiser.ask(3)
    optimiser.tell(nothing, np.full((3, 2), np.nan))
    _require_fit(latent, optimiser.ask(3), 3)
    drawn = [latent.sample(np.random.default_rng(seed), BUDGET) for seed in range(5)]
    by_chance = np.median([_two_scores(latent, rows).max(axis=0) for rows in drawn], axis=0)
    reached = np.concatenate(found).max(axis=0)
    # What learns nothing must be no worse than its like, up to chance.
    bar = 2 * by_chance if name in _LEARN_NOTHING else by_chance
    _require(bool((reached > bar).all()), f"of two objectives it reaches {reached}, random search {by_chance}")


def _two_scores(latent: LatentDescription, latents: Latents) -> NDArray[np.float64]:
    """The score, and the one with the signs of the real genes turned."""
    mirrored = Latents(-latents.real, latents.categorical, latents.records)
    return np.column_stack([_score(latent, latents), _score(latent, mirrored)])


CHECKS: Mapping[str, Callable[[str], None]] = {
    "members": _check_members,
    "latents": _check_latents,
    "seed": _check_seed,
    "other process": _check_other_process,
    "state": _check_state,
    "arguments": _check_arguments,
    "missing scores": _check_missing_scores,
    "all missing": _check_all_missing,
    "progress": _check_progress,
    "feasible": _check_feasible,
    "row order": _check_row_order,
    "goals": _check_goals,
    "global state": _check_global_state,
}


def _importable(optimiser: str | type) -> str:
    """The name by which another process finds ``optimiser``."""
    if isinstance(optimiser, str):
        return optimiser
    path = getattr(optimiser, "__qualname__", "<locals>")
    module = getattr(optimiser, "__module__", "__main__")
    if "<locals>" in path or module == "__main__":
        raise WrongType("give a name, or a class at the top of a module that another process can import.")
    return f"{module}:{path}"


def _make(name: str, seed: int = 7) -> tuple[Optimiser, LatentDescription]:
    description = description_of(name)
    return make_optimiser(name, description, seed=seed, budget=BUDGET).optimiser, description


def _score(description: LatentDescription, latents: Latents) -> NDArray[np.float64]:
    """A sphere with its top at 1, less what is missed elsewhere: option 1 of each gene, four times choice 1."""
    description.check(latents)
    miss = (latents.categorical != 1).sum(axis=1)
    for column in latents.records.T:
        choices = [[choice for _, choice in record] for record in column]
        miss = miss + [abs(len(row) - 4) + sum(choice != 1 for choice in row) for row in choices]
    return np.asarray(-((latents.real - 1.0) ** 2).sum(axis=1) - miss, dtype=np.float64)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def _require_fit(description: LatentDescription, asked: Latents, n: int) -> None:
    description.check(asked)
    _require(len(asked) == n, f"ask({n}) returned {len(asked)} latents")
    _require(asked.real.dtype == np.float64, f"real genes must be float64, but are {asked.real.dtype}")
    _require(asked.categorical.dtype == np.int64, f"categorical genes must be int64, but are {asked.categorical.dtype}")
    _require(bool(np.isfinite(asked.real).all()), "ask returned genes that are not finite")


def _through_files(state: Mapping[str, Any]) -> dict[str, Any]:
    """A state as it comes back from a run directory: arrays through npz without pickle, the rest through JSON."""
    arrays = {key: value for key, value in state.items() if isinstance(value, np.ndarray)}
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    stream.seek(0)
    with np.load(stream, allow_pickle=False) as back:
        loaded = {key: back[key] for key in back.files}
    rest = json.loads(json.dumps({key: value for key, value in state.items() if key not in arrays}, allow_nan=False))
    return {**rest, **loaded}
