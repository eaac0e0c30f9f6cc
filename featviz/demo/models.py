"""The models of the demo as black boxes. Each is made once a process and needs the extra ``demo``."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.black_boxes import BlackBox, black_box
from featviz.errors import MissingDependency

__all__ = ["DIGITS", "WINDOW", "digits_data", "digits_mlp", "digits_svm", "pedestrian"]

WINDOW = (128, 64)  # height, width of the detector's window, in pixels
DIGITS = tuple(str(digit) for digit in range(10))


@cache
def pedestrian() -> BlackBox:
    """OpenCV's people detector (Dalal and Triggs 2005): one output, "person", the SVM's decision value.

    Takes grey pictures, float (n, 128, 64, 1) in [0, 1]. The detector calls a window a person above 0.
    """
    try:
        import cv2  # noqa: PLC0415  an extra
    except ImportError as error:
        raise MissingDependency("the pedestrian detector needs OpenCV: pip install 'featviz[demo]'.") from error
    hog = cv2.HOGDescriptor()
    weights = np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector(), dtype=np.float64).ravel()

    def decision_value(pictures: NDArray[np.float32]) -> NDArray[np.float64]:
        windows = np.round(pictures[..., 0] * 255).astype(np.uint8)
        # OpenCV describes one window a call; the pictures' borders keep it from taking a stack of them.
        features = np.stack([np.asarray(hog.compute(window), dtype=np.float64).ravel() for window in windows])
        return np.asarray(features @ weights[:-1] + weights[-1])

    return black_box(decision_value, outputs=["person"], name="HOG pedestrian detector")


@cache
def digits_data() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The pictures of ``load_digits`` as (1797, 64) in [0, 1], and their labels."""
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415  an extra
    except ImportError as error:
        raise MissingDependency("the digit classifiers need scikit-learn: pip install 'featviz[demo]'.") from error
    pictures, labels = load_digits(return_X_y=True)
    return pictures / 16.0, labels


@cache
def digits_svm() -> BlackBox:
    """An RBF support vector machine on digits: ten outputs, its one-against-rest decision values."""
    return _fitted(_svc(), "RBF-SVM on digits")


@cache
def digits_mlp() -> BlackBox:
    """A multi-layer perceptron on digits: ten outputs, its log-probabilities."""
    return _fitted(_mlp(), "MLP on digits")


def _svc() -> Any:
    digits_data()
    from sklearn.svm import SVC  # noqa: PLC0415  an extra

    return SVC(C=10.0, gamma="scale")


def _mlp() -> Any:
    digits_data()
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415  an extra

    return MLPClassifier((100,), max_iter=400, random_state=0)


def _fitted(estimator: Any, name: str) -> BlackBox:
    pictures, labels = digits_data()
    return black_box(estimator.fit(pictures, labels), name=name)
