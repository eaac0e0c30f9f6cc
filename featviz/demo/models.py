"""The models of the demo as black boxes. Each is made once a process and needs the extra ``demo``."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from featviz.black_boxes import BlackBox, black_box
from featviz.errors import MissingDependency

__all__ = ["DIGITS", "DIGIT_SIDE", "WINDOW", "digits_data", "digits_mlp", "digits_svm", "pedestrian"]

WINDOW = (128, 64)  # height, width of the detector's window, in pixels
DIGIT_SIDE = 16
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
    """The pictures of ``load_digits``, enlarged to 16 x 16, as (1797, 256) in [0, 1], and their labels."""
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415  an extra
    except ImportError as error:
        raise MissingDependency("the digit classifiers need scikit-learn: pip install 'featviz[demo]'.") from error
    from scipy.ndimage import zoom  # noqa: PLC0415  slow to import

    pictures, labels = load_digits(return_X_y=True)
    enlarged = zoom(pictures.reshape(-1, 8, 8) / 16, (1, DIGIT_SIDE / 8, DIGIT_SIDE / 8), order=1)
    return np.clip(enlarged, 0, 1).reshape(len(labels), -1), labels


@cache
def digits_svm() -> BlackBox:
    """Ten RBF support vector machines, each digit against the rest: ten outputs, their decision values.

    One machine of scikit-learn with ten classes would answer with votes between pairs of classes, which move in
    steps; decision values against the rest are what a margin is made of.
    """
    pictures, labels = digits_data()
    from sklearn.multiclass import OneVsRestClassifier  # noqa: PLC0415  an extra
    from sklearn.svm import SVC  # noqa: PLC0415  an extra

    return black_box(OneVsRestClassifier(SVC(C=10.0, gamma=0.01)).fit(pictures, labels), name="RBF-SVM on digits")


@cache
def digits_mlp() -> BlackBox:
    """A multi-layer perceptron, trained on the digits and copies moved by up to two pixels: its log-probabilities."""
    pictures, labels = digits_data()
    from scipy.ndimage import shift  # noqa: PLC0415  slow to import
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415  an extra

    square = pictures.reshape(-1, DIGIT_SIDE, DIGIT_SIDE)
    moves = [(0, 0), (-2, 0), (2, 0), (0, -2), (0, 2)]
    moved = np.concatenate([shift(square, (0, *move), order=0) for move in moves]).reshape(-1, DIGIT_SIDE**2)
    estimator = MLPClassifier((100,), early_stopping=True, random_state=0)
    return black_box(estimator.fit(moved, np.tile(labels, len(moves))), name="MLP on digits")
