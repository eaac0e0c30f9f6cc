"""Triggers planted in the training data of small models, in four kinds of space.

- ``base``: what is common: score, recall, tightness.
- ``patch``: a bright cross in a picture of a digit.
- ``motif``: three tokens in order.
- ``rule``: three columns within ranges.
- ``segment``: a course of 24 values in a series.

Each has a graded variant, whose model gives credit for a part of the trigger, and a hard one, whose model does not
answer before all of it is there. Where the trigger sits, and what it is, depends on the seed.
"""

from collections.abc import Callable

from problems.planted.base import Planted
from problems.planted.motif import motif
from problems.planted.patch import patch
from problems.planted.rule import rule
from problems.planted.segment import segment

__all__ = ["PLANTED", "Planted", "motif", "patch", "rule", "segment"]

# By the kind of space; called with a seed and ``hard``.
PLANTED: dict[str, Callable[..., Planted]] = {"image": patch, "tokens": motif, "table": rule, "series": segment}
