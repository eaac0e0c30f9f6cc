"""The demo: what do a pedestrian detector and two digit classifiers look for?

Real, pretrained or freshly trained models (extra ``demo``): OpenCV's HOG + linear SVM pedestrian detector, and a
scikit-learn RBF-SVM and MLP trained on ``load_digits``.
"""

from featviz.demo.runner import run_demo

__all__ = ["run_demo"]
