"""What the copies of one human box share: the journal, the desk, and the server while there is one."""

import atexit
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from featviz.black_boxes.human.consistency import Consistency, consistency_of
from featviz.black_boxes.human.desk import Desk
from featviz.black_boxes.human.journal import Journal, Sitting
from featviz.black_boxes.human.kept_blocks import key_of
from featviz.black_boxes.human.server import DeskServer
from featviz.display.formats import plural

__all__ = ["Room"]


class Room:
    """One person's room.

    Args:
        about: what is asked: question and mode, and the scale of ratings. Answers to anything else are not mixed in.
        journal: where the answers are kept; None for in memory, until a run says where.
    """

    def __init__(self, about: Mapping[str, Any], journal: Path | None) -> None:
        self._about = dict(about)
        self._fixed = journal is not None
        self.journal = Journal(about, journal)
        self.desk = Desk(self._summary)
        self._server: DeskServer | None = None
        self._key: int | None = None
        self._calls = 0

    @property
    def address(self) -> str | None:
        """The address of the page, while there is one."""
        return None if self._server is None else self._server.address

    def keep_in(self, folder: Path) -> None:
        """Keep the answers in the directory of a run, unless the user said where; those that are there are read."""
        digest = key_of(f"{self._about['mode']} {self._about['question']}", [])[:8]
        path = folder / f"human-{digest}.jsonl"
        if not self._fixed and self.journal.path != path:
            self.journal = Journal(self._about, path)

    def begin(self, key: int) -> None:
        """What the search calls its next batch."""
        self._key = key

    def sitting(self, keys: Sequence[str]) -> Sitting:
        """The sitting for the candidates ``keys``: a new one, or one that was begun, or only not taken note of, before.

        Without a search the number of the call tells one from another, so that a script that is run again with the
        same journal gets the same answers.
        """
        key = self._calls if self._key is None else self._key
        self._calls += 1
        return self.journal.find(key, keys) or self.journal.begin(key, keys)

    def open(self, page: Callable[[], bytes], port: int) -> str | None:
        """The address of a server that was started now; None when one is running."""
        if self._server is not None:
            return None
        self._server = DeskServer(self.desk, page(), port)
        _open_rooms.add(self)
        return self._server.address

    def close(self) -> None:
        """Show the pages a last word and stop serving."""
        if self._server is not None:
            self.desk.end()
            self._server.close()
            self._server = None

    def consistency(self) -> Consistency:
        """Over all batches in the journal."""
        return consistency_of(self._about["mode"], [sitting.answers for sitting in self.journal.sittings])

    def _summary(self) -> list[str]:
        answers, batches = len(self.journal.answers), len(self.journal.sittings)
        lines = [f"{plural(answers, 'answer')} in {'1 batch' if batches == 1 else f'{batches:,} batches'}"]
        found = self.consistency()
        return [*lines, f"How steady they were: {found}"] if found.n else lines


_open_rooms: "weakref.WeakSet[Room]" = weakref.WeakSet()


@atexit.register
def _leave() -> None:
    """A page is told when the program ends, and not left waiting."""
    for room in list(_open_rooms):
        room.close()
