"""Curves on two logarithmic axes as one SVG file that reads well on light and dark pages."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Curve", "Panel", "draw"]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 470, 340, 56, 104, 16, 44
COLOURS = ("#2f6fde", "#d1495b", "#1f7f59", "#9a6414", "#7b4fc9", "#0e7c86", "#b53a83", "#5b6b7b")
ON_DARK = ("#6ea8ff", "#ff8a94", "#5fd3a3", "#e5b45a", "#b79cf5", "#4fc4cf", "#f08cc4", "#b3c0cc")
# Labels at the ends of curves stand so far apart.
LINE = 13.0


@dataclass(frozen=True)
class Curve:
    """A name, and positive values at positive places; None where there is no value."""

    name: str
    x: Sequence[float]
    y: Sequence[float | None]


@dataclass(frozen=True)
class Panel:
    """Curves that share their axes."""

    x_label: str
    y_label: str
    curves: Sequence[Curve]


def draw(panels: Sequence[Panel]) -> str:
    """The panels side by side, as SVG. All share one vertical axis."""
    values = [y for panel in panels for curve in panel.curves for y in curve.y if y is not None]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    colours = {name: i % len(COLOURS) for i, name in enumerate(_names(panels))}
    dashed = {name for i, name in enumerate(colours) if i >= len(COLOURS)}
    width = WIDTH * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="12">',
        f"<style>text{{fill:#57606a}}.grid{{stroke:#8c959f;stroke-opacity:.3}}{_palette(COLOURS)}"
        f"@media (prefers-color-scheme:dark){{text{{fill:#aab4be}}{_palette(ON_DARK)}}}</style>",
    ]
    for i, panel in enumerate(panels):
        parts += [f'<g transform="translate({WIDTH * i} 0)">', *_panel(panel, low, high, colours, dashed), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _palette(colours: Sequence[str]) -> str:
    """Style rules: of a line, of a dot, and of a name."""
    return "".join(
        f".l{i}{{stroke:{colour};fill:none}}.d{i},text.n{i}{{fill:{colour}}}" for i, colour in enumerate(colours)
    )


def _names(panels: Sequence[Panel]) -> list[str]:
    return list(dict.fromkeys(curve.name for panel in panels for curve in panel.curves))


def _panel(panel: Panel, low: int, high: int, colours: dict[str, int], dashed: set[str]) -> list[str]:
    places = [x for curve in panel.curves for x in curve.x]
    first, last = math.log10(min(places)), math.log10(max(places))
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def across(x: float) -> float:
        return LEFT + (right - LEFT) * (math.log10(x) - first) / (last - first)

    def down(y: float) -> float:
        return bottom - (bottom - TOP) * (math.log10(y) - low) / (high - low)

    parts = []
    for power in range(low, high + 1):
        y = down(10.0**power)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_number(10.0**power)}</text>')
    for x in sorted(set(panel.curves[0].x)):
        parts.append(f'<text x="{across(x):.1f}" y="{bottom + 16}" text-anchor="middle">{_number(x)}</text>')
    parts.append(f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(panel.x_label)}</text>')
    if panel.y_label:
        middle = (TOP + bottom) / 2
        turned = f'transform="rotate(-90 12 {middle})"'
        parts.append(f'<text x="12" y="{middle}" text-anchor="middle" {turned}>{escape(panel.y_label)}</text>')
    ends = []
    for curve in panel.curves:
        points = [(across(x), down(y)) for x, y in zip(curve.x, curve.y, strict=True) if y is not None]
        if points:
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            dash = ' stroke-dasharray="5 3"' if curve.name in dashed else ""
            colour = colours[curve.name]
            parts.append(f'<path class="l{colour}" d="M{path}" stroke-width="2"{dash}/>')
            parts += [f'<circle class="d{colour}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in points]
            ends.append((points[-1][1], points[-1][0], curve.name))
    return parts + _labels(sorted(ends), right, colours)


def _labels(ends: list[tuple[float, float, str]], right: float, colours: dict[str, int]) -> list[str]:
    """The names of curves behind their ends, none over another one."""
    parts, lowest = [], -math.inf
    spare = TOP + (HEIGHT - TOP - BOTTOM)
    # From the top downwards, and never so low that the rest would not fit.
    for i, (y, x, name) in enumerate(ends):
        y = max(min(y, spare - LINE * (len(ends) - 1 - i)), lowest + LINE)  # noqa: PLW2901  moved apart
        lowest = y
        at = right + 8
        if x < right - 1:
            parts.append(f'<path class="grid" d="M{x + 4:.1f} {y:.1f}H{right + 4}" stroke-dasharray="1 3"/>')
        parts.append(f'<text class="n{colours[name]}" x="{at}" y="{y + 4:.1f}">{escape(name)}</text>')
    return parts


def _number(value: float) -> str:
    for size, sign in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{sign}" if value % size == 0 else f"{value:,.0f}"
    return f"{value:g}"
