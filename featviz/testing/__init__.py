"""What a plug-in author runs: the contracts that every built-in implementation keeps.

The functions need no test framework; each ``...Contract`` is the same as a pytest class.
"""

from featviz.testing.black_boxes import BlackBoxContract, BoxReport, check_black_box
from featviz.testing.optimisers import OptimiserContract, check_optimiser
from featviz.testing.spaces import SpaceContract, check_space

__all__ = [
    "BlackBoxContract",
    "BoxReport",  # what check_black_box found
    "OptimiserContract",
    "SpaceContract",
    "check_black_box",
    "check_optimiser",
    "check_space",
]
