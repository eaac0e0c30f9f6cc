"""Black boxes: anything that turns a batch of inputs into named numbers.

``black_box`` makes one of a function, an estimator, an ONNX file or an import path; ``box_from_spec`` makes one of what
``BlackBox.spec()`` gave. ``policy`` and ``rollout``, of agents, are in ``featviz.black_boxes.agents``. A new kind
derives from ``BlackBox`` and implements ``answer``.
"""

from featviz.black_boxes.answers import as_outputs
from featviz.black_boxes.base import BlackBox
from featviz.black_boxes.estimators import EstimatorBox
from featviz.black_boxes.factory import black_box
from featviz.black_boxes.functions import FunctionBox
from featviz.black_boxes.onnx_files import OnnxBox
from featviz.black_boxes.robust_boxes import RobustBox, robust
from featviz.black_boxes.specs import box_from_spec

__all__ = [
    "BlackBox",  # the base class
    "EstimatorBox",  # a fitted estimator
    "FunctionBox",  # a callable
    "OnnxBox",  # an ONNX file
    "RobustBox",  # another box, over random transformations of the input
    "as_outputs",  # what counts as n rows of k numbers
    "black_box",  # anything -> BlackBox
    "box_from_spec",  # a spec -> BlackBox
    "robust",  # a box or an objective -> one over random transformations
]
