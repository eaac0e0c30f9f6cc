"""Spaces made of other spaces: dicts, tuples, lists of any length, one of several, one or none; nested as one likes.

======================  =====================================================================================
``products``            ``DictSpace`` and ``TupleSpace``
``lists``               ``ListSpace``; its genes are in ``slots``, its search operators in ``list_moves``
``alternatives``        ``OneOf`` and ``Optional``
``composite``           what they have in common: paths, saliency, the table of what changed, rendering
``parts``               spaces, variables and constants behind one set of methods
``comparing``           whether two inputs are the same
======================  =====================================================================================
"""

from featviz.search_spaces.composites.alternatives import OneOf, Optional
from featviz.search_spaces.composites.composite import Composite, Difference
from featviz.search_spaces.composites.lists import ListSpace
from featviz.search_spaces.composites.parts import Constant
from featviz.search_spaces.composites.products import DictSpace, TupleSpace

__all__ = ["Composite", "Constant", "DictSpace", "Difference", "ListSpace", "OneOf", "Optional", "TupleSpace"]
