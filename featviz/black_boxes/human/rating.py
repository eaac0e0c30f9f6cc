"""Ratings: each candidate on its own, on a scale; a share of them once more, later."""

from collections.abc import Sequence

from featviz.black_boxes.human.questions import Answer, Question, keyed

__all__ = ["RatingPlan"]

# A candidate comes again only after so many others, where the batch is that large.
_GAP = 3


class RatingPlan:
    """The ratings of one batch.

    Args:
        keys: of the candidates, distinct.
        scale: the lowest and the highest rating, whole numbers.
        repeats: how many candidates are shown a second time.
    """

    def __init__(self, keys: Sequence[str], scale: tuple[int, int], repeats: int) -> None:
        self._scale = scale
        rng = keyed("rating", *sorted(keys))
        order = [sorted(keys)[i] for i in rng.permutation(len(keys))]
        n = len(order)
        early = list(range(max(1, n - _GAP)))
        late = list(range(len(early), n))
        again = [*rng.permutation(early).tolist(), *late][: min(repeats, n) if n > 1 else 0]
        # A repeat stands behind so many of the others; with equal places first questions come first.
        places = [(float(i), Question((key,))) for i, key in enumerate(order)]
        for i in again:
            place = int(rng.integers(min(i + _GAP, n - 1), n))
            places.append((place + 0.5, Question((order[i],), repeat=True)))
        self._sequence = [question for _, question in sorted(places, key=lambda pair: pair[0])]

    def next(self, answers: Sequence[Answer]) -> Question | None:
        """The next candidate to rate."""
        given = {(answer.shown, answer.repeat) for answer in answers}
        return next((q for q in self._sequence if (q.shown, q.repeat) not in given), None)

    def total(self, answers: Sequence[Answer]) -> int:  # noqa: ARG002  known from the start
        """Candidates and repeats."""
        return len(self._sequence)

    def accepts(self, value: float) -> bool:
        """Whether ``value`` is a whole number on the scale."""
        return value == int(value) and self._scale[0] <= value <= self._scale[1]

    def outputs(self, answers: Sequence[Answer]) -> dict[str, float]:
        """The rating of each candidate; the mean of both where it was rated twice."""
        ratings: dict[str, list[float]] = {}
        for answer in answers:
            ratings.setdefault(answer.shown[0], []).append(answer.value)
        return {key: sum(values) / len(values) for key, values in ratings.items()}
