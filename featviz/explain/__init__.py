"""Saliency by perturbation: which parts of an input the score rests on, asked of the black box alone.

=================  ==========================================================================================
``engine``         ``fv.saliency``: hides parts of an input, asks, and fits; sees only masks and scores
``methods``        which masks to ask about, and how scores become values: ``occlusion``, ``ridge``
``explanation``    the result, with its controls
=================  ==========================================================================================
"""

from featviz.explain.engine import saliency
from featviz.explain.explanation import Explanation

__all__ = ["Explanation", "saliency"]
