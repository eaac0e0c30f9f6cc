"""What a plug-in author runs: the contracts that every built-in implementation keeps.

``check_optimiser`` needs no test framework; ``OptimiserContract`` is the same as a pytest class.
"""

from featviz.testing.optimisers import OptimiserContract, check_optimiser

__all__ = ["OptimiserContract", "check_optimiser"]
