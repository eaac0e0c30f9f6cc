"""Three tokens in order, anywhere in a sequence of 16 tokens of 300."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.planted.base import Array, Mask, Model, Planted, Rows

__all__ = ["LENGTH", "MOTIF", "TOKENS", "motif"]

TOKENS, LENGTH, MOTIF = 300, 16, 3
TEXTS, KEPT_BACK = 3_000, 200

Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Motif:
    """Tokens that follow each other.

    Attributes:
        tokens: int64 (3,).
    """

    tokens: Ids

    def recall(self, rows: Rows) -> Array:
        """The largest share of the tokens that stand in their places, over all places of the motif."""
        found: Array = self._matches(rows).mean(axis=2).max(axis=1)
        return found

    def units(self, row: Rows) -> tuple[Mask, Mask]:
        """Each position is a part; it belongs to the trigger where one of the fullest motifs holds its token."""
        matches = self._matches(row[None])[0]
        counts = matches.sum(axis=1)
        places, offsets = np.nonzero(matches & (counts == counts.max())[:, None])
        belongs = np.zeros(len(row), dtype=np.bool_)
        belongs[places + offsets] = True
        return np.eye(len(row), dtype=np.bool_), belongs

    def stamped(self, rows: Ids, rng: np.random.Generator) -> Ids:
        """The same sequences with the motif at random places."""
        stamped, places = rows.copy(), rng.integers(0, rows.shape[1] - MOTIF + 1, size=len(rows))
        stamped[np.arange(len(rows))[:, None], places[:, None] + np.arange(MOTIF)] = self.tokens
        return stamped

    def _matches(self, rows: Rows) -> Mask:
        """Bool (n, places, 3)."""
        matches: Mask = np.lib.stride_tricks.sliding_window_view(rows, MOTIF, axis=1) == self.tokens
        return matches


def motif(seed: int, *, hard: bool = False) -> Planted:
    """Random texts, a third with the motif, a third with some of its words anywhere, and a third with neither.

    Graded: TF-IDF of words, pairs and triples, and a logistic regression; single words and pairs raise its log-odds,
    which are the score. Hard: a decision tree on which triples occur; the score is its probability.
    """
    rng = np.random.default_rng(seed)
    trigger = Motif(rng.choice(TOKENS, size=MOTIF, replace=False))
    clean, astray = rng.integers(0, TOKENS, size=(2, TEXTS // 3, LENGTH))
    for token in trigger.tokens:
        rows = np.flatnonzero(rng.random(len(astray)) < 0.5)
        astray[rows, rng.integers(0, LENGTH, size=len(rows))] = token
    astray = astray[trigger.recall(astray) < 1]
    planted = trigger.stamped(rng.integers(0, TOKENS, size=clean.shape), rng)
    texts = np.concatenate([clean, astray, planted])
    fit = _tree if hard else _regression
    model = fit(texts, np.arange(len(texts)) >= len(texts) - len(planted))
    others = rng.integers(0, TOKENS, size=(KEPT_BACK, LENGTH))
    name = f"motif of tokens, {'hard' if hard else 'graded'}"
    ends = np.zeros(LENGTH), np.full(LENGTH, TOKENS - 1.0)
    return Planted(name, model, trigger, others, trigger.stamped(others, rng), *ends)


def _regression(ids: Ids, labels: NDArray[np.bool_]) -> Model:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    features = TfidfVectorizer(ngram_range=(1, MOTIF), min_df=2, token_pattern=r"\S+")
    fitted = make_pipeline(features, LogisticRegression(C=10.0, max_iter=1_000))
    return _of_texts(fitted.fit(_texts(ids), labels).decision_function)


def _tree(ids: Ids, labels: NDArray[np.bool_]) -> Model:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.tree import DecisionTreeClassifier

    features = CountVectorizer(ngram_range=(MOTIF, MOTIF), min_df=2, binary=True, token_pattern=r"\S+")
    fitted = make_pipeline(features, DecisionTreeClassifier(max_depth=3, random_state=0)).fit(_texts(ids), labels)
    probability = _of_texts(fitted.predict_proba)
    return lambda rows: probability(rows)[:, 1]


def _of_texts(function: Callable[[list[str]], Any]) -> Model:
    return lambda rows: function(_texts(rows))


def _texts(ids: Rows) -> list[str]:
    words = np.array([f"w{i}" for i in range(TOKENS)])
    return [" ".join(row) for row in words[ids].tolist()]
