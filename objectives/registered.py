"""The registry of the kinds of terms and penalties."""

from featviz.registry import Registry

__all__ = ["OBJECTIVES"]

# Classes deriving from ``Term`` (made as ``cls(box, **options)``, ``cls(boxes, **options)`` or ``cls(**options)``, as
# its ``takes`` says) or from ``Penalty`` (made as ``cls(**options)``).
OBJECTIVES = Registry(
    "objective",
    "featviz.objectives",
    {
        "maximise": "featviz.objectives.terms:Maximise",
        "minimise": "featviz.objectives.terms:Minimise",
        "margin": "featviz.objectives.terms:Margin",
        "log_odds": "featviz.objectives.log_odds:LogOdds",
        "target_value": "featviz.objectives.target_value:TargetValue",
        "direction": "featviz.objectives.direction:Direction",
        "boundary": "featviz.objectives.boundary:Boundary",
        "entropy": "featviz.objectives.entropy:Entropy",
        "disagreement": "featviz.objectives.disagreement:Disagreement",
        "novelty": "featviz.objectives.novelty:Novelty",
        "naturalness": "featviz.objectives.naturalness:Naturalness",
        "total_variation": "featviz.objectives.total_variation:TotalVariation",
        "changes": "featviz.objectives.changes:Changes",
        "distance_to": "featviz.objectives.distance_to:DistanceTo",
        "sparsity": "featviz.objectives.sparsity:Sparsity",
        "roughness": "featviz.objectives.roughness:Roughness",
    },
)
