"""The registry of the kinds of terms and penalties."""

from featviz.registry import Registry

__all__ = ["OBJECTIVES"]

# Classes deriving from ``Term`` (made as ``cls(box, output, **options)``) or ``Penalty`` (made as ``cls(**options)``).
OBJECTIVES = Registry(
    "objective",
    "featviz.objectives",
    {
        "maximise": "featviz.objectives.terms:Maximise",
        "minimise": "featviz.objectives.terms:Minimise",
        "margin": "featviz.objectives.terms:Margin",
        "total_variation": "featviz.objectives.total_variation:TotalVariation",
        "changes": "featviz.objectives.changes:Changes",
    },
)
