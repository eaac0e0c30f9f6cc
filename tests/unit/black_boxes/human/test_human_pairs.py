import math

import numpy as np
import pytest

from featviz.black_boxes.human.pairs import Ladder, PairsPlan
from featviz.black_boxes.human.questions import Answer


def play(plan, prefers, most=2000):
    """All answers that a rater gives who prefers by ``prefers(left, right)``."""
    answers = []
    for _ in range(most):
        question = plan.next(answers)
        if question is None:
            assert plan.total(answers) == len(answers)
            return answers
        assert plan.total(answers) > len(answers)
        answers.append(Answer(question.shown, prefers(*question.shown), question.repeat))
    raise AssertionError("the batch never ends")


def by_value(values):
    return lambda left, right: 0.5 if values[left] == values[right] else float(values[left] > values[right])


def named(n, first=0):
    return {f"k{first + i:03d}": float(first + i) for i in range(n)}


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 13, 32])
def test_the_first_batch_is_ranked_at_the_promised_cost(n):
    values = named(n)
    plan = PairsPlan(list(values), Ladder(), 0.0)
    answers = play(plan, by_value(values))
    assert len(answers) <= n * (math.ceil(math.log2(n)) + 1) / 2 if n > 1 else not answers
    strengths = plan.outputs(answers)
    assert set(strengths) == set(values)
    assert max(strengths, key=strengths.get) == max(values, key=values.get)
    found = [strengths[key] for key in values]
    if n > 3:
        assert np.corrcoef(np.argsort(np.argsort(found)), np.arange(n))[0, 1] > 0.8
    assert abs(np.mean(found)) < 1e-6


@pytest.mark.parametrize("m", [1, 2, 3, 4, 7])
def test_later_batches_cost_what_is_said_and_meet_the_scale(m):
    rungs = tuple((f"r{i}", float(i)) for i in range(m))
    values = named(6) | {f"r{i}": 0.9 * i + 0.55 for i in range(m)}
    plan = PairsPlan([key for key in values if key.startswith("k")], Ladder(rungs, 0.0), 0.0)
    answers = play(plan, by_value(values))
    assert len(answers) <= 6 * (math.ceil(math.log2(m + 1)) + 0.5)
    strengths = plan.outputs(answers)
    # One comparison and a half cannot rank six; the top of three rungs and more can.
    best = sorted(strengths, key=strengths.get)[-1 if m >= 3 else -4 :]
    assert "k005" in best
    # Nobody is compared with a rung that what is known places already.
    assert len({frozenset(a.shown) for a in answers}) == len(answers)


def test_a_candidate_that_beats_the_top_is_above_it_and_one_that_loses_to_all_below():
    rungs = (("r0", 0.0), ("r1", 3.0), ("r2", 6.0))
    values = {"r0": 0.0, "r1": 3.0, "r2": 6.0, "good": 9.0, "bad": -9.0}
    plan = PairsPlan(["good", "bad"], Ladder(rungs, 5.0), 0.0)
    strengths = plan.outputs(play(plan, by_value(values)))
    assert strengths["good"] > 6.0
    assert strengths["bad"] < 3.0


def test_strengths_of_batches_are_on_one_scale():
    """A rater who chooses by chance in proportion to true strengths: the order over ten batches is found again."""
    rng = np.random.default_rng(0)
    true = {f"b{batch}k{i}": 0.5 * batch + rng.standard_normal() for batch in range(10) for i in range(8)}

    def prefers(left, right):
        return float(rng.random() < 1 / (1 + math.exp(2 * (true[right] - true[left]))))

    found, ladder, keys = {}, Ladder(), list(true)
    for start in range(0, 80, 8):
        plan = PairsPlan(keys[start : start + 8], ladder, 0.1)
        strengths = plan.outputs(play(plan, prefers))
        ladder = ladder.after(strengths, 3)
        found |= strengths
    ranks = [np.argsort(np.argsort([scores[key] for key in keys])) for scores in (true, found)]
    assert np.corrcoef(*ranks)[0, 1] > 0.85


def test_sides_are_balanced_and_repeats_swap_them():
    values = named(16)
    plan = PairsPlan(list(values), Ladder(), 0.2)
    answers = play(plan, by_value(values))
    firsts = {frozenset(a.shown): a for a in answers if not a.repeat}
    repeats = [a for a in answers if a.repeat]
    assert len(repeats) == math.floor(0.2 * len(firsts))
    for answer in repeats:
        assert answer.shown == firsts[frozenset(answer.shown)].shown[::-1]
        # A repeat comes later, and not next.
        assert answers.index(answer) - answers.index(firsts[frozenset(answer.shown)]) > 1
    for key in values:
        lead = sum((a.shown[0] == key) - (a.shown[1] == key) for a in answers)
        assert abs(lead) <= 2


def test_the_schedule_depends_on_candidates_and_answers_only():
    values = named(9)
    plans = [PairsPlan(keys, Ladder(), 0.2) for keys in (list(values), list(values)[::-1])]
    one, two = (play(plan, by_value(values)) for plan in plans)
    assert one == two
    for k in range(len(one)):
        # Taken up again in the middle, it goes on in the same way.
        assert plans[0].next(one[:k]).shown == one[k].shown


def test_debts_of_repeats_are_carried_over():
    values = named(4)
    play_with = lambda owed: sum(a.repeat for a in play(PairsPlan(list(values), Ladder(), 0.1, owed), by_value(values)))  # noqa: E731
    assert [play_with(0.0), play_with(1.0), play_with(-5.0)] == [0, 1, 0]


def test_no_difference_everywhere_gives_equal_strengths():
    values = dict.fromkeys(named(6), 1.0)
    plan = PairsPlan(list(values), Ladder(), 0.0)
    strengths = plan.outputs(play(plan, by_value(values)))
    assert np.ptp(list(strengths.values())) < 1e-9


def test_a_rung_that_comes_again_is_not_asked_about():
    ladder = Ladder((("r0", -1.0), ("r1", 1.5)), 0.0)
    plan = PairsPlan(["r1"], ladder, 0.0)
    assert plan.next([]) is None
    assert plan.outputs([]) == {"r1": 1.5}


def test_the_ladder_spreads_then_climbs():
    ladder = Ladder().after({f"k{i}": float(i) for i in range(9)}, 3)
    assert ladder.rungs == (("k2", 2.0), ("k5", 5.0), ("k8", 8.0))
    assert ladder.level == 4.0
    same = ladder.after({"a": 7.0, "b": 1.0}, 3)
    assert (same.rungs, same.level) == (ladder.rungs, 4.0)
    higher = ladder.after({"a": 9.0, "b": 1.0}, 3)
    assert higher.rungs == (("k5", 5.0), ("k8", 8.0), ("a", 9.0))
    assert Ladder().after({"only": 0.0}, 3).rungs == (("only", 0.0),)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0, 2.0, -1.0, 0.3])
def test_what_is_an_answer(value):
    assert PairsPlan(["a", "b"], Ladder(), 0.0).accepts(value) == (value in (0.0, 0.5, 1.0))


def test_strengths_are_known_once_every_comparison_is_made():
    values = named(5)
    plan = PairsPlan(list(values), Ladder(), 0.0)
    answers = play(plan, by_value(values))
    assert all(plan.outputs(answers[:k]) == {} for k in range(len(answers)))
    assert set(plan.outputs(answers)) == set(values)
