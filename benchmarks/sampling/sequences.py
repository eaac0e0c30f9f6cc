"""Sequences of 16 tokens out of 1,000."""

from typing import Any

import numpy as np

import featviz as fv
from sampling.ways import BATCH, Case, config_space, featviz, gymnasium, nevergrad, optuna, plain

__all__ = ["TOKENS"]

VOCABULARY, LENGTH = 1000, 16
_IDS = list(range(VOCABULARY))
_NAMES = [f"t{i}" for i in range(LENGTH)]


class Tokens(fv.Space):
    """The same without what ``TokenSpace`` adds: a space of one's own in four lines."""

    variables = {"tokens": fv.Choice(VOCABULARY, shape=LENGTH)}  # noqa: RUF012  nobody changes it

    def decode(self, values: Any) -> Any:
        return values["tokens"]


def _examples() -> list[list[int]]:
    rng = np.random.default_rng(0)
    return (rng.zipf(1.3, (500, LENGTH)) % VOCABULARY).tolist()


TOKENS = (
    Case(
        f"tokens, {LENGTH} of {VOCABULARY:,}",
        (
            featviz(lambda: fv.TokenSpace(VOCABULARY, LENGTH), "TokenSpace"),
            featviz(Tokens, "own class"),
            featviz(lambda: fv.TokenSpace(VOCABULARY, LENGTH, examples=_examples()), "TokenSpace with bigrams"),
            featviz(lambda: fv.TokenSpace(VOCABULARY, LENGTH, as_text=True), "TokenSpace as text"),
            # Each of its choices has 1,000 weights.
            nevergrad(lambda p: p.Choice(_IDS, repetitions=LENGTH), "Choice", inputs=2, gather=np.array),
            nevergrad(
                lambda p: p.Array(shape=(LENGTH,)).set_bounds(0, VOCABULARY - 1).set_integer_casting(),
                "Array of integers",
                gather=np.array,
            ),
            optuna(
                lambda trial: [trial.suggest_categorical(name, _IDS) for name in _NAMES],
                "suggest_categorical",
                inputs=16,
                gather=np.array,
            ),
            optuna(
                lambda trial: [trial.suggest_int(name, 0, VOCABULARY - 1) for name in _NAMES],
                "suggest_int",
                gather=np.array,
            ),
            config_space(
                lambda cs: cs.ConfigurationSpace({name: cs.CategoricalHyperparameter(name, _IDS) for name in _NAMES}),
                "Categorical",
                gather=np.array,
                read=lambda found: list(found.values()),
            ),
            config_space(
                lambda cs: cs.ConfigurationSpace(dict.fromkeys(_NAMES, (0, VOCABULARY - 1))),
                "Integer",
                gather=np.array,
                read=lambda found: list(found.values()),
            ),
            gymnasium(lambda spaces: spaces.MultiDiscrete([VOCABULARY] * LENGTH), gather=np.array),
            plain("numpy", lambda rng: rng.integers(VOCABULARY, size=(BATCH, LENGTH))),
        ),
        {},
    ),
)
