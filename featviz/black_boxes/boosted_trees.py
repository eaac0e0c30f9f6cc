"""Boosted trees of LightGBM, XGBoost and CatBoost: raw margins. Known by their methods; none of them is imported here.

The margin is the sum over the trees. What comes after it, a logistic function or a softmax, is flat wherever the model
is sure, so that a search on probabilities stops there.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["feature_count", "is_booster", "margins"]

# The argument with which each library's classifier gives margins from ``predict``: LightGBM, XGBoost, CatBoost.
_RAW: tuple[tuple[str, Any], ...] = (
    ("raw_score", True),
    ("output_margin", True),
    ("prediction_type", "RawFormulaVal"),
)


def is_booster(thing: Any) -> bool:
    """Whether ``thing`` is the ``Booster`` of LightGBM or XGBoost: trees that know nothing of classes."""
    return type(thing).__name__ == "Booster" and _library(thing) in {"lightgbm", "xgboost"}


def margins(estimator: Any) -> Callable[[Any], Any] | None:
    """A function from a batch to the raw margins of ``estimator``, or None where it has none to give.

    Args:
        estimator: a ``Booster``, a classifier of one of the three libraries, a pipeline that ends in one, or a search
            of parameters over those.

    Returns:
        A function whose answer has shape (n,) or (n, k).
    """
    if is_booster(estimator):
        return _xgboost_margins(estimator) if _library(estimator) == "xgboost" else _raw_predict(estimator, estimator)
    while (best := getattr(estimator, "best_estimator_", None)) is not None:
        estimator = best
    steps = getattr(estimator, "steps", None)
    # A pipeline hands the argument on to its last step.
    return _raw_predict(estimator, steps[-1][1] if isinstance(steps, list) and steps else estimator)


def feature_count(booster: Any) -> int:
    """The number of features of a ``Booster``."""
    count = booster.num_features() if hasattr(booster, "num_features") else booster.num_feature()
    return int(count)


def _raw_predict(estimator: Any, innermost: Any) -> Callable[[Any], Any] | None:
    try:
        known = inspect.signature(innermost.predict).parameters
    except (AttributeError, TypeError, ValueError):  # no predict, or one that is written in C
        return None
    for option, value in _RAW:
        if option in known:
            return lambda batch: estimator.predict(batch, **{option: value})
    return None


def _xgboost_margins(booster: Any) -> Callable[[Any], Any]:
    def ask(batch: Any) -> Any:
        import xgboost  # noqa: PLC0415  there already, since its booster is

        names = booster.feature_names if isinstance(batch, np.ndarray) else None
        matrix = xgboost.DMatrix(batch, feature_names=names, enable_categorical=True)
        return booster.predict(matrix, output_margin=True)

    return ask


def _library(thing: Any) -> str:
    return type(thing).__module__.split(".")[0]
