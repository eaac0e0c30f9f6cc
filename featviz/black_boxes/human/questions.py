"""What a person is asked about a batch, and what they answered."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

__all__ = ["Answer", "Plan", "Question", "keyed"]


@dataclass(frozen=True)
class Question:
    """One thing to look at and to judge.

    Args:
        shown: the key of the candidate, or of the left and the right one.
        repeat: whether it was asked before in this batch and measures the rater's consistency.
    """

    shown: tuple[str, ...]
    repeat: bool = False


@dataclass(frozen=True)
class Answer:
    """What was answered to a question.

    Args:
        shown: as in the question.
        value: the rating; or for two candidates 1.0 when the left one was preferred, 0.0 the right, 0.5 neither.
        repeat: as in the question.
    """

    shown: tuple[str, ...]
    value: float
    repeat: bool = False


class Plan(Protocol):
    """Which questions a batch needs: a function of its candidates and of the answers so far, and of nothing else.

    So a batch can be taken up again from the stored answers alone, and taking back an answer is to forget it.
    """

    def next(self, answers: Sequence[Answer]) -> Question | None:
        """The next question, or None when the batch is complete."""

    def total(self, answers: Sequence[Answer]) -> int:
        """How many questions the batch will take in all, as far as that is known."""

    def accepts(self, value: float) -> bool:
        """Whether ``value`` is an answer."""

    def outputs(self, answers: Sequence[Answer]) -> dict[str, float]:
        """The score of each candidate, by key; those that cannot be told yet are missing."""


def keyed(*words: str) -> np.random.Generator:
    """Random numbers that depend on ``words`` alone."""
    digest = hashlib.blake2b("\n".join(words).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))
