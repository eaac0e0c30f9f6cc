"""A run in a notebook: plain HTML without scripts, readable in light and dark."""

import base64
import html
import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from featviz.blocks import Block, ImageBlock, SeriesBlock, TableBlock, TokensBlock
from featviz.downsampling import min_max
from featviz.study.front import spread_front
from featviz.text import visible

if TYPE_CHECKING:
    from featviz.study.history import Candidate
    from featviz.study.run import Run

__all__ = ["run_html"]

_SHOWN = 5
_HEIGHT = 128
_TOKENS, _ROWS, _COLUMNS, _CELL = 60, 12, 4, 60
_WIDTH, _LANE, _LANES, _POINTS = 240, 64, 4, 240


def run_html(run: "Run") -> str:
    """The best inputs of ``run`` with their scores, and what was searched."""
    best = _cells_html(run, [(c, f"{c.score:.4g} {c.certainty}".strip()) for c in run.top(_SHOWN)])
    cells = f"<table><tr>{best}</tr></table>{_front_html(run) if run.goals else ''}"
    provenance = run.spec["provenance"]
    facts = (
        f"{run.status}: {run.evaluations:,} evaluations in {run.seconds:.1f} s, "
        f"optimiser {provenance['optimiser']}, seed {run.spec['search'].get('seed', 0)}"
    )
    title = html.escape(visible(str(provenance["objective"])))
    agreed = "" if run.agreement is None else f"<br>{html.escape(str(run.agreement))}"
    return f"<p><b>{title}</b><br>{html.escape(visible(facts, 500))}{agreed}</p>{cells}"


def _cells_html(run: "Run", labelled: list[tuple["Candidate", str]]) -> str:
    return "".join(
        f"<td style='text-align:center;padding:4px 8px'>{_blocks_html(run.render(c))}<br>{label}</td>"
        for c, label in labelled
    )


def _front_html(run: "Run") -> str:
    """The first two objectives against each other, and inputs from one end of the front to the other."""
    front = run.front
    if not front:
        return ""
    values = run.values
    shown = spread_front(run, _SHOWN)
    labels = [", ".join(f"{value:.4g}" for value in values[c.id]) for c in shown]
    names = html.escape(visible(" against ".join(run.goals), 500))
    return (
        f"<p>{len(front):,} on the front of {names}:</p>{_scatter_svg(values, [c.id for c in front])}"
        f"<table><tr>{_cells_html(run, list(zip(shown, labels, strict=True)))}</tr></table>"
    )


def _scatter_svg(values: NDArray[np.float64], front: list[int]) -> str:
    """Every evaluation as a faint dot, those on the front as a dark one."""
    points = values[~np.isnan(values).any(axis=1), :2]
    low, high = np.minimum(np.quantile(points, 0.05, axis=0), values[front, :2].min(axis=0)), points.max(axis=0)
    # Halved, for the span of the largest numbers is infinite.
    span = np.where(high > low, high / 2 - low / 2, 1.0)

    def dots(rows: NDArray[np.float64]) -> str:
        inside = rows[(rows >= low).all(axis=1)]
        part = (inside / 2 - low / 2) / span
        spots = np.column_stack([4 + part[:, 0] * (_WIDTH - 8), _WIDTH - 4 - part[:, 1] * (_WIDTH - 8)])
        return "".join(f"M{x:g},{y:g}h0" for x, y in np.unique(spots.round(), axis=0))

    return (
        f"<svg role='img' viewBox='0 0 {_WIDTH} {_WIDTH}' width='{_WIDTH}' height='{_WIDTH}' fill='none' "
        "stroke='currentColor' stroke-linecap='round'><title>every evaluation by two objectives, and the front"
        f"</title><path stroke-width='3' opacity='.25' d='{dots(points)}'/>"
        f"<path stroke-width='5' d='{dots(values[front, :2])}'/></svg>"
    )


def _blocks_html(blocks: list[Block]) -> str:
    return "".join(_block_html(block) for block in blocks)


def _block_html(block: Block) -> str:
    if isinstance(block, ImageBlock):
        return _image_html(block)
    if isinstance(block, TokensBlock):
        return _tokens_html(block)
    if isinstance(block, TableBlock):
        return _table_html(block)
    if isinstance(block, SeriesBlock):
        return _series_html(block)
    return f"<code>{html.escape(visible(block.text))}</code>"


def _tokens_html(block: TokensBlock) -> str:
    changed = block.changed or (False,) * len(block.tokens)
    shown = list(zip(block.tokens, changed, strict=True))[:_TOKENS]
    words = [(html.escape(visible(token, _CELL).replace(" ", "␣")) or "<i>empty</i>", mark) for token, mark in shown]
    chips = " ".join(f"<code><b><u>{word}</u></b></code>" if mark else f"<code>{word}</code>" for word, mark in words)
    rest = len(block.tokens) - len(shown)
    more = f" and {rest:,} more" if rest else ""
    return f"<div style='text-align:left;max-width:22em'>{chips}{more}</div>"


def _table_html(block: TableBlock) -> str:
    changed = block.changed or (False,) * len(block.rows)
    rows = list(zip(block.rows, changed, strict=True))
    if len(rows) > _ROWS:
        rows.sort(key=lambda row: not row[1])  # those that differ come first, as they say the most
    heads = "".join(f"<th>{html.escape(visible(name, _CELL))}</th>" for name in block.columns[:_COLUMNS])
    body = "".join(_row_html(cells[:_COLUMNS], mark) for cells, mark in rows[:_ROWS])
    rest = len(rows) - _ROWS
    more = f"<div>and {rest:,} more rows</div>" if rest > 0 else ""
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}"


def _row_html(cells: tuple[str, ...], mark: bool) -> str:
    texts = [html.escape(visible(cell, _CELL)) for cell in cells]
    return (
        "<tr>" + "".join(f"<td><b><u>{text}</u></b></td>" if mark else f"<td>{text}</td>" for text in texts) + "</tr>"
    )


def _series_html(block: SeriesBlock) -> str:
    """The channels below one another, each on its own scale."""
    length, channels = block.values.shape
    lines = "".join(_line_svg(block.values[:, i].astype(float), i) for i in range(min(channels, _LANES)))
    height = min(channels, _LANES) * _LANE
    title = f"{length:,} samples, {channels:,} channel{'' if channels == 1 else 's'}"
    return (
        f"<svg role='img' viewBox='0 0 {_WIDTH} {height}' width='{_WIDTH}' height='{height}'>"
        f"<title>{title}</title>{lines}</svg>"
    )


def _line_svg(values: NDArray[np.float64], lane: int) -> str:
    kept = min_max(values, _POINTS)
    low, high = float(values.min()), float(values.max())
    scale = high / 2 - low / 2  # halved, for the span of the largest numbers is infinite
    part = (values[kept] / 2 - low / 2) / scale if scale else np.full(len(kept), 0.5)
    xs = kept * (_WIDTH / max(1, len(values) - 1))
    ys = (lane + 1) * _LANE - 4 - part * (_LANE - 8)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    # A round end shows a series of one sample, whose line has no length.
    end = "" if len(kept) > 1 else f" {points}"
    return f"<polyline points='{points}{end}' fill='none' stroke='currentColor' stroke-linecap='round'/>"


def _image_html(block: ImageBlock) -> str:
    from featviz.formats.block_files import write_image  # noqa: PLC0415  only a run with pictures needs Pillow

    buffer = io.BytesIO()
    write_image(buffer, block)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f"<img alt='input' src='data:image/png;base64,{data}' style='height:{_HEIGHT}px;image-rendering:pixelated'>"
