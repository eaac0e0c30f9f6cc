"""A run in a notebook: plain HTML without scripts, readable in light and dark."""

import base64
import html
import io
from typing import TYPE_CHECKING

from featviz.blocks import Block, ImageBlock
from featviz.text import visible

if TYPE_CHECKING:
    from featviz.study.run import Run

__all__ = ["run_html"]

_SHOWN = 5
_HEIGHT = 128


def run_html(run: "Run") -> str:
    """The best inputs of ``run`` with their scores, and what was searched."""
    cells = "".join(
        f"<td style='text-align:center;padding:4px 8px'>{_blocks_html(run.render(c))}<br>{c.score:.4g}</td>"
        for c in run.top(_SHOWN)
    )
    provenance = run.spec["provenance"]
    facts = (
        f"{run.status}: {run.evaluations:,} evaluations in {run.seconds:.1f} s, "
        f"optimiser {provenance['optimiser']}, seed {run.spec['search'].get('seed', 0)}"
    )
    title = html.escape(visible(str(provenance["objective"])))
    return f"<p><b>{title}</b><br>{html.escape(visible(facts, 500))}</p><table><tr>{cells}</tr></table>"


def _blocks_html(blocks: list[Block]) -> str:
    return "".join(
        _image_html(block) if isinstance(block, ImageBlock) else f"<code>{html.escape(visible(block.text))}</code>"
        for block in blocks
    )


def _image_html(block: ImageBlock) -> str:
    from featviz.storage.block_files import write_image  # noqa: PLC0415  only a run with pictures needs Pillow

    buffer = io.BytesIO()
    write_image(buffer, block)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f"<img alt='input' src='data:image/png;base64,{data}' style='height:{_HEIGHT}px;image-rendering:pixelated'>"
