"""Every kind of input that ``benchmarks/spaces.py`` times, and each way to make it."""

from collections.abc import Sequence

from sampling.numbers import PERMUTATION, PICTURES, SERIES
from sampling.rows import TABLE
from sampling.sequences import TOKENS
from sampling.shapes import GYMNASIUM, LISTS, NESTED, RECORDED
from sampling.ways import Case

__all__ = ["CASES"]

CASES: Sequence[Case] = (*TOKENS, *TABLE, *PICTURES, *SERIES, *NESTED, *LISTS, *RECORDED, *GYMNASIUM, *PERMUTATION)
