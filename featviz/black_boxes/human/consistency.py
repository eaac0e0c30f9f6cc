"""How far a rater agrees with themselves, from what they were asked twice."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from featviz.black_boxes.human.questions import Answer
from featviz.display.formats import plural

__all__ = ["Consistency", "consistency_of"]


@dataclass(frozen=True)
class Consistency:
    """Test and retest of one rater.

    Args:
        mode: "rating" or "pairs".
        n: how many questions were asked twice within a batch.
        mean_difference: of ratings: the mean absolute difference between both; None for pairs, and when n is 0.
        standard_error: of ratings: the standard deviation that one rating has around the rater's mean, estimated from
            the differences d as sqrt(mean(d²) / 2); None for pairs, and when n is 0.
        agreement: of pairs: the share in which the same answer was given again; None for ratings, and when n is 0.
    """

    mode: str
    n: int
    mean_difference: float | None = None
    standard_error: float | None = None
    agreement: float | None = None

    def __str__(self) -> str:
        if not self.n:
            return "nothing was asked twice yet"
        if self.agreement is not None:
            return f"{round(self.agreement * self.n)} of {plural(self.n, 'repeated comparison')} came out the same"
        return (
            f"{plural(self.n, 'repeated rating')}: they differ by {self.mean_difference:.2g} on average, a standard "
            f"error of {self.standard_error:.2g}"
        )


def consistency_of(mode: str, sittings: Sequence[Sequence[Answer]]) -> Consistency:
    """The consistency that the answers to some batches show."""
    differences: list[float] = []
    for answers in sittings:
        firsts = {frozenset(a.shown): a for a in answers if not a.repeat}
        for answer in answers:
            first = firsts.get(frozenset(answer.shown)) if answer.repeat else None
            if first is not None:
                again = answer.value if answer.shown == first.shown else 1 - answer.value
                differences.append(again - first.value)
    n = len(differences)
    if not n:
        return Consistency(mode, 0)
    if mode == "pairs":
        return Consistency(mode, n, agreement=sum(d == 0 for d in differences) / n)
    return Consistency(
        mode,
        n,
        mean_difference=sum(map(abs, differences)) / n,
        standard_error=math.sqrt(sum(d * d for d in differences) / n / 2),
    )
