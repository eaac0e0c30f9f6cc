"""Rows of a table of 10 numbers, 10 whole numbers and 10 categories of 5 options, as a data frame."""

from typing import Any

import numpy as np

import featviz as fv
from sampling.ways import BATCH, Case, config_space, featviz, gymnasium, nevergrad, optuna, plain

__all__ = ["TABLE"]

_OPTIONS = ["red", "green", "blue", "white", "black"]
_REALS = [f"real {i}" for i in range(10)]
_WHOLE = [f"whole {i}" for i in range(10)]
_KINDS = [f"kind {i}" for i in range(10)]
_COLUMNS = [*_REALS, *_WHOLE, *_KINDS]
_LOW, _HIGH, _MOST = 0.0, 10.0, 99


def _columns() -> dict[str, Any]:
    columns: dict[str, Any] = {name: fv.Uniform(_LOW, _HIGH) for name in _REALS}
    columns |= {name: fv.Integer(0, _MOST) for name in _WHOLE}
    return columns | {name: fv.Choice(_OPTIONS) for name in _KINDS}


def _from_data() -> fv.TabularSpace:
    """As a user has it: the columns and how they depend on each other learnt from 1,000 rows."""
    return fv.TabularSpace.from_dataframe(_numpy(np.random.default_rng(0), 1000))


def _frame(rows: list[dict[str, Any]]) -> Any:
    import pandas as pd

    return pd.DataFrame(rows)


def _suggest(trial: Any) -> dict[str, Any]:
    row = {name: trial.suggest_float(name, _LOW, _HIGH) for name in _REALS}
    row |= {name: trial.suggest_int(name, 0, _MOST) for name in _WHOLE}
    return row | {name: trial.suggest_categorical(name, _OPTIONS) for name in _KINDS}


def _nevergrad(p: Any) -> Any:
    columns = {name: p.Scalar(lower=_LOW, upper=_HIGH) for name in _REALS}
    columns |= {name: p.Scalar(lower=0, upper=_MOST).set_integer_casting() for name in _WHOLE}
    return p.Dict(**columns, **{name: p.Choice(_OPTIONS) for name in _KINDS})


def _config_space(cs: Any) -> Any:
    columns: dict[str, Any] = dict.fromkeys(_REALS, (_LOW, _HIGH)) | dict.fromkeys(_WHOLE, (0, _MOST))
    return cs.ConfigurationSpace(columns | dict.fromkeys(_KINDS, _OPTIONS))


def _gymnasium(spaces: Any) -> Any:
    columns = {name: spaces.Box(_LOW, _HIGH, ()) for name in _REALS}
    columns |= {name: spaces.Discrete(_MOST + 1) for name in _WHOLE}
    return spaces.Dict(columns | {name: spaces.Discrete(len(_OPTIONS)) for name in _KINDS})


def _numpy(rng: np.random.Generator, n: int = BATCH) -> Any:
    import pandas as pd

    columns: dict[str, Any] = {name: rng.uniform(_LOW, _HIGH, n) for name in _REALS}
    columns |= {name: rng.integers(0, _MOST + 1, n) for name in _WHOLE}
    for name in _KINDS:
        columns[name] = pd.Categorical.from_codes(rng.integers(len(_OPTIONS), size=n), categories=_OPTIONS)
    return pd.DataFrame(columns)


TABLE = (
    Case(
        "table, 30 mixed columns",
        (
            featviz(lambda: fv.TabularSpace(_columns()), "TabularSpace"),
            featviz(_from_data, "TabularSpace from data"),
            featviz(
                lambda: fv.TabularSpace(_columns(), constraints=["`real 0` <= `real 1`"]),
                "TabularSpace with a constraint",
            ),
            nevergrad(_nevergrad, "Dict", inputs=16, gather=_frame),
            optuna(_suggest, gather=_frame),
            config_space(_config_space, gather=_frame),
            gymnasium(_gymnasium, "Dict", gather=_frame),
            plain("numpy and pandas", _numpy),
        ),
        {},
    ),
)
