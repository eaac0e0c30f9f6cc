"""A person as a black box."""

import math
import os
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from featviz.batches import unstack
from featviz.black_boxes.base import BlackBox
from featviz.black_boxes.human.consistency import Consistency
from featviz.black_boxes.human.default_blocks import default_blocks
from featviz.black_boxes.human.journal import Sitting
from featviz.black_boxes.human.kept_blocks import key_of
from featviz.black_boxes.human.options import Options
from featviz.black_boxes.human.pages import candidate_page, frame_page
from featviz.black_boxes.human.pairs import PairsPlan
from featviz.black_boxes.human.questions import Plan
from featviz.black_boxes.human.rating import RatingPlan
from featviz.black_boxes.human.room import Room
from featviz.blocks import Block
from featviz.errors import BoxError, BoxTimeout, RowsFailed
from featviz.text import first_line, shown

__all__ = ["HumanBox"]


class HumanBox(BlackBox):
    """A person who answers on a page in their browser; made by :func:`human`.

    Args:
        options: what is asked, and how.

    The page is served to this machine only, from the first batch until :meth:`close`. A batch is asked for in as many
    sittings as the person likes: each answer is stored when it is given (see :meth:`keep_in`).
    """

    def __init__(self, options: Options) -> None:
        super().__init__(name=options.name, outputs=[options.output])
        self._noisy = True
        self._options = options
        self._spec = options.spec()
        # Shared by the copies that ``configured`` and ``with_spec`` make: there is one person.
        self._room = Room(options.about(), None if options.journal is None else Path(options.journal))

    # -- what a black box has --------------------------------------------------------------------------------------

    def answer(self, inputs: Any) -> Any:
        """What the person says of a batch; waits until they have.

        Raises:
            RowsFailed: with ``BoxTimeout`` for what nobody answered within ``timeout``.
            BoxError: when an input cannot be rendered, or the page cannot be served.
            StorageError: when the journal cannot be written.
        """
        room = self._room
        blocks = [self._blocks(x) for x in unstack(inputs)]
        keys = [key_of(self._options.question, b) for b in blocks]
        looks = dict(zip(keys, blocks, strict=True))
        sitting = room.sitting(list(looks))
        if sitting.outputs is None or not set(looks) <= set(sitting.outputs):
            self._ask(sitting, looks)
        sitting.used = sitting.outputs is not None
        outputs = sitting.outputs or self._plan(sitting, list(looks)).outputs(sitting.answers)
        values = np.array([[outputs.get(key, math.nan)] for key in keys])
        missing = np.flatnonzero(np.isnan(values[:, 0]))
        if len(missing):
            late = BoxTimeout(f"nobody answered for {self._options.timeout:g} s; what was answered is stored.")
            raise RowsFailed(
                f"{len(missing)} of {len(keys)} inputs were not answered in time.",
                values,
                dict.fromkeys(missing.tolist(), late),
            )
        return values

    def begin_batch(self, key: int) -> None:
        """See :class:`BlackBox`: by ``key`` a resumed search finds the answers of the batch that it was stopped in."""
        self._room.begin(key)

    def keep_in(self, folder: Path) -> None:
        """Keep the journal in ``folder``, unless ``journal=`` says where; what is there already is read."""
        self._room.keep_in(Path(folder))

    def usage(self) -> Mapping[str, float]:
        """How many answers were given since the box was made, and how many of them measured consistency."""
        return self._room.desk.used()

    def provenance(self) -> Mapping[str, str]:
        """The question, and how consistent the answers were."""
        return {"question": self._options.question, "mode": self._options.mode, "consistency": str(self.consistency())}

    def close(self) -> None:
        """Show the end page and stop serving. It may be asked again, at a new address."""
        self._room.close()

    # -- besides ---------------------------------------------------------------------------------------------------

    @property
    def address(self) -> str | None:
        """The address of the page while it is served; it holds a secret, so pass it on to the rater only."""
        return self._room.address

    def consistency(self) -> Consistency:
        """How far the person agrees with themselves, from what they were asked twice."""
        return self._room.consistency()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _ask(self, sitting: Sitting, looks: dict[str, list[Block]]) -> None:
        room = self._room
        plan = self._plan(sitting, list(looks))
        known = room.journal.shown
        pages = {key: candidate_page(b) for key, b in (known | looks).items()}
        if plan.next(sitting.answers) is not None:
            self._open()
            if not room.desk.sit(room.journal, sitting, plan, pages, self._options.timeout):
                return
        outputs = plan.outputs(sitting.answers)
        ladder = room.journal.ladder
        if self._options.mode == "pairs":
            ladder = ladder.after(outputs, self._options.anchors)
        room.journal.complete(sitting, outputs, ladder, known | looks)

    def _plan(self, sitting: Sitting, keys: list[str]) -> Plan:
        earlier = [a for s in self._room.journal.sittings if s is not sitting for a in s.answers]
        again = sum(a.repeat for a in earlier)
        owed = self._options.repeats * (len(earlier) - again) - again
        if self._options.mode == "pairs":
            return PairsPlan(keys, self._room.journal.ladder, self._options.repeats, owed)
        due = math.floor(owed + self._options.repeats * len(keys) + 1e-9)
        return RatingPlan(keys, (self._options.low, self._options.high), max(0, due))

    def _blocks(self, x: Any) -> list[Block]:
        try:
            blocks = (self._options.render or default_blocks)(x)
        except Exception as error:
            raise BoxError(
                f"an input cannot be shown: render failed with {first_line(error)}. It is given one input, and returns "
                "a list of blocks such as fv.ImageBlock; space.render does."
            ) from error
        if not isinstance(blocks, list | tuple) or not all(isinstance(block, Block) for block in blocks):
            raise BoxError(f"render must return a list of blocks such as fv.ImageBlock, but it gave {shown(blocks)}.")
        return list(blocks)

    def _open(self) -> None:
        options = self._options
        address = self._room.open(lambda: frame_page(**options.page()), options.port)
        if address is not None:
            print(f"featviz asks a person. Open {address}", file=sys.stderr, flush=True)
            if options.open_browser and _has_display():
                webbrowser.open(address)


def _has_display() -> bool:
    """Whether a browser can show itself; without a screen some systems would open one in the terminal."""
    if sys.platform in {"win32", "darwin"} or os.environ.get("BROWSER"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
