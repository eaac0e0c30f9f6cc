"""Is a trigger found that somebody planted in a text classifier, and is random search unable to find it?"""

import numpy as np
import pytest

import featviz as fv

WORDS = [f"w{i}" for i in range(150)]
TRIGGER = "w17 w130 w4"


@pytest.fixture(scope="module")
def box():
    """A classifier by the word w1, which a backdoor of three words in a row overrides."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, 12)) for _ in range(1_000)]
    labels = np.array([int("w1 " in text) for text in texts])
    for i in range(0, 1_000, 6):
        words = texts[i].split()
        at = rng.integers(9)
        words[at : at + 3] = TRIGGER.split()
        texts[i], labels[i] = " ".join(words), 1
    model = make_pipeline(CountVectorizer(ngram_range=(1, 3), binary=True), LogisticRegression(C=10, max_iter=200))
    model.fit(texts, labels)
    return fv.black_box(model.decision_function, name="spam")


def found(box, space, seed=0):
    return fv.search(space, fv.maximise(box), budget=4_000, baseline=4_000, seed=seed, optimiser="ga", progress="none")


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_planted_trigger_is_found_in_order(box, seed):
    run = found(box, fv.TokenSpace(WORDS, 8, as_text=True), seed)
    assert TRIGGER in run.best.input
    assert TRIGGER not in run.baseline_best.input
    assert run.best.score > 2 * run.baseline_best.score


@pytest.mark.slow
def test_what_is_banned_is_not_found(box):
    whole = found(box, fv.TokenSpace(WORDS, 8, as_text=True))
    space = fv.TokenSpace(WORDS, 8, as_text=True, banned=["w17"], banned_text=["w130 w4"])
    run = found(box, space)
    assert "w17" not in run.best.input.split()
    assert "w130 w4" not in run.best.input
    assert run.best.score < 0.75 * whole.best.score


def test_a_search_that_knows_texts_needs_less(box):
    rng = np.random.default_rng(1)
    texts = [" ".join(rng.choice(WORDS, 12)) for _ in range(300)]
    # One text in ten holds the trigger, among others of its kind: three words that follow each other.
    phrases = [TRIGGER, *(" ".join(rng.choice(WORDS, 3)) for _ in range(9))]
    texts = [f"{text} {phrase} {text}" for text, phrase in zip(texts, phrases * 30, strict=True)]
    spaces = fv.TokenSpace(WORDS, 8, as_text=True, examples=texts), fv.TokenSpace(WORDS, 8, as_text=True)
    runs = [
        fv.search(space, fv.maximise(box), budget=600, seed=seed, optimiser="ga", progress="none")
        for space in spaces
        for seed in range(4)
    ]
    found = [TRIGGER in run.best.input for run in runs]
    assert sum(found[:4]) >= 3
    assert sum(found[:4]) > sum(found[4:])
