"""Ways to make a batch of inputs at random: with featviz, other libraries, or nothing but numpy.

A way is prepared with a seed, which is not timed, and then taken in steps, each of which gets what the one before gave.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

__all__ = ["BATCH", "FEATVIZ", "Case", "Way", "config_space", "featviz", "gymnasium", "nevergrad", "optuna", "plain"]

BATCH = 64
FEATVIZ = "featviz"

Steps = Sequence[Callable[[Any], Any]]
# Single inputs -> a batch as the case wants it.
Gather = Callable[[list[Any]], Any]


@dataclass(frozen=True)
class Way:
    """One way to make inputs.

    Args:
        name: for people; ``library`` or ``library, how``.
        prepare: seed -> the steps of one turn.
        inputs: how many one turn makes; fewer than a batch where one input takes long and inputs are made one by one.
    """

    name: str
    prepare: Callable[[int], Steps]
    inputs: int = BATCH

    @property
    def library(self) -> str:
        """The name without how."""
        return self.name.split(",")[0]


@dataclass(frozen=True)
class Case:
    """Inputs of one kind, and the ways to make them, the first with featviz.

    Args:
        lacking: why a library is not among the ways.
    """

    name: str
    ways: Sequence[Way]
    lacking: Mapping[str, str]


def featviz(make: Callable[[], Any], how: str = "", gather: Callable[[Any], Any] | None = None) -> Way:
    """Latents are drawn from the prior of the space that ``make`` gives, then decoded."""
    make = cache(make)

    def prepare(seed: int) -> Steps:
        space, rng = make(), np.random.default_rng(seed)

        def decode(latents: Any) -> Any:
            batch = space.decode_latents(latents)
            return batch if gather is None else gather(batch)

        return (lambda _: space.latent.sample(rng, BATCH)), decode

    return Way(_name(FEATVIZ, how), prepare)


def nevergrad(make: Callable[[Any], Any], how: str = "", inputs: int = BATCH, gather: Gather = list) -> Way:
    """``make(ng.p)`` gives the parameter, of which ``sample().value`` is read."""

    @cache
    def made() -> Any:
        import nevergrad as ng

        return make(ng.p)

    def prepare(seed: int) -> Steps:
        parameter = made()
        parameter.random_state = np.random.RandomState(seed)  # nevergrad takes no other
        return (lambda _: gather([parameter.sample().value for _ in range(inputs)]),)

    return Way(_name("nevergrad", how), prepare, inputs)


def optuna(draw: Callable[[Any], Any], how: str = "", inputs: int = BATCH, gather: Gather = list) -> Way:
    """``draw(trial)`` suggests one input. Each turn has a study of its own: a long one would slow down what it asks."""

    def prepare(seed: int) -> Steps:
        import optuna as library

        library.logging.set_verbosity(library.logging.ERROR)
        study = library.create_study(sampler=library.samplers.RandomSampler(seed=seed))
        draw(study.ask())  # what it does for the first trial only is not counted
        return (lambda _: gather([draw(study.ask()) for _ in range(inputs)]),)

    return Way(_name("optuna", how), prepare, inputs)


def config_space(
    make: Callable[[Any], Any], how: str = "", gather: Gather = list, read: Callable[[Any], Any] = dict
) -> Way:
    """``make(ConfigSpace)`` gives the space; ``sample_configuration(64)``, then ``read`` makes each an input."""

    @cache
    def made() -> Any:
        import ConfigSpace

        return make(ConfigSpace)

    def prepare(seed: int) -> Steps:
        space = made()
        space.seed(seed)
        return (lambda _: gather([read(found) for found in space.sample_configuration(BATCH)]),)

    return Way(_name("ConfigSpace", how), prepare)


def gymnasium(make: Callable[[Any], Any], how: str = "", gather: Gather = list) -> Way:
    """``make(gymnasium.spaces)`` gives the space; ``sample()`` for each input."""

    @cache
    def made() -> Any:
        from gymnasium import spaces

        return make(spaces)

    def prepare(seed: int) -> Steps:
        space = made()
        space.seed(seed)
        return (lambda _: gather([space.sample() for _ in range(BATCH)]),)

    return Way(_name("gymnasium", how), prepare)


def plain(name: str, batch: Callable[[np.random.Generator], Any], inputs: int = BATCH) -> Way:
    """Without a library of spaces: ``batch(rng)`` makes all inputs of a turn."""

    def prepare(seed: int) -> Steps:
        rng = np.random.default_rng(seed)
        return (lambda _: batch(rng),)

    return Way(name, prepare, inputs)


def _name(library: str, how: str) -> str:
    return f"{library}, {how}" if how else library
