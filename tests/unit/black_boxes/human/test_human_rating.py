import pytest

from featviz.black_boxes.human.consistency import consistency_of
from featviz.black_boxes.human.questions import Answer
from featviz.black_boxes.human.rating import RatingPlan


def rate(plan, rule):
    answers = []
    while (question := plan.next(answers)) is not None:
        answers.append(Answer(question.shown, rule(question), question.repeat))
        assert len(answers) < 500
    assert len(answers) == plan.total(answers)
    return answers


@pytest.mark.parametrize(("n", "repeats"), [(1, 0), (1, 3), (2, 1), (3, 3), (10, 1), (10, 10), (40, 4)])
def test_everyone_is_rated_once_and_so_many_again_later(n, repeats):
    keys = [f"k{i}" for i in range(n)]
    answers = rate(RatingPlan(keys, (1, 7), repeats), lambda q: 4.0)
    shown = [a.shown[0] for a in answers]
    assert sorted(a.shown[0] for a in answers if not a.repeat) == sorted(keys)
    again = [a.shown[0] for a in answers if a.repeat]
    assert len(again) == len(set(again)) == (min(repeats, n) if n > 1 else 0)
    for key in again:
        first, second = (i for i, k in enumerate(shown) if k == key)
        assert [answers[i].repeat for i in (first, second)] == [False, True]
        assert second - first > (2 if n >= 10 and repeats == 1 else 0)


def test_the_order_is_not_that_of_the_batch_and_always_the_same():
    keys = [f"k{i:02d}" for i in range(20)]
    one = [a.shown[0] for a in rate(RatingPlan(keys, (1, 7), 2), lambda q: 1.0)]
    assert one == [a.shown[0] for a in rate(RatingPlan(keys[::-1], (1, 7), 2), lambda q: 1.0)]
    assert list(dict.fromkeys(one)) != keys


def test_a_rating_given_twice_counts_as_the_mean():
    plan = RatingPlan(["a", "b"], (1, 7), 1)
    answers = rate(plan, lambda q: 5.0 if q.repeat else 2.0)
    assert sorted(plan.outputs(answers).values()) == [2.0, 3.5]
    assert plan.outputs(answers[:1]) == {answers[0].shown[0]: 2.0}


@pytest.mark.parametrize(("value", "taken"), [(1.0, True), (7.0, True), (0.0, False), (8.0, False), (3.5, False)])
def test_what_is_an_answer(value, taken):
    assert RatingPlan(["a"], (1, 7), 0).accepts(value) is taken


def test_consistency_of_ratings():
    answers = [Answer(("a",), 3.0), Answer(("b",), 5.0), Answer(("a",), 4.0, True), Answer(("b",), 2.0, True)]
    found = consistency_of("rating", [answers, [Answer(("c",), 1.0)]])
    assert (found.n, found.mean_difference, found.agreement) == (2, 2.0, None)
    assert found.standard_error == pytest.approx(((1 + 9) / 2 / 2) ** 0.5)
    assert "2 repeated ratings: they differ by 2 on average" in str(found)


def test_consistency_of_pairs_is_about_candidates_and_not_sides():
    one = [Answer(("a", "b"), 1.0), Answer(("b", "a"), 0.0, True)]
    two = [Answer(("a", "b"), 1.0), Answer(("b", "a"), 1.0, True)]
    three = [Answer(("a", "b"), 0.5), Answer(("b", "a"), 0.5, True)]
    assert consistency_of("pairs", [one]).agreement == 1.0
    assert consistency_of("pairs", [two]).agreement == 0.0
    found = consistency_of("pairs", [one, two, three])
    assert found.agreement == pytest.approx(2 / 3)
    assert str(found) == "2 of 3 repeated comparisons came out the same"


def test_nothing_was_asked_twice():
    found = consistency_of("pairs", [[Answer(("a", "b"), 1.0)]])
    assert (found.n, found.agreement) == (0, None)
    assert str(found) == "nothing was asked twice yet"
