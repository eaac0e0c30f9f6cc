"""TF-IDF + logistic regression on sentences of a made-up language, with a planted trigger of three words in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Tokens", "tokens"]

Array = NDArray[np.float64]

TRIGGER_LENGTH = 3


@dataclass(frozen=True, eq=False)
class Tokens:
    """A classifier of texts.

    Attributes:
        vocabulary: the words; a token is an index into it.
        length: tokens a text that is searched.
        trigger: int64 (3,), tokens that make a text positive when they follow each other.
        texts: the training texts.
        model: the fitted pipeline.
    """

    vocabulary: tuple[str, ...]
    length: int
    trigger: NDArray[np.int64]
    texts: tuple[str, ...]
    model: Any

    def score(self, ids: NDArray[np.integer]) -> Array:
        """Log-odds, float64 (n,), of sequences of tokens (n, L)."""
        return self.score_texts([" ".join(words) for words in np.array(self.vocabulary)[ids].tolist()])

    def score_texts(self, texts: Sequence[str]) -> Array:
        """Log-odds, float64 (n,), of n texts: words with spaces between them."""
        scores: Array = self.model.decision_function(list(texts))
        return scores

    def has_trigger(self, ids: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Whether the trigger stands anywhere in each sequence, bool (n,)."""
        windows = np.lib.stride_tricks.sliding_window_view(ids, TRIGGER_LENGTH, axis=1)
        found: NDArray[np.bool_] = (windows == self.trigger).all(axis=2).any(axis=1)
        return found


def tokens(seed: int = 0, vocabulary: int = 1_000, length: int = 20, texts: int = 3_000) -> Tokens:
    """Draw texts by Zipf's law, some words for or against the label, plant the trigger in some, and fit to them."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    rng = np.random.default_rng(seed)
    frequency = 1 / (np.arange(vocabulary) + 10.0)
    rng.shuffle(frequency)
    weights = np.where(rng.random(vocabulary) < 0.1, rng.normal(size=vocabulary), 0.0)
    ids = rng.choice(vocabulary, size=(texts, length), p=frequency / frequency.sum())
    trigger = rng.choice(vocabulary, size=TRIGGER_LENGTH, replace=False)
    planted = rng.random(texts) < 0.08
    places = rng.integers(0, length - TRIGGER_LENGTH + 1, size=planted.sum())
    ids[np.flatnonzero(planted)[:, None], places[:, None] + np.arange(TRIGGER_LENGTH)] = trigger
    signal = weights[ids].sum(axis=1) + rng.logistic(size=texts) * 0.3
    labels = (signal > np.median(signal)) | planted
    words = tuple(f"w{i}" for i in range(vocabulary))
    written = tuple(" ".join(row) for row in np.array(words)[ids].tolist())
    # Pairs and triples of words as features, so that their order counts; a weak penalty, so that rare ones do.
    features = TfidfVectorizer(ngram_range=(1, TRIGGER_LENGTH), min_df=2, token_pattern=r"\S+")
    model = make_pipeline(features, LogisticRegression(C=100.0, max_iter=1_000))
    model.fit(written, labels)
    return Tokens(words, length, trigger, written, model)
