"""A batch of inputs as a folder of files, and the scores that come back into it.

A folder such as ``batch-000012`` holds:

- ``INSTRUCTIONS.txt``: what to do, for whoever opens the folder;
- ``inputs.csv``: a line an input, with its id and the names of its files;
- ``000000.png`` and so on: the inputs (see :mod:`featviz.formats.native`);
- ``scores-template.csv``: the score file, to be filled in and saved as ``scores.csv``, which is what is waited for;
- ``batch.json``: by what featviz recognises the batch.
"""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featviz.batches import described, unstack
from featviz.errors import BoxError
from featviz.formats.csv_text import to_csv
from featviz.formats.files import read_regular
from featviz.formats.json_text import dump
from featviz.formats.native import NativeFile, digest_of, native_files
from featviz.text import first_line, visible

__all__ = ["SCORES", "BatchFolder", "FolderBatch"]

SCORES = "scores.csv"
_KNOWN_BY = "batch.json"
_MOST_BYTES = 100_000_000


@dataclass(frozen=True, eq=False)
class FolderBatch:
    """Inputs on their way into a folder.

    Args:
        files: the files of each of n inputs.
        ids: their n numbers.
        outputs: the names of what is to be measured.
        digests: by what each input is recognised.
    """

    files: Sequence[Sequence[NativeFile]]
    ids: Sequence[int]
    outputs: Sequence[str]
    digests: tuple[str, ...]

    @classmethod
    def of(cls, inputs: Any, ids: Sequence[int], outputs: Sequence[str], salt: str | None = None) -> "FolderBatch":
        """The batch ``inputs``.

        Args:
            inputs: n inputs.
            ids: their numbers.
            outputs: the names of what is to be measured.
            salt: where given, equal inputs in other places of the batch, or with another salt, are told apart.

        Raises:
            BoxError: when there is no form of file for such inputs.
        """
        try:
            files = [native_files(x) for x in unstack(inputs)]
        except (TypeError, ValueError) as error:
            raise BoxError(
                f"the inputs cannot be written as files: {first_line(error)}. They are {described(inputs)}. Pass "
                "preprocess= with a function from the batch to one of arrays, texts, numbers, dicts or data frames."
            ) from error
        salts = ["" if salt is None else f"{salt} {place}" for place in range(len(files))]
        digests = tuple(digest_of(x, salt, *outputs) for x, salt in zip(files, salts, strict=True))
        return cls(files, ids, outputs, digests)

    def part(self, rows: Sequence[int]) -> "FolderBatch":
        """The inputs at ``rows`` as a batch of their own, numbered from 0."""
        files, digests = [self.files[row] for row in rows], tuple(self.digests[row] for row in rows)
        return FolderBatch(files, range(len(rows)), self.outputs, digests)

    def write(self, folder: Path) -> None:
        """Make ``folder``, which is there with all that belongs in it or not at all.

        Raises:
            OSError: when it cannot be made; FileExistsError when there is one of its name.
        """
        if folder.exists():
            raise FileExistsError(f"{folder.name} is there already")
        part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
        part.mkdir(parents=True)
        try:
            for name, content in self._contents():
                (part / name).write_bytes(content)
            part.rename(folder)
        except OSError as error:
            if folder.exists():
                raise FileExistsError(f"{folder.name} is there already") from error
            raise
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _contents(self) -> list[tuple[str, bytes]]:
        labels = list(dict.fromkeys(file.label for files in self.files for file in files))
        rows: list[list[str]] = []
        contents: list[tuple[str, bytes]] = []
        for number, files in zip(self.ids, self.files, strict=True):
            named = {file.label: file.name(number) for file in files}
            rows.append([str(number), *(named.get(label, "") for label in labels)])
            contents += [(file.name(number), file.content) for file in files]
        empty = [[str(number), *[""] * len(self.outputs)] for number in self.ids]
        known = {"format": 1, "first": self.ids[0], "inputs": list(self.digests), "outputs": list(self.outputs)}
        return [
            *contents,
            ("inputs.csv", to_csv([["id", *labels], *rows])),
            ("scores-template.csv", to_csv([["id", *self.outputs], *empty], "backslashreplace")),
            ("INSTRUCTIONS.txt", self._instructions().encode("utf-8", "backslashreplace")),
            (_KNOWN_BY, dump(known)),
        ]

    def _instructions(self) -> str:
        names = [visible(name, 100) for name in self.outputs]
        head = ",".join(["id", *names])
        example = ",".join([str(self.ids[0]), *["0.25"] * len(names)])
        return f"""featviz asks for {len(self.ids)} measurements.

1. inputs.csv names the files of each input, by its id. Of a picture, "picture" is what it looks like and "file" holds
   its exact numbers.
2. For each input, measure: {", ".join(names)}. Higher or lower is not better here: write what comes.
3. Write the numbers into a file called {SCORES} in this folder, one line an input, in any order:

       {head}
       {example}

   scores-template.csv has the ids already: fill it in and save it as {SCORES} (CSV in UTF-8, a decimal point in
   numbers). Leave a cell empty where nothing could be measured; a column called "error" may say why.
   If a program writes the file, let it write to another name first and rename it to {SCORES} in the end.

Do not change the other files. Whoever started the search may stop it and come back days later: the scores are found.
"""


@dataclass(frozen=True)
class BatchFolder:
    """A folder that was written.

    Args:
        path: where it is.
        first: the id of its first input.
        digests: of its inputs, in the order of their ids.
    """

    path: Path
    first: int
    digests: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> "BatchFolder | None":
        """The folder at ``path``, or None when it is none of ours."""
        try:
            known = json.loads(read_regular(path / _KNOWN_BY, _MOST_BYTES))
            digests = tuple(str(digest) for digest in known["inputs"])
            return cls(path, int(known["first"]), digests) if digests else None
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None

    @property
    def ids(self) -> range:
        """The numbers of its inputs."""
        return range(self.first, self.first + len(self.digests))

    @property
    def scores(self) -> Path:
        """The score file, whether it is there or not."""
        return self.path / SCORES
