"""Remarks on a search whose result means nothing."""

import warnings
from collections.abc import Mapping

import numpy as np

from featviz.errors import FeatvizWarning
from featviz.storage import Phase
from featviz.study.history import Records
from featviz.text import visible

__all__ = ["remark_on"]

# Scores from which a search in which all are equal is remarked on.
_FLAT = 50
# From here to the caller of ``fv.search``.
_LEVEL = 5


def remark_on(records: Records, reasons: Mapping[str, int]) -> None:
    """Warn when no evaluation of a search gave a score, or all the same.

    Args:
        records: its evaluations.
        reasons: why evaluations failed, the most frequent reason first.
    """
    count = records.count(Phase.SEARCH, Phase.REFERENCE)
    if count and count == records.failures:
        # Below its minimum the failure budget does not judge.
        such = f" Such as: {visible(next(iter(reasons)), 400)}" if reasons else ""
        warnings.warn(f"none of the {count:,} evaluations gave a score.{such}", FeatvizWarning, stacklevel=_LEVEL)
    scores = records.scores[records.of_phase(Phase.SEARCH)]
    scores = scores[~np.isnan(scores)]
    if len(scores) >= _FLAT and float(np.ptp(scores)) <= 1e-6 * max(1.0, float(np.abs(scores).max())):
        warnings.warn(
            f"all {len(scores):,} inputs of the search scored the same ({scores[0]:.6g}), so it had nothing to "
            "follow. Start from real inputs with references=; check that the space's range of values is the "
            "model's; or ask for an output that moves, such as a decision value in place of a vote or a saturated "
            "probability.",
            FeatvizWarning,
            stacklevel=_LEVEL,
        )
