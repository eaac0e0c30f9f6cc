"""Numbers and durations in the wording that pages use."""

import math

__all__ = ["count", "duration", "number", "plural"]

_MINUS = "\u2212"


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
