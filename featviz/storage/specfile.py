"""``run.toml``: the resolved, human-readable description of a run. It is also a configuration for ``featviz run``."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from featviz.errors import InvalidConfig, RunNotFound, StorageError
from featviz.formats.files import read_regular, write_whole
from featviz.text import first_line, visible

__all__ = ["is_writable", "read_toml", "write_toml"]

# A description with learnt statistics takes some hundred kilobytes; a larger file is not one of ours.
MAX_BYTES = 5_000_000
# Of one part of a description, so that all of them together are read again.
_MOST_BYTES_A_PART = 2_000_000
# The time to parse a dotted key grows faster than its length.
_MAX_DOTS = 5_000
_DEEPEST = 300


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        RunNotFound: when there is no such file.
        InvalidConfig: when it is not TOML, not UTF-8, or too large to be a description of a run.
    """
    shown = visible(str(path), 300)
    try:
        return _shallow(tomllib.loads(_bearable(read_regular(path, MAX_BYTES).decode("utf-8"))))
    except FileNotFoundError:
        raise RunNotFound(f"there is no file {shown}.") from None
    except UnicodeDecodeError:
        raise InvalidConfig(f"{shown} is not UTF-8 text; save it as UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidConfig(f"{shown} is not valid TOML: {first_line(error)}") from None
    except ValueError as error:
        raise InvalidConfig(f"{shown} is not a configuration: {first_line(error)}.") from None
    except OSError as error:
        raise StorageError(f"cannot read {shown}: {first_line(error)}") from error


def _bearable(text: str) -> str:
    if any(line.count(".") > _MAX_DOTS for line in text.splitlines()):
        raise ValueError(f"a line has more than {_MAX_DOTS:,} dots")
    return text


def _shallow(tables: dict[str, Any]) -> dict[str, Any]:
    """``tables``, unless they are nested so deeply that a reader would run out of stack: ``[box.box.box...]``."""
    level: list[Any] = [tables]
    for _ in range(_DEEPEST):
        below = (part.values() if isinstance(part, dict) else part for part in level)
        level = [part for parts in below for part in parts if isinstance(part, dict | list)]
        if not level:
            return tables
    raise ValueError(f"its tables are nested more than {_DEEPEST} deep")


def is_writable(part: Any) -> bool:
    """Whether a file can hold a part of a description, in a size that is read again.

    TOML has no null, and UTF-8 no halves of surrogate pairs.
    """
    try:
        return len(tomli_w.dumps({"part": part}).encode()) <= _MOST_BYTES_A_PART
    except (TypeError, ValueError, RecursionError):
        return False


def write_toml(path: Path, tables: Mapping[str, Any]) -> None:
    """Write ``tables`` so that a reader sees the old file or the whole new one, never a part."""
    try:
        write_whole(path, tomli_w.dumps(tables).encode())
    except OSError as error:
        raise StorageError(f"cannot write {visible(str(path), 300)}: {first_line(error)}") from error
