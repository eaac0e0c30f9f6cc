"""A batch of a study as a folder of files, and the scores that come back: for answers from another place or week."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument, StorageError
from featviz.formats.batch_folders import SCORES, BatchFolder, FolderBatch
from featviz.formats.score_files import read_scores
from featviz.text import first_line, visible

if TYPE_CHECKING:
    from featviz.study.asked import Asked

__all__ = ["count_in", "read_told", "save_asked"]


def save_asked(asked: "Asked", folder: str | os.PathLike[str]) -> Path:
    """Write the inputs of a batch into ``folder``; see :meth:`featviz.study.asked.Asked.save`."""
    path = Path(folder)
    batch = _batch_of(asked)
    there = BatchFolder.read(path)
    if there is not None and (there.first, there.digests) == (batch.ids[0], batch.digests):
        return path
    try:
        batch.write(path)
    except FileExistsError:
        raise InvalidArgument(
            f"{visible(str(path), 300)} is there already and does not hold this batch; choose another folder, such as "
            f"batch-{asked.ids[0]:06d}."
        ) from None
    except OSError as error:
        raise StorageError(f"cannot write {visible(str(path), 300)}: {first_line(error)}") from error
    return path


def count_in(path: str | os.PathLike[str]) -> int | None:
    """How many inputs the batch has that a score file lies beside; None where that is not known."""
    there = BatchFolder.read(_scores_at(path).parent)
    return None if there is None else len(there.digests)


def read_told(asked: "Asked", path: str | os.PathLike[str]) -> NDArray[np.float64]:
    """The outputs for a batch out of a score file, float64 (n, k), NaN where there are none.

    Raises:
        InvalidArgument: when the file is not right, naming line and column, or is about another batch.
        StorageError: when it cannot be read.
    """
    scores = _scores_at(path)
    there = BatchFolder.read(scores.parent)
    batch = _batch_of(asked)
    if there is not None and (there.first, there.digests) != (batch.ids[0], batch.digests):
        told = there.ids[-1] < asked.ids[0]
        raise InvalidArgument(
            f"{visible(str(scores), 300)} is about the inputs {there.first} to {there.ids[-1]}"
            + (", which were told already" if told else " of another batch")
            + f"; this study asks about {asked.ids[0]} to {asked.ids[-1]}. Write those with study.ask().save(folder)."
        )
    try:
        return read_scores(scores, batch.ids, asked.outputs).outputs
    except FileNotFoundError:
        raise InvalidArgument(f"there are no scores yet: no file {visible(str(scores), 300)}.") from None
    except OSError as error:
        raise StorageError(f"cannot read {visible(str(scores), 300)}: {first_line(error)}") from error


def _scores_at(path: str | os.PathLike[str]) -> Path:
    given = Path(path)
    return given / SCORES if given.is_dir() else given


def _batch_of(asked: "Asked") -> FolderBatch:
    return FolderBatch.of(asked.inputs, asked.ids.tolist(), asked.outputs)
