"""From what an estimator's method returns to one column an output, with their names."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.errors import BoxError
from featviz.text import shown, visible

__all__ = ["class_names", "classes_of", "to_columns"]

Array = NDArray[Any]


def classes_of(estimator: Any, label: str) -> list[Array] | None:
    """The classes of each target of a classifier, arrays of shape (k,), or None for anything else.

    Args:
        estimator: with or without ``classes_``: one list of labels, or a list of such lists where several targets are
            classified at once.
        label: the estimator's name for messages.
    """
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return None
    several = isinstance(classes, list | tuple) and len(classes) > 0 and np.ndim(classes[0]) == 1
    targets = [np.asarray(target) for target in (classes if several else [classes])]
    if any(target.ndim != 1 or len(target) == 0 for target in targets):
        raise BoxError(f"classes_ of {visible(label)} must be one list of labels, but it is {shown(classes)}.")
    return targets


def class_names(targets: Sequence[Array], *, pairs: bool = False) -> list[str]:
    """The names of the columns: the labels as text, as "target/label" for several targets, "a vs b" for ``pairs``."""
    names = [[str(label) for label in target] for target in targets]
    if len(names) > 1:
        return [f"{i}/{name}" for i, target in enumerate(names) for name in target]
    return [f"{a} vs {b}" for a, b in combinations(names[0], 2)] if pairs else names[0]


def to_columns(raw: Any, targets: Sequence[Array], method: str, label: str) -> Array:
    """One column for each name that :func:`class_names` gives.

    Args:
        raw: what the method returned for n inputs: an array, a sparse one, or a list of arrays, one a target.
        targets: the classes of each target.
        method: the method that was asked.
        label: the estimator's name for messages.

    Returns:
        An array of shape (n, k).
    """
    if len(targets) == 1:
        return _of_one(_dense(raw), targets[0], method)
    if isinstance(raw, list | tuple):
        if len(raw) != len(targets):
            raise BoxError(f"{visible(label)} has {len(targets)} targets, but {method} answers for {len(raw)}.")
        return np.hstack([_of_one(_dense(part), target, method) for part, target in zip(raw, targets, strict=True)])
    columns = _dense(raw)
    if columns.ndim != 2 or columns.shape[1] != len(targets):
        raise BoxError(
            f"{visible(label)} has {len(targets)} targets, but {method} answers with shape {columns.shape}. Wrap the "
            "one to look at in a function, and name its classes with outputs=[...]."
        )
    return np.hstack([_of_one(columns[:, i], target, method) for i, target in enumerate(targets)])


def _of_one(raw: Array, classes: Array, method: str) -> Array:
    k = len(classes)
    if method == "predict" and raw.shape != (len(raw), k):  # else one column a label
        return np.asarray(raw.reshape(-1, 1) == classes, dtype=np.float64)
    if k != 2 or raw.size != len(raw):
        return raw
    positive = raw.reshape(-1)
    if method == "predict_proba":
        return np.column_stack([1 - positive, positive])
    if method == "predict_log_proba":
        return np.column_stack([np.log1p(-np.exp(positive)), positive])
    return np.column_stack([-positive, positive])


def _dense(raw: Any) -> Array:
    return np.asarray(raw.toarray() if hasattr(raw, "toarray") else raw)
