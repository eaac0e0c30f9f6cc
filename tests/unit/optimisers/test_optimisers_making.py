"""Optimisers by name: which one, why, and what is refused."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from featviz.errors import (
    IncompatibleOptimiser,
    InvalidArgument,
    LatentShapeError,
    NameNotFound,
    OptimiserError,
    WrongType,
)
from featviz.latent import LatentDescription, Latents
from featviz.optimisers import OPTIMISERS, make_optimiser
from featviz.protocols import Optimiser

REAL, MIXED = LatentDescription(5), LatentDescription(3, (4, 2))


class Own:
    """A user's optimiser: takes any option, has no batch_size argument."""

    name, accepts, replays, batch_size = "own", frozenset({"categorical", "real"}), False, 3

    def __init__(self, latent, seed=0, budget=None, start=None, **options):
        self.made_with = (latent, seed, budget, start, options)


@pytest.mark.parametrize("name", OPTIMISERS.names())
def test_registered(name):
    made = make_optimiser(name, REAL, seed=4)
    assert isinstance(made.optimiser, Optimiser)
    assert (made.name, made.optimiser.name) == (name, name)


def test_auto_picks_by_the_kinds_of_genes_and_says_why():
    real, mixed = make_optimiser("auto", REAL), make_optimiser("auto", MIXED)
    assert (real.name, mixed.name) == ("sep-cma", "ga")
    assert "real" in real.reason
    assert "categorical" in mixed.reason
    assert make_optimiser("auto", LatentDescription(3, stepwise=True)).name == "ga"
    assert "full covariance" in make_optimiser("auto", REAL, budget=500).reason
    assert "2 objectives" in make_optimiser("auto", REAL, goals=2).reason
    assert make_optimiser("snes", REAL).reason == "asked for by name"


def test_auto_is_the_one_it_names():
    a = make_optimiser("auto", REAL, seed=9, batch_size=7)
    b = make_optimiser(a.name, REAL, seed=9, batch_size=7)
    assert a.optimiser.ask(7).digest() == b.optimiser.ask(7).digest()


def test_arguments_reach_the_optimiser():
    start = Latents.of_real(np.ones((1, 5)))
    made = make_optimiser(f"{__name__}:Own", REAL, seed=4, budget=99, batch_size=6, start=start, shade=2)
    assert made.optimiser.made_with == (REAL, 4, 99, start, {"shade": 2})
    assert made.name == f"{__name__}:Own"
    own = make_optimiser("sep-cma", REAL, batch_size=21, start=start, sigma=1e-6).optimiser
    assert own.batch_size == 21
    assert np.abs(own.ask(4).real - 1).max() < 1e-4


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sepcma", "Did you mean 'sep-cma'"),
        ("SNES", "Did you mean 'snes'"),
        ("atuo", "Did you mean 'auto'"),
        ("sep_cma", "Did you mean 'sep-cma'"),
        ("CMA-ES", "Did you mean 'full-cma'"),
        ("tpe", "Did you mean 'optuna:TPE'"),
        ("gp", "Did you mean 'turbo'"),
        ("", "There are: auto, sep-cma"),
        ("DE", "nevergrad:NAME"),
        ("nevergrad", "for instance 'nevergrad:DE'"),
        ("optuna:", "for instance 'optuna:TPE'"),
        ("nevergrad:DiagonalCMAA", "Did you mean 'DiagonalCMA'"),
        ("optuna:TPEs", "Did you mean 'TPE'"),
        ("no.such.module:Thing", "no module"),
        ("featviz.optimisers.snes:Snez", "Did you mean 'Snes'"),
        ("<script>\u202e", r"\u202e"),
    ],
)
def test_unknown_names(name, hint):
    with pytest.raises(NameNotFound) as error:
        make_optimiser(name, REAL)
    assert hint in str(error.value)


@pytest.mark.parametrize("name", [None, 3, object])
def test_names_are_text(name):
    with pytest.raises(WrongType, match="sep-cma"):
        make_optimiser(name, REAL)


def test_what_is_no_optimiser_is_refused():
    with pytest.raises(WrongType, match="not an optimiser"):
        make_optimiser("math:sqrt", REAL)


@pytest.mark.parametrize(
    ("name", "option", "hint"),
    [
        ("sep-cma", "sigm", "Did you mean 'sigma'"),
        ("snes", "mirror", "Did you mean 'mirrored'"),
        ("random", "sigma", "takes no options"),
        ("nevergrad:DE", "algorithm", "takes no options"),
        ("cma", "restarts", "It takes: population, sigma"),
    ],
)
def test_unknown_options(name, option, hint):
    with pytest.raises(InvalidArgument) as error:
        make_optimiser(name, REAL, **{option: 1})
    assert hint in str(error.value)


@pytest.mark.parametrize("name", ["sep-cma", "snes", "cma", "nevergrad:DE", "optuna:TPE"])
def test_kinds_of_genes_not_accepted(name):
    with pytest.raises(IncompatibleOptimiser, match=r"real genes only.*categorical and real.*'random'"):
        make_optimiser(name, MIXED)


def test_start_must_fit():
    for name in OPTIMISERS.names():
        with pytest.raises(LatentShapeError):
            make_optimiser(name, REAL, start=Latents.of_real(np.zeros((1, 6))))


def test_random_begins_with_start_and_draws_the_prior():
    start = Latents(np.full((1, 3), 9.0), np.array([[3, 1]]))
    own = make_optimiser("random", MIXED, start=start).optimiser
    first = own.ask(4)
    assert first[:1].digest() == start.digest()
    many = own.ask(20_000)
    assert abs(many.real.mean()) < 0.02
    assert abs(many.real.std() - 1) < 0.02
    assert np.abs(np.bincount(many.categorical[:, 0], minlength=4) / 20_000 - 0.25).max() < 0.02


def test_known_failures_name_one_that_works():
    with pytest.raises(OptimiserError, match=r"one input at a time.*'sep-cma'"):
        make_optimiser("nevergrad:Cobyla", REAL)
    with pytest.raises(OptimiserError, match=r"hopeless beyond 500.*'sep-cma'"):
        make_optimiser("optuna:TPE", LatentDescription(501))
    with pytest.raises(InvalidArgument, match=r"hopeless beyond 2,000.*'sep-cma'"):
        make_optimiser("cma", LatentDescription(2001))
    with pytest.raises(OptimiserError, match=r"silently chose Cobyla"):
        make_optimiser("nevergrad:NGOptBase", LatentDescription(20), budget=300, batch_size=1)


def test_importing_loads_no_library():
    code = (
        "import sys, featviz.optimisers as o; from featviz.latent import LatentDescription as L;"
        "o.make_optimiser('auto', L(3)).optimiser.ask(2);"
        "print(sorted({'nevergrad', 'optuna', 'cma', 'pandas', 'scipy', 'cmaes'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_the_table_of_optimisers_has_every_one_of_them():
    table = (Path(__file__).parents[3] / "docs" / "optimisers.md").read_text().partition("## The table")[2]
    table = table.partition("## ")[0]
    rows = " ".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|"))
    assert [name for name in [*OPTIMISERS.names(), "nevergrad:NAME", "optuna:NAME"] if f"`{name}`" not in rows] == []


def test_the_package_names_every_algorithm():
    import featviz.optimisers

    for name in OPTIMISERS.names():
        module = OPTIMISERS.get(name).__module__.rpartition(".")[2]
        assert f"``{module}``" in featviz.optimisers.__doc__, name
