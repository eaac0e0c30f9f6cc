"""Estimators in the style of scikit-learn as black boxes. Known by their methods: scikit-learn is not imported."""

import math
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.black_boxes.base import BlackBox, Preprocess
from featviz.checks import one_of
from featviz.errors import BoxError, InvalidArgument
from featviz.text import shown, visible

__all__ = ["METHODS", "EstimatorBox", "is_estimator"]

# In the order of preference. A decision value does not saturate; a log-probability is better than a probability,
# which is flat wherever the model is sure.
METHODS = ("decision_function", "predict_log_proba", "predict_proba", "predict")

# Stands for log(0), which is no number to climb: the log of the smallest normal float64, below any other
# log-probability that a float64 probability has.
_LOG_ZERO = math.log(np.finfo(np.float64).tiny)


class EstimatorBox(BlackBox):
    """A fitted estimator: one output a class for a classifier, one a target for a regressor.

    The outputs are, by the first of these methods that the estimator has, or by ``method``:

    - ``decision_function``: decision values. A classifier of two classes has one; it is the output named after
      the positive class, and its negation is the other's, so that either can be asked for. An ``SVC`` with
      ``decision_function_shape="ovo"`` has an output for each pair, named ``"a vs b"``.
    - ``predict_log_proba``: log-probabilities, log(0) given as -708.4 (the log of the smallest normal float64).
    - ``predict_proba``: probabilities, or their logs where the estimator has no ``predict_log_proba`` and
      ``method`` does not ask for the probabilities themselves.
    - ``predict``: a regressor's values; for a classifier, 1 for the class that it names and 0 for the others.

    Args:
        estimator: a fitted estimator, or a pipeline or search of one.
        outputs: names, in the order of the estimator's columns. By default the ``classes_`` as text; without
            classes "prediction" (or "prediction 0", ... for several targets), or "decision" for a detector.
        name: a label; the class of the estimator by default.
        method: which method to ask.
        preprocess: applied to the batch first.

    Raises:
        BoxError: when the estimator is not fitted, or has no such method.
        InvalidArgument: when ``outputs`` are not as many as the estimator's columns.

    Pictures and series, of shape (n, ...), are flattened in C order to the (n, n_features_in_) that the estimator
    was fitted on. Data frames and lists are passed as they are.
    """

    def __init__(
        self,
        estimator: Any,
        *,
        outputs: Any = None,
        name: str | None = None,
        method: str | None = None,
        preprocess: Preprocess | None = None,
    ) -> None:
        label = name if name is not None else type(estimator).__name__
        _check_fitted(estimator, label)
        has = [m for m in METHODS if callable(getattr(estimator, m, None))]
        if method is not None and one_of("method", method, METHODS) not in has:
            raise BoxError(f"{visible(label)} has no method {method}. It has: {', '.join(has)}.")
        self._estimator = estimator
        self._method = method or has[0]
        self._logs = self._method == "predict_log_proba" or (method is None and self._method == "predict_proba")
        self._classes = _classes(estimator, label)
        known = self._own_names()
        super().__init__(name=label, outputs=known if outputs is None else outputs, preprocess=preprocess)
        self._noisy = False
        if outputs is not None and self._classes is not None and len(self.outputs) != len(known):
            raise InvalidArgument(
                f"{visible(label)} has {len(known)} outputs ({', '.join(visible(k, 40) for k in known[:20])}), "
                f"but outputs= names {len(self.outputs)}."
            )

    def answer(self, inputs: Any) -> NDArray[Any]:
        """The columns of the method in use; see :class:`EstimatorBox`."""
        fitted = self._flattened(inputs)
        if self._logs:
            with np.errstate(divide="ignore"):
                raw = np.asarray(getattr(self._estimator, self._method)(fitted))
                raw = np.log(raw) if self._method == "predict_proba" else raw
            return np.where(raw == -np.inf, _LOG_ZERO, raw)
        raw = np.asarray(getattr(self._estimator, self._method)(fitted))
        if self._classes is None:
            self._check_targets(raw)
            return raw
        if self._method == "predict" and raw.shape != (len(fitted), len(self._classes)):  # else one column a label
            return np.asarray(raw.reshape(-1, 1) == self._classes, dtype=np.float64)
        if len(self._classes) == 2 and raw.ndim == 1:
            return np.column_stack([-raw, raw])
        return raw

    def _own_names(self) -> list[str]:
        if self._classes is None:
            if self._method == "decision_function":
                return ["decision"]
            targets = _targets(self._estimator)
            return ["prediction"] if targets == 1 else [f"prediction {i}" for i in range(targets)]
        names = [str(label) for label in self._classes]
        innermost = _innermost(self._estimator)
        pairs = self._method == "decision_function" and len(names) > 2
        if pairs and getattr(innermost, "decision_function_shape", None) == "ovo":
            return [f"{a} vs {b}" for a, b in combinations(names, 2)]
        return names

    def _check_targets(self, raw: NDArray[Any]) -> None:
        columns = 1 if raw.ndim < 2 else raw.shape[1]
        if columns != len(self.outputs):
            raise BoxError(
                f"{visible(self.name)} answers with {columns} numbers an input and has {len(self.outputs)} named "
                f"outputs. Pass outputs=[...] with {columns} names."
            )

    def _flattened(self, inputs: Any) -> Any:
        features = getattr(self._estimator, "n_features_in_", None)
        if features is None or not isinstance(inputs, np.ndarray):
            return inputs
        size = math.prod(inputs.shape[1:])
        if size != features:
            shape = " x ".join(map(str, inputs.shape[1:])) or "1"
            # Fitted on arrays of more dimensions, an estimator has the length of the second for its number of features.
            deep = inputs.ndim > 2 and inputs.shape[1] == features
            whole = (
                f" If it takes arrays of {inputs.ndim} dimensions, wrap its method: model.{self._method}."
                if deep
                else ""
            )
            raise BoxError(
                f"{visible(self.name)} was fitted on {features} features, but an input here is {shape} = {size} "
                f"numbers. Make the space's inputs of {features} numbers, or pass preprocess= a function that does."
                f"{whole}"
            )
        return inputs.reshape(len(inputs), size)


def is_estimator(thing: Any) -> bool:
    """Whether ``thing`` has any of the methods of an estimator."""
    return any(callable(getattr(thing, m, None)) for m in (*METHODS, "fit"))


def _check_fitted(estimator: Any, label: str) -> None:
    tell = getattr(estimator, "__sklearn_is_fitted__", None)
    if callable(tell):
        fitted = bool(tell())
    elif type(estimator).__module__.split(".")[0] == "sklearn":
        # The rule of sklearn.utils.validation.check_is_fitted.
        fitted = any(v.endswith("_") and not v.startswith("__") for v in vars(estimator))
    else:
        fitted = True
    if not fitted:
        raise BoxError(f"{visible(label)} is not fitted. Call its fit(X, y) first, or load one that is.")
    if not any(callable(getattr(estimator, m, None)) for m in METHODS):
        raise BoxError(
            f"{visible(label)} has none of {', '.join(METHODS)}. Wrap what it does in a function of a batch, "
            "and pass that to black_box."
        )


def _classes(estimator: Any, label: str) -> NDArray[Any] | None:
    """The classes of a classifier, shape (k,), or None for anything else."""
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return None
    if isinstance(classes, list) and classes and not np.isscalar(classes[0]):
        raise BoxError(
            f"{visible(label)} classifies {len(classes)} targets at once. Wrap the one to look at in a function, such "
            "as lambda x: model.predict_proba(x)[0], and name its classes with outputs=[...]."
        )
    array = np.asarray(classes)
    if array.ndim != 1:
        raise BoxError(f"classes_ of {visible(label)} must be one list of labels, but it is {shown(classes)}.")
    return array


def _targets(estimator: Any) -> int:
    """The number of targets of a regressor, as far as it can be read off; 1 where it cannot."""
    innermost = _innermost(estimator)
    count = getattr(innermost, "n_outputs_", None)
    if isinstance(count, int | np.integer):
        return int(count)
    weights = getattr(innermost, "coef_", None)
    # SVR keeps its coefficients as one row; a linear model fitted on a column of targets does too.
    return int(weights.shape[0]) if isinstance(weights, np.ndarray) and weights.ndim == 2 else 1


def _innermost(estimator: Any) -> Any:
    """The estimator that decides, inside pipelines and searches of parameters."""
    for _ in range(20):  # deeper nesting than anyone's; ends on an estimator that contains itself
        steps = getattr(estimator, "steps", None)
        inner = steps[-1][1] if isinstance(steps, list) and steps else getattr(estimator, "best_estimator_", None)
        if inner is None:
            break
        estimator = inner
    return estimator
