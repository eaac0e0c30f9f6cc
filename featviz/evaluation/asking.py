"""Asking one box: what is known already is not asked again, and every question is counted."""

import copy
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length, take
from featviz.black_boxes import as_outputs
from featviz.errors import BoxError
from featviz.evaluation.cache import AnswerCache
from featviz.evaluation.isolation import Answers, isolate
from featviz.evaluation.ledger import Ledger
from featviz.protocols import Box

__all__ = ["BoxAsker"]

Rows = NDArray[np.intp]
Outputs = NDArray[np.float64]


class BoxAsker:
    """Asks one box about rows of batches.

    Args:
        box: the box.
        ledger: where its calls are counted.
    """

    def __init__(self, box: Box, ledger: Ledger) -> None:
        self.box = box
        self._ledger = ledger
        self._cache = AnswerCache()
        self.noisy = getattr(box, "noisy", None) is True

    def remember(self, digests: list[bytes], outputs: Outputs) -> None:
        """Enter answers of shape (n, k) that were given before; rows that are not finite are none."""
        if not self.noisy:
            self._cache.add(digests, outputs, np.asarray(np.isfinite(outputs).all(axis=1)))

    def ask(self, inputs: Any, rows: Rows, digests: list[bytes] | None, *, fresh: bool) -> Answers:
        """What the box answers to the inputs at ``rows``.

        Args:
            inputs: the whole batch of n inputs.
            rows: those to ask for, at least one.
            digests: of all n inputs; None when they have none, and then no answer is used again.
            fresh: whether to ask also for what is known.
        """
        if digests is None or fresh or self.noisy:
            return self._isolate(inputs, rows)
        mine = digests if len(rows) == len(digests) else [digests[row] for row in rows.tolist()]
        wanted, repeats = self._cache.split(mine)
        if len(wanted) == len(rows):  # nothing is known, the usual case
            answers = self._isolate(inputs, rows)
            self._cache.add(mine, answers.outputs, answers.statuses == 0)
            return answers
        answers = Answers(np.full((len(rows), len(self.box.outputs)), np.nan), np.zeros(len(rows), dtype=np.uint8))
        self._ledger.cached += len(rows) - len(wanted)
        for position in range(len(rows)):
            if (known := self._cache.get(mine[position])) is not None:
                answers.outputs[position] = known
        if wanted:
            asked = self._isolate(inputs, rows[wanted])
            answers.outputs[wanted], answers.statuses[wanted] = asked.outputs, asked.statuses
            answers.reasons |= {wanted[at]: reason for at, reason in asked.reasons.items()}
            self._cache.add([mine[at] for at in wanted], asked.outputs, asked.statuses == 0)
        for position, first in repeats.items():
            answers.outputs[position], answers.statuses[position] = answers.outputs[first], answers.statuses[first]
            if first in answers.reasons:
                answers.reasons[position] = answers.reasons[first]
        return answers

    def turn_noisy(self) -> None:
        """Use no answer again from here on: equal inputs got different ones."""
        self.noisy = True
        self._cache.forget()

    def _isolate(self, inputs: Any, rows: Rows) -> Answers:
        n = batch_length(inputs)

        def ask(some: Rows) -> Outputs:
            batch = _own(inputs if len(some) == n else take(inputs, some))
            began = time.perf_counter()
            try:
                answer = self.box(batch)
            finally:
                asked = len(some) * getattr(self.box, "queries_per_input", 1)
                self._ledger.count_call(asked, time.perf_counter() - began)
            return as_outputs(answer, len(some), self.box.outputs)

        return isolate(ask, rows, len(self.box.outputs), (BoxError,))


def _own(batch: Any) -> Any:
    """A batch that shares no memory that can be written to with ``batch``."""
    if isinstance(batch, dict):
        return {name: _own(part) for name, part in batch.items()}
    if isinstance(batch, tuple):
        return tuple(_own(part) for part in batch)
    if isinstance(batch, list):
        # A list of strings, which nobody can change, needs no copy of each.
        return list(batch) if set(map(type, batch)) <= {str} else copy.deepcopy(batch)
    return batch.copy() if isinstance(batch, np.ndarray) or hasattr(batch, "iloc") else batch
