import dataclasses
import json

import numpy as np
import pytest

import featviz as fv
from featviz.cli.main import run_cli
from featviz.storage import BatchRecord, Phase
from featviz.study.agreement import agreement_of
from featviz.study.history import Records

SPACE = fv.ImageSpace(5, 4)


def one_peak(pictures):
    return -((pictures - 0.7) ** 2).sum(axis=(1, 2, 3))


def two_peaks(pictures):
    """Bright pictures and dark ones score the same."""
    means = pictures.mean(axis=(1, 2, 3))
    return np.abs(means - 0.5) - 0.2 * pictures.std(axis=(1, 2, 3))


def search(answer=one_peak, out=None, **options):
    settings = {"budget": 1500, "restarts": 3, "seed": 1, "progress": "none", "noise": False} | options
    return fv.search(SPACE, fv.maximise(fv.black_box(answer, name="box")), out=out, **settings)


def records(*scores):
    """A run of one batch for each restart."""
    made = Records()
    for restart, own in enumerate(scores):
        told = np.array(own, dtype=float)
        failed = np.isnan(told).astype(np.uint8)
        made.add(BatchRecord(restart, made.count(), Phase.SEARCH, restart, 0.0, failed, told, told[:, None], {}, b""))
    return made


def agreement(*scores):
    return agreement_of(records(*scores), lambda ids: None, None)


def test_restarts_that_find_one_optimum_agree_in_score_and_input():
    found = search(budget=6000).agreement
    assert found.as_high.all()
    assert found.distance < 0.1
    assert str(found).startswith("All 3 restarts ended equally high (at least 98% of what the best one gained), with")
    assert "this looks like one optimum" in str(found)
    assert found.evaluations.tolist() == [2000, 2000, 2000]
    assert np.diag(found.distances).max() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("apart", "words"),
    [
        (0.1, "nearly the same input (0.10 times"),
        (0.3, "neighbouring optima"),
        (0.6, "partly alike (0.60 times as far apart as random inputs"),
        (0.8, "several different inputs score as high"),
    ],
)
def test_the_sentence_follows_the_distance_between_those_that_ended_high(apart, words):
    far = np.full((3, 3), 2.0)
    far[0, 1] = far[1, 0] = apart
    found = dataclasses.replace(agreement([0, 0, 10], [0, 0, 10], [0, 0, 5]), distances=far)
    assert found.distance == apart
    assert str(found).startswith("2 of 3 restarts")
    assert words in str(found)


def test_restarts_that_find_different_inputs_of_equal_score_are_said_to():
    found = search(two_peaks, restarts=4, budget=2000).agreement
    assert found.as_high.all()
    assert found.distances.max() > 1
    assert "several different inputs score as high" in str(found) or "partly alike" in str(found)


def test_gains_are_measured_from_where_the_restarts_began():
    found = agreement([0, 0, 10], [0, 0, 9.9], [0, 0, 5])
    np.testing.assert_allclose(found.gains, [1, 0.99, 0.5])
    assert found.as_high.tolist() == [True, True, False]
    # Whatever is added to all scores, or multiplies them.
    moved = agreement([-1000, -1000, -900], [-1000, -1000, -901], [-1000, -1000, -950])
    np.testing.assert_allclose(moved.gains, found.gains)


def test_one_that_is_alone_at_the_top_is_not_called_agreement():
    text = str(agreement([0, 0, 10], [0, 0, 5], [0, 0, 4]))
    assert text.startswith("One of 3 restarts ended higher than all others, none of which made 98% of its gain")


def test_unequal_restarts_are_not_compared():
    found = search(halving=True, restarts=4).agreement
    assert not found.is_comparable
    assert found.halved
    assert "were halved" in str(found)
    assert "says little about whether they agree" in str(found)
    cut_short = agreement([0, 0, 10], [0])
    assert not cut_short.is_comparable
    assert str(cut_short).startswith("The 2 restarts made 1 to 3 evaluations, so where they ended says little")


def test_restarts_without_a_score_do_not_count():
    found = agreement([0, 1], [np.nan, np.nan], [0, 1])
    assert found.restarts.tolist() == [0, 2]
    assert found.ids.tolist() == [1, 5]
    assert agreement([np.nan], [np.nan]).restarts.tolist() == []


def test_equal_scores_are_equally_high():
    assert agreement([3, 3], [3, 3]).gains.tolist() == [1, 1]
    assert agreement([1e308, -1e308], [1e308, -1e308]).gains.tolist() == [1, 1]


@pytest.mark.filterwarnings("error")
def test_the_median_of_the_largest_scores_is_no_overflow():
    assert agreement([1e308, 1e308], [1e308, 1.5e308]).gains.tolist() == [0, 1]


def test_without_distances_nothing_is_said_of_inputs():
    found = agreement([0, 0, 1], [0, 0, 1])
    assert found.distances is None
    assert found.distance is None
    assert "nothing says how far apart" in str(found)


def test_the_best_input_of_each_restart_is_named():
    run = search()
    scores = [run.candidate(int(i)).score for i in run.agreement.ids]
    np.testing.assert_array_equal(scores, run.agreement.scores)
    np.testing.assert_array_equal(scores, [h.best[-1] for h in run.restart_histories])


def test_one_search_and_several_objectives_have_none():
    assert search(restarts=1).agreement is None
    box = fv.black_box(lambda x: x.mean(axis=(2, 3)), outputs=["a", "b", "c", "d", "e"])
    goals = fv.pareto(fv.maximise(box, "a"), fv.minimise(box, "b"))
    assert fv.search(SPACE, goals, budget=80, restarts=2, progress="none").agreement is None


def test_a_stored_run_says_the_same_everywhere(tmp_path, capsys):
    run = search(out=tmp_path / "run")
    loaded = fv.load(tmp_path / "run")
    assert str(loaded.agreement) == str(run.agreement)
    np.testing.assert_array_equal(loaded.agreement.distances, run.agreement.distances)
    sentence = str(run.agreement)
    assert sentence in loaded._repr_html_()
    with pytest.raises(SystemExit):
        run_cli(["show", str(tmp_path / "run")])
    assert sentence in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run_cli(["show", str(tmp_path / "run"), "--json"])
    assert json.loads(capsys.readouterr().out)["agreement"] == sentence
    index = fv.build_gallery(tmp_path / "run", tmp_path / "site")
    pages = "".join(page.read_text() for page in index.parent.rglob("index.html"))
    assert sentence.replace("'", "&#39;") in pages


def noisy(seed=0, deviation=0.2):
    rng = np.random.default_rng(seed)
    return lambda pictures: one_peak(pictures) + deviation * rng.standard_normal(len(pictures))


def test_restarts_of_a_noisy_box_are_compared_by_what_was_asked_for_again():
    run = search(noisy(), noise="auto")
    found = run.agreement
    assert found.replicates.min() > 0
    np.testing.assert_allclose(found.errors, run.noise / np.sqrt(found.replicates))
    assert found.is_noisy
    assert found.is_comparable
    assert found.scores.tolist() == [run.candidate(i).score for i in found.ids.tolist()]
    exact = search().agreement
    assert (exact.is_noisy, exact.replicates.tolist(), exact.errors.tolist()) == (False, [0] * 3, [0.0] * 3)


def test_what_lies_lower_by_chance_is_as_high_and_what_lies_lower_by_more_is_not():
    plain = agreement([0, 0, 10], [0, 0, 9], [0, 0, 7])
    assert plain.as_high.tolist() == [True, False, False]
    unsure = dataclasses.replace(plain, errors=np.array([0.4, 0.4, 0.6]), replicates=np.array([8, 8, 4]))
    assert unsure.as_high.tolist() == [True, True, False]
    assert "or lie below it by no more than the noise explains" in str(unsure)
    assert "noise" not in str(plain)


def test_lucky_scores_are_no_evidence_of_agreement():
    found = dataclasses.replace(
        agreement([0, 0, 10], [0, 0, 10]), errors=np.array([0.1, np.nan]), replicates=np.array([4, 0])
    )
    assert not found.is_comparable
    assert str(found).startswith("The box is noisy, and the best inputs of 1 of 2 restarts were never asked for again")


def test_restarts_that_begin_at_one_reference_input_have_a_reason_to_agree():
    one = np.full((1, 5, 4, 1), 0.4, dtype=np.float32)
    together = search(budget=3000, references=one).agreement
    assert together.began_alike
    assert "began at the same reference input" in str(together)
    three = np.stack([np.full((5, 4, 1), grey, dtype=np.float32) for grey in (0.2, 0.4, 0.6)])
    apart = search(budget=3000, references=three).agreement
    assert not apart.began_alike
    assert "reference" not in str(apart)
