"""Blocks as the templates show them: as much of each as there is room for."""

from dataclasses import dataclass
from typing import ClassVar

from featviz.blocks import Block, ImageBlock, SeriesBlock, TableBlock, TextBlock, TokensBlock
from featviz.display import traces
from featviz.display.traces import Trace
from featviz.text import is_number

__all__ = ["CARD", "GRID", "PAGE", "Chips", "Drawn", "Picture", "Room", "Sheet", "View", "Words", "view"]


@dataclass(frozen=True)
class Room:
    """How much of a block is shown.

    Args:
        tokens: so many tokens.
        rows: so many rows of a table.
        columns: so many columns of a table.
        cell: so many characters of a token or a cell.
        plan: how much of a series.
    """

    tokens: int
    rows: int
    columns: int
    cell: int
    plan: traces.Plan


PAGE = Room(tokens=1000, rows=100, columns=12, cell=200, plan=traces.PAGE)
GRID = Room(tokens=60, rows=8, columns=3, cell=40, plan=traces.GRID)
CARD = Room(tokens=32, rows=7, columns=2, cell=24, plan=traces.CARD)


@dataclass(frozen=True)
class Picture:
    """A picture: the file shown, the lossless file (or none), and the size on the page in CSS pixels."""

    kind: ClassVar[str] = "picture"
    source: str
    lossless: str
    width: int
    height: int
    pixelated: bool
    alt: str
    caption: str


@dataclass(frozen=True)
class Words:
    """Foreign text, shown as it is."""

    kind: ClassVar[str] = "words"
    text: str
    caption: str


@dataclass(frozen=True)
class Chips:
    """Tokens: each with whether it is emphasised; ``limit`` characters of each are shown, and ``more`` are not."""

    kind: ClassVar[str] = "chips"
    tokens: list[tuple[str, bool]]
    more: int
    limit: int
    marked: bool
    caption: str


@dataclass(frozen=True)
class Sheet:
    """A table.

    Args:
        columns: the heads, each with whether its column holds numbers.
        rows: the cells, each row with whether it is marked.
        more_rows: rows that are not shown.
        more_columns: columns that are not shown.
        limit: so many characters of a cell are shown.
        marked: whether any row of the table is marked.
        caption: plain text, may be empty.
    """

    kind: ClassVar[str] = "sheet"
    columns: list[tuple[str, bool]]
    rows: list[tuple[tuple[str, ...], bool]]
    more_rows: int
    more_columns: int
    limit: int
    marked: bool
    caption: str


@dataclass(frozen=True)
class Drawn:
    """A series: its lines, and what they show in words."""

    kind: ClassVar[str] = "drawn"
    trace: Trace
    alt: str
    caption: str


View = Picture | Words | Chips | Sheet | Drawn


def view(block: Block, room: Room, alt: str) -> Words | Chips | Sheet | Drawn:
    """What is shown of ``block``, which is no picture.

    Args:
        block: what to show.
        room: how much of it.
        alt: for a series: the beginning and the end of its alternative text, with ``{}`` between them.
    """
    if isinstance(block, TokensBlock):
        return _chips(block, room)
    if isinstance(block, TableBlock):
        return _sheet(block, room)
    if isinstance(block, SeriesBlock):
        drawn = traces.trace(block, room.plan)
        return Drawn(drawn, alt.replace("{}", drawn.said), block.caption)
    if isinstance(block, TextBlock):
        return Words(block.text, block.caption)
    raise TypeError(f"{ImageBlock.__name__} is shown as a file")


def _chips(block: TokensBlock, room: Room) -> Chips:
    flags = block.changed or (False,) * len(block.tokens)
    shown = list(zip(block.tokens, flags, strict=True))[: room.tokens]
    return Chips(shown, len(block.tokens) - len(shown), room.cell, any(flags), block.caption)


def _sheet(block: TableBlock, room: Room) -> Sheet:
    flags = block.changed or (False,) * len(block.rows)
    rows = list(zip(block.rows, flags, strict=True))
    if len(rows) > room.rows:
        rows.sort(key=lambda row: not row[1])  # stable: those that differ come first, as they say the most
    rows = rows[: room.rows]
    numeric = [_is_numeric([cells[i] for cells, _ in rows]) for i in range(len(block.columns))]
    columns = list(zip(block.columns, numeric, strict=True))[: room.columns]
    return Sheet(
        columns,
        [(cells[: room.columns], changed) for cells, changed in rows],
        len(block.rows) - len(rows),
        len(block.columns) - len(columns),
        room.cell,
        any(flags),
        block.caption,
    )


def _is_numeric(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(is_number(cell.replace("\u2212", "-").replace(",", "")) for cell in filled)
