"""The program behind a command: where it is, and what identifies it."""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featviz.digests import file_sha256
from featviz.errors import BoxError, InvalidArgument, WrongType
from featviz.text import shown, visible

__all__ = ["Program", "as_words"]

# Larger files among the words, such as a data set, are not read for their checksum.
_MOST_BYTES = 200_000_000
_PATH = re.compile(r"\.{0,2}/\S+$")


@dataclass(frozen=True)
class Program:
    """A program with its arguments, looked up once, so that a change of directory cannot make it another one.

    Args:
        path: the file of the program.
        words: what was given: the program and its arguments.
        cwd: the directory that it is started in; None for the present one.
    """

    path: str
    words: tuple[str, ...]
    cwd: str | None = None

    @classmethod
    def find(cls, words: Any, cwd: Any = None) -> "Program":
        """The program that ``words`` names, as a shell would look for it; no shell is asked.

        Raises:
            WrongType, InvalidArgument: when ``words`` is no list of words.
            BoxError: when there is no such program, or it may not be run.
        """
        if isinstance(words, str) or not isinstance(words, list | tuple) or not all(isinstance(w, str) for w in words):
            raise WrongType(f"a command is a list of words such as ['./score', '--fast'], but this is {shown(words)}.")
        if not words or not words[0]:
            raise InvalidArgument("a command must begin with the name of a program, but it is empty.")
        for word in words:
            if "\0" in word:
                raise InvalidArgument(f"no word of a command can hold the character NUL, but one does: {shown(word)}.")
        if os.name != "posix":
            raise BoxError("a command can be a black box on Linux and macOS only: it needs process groups.")
        if cwd is not None and not (isinstance(cwd, str | os.PathLike) and Path(cwd).is_dir()):
            raise InvalidArgument(f"cwd must be a directory that exists, but it is {shown(cwd)}.")
        found = shutil.which(words[0])
        if found is None:
            raise BoxError(_why_not_found(words[0]))
        return cls(str(Path(found).absolute()), tuple(words), None if cwd is None else str(Path(cwd).absolute()))

    @property
    def arguments(self) -> list[str]:
        """What is started: the file of the program and its arguments."""
        return [self.path, *self.words[1:]]

    def provenance(self) -> Mapping[str, str]:
        """The names and checksums of the program and of the files among its arguments, such as a script."""
        real = Path(self.path).resolve()
        known = {"program": visible(real.name, 100), "program_sha256": _sha256(real)}
        for word in self.words[1:]:
            # A relative word is looked for where the program will look for it.
            file = Path(self.cwd or ".") / word
            if _is_read(file):
                known[f"{visible(file.name, 100)}_sha256"] = _sha256(file)
        return {key: value for key, value in known.items() if value}


def _is_read(file: Path) -> bool:
    try:
        return file.is_file() and file.stat().st_size <= _MOST_BYTES
    except OSError:  # such as a name that is too long: no file, but a program for the interpreter
        return False


def _sha256(file: Path) -> str:
    try:
        return file_sha256(file)
    except OSError:  # a program may be run and not read
        return ""


def _why_not_found(word: str) -> str:
    name = visible(word)
    path = Path(word)
    hint = " A command with arguments is given word by word: ['./score', '--fast']." if " " in word.strip() else ""
    if path.is_dir():
        return f"{name!r} is a directory, not a program."
    if path.is_file():
        through = f", or name its interpreter: ['python', {name!r}]" if path.suffix == ".py" else ""
        how = f"chmod +x {name}" if os.sep in word else f"write ./{name}, and chmod +x it"
        return f"the file {name!r} cannot be run as a program. Make it one ({how}){through}."
    if os.sep in word:
        return f"there is no program {name!r}: no such file, seen from the current directory.{hint}"
    return (
        f"there is no program {name!r} in the directories of PATH. Check its name, install it, or give its path, "
        f"such as './{name}'.{hint}"
    )


def as_words(words: Sequence[str]) -> str:
    """A command for a label or a message: of paths the last part."""
    return visible(" ".join(Path(word).name or word if _PATH.match(word) else word for word in words), 100)
