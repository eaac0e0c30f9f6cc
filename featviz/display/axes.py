"""The room of a chart and its ticks."""

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["Frame", "Tick", "linear_ticks"]


@dataclass(frozen=True)
class Frame:
    """The size of a chart and its margins, in units of its view box."""

    width: int = 440
    height: int = 300
    left: int = 48
    right: int = 54
    top: int = 30
    bottom: int = 46


@dataclass(frozen=True)
class Tick:
    """A tick: its position along its axis, and its label."""

    at: float
    label: str


def linear_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers, at most about ``most``, of which the outer two enclose [low, high]."""
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-300):
        pad = abs(high) * 0.1 or 1.0
        low, high = low - pad, high + pad
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= raw * 0.999)
    ticks = np.arange(math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9) + 1) * step
    return [float(f"{t:.12g}") + 0.0 for t in ticks]
