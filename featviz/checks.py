"""Checks of arguments: one place, one wording.

Every function returns the checked value in the type that featviz works with, or raises
:class:`~featviz.errors.InvalidArgument` (right type, wrong value) or :class:`~featviz.errors.WrongType`.
"""

import difflib
import math
import numbers
from collections.abc import Iterable, Set
from typing import Any

import numpy as np

from featviz.errors import InvalidArgument, WrongType
from featviz.text import shown as _shown
from featviz.text import visible

__all__ = ["MAX_SEED", "did_you_mean", "finite", "integer", "one_of", "option_names", "seed", "unique_names"]

MAX_SEED = 2**64 - 1
MAX_LABEL = 10_000


def integer(name: str, value: Any, minimum: int, maximum: int | None = None) -> int:
    """``value`` as an int in [minimum, maximum].

    Accepts Python and numpy integers and floats that are whole, such as ``1e4``; refuses booleans.
    """
    if not _is_number(value):
        raise WrongType(f"{name} must be a whole number, but it is {_shown(value)}.")
    # An int is not sent through a float: 10**400 has none.
    if not _is_integral(value) and (not math.isfinite(value) or value != int(value)):
        raise InvalidArgument(f"{name} must be a whole number, but it is {_shown(value)}.")
    whole = int(value)
    if whole < minimum or (maximum is not None and whole > maximum):
        limits = f"at least {minimum:,}" if maximum is None else f"between {minimum:,} and {maximum:,}"
        raise InvalidArgument(f"{name} must be {limits}, but it is {_shown(whole)}.")
    return whole


def finite(
    name: str, value: Any, minimum: float = -math.inf, maximum: float = math.inf, *, exclusive: bool = False
) -> float:
    """``value`` as a finite float in [minimum, maximum], or in (minimum, maximum) where ``exclusive``."""
    if not _is_number(value):
        raise WrongType(f"{name} must be a number, but it is {_shown(value)}.")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf if value > 0 else -math.inf
    if not math.isfinite(number):
        raise InvalidArgument(f"{name} must be finite, but it is {number}.")
    outside = number <= minimum or number >= maximum if exclusive else number < minimum or number > maximum
    if outside:
        low, high = ("(", ")") if exclusive else ("[", "]")
        raise InvalidArgument(f"{name} must be in {low}{minimum:g}, {maximum:g}{high}, but it is {number!r}.")
    return number


def seed(value: Any) -> int:
    """``value`` as a seed: a whole number from 0 to 2**64 - 1."""
    if isinstance(value, float | np.floating):
        raise WrongType(f"seed must be an int from 0 to 2**64 - 1, but it is {_shown(value)}.")
    return integer("seed", value, 0, MAX_SEED)


def one_of(name: str, value: Any, known: Iterable[str]) -> str:
    """``value`` when it is one of the ``known`` strings."""
    choices = sorted(known)
    if isinstance(value, str) and value in choices:
        return value
    raise InvalidArgument(
        f"{name} must be one of {', '.join(choices)}, but it is {_shown(value)}.{did_you_mean(value, choices)}"
    )


def option_names(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse any of the ``given`` option names that is not ``known``, with the nearest known one."""
    allowed = sorted(known)
    for name in given:
        if name not in allowed:
            listed = f"It takes: {', '.join(allowed)}." if allowed else "It takes no options."
            raise InvalidArgument(f"{what} has no option {visible(name)!r}. {listed}{did_you_mean(name, allowed)}")


def unique_names(name: str, values: Any) -> tuple[str, ...]:
    """``values`` as a tuple of distinct, non-empty labels. Whole numbers and truth values are turned into text."""
    if isinstance(values, str):
        raise WrongType(f"{name} must be a list of names, but it is {_shown(values)}. Put it in [ ].")
    if isinstance(values, bytes | Set) or not np.iterable(values):
        # The order of a set of strings changes from process to process.
        raise WrongType(f"{name} must be a list of names, but it is {_shown(values)}.")
    names: list[str] = []
    for value in values:
        # Python refuses to write out whole numbers of thousands of digits.
        short = _is_integral(value) and abs(value) <= MAX_SEED
        if not (short or isinstance(value, str | np.bool_)):
            raise WrongType(f"{name} must hold text, but it holds {_shown(value)}.")
        names.append(str(value))
    if not names:
        raise InvalidArgument(f"{name} must hold at least one name, but it is empty.")
    for label in names:
        if not label or len(label) > MAX_LABEL:
            raise InvalidArgument(f"{name} must hold names of 1 to {MAX_LABEL:,} characters; one has {len(label):,}.")
    seen: set[str] = set()
    for label in names:
        if label in seen:
            raise InvalidArgument(f"{name} must be distinct, but {visible(label)!r} is there twice.")
        seen.add(label)
    return tuple(names)


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` for the nearest of ``known``, or nothing when none is near. Starts with a space."""
    if not isinstance(name, str):
        return ""
    lowered = {c.lower(): c for c in reversed(list(known))}
    near = difflib.get_close_matches(name[:200].lower(), lowered, n=1, cutoff=0.6)
    return f" Did you mean {visible(lowered[near[0]])!r}?" if near else ""


# numpy's scalars are among both kinds; mypy knows of no arithmetic on the abstract ones, hence bool and not TypeGuard.
def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)


def _is_integral(value: Any) -> bool:
    return isinstance(value, numbers.Integral)
