"""Evaluation: from a batch of inputs to outputs, scores and a status each, whatever the boxes do.

``Evaluator`` asks the boxes of an objective and guards what comes back; an ``Outcome`` holds it; ``FailureBudget`` ends
a search that mostly fails.
"""

from featviz.evaluation.evaluator import Evaluator
from featviz.evaluation.failure_budget import FailureBudget
from featviz.evaluation.ledger import Ledger
from featviz.evaluation.outcome import Outcome
from featviz.evaluation.status import Status

__all__ = [
    "Evaluator",  # boxes + objective -> Outcome
    "FailureBudget",  # raises when most of the last evaluations failed
    "Ledger",  # what the boxes were asked, and how it went
    "Outcome",  # outputs, scores, statuses and reasons of a batch
    "Status",  # how an evaluation ended
]
