"""Objectives: from the outputs of black boxes to one score an input. Higher is better everywhere.

``maximise``, ``minimise`` and ``margin`` make objectives, which are added, subtracted and weighted; penalties such as
``total_variation`` are subtracted from them. A new kind derives from ``Term`` or ``Penalty`` and is registered under
the entry-point group ``featviz.objectives``, or named by its import path.
"""

from featviz.objectives.changes import Changes, changes
from featviz.objectives.objective import Objective
from featviz.objectives.output_term import OutputTerm
from featviz.objectives.pareto import Pareto, pareto
from featviz.objectives.part import Seen
from featviz.objectives.penalty import Penalty
from featviz.objectives.registered import OBJECTIVES
from featviz.objectives.specs import objective_from_spec
from featviz.objectives.term import Term
from featviz.objectives.terms import margin, maximise, minimise
from featviz.objectives.total_variation import TotalVariation, total_variation

__all__ = [
    "OBJECTIVES",  # the registry of terms and penalties, by kind
    "Changes",
    "Objective",  # a weighted sum of terms, less penalties
    "OutputTerm",  # the base of terms about one output of one box
    "Pareto",  # several objectives at once
    "Penalty",  # the base of what is subtracted: a number >= 0 of an input
    "Seen",  # what a term or penalty may look at: inputs, latents, the space
    "Term",  # the base of what is added: a number of outputs of boxes, of the input, or of both
    "TotalVariation",
    "changes",  # columns of a row that differ from a reference
    "margin",  # an output less the largest other one
    "maximise",
    "minimise",
    "objective_from_spec",  # a spec -> Objective
    "pareto",  # several objectives at once, without weights
    "total_variation",  # roughness of pictures
]
