"""``best/``: the best inputs of a run in their native form, readable without featviz.

``best.json`` lists them. Beside it stand, for each, what the space's blocks hold (``01.png``, ``01-2.txt``, ...: PNG
for a picture, JSON for tokens, CSV for a table and a series, text otherwise), and the input itself where a file can
hold it (``01-input.npy`` for an array, ``.csv`` for a data frame, ``.json`` for what JSON can say).
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featviz.blocks import Block, TextBlock
from featviz.errors import RunDamaged, StorageError
from featviz.formats.block_files import MOST_BYTES, BlockFile, block_file, read_array, read_block
from featviz.formats.files import read_regular
from featviz.formats.input_files import input_file, read_input
from featviz.storage.encoding import UNREADABLE
from featviz.text import first_line, visible

__all__ = ["FOLDER", "BestInput", "has_best", "read_best", "write_best"]

FOLDER = "best"
_LIST = "best.json"
_OURS = re.compile(r"best\.json|\d\d(-\d+|-input)?\.(png|txt|npy|json|csv)")
# What a reader bears of a run that may come from somebody else; a run of ours has 28 inputs.
_MAX_ENTRIES = 40
_MAX_LIST = 20_000_000
# So much of the list is for one file, so that the whole is not more than what is read.
_MAX_DESCRIBED = 20_000


@dataclass(frozen=True, eq=False)
class BestInput:
    """One stored input.

    Args:
        id: its evaluation.
        role: "top", "diverse", "front" or "baseline".
        score: its score.
        input: the input itself, or None when only its rendering was stored.
        blocks: its rendering.
        standard_error: of the score, where that is the mean of repeats.
        replicates: how many repeats it is the mean of; 0 for a score that was observed once.
    """

    id: int
    role: str
    score: float
    input: Any
    blocks: Sequence[Block]
    standard_error: float | None = None
    replicates: int = 0


def write_best(run: Path, entries: Sequence[BestInput]) -> None:
    """Write ``entries`` into ``run/best``. Files there that are not of our making are left alone."""
    folder, part = run / FOLDER, run / f"{FOLDER}.part"
    try:
        if folder.is_symlink() or part.is_symlink():
            raise NotADirectoryError(f"{FOLDER} is a symbolic link")
        for place in (folder, part):
            place.mkdir(exist_ok=True)
        _clear(part)
        listed = [_write_entry(part, number, entry) for number, entry in enumerate(entries, start=1)]
        lines = ",\n".join(json.dumps(entry) for entry in listed)
        (part / _LIST).write_text(f"[\n{lines}\n]\n", encoding="utf-8")
        # The list goes first and comes last: without it there is nothing to be misread.
        (folder / _LIST).unlink(missing_ok=True)
        _clear(folder)
        for file in sorted(part.iterdir(), key=lambda file: file.name == _LIST):
            if _OURS.fullmatch(file.name):
                file.replace(folder / file.name)
        if not any(part.iterdir()):
            part.rmdir()
    except OSError as error:
        raise StorageError(f"cannot write {visible(str(folder), 300)}: {first_line(error)}") from error


def has_best(run: Path) -> bool:
    """Whether the best inputs of a run are there."""
    return (run / FOLDER / _LIST).is_file()


def _clear(folder: Path) -> None:
    for file in folder.iterdir():
        if _OURS.fullmatch(file.name):
            file.unlink()


def read_best(run: Path) -> list[BestInput]:
    """What :func:`write_best` wrote; empty when nothing was.

    Raises:
        RunDamaged: when a file is not what was written, or larger than what is written. Pickles inside arrays are
            refused, links are not followed.
    """
    folder = run / FOLDER
    if not has_best(run):
        return []
    try:
        listed = json.loads(read_regular(folder / _LIST, _MAX_LIST).decode("utf-8"))
        if folder.is_symlink() or not isinstance(listed, list) or len(listed) > _MAX_ENTRIES:
            raise ValueError(f"{_LIST} is not the list that was written")
        return [_read_entry(folder, number, entry) for number, entry in enumerate(listed, start=1)]
    except (OSError, *UNREADABLE) as error:
        raise RunDamaged(f"{visible(str(folder), 300)} cannot be read: {first_line(error)}") from error


def _write_entry(folder: Path, number: int, entry: BestInput) -> dict[str, Any]:
    stem = f"{number:02d}"
    blocks = []
    for name, block in zip(_names(stem, len(entry.blocks)), entry.blocks, strict=True):
        file = _bearable(block_file(block))
        (folder / f"{name}.{file.suffix}").write_bytes(file.content)
        blocks.append(file.described)
    kept = input_file(entry.input)
    described = None
    if kept is not None and len(kept.content) <= MOST_BYTES[kept.suffix] and _is_short(kept.described):
        (folder / f"{stem}-input.{kept.suffix}").write_bytes(kept.content)
        described = kept.described
    repeats = {"standard_error": entry.standard_error, "replicates": entry.replicates} if entry.replicates else {}
    return {"id": entry.id, "role": entry.role, "score": entry.score, **repeats, "input": described, "blocks": blocks}


def _bearable(file: BlockFile) -> BlockFile:
    """``file``, or a text in its place when it is larger than what is read."""
    if len(file.content) <= MOST_BYTES[file.suffix] and _is_short(file.described):
        return file
    size = len(file.content)
    return block_file(TextBlock(f"a block of {size:,} bytes was too large to be kept", file.described["caption"]))


def _is_short(described: dict[str, Any]) -> bool:
    return len(json.dumps(described)) <= _MAX_DESCRIBED


def _read_entry(folder: Path, number: int, entry: dict[str, Any]) -> BestInput:
    stem = f"{number:02d}"
    x = None
    if "array" in entry:  # a run of the days when arrays alone were kept
        x = read_array(folder / f"{stem}.npy") if entry["array"] else None
    elif entry["input"] is not None:
        x = read_input(folder, f"{stem}-input", entry["input"])
    described = entry["blocks"]
    blocks = [read_block(folder, name, d) for name, d in zip(_names(stem, len(described)), described, strict=True)]
    error = entry.get("standard_error")
    return BestInput(
        int(entry["id"]),
        str(entry["role"]),
        float(entry["score"]),
        x,
        blocks,
        None if error is None else float(error),
        int(entry.get("replicates", 0)),
    )


def _names(stem: str, count: int) -> list[str]:
    return [stem if i == 0 else f"{stem}-{i + 1}" for i in range(count)]
