"""Estimators in the style of scikit-learn as black boxes. Known by their methods: scikit-learn is not imported."""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import described
from featviz.black_boxes.base import BlackBox, Preprocess
from featviz.black_boxes.boosted_trees import feature_count, is_booster, margins
from featviz.black_boxes.estimator_columns import class_names, classes_of, to_columns
from featviz.checks import one_of
from featviz.errors import BoxError, InvalidArgument
from featviz.text import first_line, visible

__all__ = ["METHODS", "EstimatorBox", "is_estimator"]

# In the order of preference. A decision value or margin does not saturate; a log-probability is better than a
# probability, which is flat wherever the model is sure.
METHODS = ("decision_function", "margin", "predict_log_proba", "predict_proba", "predict")

# Stands for log(0), which is no number to climb: the log of the smallest normal float64, below any other
# log-probability that a float64 probability has.
_LOG_ZERO = math.log(np.finfo(np.float64).tiny)


class EstimatorBox(BlackBox):
    """A fitted estimator: one output a class for a classifier, one a target for a regressor.

    The outputs are, by the first of these methods that the estimator has, or by ``method``:

    - ``decision_function``: decision values. A classifier of two classes has one; it is the output named after
      the positive class, and its negation is the other's, so that either can be asked for. An ``SVC`` with
      ``decision_function_shape="ovo"`` has an output for each pair, named ``"a vs b"``.
    - ``margin``: of classifiers of boosted trees, what ``predict(raw_score=True)`` (LightGBM), ``output_margin=True``
      (XGBoost) or ``prediction_type="RawFormulaVal"`` (CatBoost) gives: the sum over the trees before the softmax. Of
      two classes as above. A ``Booster``, which knows no classes, always answers with it.
    - ``predict_log_proba``: log-probabilities, log(0) given as -708.4 (the log of the smallest normal float64).
    - ``predict_proba``: probabilities, or their logs where the estimator has no ``predict_log_proba`` and
      ``method`` does not ask for the probabilities themselves.
    - ``predict``: a regressor's values; for a classifier, 1 for the class that it names and 0 for the others.

    Args:
        estimator: a fitted estimator, or a pipeline or search of one; or a ``Booster`` of LightGBM or XGBoost.
        outputs: names, in the order of the columns. By default the ``classes_`` as text, "target/class" for a
            classifier of several targets ("0/yes"); without classes "prediction" (or "prediction 0", ... for several
            targets), "decision" for a detector, and "margin" (or "0", "1", ...) for a ``Booster``.
        name: a label; the class of the estimator by default.
        method: which method to ask.
        preprocess: applied to the batch first.

    Raises:
        BoxError: when the estimator is not fitted, or has no such method.
        InvalidArgument: when ``outputs`` are not as many as the estimator's columns.

    Pictures and series, of shape (n, ...), are flattened in C order to the (n, n_features_in_) that the estimator
    was fitted on. An estimator that was fitted on a data frame gets one: columns in its order, and arrays under its
    names; one that was fitted on an array gets the numbers of a data frame. Lists are passed as they are.
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
        self._targets = classes_of(estimator, label)
        asked = _methods(estimator, self._targets is not None)
        if not asked:
            raise BoxError(
                f"{visible(label)} has none of {', '.join(METHODS)}. Wrap what it does in a function of a batch, "
                "and pass that to black_box."
            )
        if method is not None and one_of("method", method, METHODS) not in asked:
            raise BoxError(f"{visible(label)} has no method {method}. It has: {', '.join(asked)}.")
        self._method = method or next(iter(asked))
        self._ask = asked[self._method]
        self._logs = self._method == "predict_log_proba" or (method is None and self._method == "predict_proba")
        self._features = feature_count(estimator) if is_booster(estimator) else _features(estimator)
        self._columns = _column_names(estimator)
        known = self._own_names(estimator)
        super().__init__(name=label, outputs=known if outputs is None else outputs, preprocess=preprocess)
        self._noisy = False
        if outputs is not None and self._targets is not None and len(self.outputs) != len(known):
            raise InvalidArgument(
                f"{visible(label)} has {len(known)} outputs ({', '.join(visible(k, 40) for k in known[:20])}), "
                f"but outputs= names {len(self.outputs)}."
            )

    def answer(self, inputs: Any) -> NDArray[Any]:
        """The columns of the method in use; see :class:`EstimatorBox`."""
        raw = self._asked(self._fitting(inputs))
        if self._targets is None:
            columns = np.asarray(raw)
            self._check_targets(columns)
            return columns
        columns = to_columns(raw, self._targets, self._method, self.name)
        if not self._logs:
            return columns
        with np.errstate(divide="ignore"):
            logs = np.log(columns) if self._method == "predict_proba" else columns
        return np.where(logs == -np.inf, _LOG_ZERO, logs)

    def _asked(self, given: Any) -> Any:
        with np.errstate(divide="ignore"):  # forests take the log of probabilities of 0
            try:
                return self._ask(given)
            except (KeyError, ValueError) as error:
                missing = _missing_columns(given, self._columns)
                if not missing:
                    raise
                listed = ", ".join(visible(column, 40) for column in missing[:10])
                raise BoxError(
                    f"{visible(self.name)} was fitted on a data frame with the columns {listed}, which the inputs do "
                    f"not have: {first_line(error)}"
                ) from error

    def _own_names(self, estimator: Any) -> list[str]:
        if self._targets is not None:
            ovo = getattr(_innermost(estimator), "decision_function_shape", None) == "ovo"
            pairs = self._method == "decision_function" and ovo and len(self._targets[0]) > 2
            return class_names(self._targets, pairs=pairs)
        if self._method == "decision_function":
            return ["decision"]
        count = _target_count(estimator) or self._probed_count() or 1
        if is_booster(estimator):
            return ["margin"] if count == 1 else [str(i) for i in range(count)]
        return ["prediction"] if count == 1 else [f"prediction {i}" for i in range(count)]

    def _probed_count(self) -> int | None:
        """The number of columns that one input of zeros is answered with, or None where it cannot be asked."""
        if self._features is None:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                answer = np.asarray(self._ask(self._fitting(np.zeros((1, self._features)))))
        except Exception:  # noqa: BLE001  zeros may be no input for it at all; then one column is assumed
            return None
        return answer.shape[1] if answer.ndim == 2 else 1

    def _check_targets(self, columns: NDArray[Any]) -> None:
        count = 1 if columns.ndim < 2 else columns.shape[1]
        if count != len(self.outputs):
            raise BoxError(
                f"{visible(self.name)} answers with {count} numbers an input and has {len(self.outputs)} named "
                f"outputs. Pass outputs=[...] with {count} names."
            )

    def _fitting(self, inputs: Any) -> Any:
        """The batch in the form that the estimator was fitted on."""
        if isinstance(inputs, np.ndarray):
            flat = self._flattened(inputs)
            return flat if self._columns is None or flat.ndim != 2 else _as_frame(flat, self._columns)
        columns = getattr(inputs, "columns", None)
        if columns is None:
            if isinstance(inputs, dict | tuple) and self._features is not None:
                raise BoxError(
                    f"{visible(self.name)} takes a table or an array, but the batch is {described(inputs)}. Search "
                    "fv.TabularSpace({...}), or pass preprocess= a function that makes one."
                )
            return inputs
        if self._columns is None and self._features is not None and _numeric(inputs):
            return self._flattened(inputs.to_numpy())  # fitted on an array: names would be warned of in every batch
        if self._columns is None or list(columns) == self._columns:
            return inputs
        return inputs if _missing_columns(inputs, self._columns) else inputs[self._columns]

    def _flattened(self, inputs: NDArray[Any]) -> NDArray[Any]:
        if self._features is None:
            return inputs
        size = math.prod(inputs.shape[1:])
        if size != self._features:
            shape = " x ".join(map(str, inputs.shape[1:])) or "1"
            # Fitted on arrays of more dimensions, an estimator has the length of the second for its number of features.
            deep = inputs.ndim > 2 and inputs.shape[1] == self._features
            whole = (
                f" If it takes arrays of {inputs.ndim} dimensions, wrap its method: model.{self._method}."
                if deep
                else ""
            )
            raise BoxError(
                f"{visible(self.name)} was fitted on {self._features} features, but an input here is {shape} = {size} "
                f"numbers. Make the space's inputs of {self._features} numbers, or pass preprocess= a function that "
                f"does.{whole}"
            )
        return inputs.reshape(len(inputs), size)


def is_estimator(thing: Any) -> bool:
    """Whether ``thing`` has any of the methods of an estimator."""
    return any(callable(getattr(thing, m, None)) for m in (*METHODS, "fit") if m != "margin")


def _methods(estimator: Any, classifies: bool) -> dict[str, Callable[[Any], Any]]:
    """What can be asked, in the order of :data:`METHODS`."""
    raw = margins(estimator) if classifies or is_booster(estimator) else None
    if is_booster(estimator) and raw is not None:
        return {"margin": raw}
    found: dict[str, Callable[[Any], Any]] = {}
    for method in METHODS:
        ask = raw if method == "margin" else getattr(estimator, method, None)
        if callable(ask):
            found[method] = ask
    return found


def _check_fitted(estimator: Any, label: str) -> None:
    tell = getattr(estimator, "__sklearn_is_fitted__", None) or getattr(estimator, "is_fitted", None)
    if callable(tell):
        fitted = bool(tell())
    elif type(estimator).__module__.split(".")[0] == "sklearn":
        # The rule of sklearn.utils.validation.check_is_fitted.
        fitted = any(v.endswith("_") and not v.startswith("__") for v in vars(estimator))
    else:
        fitted = True
    if not fitted:
        raise BoxError(f"{visible(label)} is not fitted. Call its fit(X, y) first, or load one that is.")


def _features(estimator: Any) -> int | None:
    count = getattr(estimator, "n_features_in_", None)
    return int(count) if isinstance(count, int | np.integer) else None


def _column_names(estimator: Any) -> list[Any] | None:
    """The columns of the data frame that an estimator was fitted on, or None where it was not."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return None
    columns = list(names)
    made_up = [f"Column_{i}" for i in range(len(columns))]  # LightGBM's own, for arrays
    return None if columns == made_up else columns


def _missing_columns(batch: Any, columns: Sequence[Any] | None) -> list[Any]:
    has = getattr(batch, "columns", None)
    return [] if has is None or columns is None else [column for column in columns if column not in set(has)]


def _numeric(frame: Any) -> bool:
    """Whether every column of a data frame is one of numpy's numbers or truth values."""
    return all(getattr(dtype, "kind", "O") in "biuf" and isinstance(dtype, np.dtype) for dtype in frame.dtypes)


def _as_frame(batch: NDArray[Any], columns: Sequence[Any]) -> Any:
    try:
        import pandas as pd  # noqa: PLC0415  only an estimator that was fitted on a data frame needs it
    except ImportError:
        return batch
    return pd.DataFrame(batch, columns=list(columns))


def _target_count(estimator: Any) -> int | None:
    """The number of targets of a regressor, as far as it can be read off."""
    innermost = _innermost(estimator)
    count = getattr(innermost, "n_outputs_", None)
    if isinstance(count, int | np.integer):
        return int(count)
    weights = getattr(innermost, "coef_", None)
    # SVR keeps its coefficients as one row; a linear model fitted on a column of targets does too.
    return int(weights.shape[0]) if isinstance(weights, np.ndarray) and weights.ndim == 2 else None


def _innermost(estimator: Any) -> Any:
    """The estimator that decides, inside pipelines and searches of parameters."""
    for _ in range(20):  # deeper nesting than anyone's; ends on an estimator that contains itself
        steps = getattr(estimator, "steps", None)
        inner = steps[-1][1] if isinstance(steps, list) and steps else getattr(estimator, "best_estimator_", None)
        if inner is None:
            break
        estimator = inner
    return estimator
