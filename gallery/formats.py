"""Numbers, durations, dates and names in the wording that the pages use."""

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

__all__ = ["count", "date", "duration", "flat", "number", "page_name", "plural"]

_MINUS = "\u2212"
_SLUG_LENGTH = 40


def number(value: float) -> str:
    """``value`` to four digits, at most three of them decimals, and a real minus sign: ``−1.821``, ``12,345``."""
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    size = abs(value)
    decimals = round(value, 3) if size >= 0.1 else value
    text = f"{value:,.0f}" if 1e4 <= size < 1e9 else f"{decimals:.4g}"
    return text.replace("-", _MINUS)


def count(value: int) -> str:
    """``value`` with separators of thousands."""
    return f"{value:,}".replace("-", _MINUS)


def plural(value: int, noun: str) -> str:
    """``1 run``, ``2 runs``."""
    return f"{count(value)} {noun}{'' if value == 1 else 's'}"


def duration(seconds: float) -> str:
    """``seconds`` in the two largest units: ``0.42 s``, ``3 min 12 s``, ``2 h 5 min``, ``3 d 4 h``."""
    if not math.isfinite(seconds) or seconds < 0:
        return "unknown"
    if seconds < 10:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    for size, unit, part_size, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // part_size
            return f"{whole // size} {unit}" + (f" {rest} {part}" if rest else "")
    return f"{whole} s"


def date(value: Any) -> str:
    """A moment, as TOML gives it (text or a datetime), to the minute: ``2026-11-23 06:43``."""
    text = str(value) if value is not None else ""
    match = re.match(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d))?", text)
    return " ".join(part for part in match.groups() if part) if match else text


def flat(value: Any) -> str:
    """A value of a TOML file as one line of text, without brackets and quotes."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {flat(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(flat(part) for part in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value)
    return number(value) if isinstance(value, float) else str(value)


def page_name(name: str, identity: Any) -> str:
    """A file name for the page of a run: safe on every file system, and the same at every build.

    Args:
        name: the run's name; foreign text, of which only ASCII letters and digits are kept.
        identity: what tells this run from others of its name; anything that JSON or ``str`` can write.
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:_SLUG_LENGTH].strip("-") or "run"
    text = json.dumps([name, identity], sort_keys=True, default=str)  # ASCII: surrogates become escapes
    return f"{slug}-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"
