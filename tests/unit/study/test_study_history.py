import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from featviz.storage import BatchRecord, Phase
from featviz.study.diverse import choose_diverse
from featviz.study.history import History, Records

scores_with_gaps = st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), max_size=60)


@given(scores_with_gaps)
def test_a_history_tells_the_best_so_far_at_every_evaluation(values):
    scores = np.array(values, dtype=np.float64)
    history = History.of(scores)
    for n in range(1, len(scores) + 1):
        seen = scores[:n][~np.isnan(scores[:n])]
        expected = seen.max() if len(seen) else np.nan
        np.testing.assert_equal(history.at(n), expected)
    assert (np.diff(history.evaluations) > 0).all()
    assert (np.diff(history.best) >= 0).all()
    if len(history):
        assert history.evaluations[-1] == len(scores)


def record(number, first, scores, phase=Phase.SEARCH, restart=0):
    scores = np.array(scores, dtype=np.float64)
    statuses = np.isnan(scores).astype(np.uint8)
    return BatchRecord(number, first, phase, restart, 1.0, statuses, scores, scores[:, None], {}, b"")


def test_records_count_rank_and_find_evaluations():
    records = Records(
        [
            record(0, 0, [1.0, np.nan, 3.0]),
            record(1, 3, [3.0, 0.0], restart=1),
            record(2, 5, [9.0, 8.0], phase=Phase.BASELINE),
        ]
    )
    assert records.count() == 7
    assert records.count(Phase.SEARCH) == 5
    assert records.failures == 1
    np.testing.assert_array_equal(records.ranked(records.of_phase(Phase.SEARCH)), [2, 3, 0, 4])
    np.testing.assert_array_equal(records.of_phase(Phase.BASELINE), [5, 6])
    np.testing.assert_array_equal(records.restarts, [0, 0, 0, 1, 1, 0, 0])
    assert records.best(Phase.SEARCH) == 3.0
    assert records.best(Phase.BASELINE) == 9.0
    assert np.isnan(records.best(Phase.REFERENCE))
    batches, rows = records.places(np.array([6, 0, 3]))
    np.testing.assert_array_equal(batches, [2, 0, 1])
    np.testing.assert_array_equal(rows, [1, 0, 0])
    batch, row = records.locate(4)
    assert (batch.batch, row) == (1, 1)
    records.add(record(3, 7, [2.0]))
    assert records.count() == 8
    assert len(records.scores) == 8


def test_diverse_choice_takes_the_best_of_each_group():
    places = np.array([0.0, 0.1, 0.2, 10.0, 10.1, 20.0, 20.1])
    scores = np.array([9.0, 9.5, 8.0, 5.0, 6.0, 7.0, 4.0])
    distances = np.abs(places[:, None] - places[None, :])
    assert choose_diverse(scores, lambda i: distances[i], 3) == [1, 5, 4]
    assert choose_diverse(scores, lambda i: distances[i], 7, least=5.0) == [1, 5, 4]
    assert choose_diverse(scores, lambda i: distances[i], 7, least=50.0) == [1]


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=20), st.integers(0, 25))
def test_diverse_choice_never_repeats_and_starts_with_the_best(values, k):
    scores = np.array(values)
    distances = np.abs(scores[:, None] - scores[None, :])
    chosen = choose_diverse(scores, lambda i: distances[i], k)
    assert len(chosen) == len(set(chosen)) == min(k, len(scores))
    if chosen:
        assert scores[chosen[0]] == scores.max()


def test_what_is_kept_of_the_rounds_is_forgotten_with_the_next_batch():
    def batch(number, phase, score, originals=None):
        values = np.array([score])
        again = None if originals is None else np.array(originals)
        zeros = np.zeros(1, dtype=np.uint8)
        return BatchRecord(number, number, phase, 0, 0.0, zeros, values, values[:, None], {}, b"", again)

    records = Records([batch(0, Phase.SEARCH, 1.0), batch(1, Phase.CONFIRM, 3.0, [0])])
    assert records.round_means(np.array([0]), records.last_round).tolist() == [3.0]
    records.add(batch(2, Phase.CONFIRM, 5.0, [0]))
    assert records.round_means(np.array([0]), records.last_round).tolist() == [4.0]
