"""The journal: every answer is stored the moment it is given, so that nobody is asked twice.

One JSON value a line, each behind a checksum; lines are only ever added. A last line that a crash cut short is dropped,
any other damage is an error.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from featviz.black_boxes.human.kept_blocks import blocks_from_json, blocks_to_json
from featviz.black_boxes.human.pairs import Ladder
from featviz.black_boxes.human.questions import Answer
from featviz.blocks import Block
from featviz.errors import RunDamaged, RunMismatch, StorageError
from featviz.formats.files import read_regular
from featviz.text import first_line, visible

__all__ = ["Journal", "Sitting"]

_VERSION = 1
_MOST_BYTES = 500_000_000
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)


@dataclass
class Sitting:
    """One batch and what was answered about it.

    Args:
        number: from 1.
        key: what the search calls this batch, the same when it asks for it again.
        keys: of the candidates, in the order of the batch and distinct.
        answers: so far.
        outputs: the score of each candidate, once the batch is complete.
        used: whether its answers were given to the search in this process.
    """

    number: int
    key: int
    keys: tuple[str, ...]
    answers: list[Answer] = field(default_factory=list)
    outputs: dict[str, float] | None = None
    used: bool = False


class Journal:
    """What was asked and answered, in memory and, once it has a file, on disk.

    Args:
        question: which rater's desk this is: the question, the mode and the scale; a file of another one is refused.
        path: the file; None to keep everything in memory.

    Raises:
        RunMismatch: when the file belongs to another question.
        RunDamaged: when it does not hold what was written there.
        StorageError: when it cannot be read or written.
    """

    def __init__(self, question: Mapping[str, Any], path: Path | None = None) -> None:
        self._question = dict(question)
        self._path = path
        self._size = 0
        self._unwritten = b""  # a line that could not be written, or not wholly
        self.sittings: list[Sitting] = []
        self.ladder = Ladder()
        self.shown: dict[str, list[Block]] = {}
        if path is not None:
            self._open(path)

    @property
    def path(self) -> Path | None:
        """The file, if there is one."""
        return self._path

    @property
    def answers(self) -> list[Answer]:
        """All answers, in the order in which they were given."""
        return [answer for sitting in self.sittings for answer in sitting.answers]

    def find(self, key: int, keys: Sequence[str]) -> Sitting | None:
        """A batch of just these candidates that was not given to the search yet: of this key, or left unfinished."""
        free = [sitting for sitting in self.sittings if not sitting.used and set(sitting.keys) == set(keys)]
        same = [sitting for sitting in free if sitting.key == key]
        return next(iter(same or [sitting for sitting in free if sitting.outputs is None]), None)

    def begin(self, key: int, keys: Sequence[str]) -> Sitting:
        """A new batch."""
        sitting = Sitting(len(self.sittings) + 1, key, tuple(keys))
        self._write({"do": "batch", "batch": sitting.number, "key": key, "keys": list(keys)})
        self.sittings.append(sitting)
        return sitting

    def answer(self, sitting: Sitting, answer: Answer, seconds: float) -> None:
        """An answer, given after so many seconds."""
        self._write(
            {
                "do": "answer",
                "batch": sitting.number,
                "shown": list(answer.shown),
                "value": answer.value,
                "repeat": answer.repeat,
                "seconds": round(seconds, 2),
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        )
        sitting.answers.append(answer)

    def undo(self, sitting: Sitting) -> None:
        """The last answer of a batch is taken back."""
        self._write({"do": "undo", "batch": sitting.number})
        sitting.answers.pop()

    def complete(
        self, sitting: Sitting, outputs: dict[str, float], ladder: Ladder, shown: Mapping[str, list[Block]]
    ) -> None:
        """A batch is complete; ``shown`` holds what the rungs of the ladder look like."""
        for key, _ in ladder.rungs:
            if key not in self.shown:
                self._write({"do": "keep", "key": key, "blocks": blocks_to_json(shown[key])})
                self.shown[key] = list(shown[key])
        self._write(
            {
                "do": "complete",
                "batch": sitting.number,
                "outputs": outputs,
                "ladder": [list(rung) for rung in ladder.rungs],
                "level": ladder.level,
            }
        )
        sitting.outputs, self.ladder = outputs, ladder

    def _open(self, path: Path) -> None:
        if path.is_symlink():
            raise StorageError(f"the journal {visible(path, 300)} is a symbolic link; give the file that it points to.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            content = b""
            if path.exists():
                content = read_regular(path, _MOST_BYTES)
        except (OSError, ValueError) as error:  # a pipe, which would never end, or a file that is too large
            raise StorageError(f"the journal {visible(path, 300)} cannot be read: {first_line(error)}") from error
        self._read(content, path)
        if not self._size:
            self._write({"do": "journal", "version": _VERSION, **self._question})

    def _read(self, content: bytes, path: Path) -> None:
        whole = content.rfind(b"\n") + 1  # behind it is what a crash cut short
        for number, line in enumerate(content[:whole].splitlines(), start=1):
            try:
                digest, _, text = line.partition(b" ")
                if digest.decode() != _digest(text):
                    raise ValueError("its checksum is wrong")
                self._take(json.loads(text), first=number == 1)
            except RunMismatch:
                raise
            except _UNREADABLE as error:
                raise RunDamaged(
                    f"line {number} of the journal {visible(path, 300)} cannot be read: {first_line(error)}. Nothing "
                    "was changed: bring back a copy, or move the file away to begin anew."
                ) from error
        self._size = whole

    def _take(self, value: dict[str, Any], *, first: bool) -> None:
        do = value["do"]
        if first != (do == "journal"):
            raise ValueError("a journal begins with what it is about, once")
        if do == "journal":
            self._check(value)
        elif do == "batch":
            self.sittings.append(Sitting(len(self.sittings) + 1, int(value["key"]), tuple(map(str, value["keys"]))))
        elif do == "answer":
            answer = Answer(tuple(map(str, value["shown"])), float(value["value"]), bool(value["repeat"]))
            self.sittings[value["batch"] - 1].answers.append(answer)
        elif do == "undo":
            self.sittings[value["batch"] - 1].answers.pop()
        elif do == "keep":
            self.shown[str(value["key"])] = blocks_from_json(value["blocks"])
        elif do == "complete":
            self.sittings[value["batch"] - 1].outputs = {str(k): float(v) for k, v in value["outputs"].items()}
            rungs = tuple((str(key), float(strength)) for key, strength in value["ladder"])
            if any(key not in self.shown for key, _ in rungs):
                raise ValueError("what an anchor looks like is missing")
            self.ladder = Ladder(rungs, None if value["level"] is None else float(value["level"]))
        else:
            raise ValueError(f"nothing is known of {visible(do, 40)!r}")

    def _check(self, value: dict[str, Any]) -> None:
        if value["version"] != _VERSION:
            raise RunMismatch(f"the journal is of version {visible(value['version'])}; this featviz reads {_VERSION}.")
        for name, wanted in self._question.items():
            if value[name] != wanted:
                raise RunMismatch(
                    f"the journal {visible(self._path, 300)} is about another {name}: {visible(value[name])!r} "
                    f"there, {visible(wanted)!r} here. Answers to two questions cannot be ranked together: give "
                    "another journal."
                )

    def _write(self, value: dict[str, Any]) -> None:
        """Add a line; it is on the disk when this returns, or nothing is."""
        if self._path is None:
            return
        text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()
        line = _digest(text).encode() + b" " + text + b"\n"
        try:
            # Opened each time: an answer takes a person a second, and no handle is left behind.
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(descriptor, "r+b") as file:
                file.seek(min(self._size, os.fstat(descriptor).st_size))
                self._check_tail(file.tell(), file.read())
                file.truncate(self._size)  # whatever a line that could not be written left behind
                file.seek(self._size)
                self._unwritten = line
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except StorageError:
            raise
        except OSError as error:
            raise StorageError(
                f"the journal {visible(self._path, 300)} cannot be written: {first_line(error)}. Nothing that was "
                "stored is lost."
            ) from error
        self._size += len(line)
        self._unwritten = b""

    def _check_tail(self, end: int, tail: bytes) -> None:
        """Refuse to write over what somebody else did to the file meanwhile."""
        if end < self._size or (b"\n" in tail and not self._unwritten.startswith(tail)):
            raise StorageError(
                f"the journal {visible(self._path, 300)} was changed by somebody else while it was in use. Nothing was "
                "written over: use one journal in one program at a time, and start again."
            )


def _digest(text: bytes) -> str:
    return hashlib.blake2b(text, digest_size=8).hexdigest()
