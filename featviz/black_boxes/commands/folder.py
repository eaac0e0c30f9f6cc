"""The protocol "folder": inputs are laid down as files, and a score file comes back from whoever looks there.

So a laboratory, a simulator on another machine, or a colleague can be a black box.
"""

import math
import os
import re
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.batches import batch_length
from featviz.black_boxes.base import BlackBox, Preprocess
from featviz.black_boxes.commands.once import run_once
from featviz.black_boxes.commands.program import Program, as_words
from featviz.black_boxes.commands.score_watch import ScoreWatch
from featviz.black_boxes.functions import DEFAULT_OUTPUT
from featviz.errors import (
    AnswerShapeError,
    BoxError,
    BoxUnavailable,
    InvalidArgument,
    ProcessDied,
    RowsFailed,
    WrongType,
)
from featviz.formats.batch_folders import BatchFolder, FolderBatch
from featviz.formats.score_files import Scores, read_scores
from featviz.registry import import_object, import_path
from featviz.text import first_line, shown, visible

__all__ = ["FolderBox", "folder_box"]

_NAMED = re.compile(r"batch-(\d{6,12})")
# Batches that others may lay down in the same folder at the same time before this one finds a number.
_TRIES = 100


class FolderBox(BlackBox):
    """A folder in which each batch becomes a folder of files, and in which ``scores.csv`` comes back.

    See :func:`folder_box` for one that waits, and :func:`~featviz.black_boxes.commands.command_box` for one that runs
    a program on each batch.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        program: Program | None = None,
        outputs: Any = None,
        name: str | None = None,
        timeout: float = math.inf,
        poll: float = 1.0,
        quiet: bool = False,
        preprocess: Preprocess | None = None,
    ) -> None:
        if not isinstance(folder, str | os.PathLike) or not os.fspath(folder) or "\0" in str(folder):
            raise WrongType(f"folder must be the path of a folder, but it is {shown(folder)}.")
        # A change of directory must not make it another one.
        self._folder = Path(folder).absolute()
        self._program, self._timeout, self._poll, self._quiet = program, timeout, poll, quiet
        self._key: int | None = None
        self._known: dict[str, BatchFolder | None] = {}
        label = self._folder.name if program is None else as_words(program.words)
        names = [DEFAULT_OUTPUT] if outputs is None else outputs
        super().__init__(name=label if name is None else name, outputs=names, preprocess=preprocess)
        if reserved := {"id"} & {output.strip() for output in self.outputs}:
            raise InvalidArgument(
                f"no output can be called {reserved.pop()!r}: so the first column of a score file is."
            )

    def begin_batch(self, key: int) -> None:
        """Note which batch this is: for a noisy box, an equal one later is another."""
        self._key = key

    def provenance(self) -> Mapping[str, str]:
        """Names and checksums of the program, where there is one."""
        return {} if self._program is None else self._program.provenance()

    def answer(self, inputs: Any) -> Any:
        """What stands in the score files for a batch; see :class:`BlackBox`.

        Raises:
            BoxUnavailable: when no scores are there in time; they may still come.
        """
        salt = str(self._key) if self.noisy else None
        batch = FolderBatch.of(inputs, range(batch_length(inputs)), self.outputs, salt)
        self._look_round()
        if self._program is not None:
            return _or_failed(self._run(self._program, batch))
        places = self._places(batch)
        told = self._wait(dict.fromkeys(folder for folder, _ in places))
        outputs = np.array([told[folder].outputs[row] for folder, row in places])
        missing = {
            position: told[folder].missing[row]
            for position, (folder, row) in enumerate(places)
            if row in told[folder].missing
        }
        return _or_failed(Scores(outputs, missing))

    # -- the folders of the batches ------------------------------------------------------------------------------

    def _look_round(self) -> None:
        """Find out which batches were laid down, by this box or before it."""
        try:
            names = sorted(entry.name for entry in self._folder.iterdir() if _NAMED.fullmatch(entry.name))
        except FileNotFoundError:
            names = []
        except OSError as error:
            raise self._unusable(error) from error
        self._known = {name: self._known.get(name) or BatchFolder.read(self._folder / name) for name in names}

    def _places(self, batch: FolderBatch) -> list[tuple[BatchFolder, int]]:
        """For each input the folder and the row where it was asked for, now or before."""
        found = {
            digest: (folder, row)
            for folder in self._known.values()
            if folder is not None
            for row, digest in enumerate(folder.digests)
        }
        new = {digest: row for row, digest in reversed(list(enumerate(batch.digests))) if digest not in found}
        if new:
            folder = self._lay(batch.part(sorted(new.values())))
            found |= {digest: (folder, row) for row, digest in enumerate(folder.digests)}
        return [found[digest] for digest in batch.digests]

    def _lay(self, batch: FolderBatch) -> BatchFolder:
        """Write a batch into a folder of the next number."""
        numbers = [int(name.rpartition("-")[2]) for name in self._known]
        first = max(numbers, default=-1) + 1
        for number in range(first, first + _TRIES):
            path = self._folder / f"batch-{number:06d}"
            try:
                batch.write(path)
            except FileExistsError:  # somebody else's, this moment
                continue
            except OSError as error:
                raise self._unusable(error) from error
            return BatchFolder(path, batch.ids[0], batch.digests)
        raise BoxError(f"no batch could be laid down in {visible(str(self._folder))}: {_TRIES} numbers were all taken.")

    def _unusable(self, error: OSError) -> BoxError:
        return BoxError(f"the folder {visible(str(self._folder), 300)} cannot be used: {first_line(error)}.")

    # -- the scores ----------------------------------------------------------------------------------------------

    def _run(self, program: Program, batch: FolderBatch) -> Scores:
        """Run the program on the batch, unless it was run on the same one before."""
        same = [f for f in self._known.values() if f is not None and f.digests == batch.digests]
        laid = same[-1] if same else self._lay(batch)
        if not laid.scores.exists():
            run_once(program, b"", self._timeout, (str(laid.path),))
        try:
            return read_scores(laid.scores, laid.ids, self.outputs)
        except FileNotFoundError:
            where = visible(f"{laid.path.name}/{laid.scores.name}")
            raise ProcessDied(f"{as_words(program.words)} ended with exit code 0 and left no {where}") from None
        except (InvalidArgument, OSError) as error:
            # In the way of the next attempt; kept for whoever looks for the mistake.
            laid.scores.replace(laid.scores.with_name("scores-refused.csv"))
            raise AnswerShapeError(str(error)) from error

    def _wait(self, folders: Iterable[BatchFolder]) -> dict[BatchFolder, Scores]:
        """The scores of batches, once they are all there."""
        watches = {folder: ScoreWatch(folder, self.outputs) for folder in folders}
        found: dict[BatchFolder, Scores] = {}
        until = time.monotonic() + self._timeout
        told = self._quiet
        while True:
            for folder, watch in watches.items():
                if folder not in found and (scores := watch.look()) is not None:
                    found[folder] = scores
            waiting = {folder: watch for folder, watch in watches.items() if folder not in found}
            if not waiting:
                return found
            left = until - time.monotonic()
            # A file that was found is looked at once more, to see that it is not being written.
            soon = any(watch.expects_more for watch in waiting.values())
            if left <= 0 and not soon:
                folder, watch = next(iter(waiting.items()))
                raise BoxUnavailable(
                    f"there is no {visible(str(folder.scores), 300)} yet{watch.problem}. What was asked for is kept: "
                    "put the scores there, and run or resume the search again."
                )
            if not told and not soon:
                for folder in waiting:
                    where = visible(str(folder.path), 300)
                    count = len(folder.digests)
                    print(f"featviz: waiting for {count:,} scores; see {where}/INSTRUCTIONS.txt", file=sys.stderr)
                told = True
            time.sleep(self._poll if left <= 0 else min(self._poll, left))


def _or_failed(scores: Scores) -> NDArray[np.float64]:
    """The outputs, or :class:`RowsFailed` where some are missing."""
    if not scores.missing:
        return scores.outputs
    errors: dict[int, Exception] = {row: RuntimeError(why) for row, why in scores.missing.items()}
    raise RowsFailed(f"{len(errors)} of {len(scores.outputs)} inputs have no score.", scores.outputs, errors)


def folder_box(
    folder: str | os.PathLike[str],
    *,
    outputs: Any = None,
    name: str | None = None,
    timeout: float | None = None,
    poll: float = 1.0,
    quiet: bool = False,
    preprocess: Any = None,
    noisy: bool | None = None,
    max_batch: int | None = None,
) -> BlackBox:
    """A laboratory, a simulator or a colleague as a black box, by way of a folder.

    Each batch is written into a folder of its own, ``FOLDER/batch-000012``, with the inputs as files (pictures as PNG
    beside their exact numbers as npy, series and rows of tables as CSV, text as text, the rest as JSON),
    ``inputs.csv`` which lists them, and ``INSTRUCTIONS.txt``. The search goes on when ``scores.csv`` is there and
    complete: a column ``id``, and one for each output. A cell is left empty where nothing could be measured, and a
    column ``error`` may say why. A score file with a mistake is named with line and column, in a warning and in
    ``PROBLEM.txt`` beside it, and waited for again.

    A search may be stopped and gone on with days later: a batch that was laid down before is recognised by its
    inputs, and nothing is asked for twice. With ``noisy=True`` that holds for the same batch of the same search only.

    Args:
        folder: where the batches go; made when it is first needed.
        outputs: the names of what is measured; without them one, called "output".
        name: a label; the name of the folder by default.
        timeout: seconds to wait for a batch before the search is stopped, to be resumed; None waits for ever, 0 looks
            once: ``featviz run`` then lays a batch down, and ``featviz resume`` takes its scores and lays the next.
        poll: seconds between two looks. A score file is read once it has not changed from one to the next.
        quiet: whether to say nothing while waiting.
        preprocess: a function of the batch (or its import path), applied before the inputs are written.
        noisy: see :meth:`BlackBox.configured`.
        max_batch: the most inputs in a folder.
    """
    seconds = math.inf if timeout is None else checks.finite("timeout", timeout, 0.0)
    pause = checks.finite("poll", poll, 0.0, exclusive=True)
    if not isinstance(quiet, bool):
        raise WrongType(f"quiet must be True or False, but it is {shown(quiet)}.")
    apply = import_object(preprocess) if isinstance(preprocess, str) else preprocess
    box = FolderBox(
        folder, outputs=outputs, name=name, timeout=seconds, poll=pause, quiet=quiet, preprocess=apply
    ).configured(noisy=noisy, max_batch=max_batch)
    if preprocess is not None and not isinstance(preprocess, str) and import_path(preprocess) is None:
        return box  # with a function that no other process finds, there is no spec
    given = {
        "outputs": None if outputs is None else list(box.outputs),
        "name": name,
        "timeout": None if timeout is None else seconds,
        "poll": None if pause == 1.0 else pause,
        "quiet": quiet or None,
        "preprocess": preprocess if preprocess is None or isinstance(preprocess, str) else import_path(preprocess),
        "noisy": noisy,
        "max_batch": max_batch,
    }
    options = {key: value for key, value in given.items() if value is not None}
    return box.with_spec({"kind": "folder", "folder": os.fspath(folder), **options})
