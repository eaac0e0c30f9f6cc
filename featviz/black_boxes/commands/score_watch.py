"""Watching for a score file that somebody else writes: read when it stands still, and spoken about when it is wrong."""

import contextlib
import warnings
from collections.abc import Sequence

from featviz.errors import FeatvizWarning, InvalidArgument
from featviz.formats.batch_folders import BatchFolder
from featviz.formats.files import write_whole
from featviz.formats.score_files import Scores, read_scores
from featviz.text import first_line

__all__ = ["ScoreWatch"]

_PROBLEM = "PROBLEM.txt"
# When a file was changed, its size, and which file it is.
_State = tuple[int, int, int]


class ScoreWatch:
    """Looks for the score file of a batch.

    Args:
        batch: the folder of the batch.
        outputs: the names of what is measured.
    """

    def __init__(self, batch: BatchFolder, outputs: Sequence[str]) -> None:
        self._batch, self._outputs = batch, outputs
        self._before: _State | None = None
        self._refused: _State | None = None
        self.problem = ""

    @property
    def expects_more(self) -> bool:
        """Whether there is a file that the next look may find complete."""
        return self._before is not None and self._before != self._refused

    def look(self) -> Scores | None:
        """The scores, or None when they are not there, not complete, or not right."""
        state, before = self._state(), self._before
        self._before = state
        # A program that writes where it is watched may be in the middle of a number.
        if state is None or state != before or state == self._refused:
            return None
        try:
            scores = read_scores(self._batch.scores, self._batch.ids, self._outputs)
        except (InvalidArgument, OSError) as error:
            self._refuse(state, error)
            return None
        with contextlib.suppress(OSError):
            (self._batch.path / _PROBLEM).unlink(missing_ok=True)
        return scores

    def _state(self) -> _State | None:
        try:
            facts = self._batch.scores.lstat()
        except OSError:
            return None
        return facts.st_mtime_ns, facts.st_size, facts.st_ino

    def _refuse(self, state: _State, error: Exception) -> None:
        self._refused = state
        said = str(error) if isinstance(error, InvalidArgument) else first_line(error)
        self.problem = f" that can be read: {said.rstrip('.')}"
        with contextlib.suppress(OSError):  # a folder that we cannot write to: the warning says it
            text = f"{said}\n\nMend it and save it again: it is waited for.\n"
            write_whole(self._batch.path / _PROBLEM, text.encode("utf-8", "backslashreplace"))
        warnings.warn(f"{said} Mend it and save it again: it is waited for.", FeatvizWarning, stacklevel=2)
