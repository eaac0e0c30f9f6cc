"""Comparisons of two: which of them, in which order, and the strengths that they give."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from featviz.black_boxes.human.questions import Answer, Question, keyed
from featviz.black_boxes.human.strengths import Comparison, fit_strengths

__all__ = ["Ladder", "PairsPlan"]

_Pair = tuple[str, str]


@dataclass(frozen=True)
class Ladder:
    """What carries the scale from batch to batch: candidates whose strengths are settled.

    Args:
        rungs: key and strength, the weakest first.
        level: the mean strength of the batch before; None when there was none.
    """

    rungs: tuple[tuple[str, float], ...] = ()
    level: float | None = None

    def after(self, strengths: dict[str, float], most: int) -> "Ladder":
        """The ladder for the batch after the one that had these ``strengths``.

        The first batch gives ``most`` rungs, evenly spread over the upper part of its ranking. After that the best of
        a batch becomes the new top when it is stronger than the old one, and the lowest rung goes.
        """
        ranked = sorted(strengths.items(), key=lambda pair: (pair[1], pair[0]))
        level = sum(strengths.values()) / len(strengths)
        if not self.rungs:
            n, m = len(ranked), min(most, len(ranked))
            places = sorted({round((i + 1) / m * n) - 1 for i in range(m)})
            return Ladder(tuple(ranked[i] for i in places), level)
        known = dict(self.rungs)
        best = ranked[-1]
        if best[0] in known or best[1] <= self.rungs[-1][1]:
            return Ladder(self.rungs, level)
        return Ladder((*self.rungs, best)[-most:], level)


class PairsPlan:
    """The comparisons of one batch of n candidates.

    Without a ladder (the first batch) they play a Swiss tournament of ceil(log2 n) + 1 rounds: in each, everyone meets
    someone of about the same strength so far. With one, each candidate is placed between the m rungs by bisection,
    ceil(log2(m + 1)) comparisons at most, and then neighbours meet once. So a candidate takes part in
    ceil(log2(m + 1)) + 1 comparisons, and costs half a comparison less, since a meeting of neighbours serves two.

    Args:
        keys: of the candidates, distinct.
        ladder: what the batches before left.
        share: repeats as a share of the comparisons.
        owed: repeats that are due from batches before; may be negative.
    """

    def __init__(self, keys: Sequence[str], ladder: Ladder, share: float, owed: float = 0.0) -> None:
        self._known = dict(ladder.rungs)
        self._rungs = [key for key, _ in ladder.rungs]
        self._level = ladder.level
        # A rung that comes again as a candidate has its strength already.
        self._keys = sorted(key for key in keys if key not in self._known)
        self._settled = {key: self._known[key] for key in keys if key in self._known}
        self._share, self._owed = share, owed
        self._order = [self._keys[i] for i in keyed("pairs", *self._keys).permutation(len(self._keys))]
        n = len(self._keys)
        if not self._rungs:
            self._climbs = 0
            self._meetings = 0 if n < 2 else min(n - 1, math.ceil(math.log2(n)) + 1)
        else:
            self._climbs = math.ceil(math.log2(len(self._rungs) + 1)) if n else 0
            self._meetings = 1 if n > 1 else 0

    def next(self, answers: Sequence[Answer]) -> Question | None:
        """The next pair, the sides chosen so that each candidate stands left as often as right."""
        return self._walk(answers)[0]

    def total(self, answers: Sequence[Answer]) -> int:
        """Comparisons so far and those to come; a tie with a rung or an odd one out makes it fewer."""
        return max(self._walk(answers)[1], len(answers))

    def accepts(self, value: float) -> bool:
        """Whether ``value`` is a preference."""
        return value in {0.0, 0.5, 1.0}

    def outputs(self, answers: Sequence[Answer]) -> dict[str, float]:
        """The strength of each candidate, once every comparison is made: with half of them it would be another."""
        if self.next(answers) is not None:
            return dict(self._settled)
        return self._settled | self._fit(answers)

    def _fit(self, answers: Sequence[Answer]) -> dict[str, float]:
        found = [Comparison(a.shown[0], a.shown[1], a.value) for a in answers]
        return fit_strengths(self._keys, found, self._known, self._level)

    def _walk(self, answers: Sequence[Answer]) -> tuple[Question | None, int]:
        """The first question that is not answered yet, and the number of questions."""
        firsts = {frozenset(a.shown): a for a in answers if not a.repeat}
        again = {frozenset(a.shown) for a in answers if a.repeat}
        done: list[Answer] = []
        before: list[_Pair] = []
        asked = repeated = 0
        rounds = self._climbs + self._meetings
        for number in range(rounds):
            pairs = self._round(number, done)
            asked += len(pairs)
            # Whole repeats that are due by now, of pairs of the round before.
            due = math.floor(self._owed + self._share * asked + 1e-9) - repeated
            questions = self._with_repeats(number, pairs, before, max(0, due))
            repeated += len(questions) - len(pairs)
            for pair, repeat in questions:
                if frozenset(pair) not in (again if repeat else firsts):
                    rest = len(self._keys) * max(0, self._climbs - number - 1)
                    rest += (len(self._keys) // 2) * min(self._meetings, rounds - number - 1)
                    return self._question(pair, repeat, answers, firsts), asked + repeated + rest
            done += [firsts[frozenset(pair)] for pair in pairs]
            before = pairs
        return None, asked + repeated

    def _round(self, number: int, done: list[Answer]) -> list[_Pair]:
        if number < self._climbs:
            pairs = [(key, rung) for key in self._order if (rung := self._next_rung(key, done))]
        else:
            pairs = self._neighbours(done)
        mixed = keyed("round", str(number), *self._keys).permutation(len(pairs))
        return [pairs[i] for i in mixed]

    def _next_rung(self, key: str, done: list[Answer]) -> str | None:
        """The middle one of the rungs between which ``key`` must lie by what is known; None when that is settled."""
        low, high = 0, len(self._rungs)
        won = {rung: value for answer in done for rung, value in _against(key, answer)}
        while low < high:
            middle = (low + high) // 2
            value = won.get(self._rungs[middle])
            if value is None:
                return self._rungs[middle]
            if value == 0.5:
                return None
            low, high = (middle + 1, high) if value == 1.0 else (low, middle)
        return None

    def _neighbours(self, done: list[Answer]) -> list[_Pair]:
        """Candidates paired with others of about their strength whom they have not met."""
        if done:
            strengths = self._fit(done)
            waiting = sorted(self._order, key=lambda key: -strengths[key])
        else:
            waiting = list(self._order)
        met = {frozenset(answer.shown) for answer in done}
        pairs: list[_Pair] = []
        while len(waiting) > 1:
            key = waiting.pop(0)
            partner = next((other for other in waiting if frozenset((key, other)) not in met), None)
            if partner is None:
                continue
            waiting.remove(partner)
            pairs.append((key, partner))
        return pairs

    def _with_repeats(self, number: int, pairs: list[_Pair], before: list[_Pair], due: int) -> list[tuple[_Pair, bool]]:
        rng = keyed("repeats", str(number), *self._keys)
        chosen = [before[i] for i in sorted(rng.permutation(len(before))[:due].tolist())]
        questions = [(pair, False) for pair in pairs]
        for pair in chosen:
            questions.insert(int(rng.integers(0, len(questions) + 1)), (pair, True))
        return questions

    def _question(
        self, pair: _Pair, repeat: bool, answers: Sequence[Answer], firsts: dict[frozenset[str], Answer]
    ) -> Question:
        if repeat:
            left, right = firsts[frozenset(pair)].shown
            return Question((right, left), repeat=True)
        lead = {key: sum((a.shown[0] == key) - (a.shown[1] == key) for a in answers) for key in pair}
        a, b = sorted(pair)
        swap = lead[a] > lead[b] or (lead[a] == lead[b] and bool(keyed("side", a, b).integers(2)))
        return Question((b, a) if swap else (a, b))


def _against(key: str, answer: Answer) -> list[tuple[str, float]]:
    """Whom ``key`` met in ``answer``, and how it went for it."""
    left, right = answer.shown
    if key == left:
        return [(right, answer.value)]
    return [(left, 1 - answer.value)] if key == right else []
