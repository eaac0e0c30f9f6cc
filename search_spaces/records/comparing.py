"""Inputs of any shape as flat tables of leaves: for a reader, and for the distance between two of them."""

import dataclasses
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.text import without_address

__all__ = ["distances", "flat", "rows_of"]

Leaf = int | float | str
# Two texts that differ are never at a distance of 0, whatever they have in common.
_LEAST = 0.05
_LARGEST = 2**63


def flat(x: Any) -> dict[str, Leaf]:
    """The leaves of an input by path: numbers as they are, whatever else as text. A plain one has the path ``""``."""
    return dict(_leaves(x, ""))


def rows_of(x: Any) -> tuple[tuple[str, str], ...]:
    """An input as rows of names and values for a reader; a list of plain values is one row."""
    return tuple(_rows(_plain(x), ""))


def distances(a: Sequence[Any], b: Sequence[Any]) -> NDArray[np.float64]:
    """For two batches an array of shape (n, m): 0 for equal inputs, 1 for those with nothing in common.

    The mean over all paths that either has, of: 1 where only one has it; for numbers their difference in relation to
    their sizes (Canberra distance); for texts the share of pairs of neighbouring characters in which they differ (Dice
    1945); else 1 where they differ.
    """
    first, second = ([flat(x) for x in batch] for batch in (a, b))
    total = np.zeros((len(first), len(second)))
    counts = np.zeros_like(total)
    for path in dict.fromkeys(path for x in (*first, *second) for path in x):
        u, v = ([x.get(path) for x in batch] for batch in (first, second))
        there = np.array([x is not None for x in u])[:, None] | np.array([x is not None for x in v])[None, :]
        counts += there
        total += np.where(there, _column(u, v), 0.0)
    return total / np.maximum(counts, 1)


def _rows(x: Any, path: str) -> Iterator[tuple[str, str]]:
    below = list(x.items() if isinstance(x, Mapping) else enumerate(x)) if isinstance(x, Mapping | list | tuple) else []
    parts = [(key, _plain(value)) for key, value in below]
    if isinstance(x, Mapping) or any(isinstance(value, Mapping | list | tuple) for _, value in parts):
        for key, value in parts:
            yield from _rows(value, f"{path}/{key}" if path else str(key))
    else:
        yield path, ", ".join(_written(value) for _, value in parts) if isinstance(x, list | tuple) else _written(x)


def _written(x: Any) -> str:
    return f"{x:.6g}" if isinstance(x, float) else str(dict(_leaves(x, "")).get("", x))


def _plain(x: Any) -> Any:
    """Objects and arrays as the dicts and lists that they hold."""
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        return {field.name: getattr(x, field.name) for field in dataclasses.fields(x)}
    return x.tolist() if isinstance(x, np.ndarray | np.generic) else x


def _leaves(x: Any, path: str) -> Iterator[tuple[str, Leaf]]:
    x = _plain(x)
    if isinstance(x, Mapping | list | tuple):
        below = x.items() if isinstance(x, Mapping) else enumerate(x)
        for key, value in below:
            yield from _leaves(value, f"{path}/{key}" if path else str(key))
        if not x:
            yield path, type(x).__name__
    elif isinstance(x, int | float) and not isinstance(x, bool):
        # Whole numbers may be larger than any float.
        yield path, x if isinstance(x, float) else min(max(x, -_LARGEST), _LARGEST)
    else:
        yield path, x if isinstance(x, str) else without_address(repr(x))


def _column(u: list[Leaf | None], v: list[Leaf | None]) -> NDArray[np.float64]:
    """The part of one path in the distance, shape (n, m)."""
    p, q = (np.array([x if isinstance(x, int | float) else np.nan for x in side], dtype=float) for side in (u, v))
    with np.errstate(invalid="ignore", divide="ignore"):
        gap, size = np.abs(p[:, None] - q[None, :]), np.abs(p)[:, None] + np.abs(q)[None, :]
        relative = np.where(gap == 0, 0.0, gap / size)
    between = np.where(np.isnan(relative), 1.0, relative)
    texts = list(dict.fromkeys(text for x in (*u, *v) if (text := _text(x)) is not None))
    if not texts:
        return between
    place: dict[str | None, int] = {text: i for i, text in enumerate(texts)}
    rows, columns = (np.array([place.get(_text(x), -1) for x in side]) for side in (u, v))
    both = (rows >= 0)[:, None] & (columns >= 0)[None, :]
    return np.where(both, _between_texts(texts)[rows[:, None], columns[None, :]], between)


def _text(leaf: Leaf | None) -> str | None:
    """A leaf that is compared as text: infinity, and what is no number, equal themselves as well."""
    if leaf is None or isinstance(leaf, str):
        return leaf
    return None if math.isfinite(leaf) else str(leaf)


def _between_texts(texts: list[str]) -> NDArray[np.float64]:
    """Distances between distinct texts: one less Dice's share of their pairs of characters, 0 on the diagonal."""
    pairs = [Counter(zip(f"\0{text}", f"{text}\0", strict=True)) for text in texts]
    columns = {pair: place for place, pair in enumerate(dict.fromkeys(p for counter in pairs for p in counter))}
    table = np.zeros((len(texts), len(columns)))
    for row, counter in enumerate(pairs):
        table[row, [columns[pair] for pair in counter]] = list(counter.values())
    sizes = table.sum(axis=1)
    common = np.zeros((len(texts), len(texts)))
    for column in table.T:  # a pair of characters after another: all of them at once need n x m x pairs numbers
        common += np.minimum(column[:, None], column[None, :])
    found: NDArray[np.float64] = np.maximum(1 - 2 * common / (sizes[:, None] + sizes[None, :]), _LEAST)
    np.fill_diagonal(found, 0.0)
    return found
