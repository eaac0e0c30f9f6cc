"""Objectives: from the outputs of black boxes to one score an input. Higher is better everywhere.

What is asked of boxes: ``maximise``, ``minimise``, ``margin``, ``log_odds``, ``target_value``, ``direction``,
``boundary``, ``entropy``, ``disagreement``; of inputs: ``novelty``, ``naturalness``. These are added, subtracted and
weighted. Penalties are subtracted: ``total_variation``, ``roughness``, ``distance_to``, ``sparsity``, ``changes``.
A new kind derives from ``Term`` or ``Penalty`` and is registered under the entry-point group ``featviz.objectives``, or
named by its import path.
"""

from featviz.objectives.boundary import boundary
from featviz.objectives.box_term import BoxTerm
from featviz.objectives.changes import Changes, changes
from featviz.objectives.direction import direction
from featviz.objectives.disagreement import disagreement
from featviz.objectives.distance_to import distance_to
from featviz.objectives.entropy import entropy
from featviz.objectives.log_odds import log_odds
from featviz.objectives.naturalness import naturalness
from featviz.objectives.novelty import novelty
from featviz.objectives.objective import Objective
from featviz.objectives.output_term import OutputTerm
from featviz.objectives.pareto import Pareto, pareto
from featviz.objectives.part import Seen
from featviz.objectives.penalty import Penalty
from featviz.objectives.registered import OBJECTIVES
from featviz.objectives.roughness import roughness
from featviz.objectives.sparsity import sparsity
from featviz.objectives.specs import objective_from_spec
from featviz.objectives.target_value import target_value
from featviz.objectives.term import Term
from featviz.objectives.terms import margin, maximise, minimise
from featviz.objectives.total_variation import TotalVariation, total_variation

__all__ = [
    "OBJECTIVES",  # the registry of terms and penalties, by kind
    "BoxTerm",  # the base of terms about all outputs of one box
    "Changes",
    "Objective",  # a weighted sum of terms, less penalties, under constraints
    "OutputTerm",  # the base of terms about one output of one box
    "Pareto",  # several objectives at once
    "Penalty",  # the base of what is subtracted: a number >= 0 of an input
    "Seen",  # what a term or penalty may look at: inputs, latents, the space
    "Term",  # the base of what is added: a number of outputs of boxes, of the input, or of both
    "TotalVariation",
    "boundary",  # two outputs equal and above all others
    "changes",  # columns of a row that differ from a reference
    "direction",  # a vector in the space of outputs
    "disagreement",  # boxes that answer differently
    "distance_to",  # how far from a reference
    "entropy",  # how undecided a box is
    "log_odds",  # log p - log(1 - p) of an output
    "margin",  # an output less the largest other one
    "maximise",
    "minimise",
    "naturalness",  # the log density of an input
    "novelty",  # how far from what was found
    "objective_from_spec",  # a spec -> Objective
    "pareto",  # several objectives at once, without weights
    "roughness",  # what is not smooth
    "sparsity",  # the share of an input that differs from a reference
    "target_value",  # an output near a value
    "total_variation",  # change from place to place in pictures and series
]
