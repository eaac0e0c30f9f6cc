"""A run while it is being made: its directory, its store and its description."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import take_one
from featviz.errors import RunExists
from featviz.latent import Latents
from featviz.protocols import ScoreFunction, SearchSpace
from featviz.storage import (
    BatchRecord,
    BestInput,
    Phase,
    RunDirectory,
    RunStore,
    read_toml,
    write_best,
    write_toml,
)
from featviz.study.diverse import choose_diverse
from featviz.study.history import Records
from featviz.study.settings import Settings
from featviz.study.spec import check_same, describe_search

__all__ = ["Session", "diverse_ids", "gather_latents"]

_KEPT = 9
_DIVERSE_POOL = 400


class Session:
    """Opens or makes the directory of a run (or a store in memory), and writes what belongs there."""

    def __init__(
        self,
        space: SearchSpace,
        objective: ScoreFunction | None,
        *,
        settings: Settings,
        chosen: str,
        why: str,
        outputs: tuple[str, ...],
        out: str | os.PathLike[str] | None,
        resume: bool,
    ) -> None:
        self.spec = describe_search(space, objective, settings, chosen, why)
        self.closed = False
        self._directory = None if out is None else RunDirectory(out)
        self.path: Path | None = None if self._directory is None else self._directory.path
        try:
            self.records = Records()
            self.store = self._open(outputs, space, resume)
            self.reproducible = self.store.meta("reproducible", "yes") == "yes"
            self.store.set_meta(status="running", stop_reason="")
        except BaseException:
            if self._directory is not None:
                self._directory.close()
            raise

    def mark_not_reproducible(self) -> None:
        """Note that the run differs from an uninterrupted one from here on."""
        self.store.set_meta(reproducible="no")
        self.reproducible = False

    def latents(self, batch: int) -> Latents:
        """The latents of one batch, from the open store or, once the run is closed, from its file."""
        if not self.closed or self._directory is None:
            return self.store.latents(batch)
        store = RunStore.open(self._directory.database, writable=False)
        try:
            return store.latents(batch)
        finally:
            store.close()

    def latents_of(self, records: Records, ids: NDArray[np.int64]) -> Latents:
        """The latents of evaluations, in the order of ``ids``."""
        return gather_latents(self.latents, records, ids)

    def finish(
        self, space: SearchSpace, records: Records, state: dict[str, Any] | None, status: str, reason: str
    ) -> None:
        """Write the best inputs, the optimiser's state and the verdict, and let go of the directory."""
        try:
            searched = [b for b in records.batches if b.phase is Phase.SEARCH]
            if state is not None and searched:
                self.store.set_state(searched[-1].restart, searched[-1].batch, state)
            if self.path is not None:
                write_best(self.path, self._best_inputs(space, records))
        finally:
            self.close(status, reason)

    def close(self, status: str, reason: str) -> None:
        """Store the verdict and let go of the directory. A store in memory stays readable."""
        self.closed = True
        try:
            self.store.set_meta(status=status, stop_reason=reason)
        finally:
            if self._directory is not None:
                self.store.close()
                self._directory.close()

    def _open(self, outputs: tuple[str, ...], space: SearchSpace, resume: bool) -> RunStore:
        directory = self._directory
        if directory is None:
            return RunStore.create(None, outputs, space.latent)
        if not directory.holds_run:
            return self._make(directory, outputs, space)
        if not resume:
            raise RunExists(
                f"{directory.path} holds a run already; pass resume=True to go on with it, or move it away."
            )
        stored = read_toml(directory.spec_file)
        # Read whole before anything is written, so that a damaged run is left as it is.
        self.records = self._read_records(directory.database)
        if not self.records.batches:
            # Nothing was answered yet, for instance because the box could not take the inputs of the space.
            directory.clear()
            return self._make(directory, outputs, space)
        check_same(stored, self.spec, str(directory.path))
        if stored["search"] != self.spec["search"]:
            # Only what decides when a search ends can differ here: the run goes on to the new end.
            write_toml(directory.spec_file, stored | {"search": self.spec["search"]})
        self.spec = stored | {"search": self.spec["search"]}
        return RunStore.open(directory.database, writable=True)

    def _make(self, directory: RunDirectory, outputs: tuple[str, ...], space: SearchSpace) -> RunStore:
        store = RunStore.create(directory.database, outputs, space.latent)
        write_toml(directory.spec_file, self.spec)
        return store

    def _read_records(self, database: Path) -> Records:
        store = RunStore.open(database, writable=False)
        try:
            return Records(store.records())
        finally:
            store.close()

    def _best_inputs(self, space: SearchSpace, records: Records) -> list[BestInput]:
        ranked = records.ranked(records.of_phase(Phase.SEARCH, Phase.REFERENCE))
        roles = [("top", int(i)) for i in ranked[:_KEPT]]
        roles += [("diverse", int(i)) for i in diverse_ids(space, records, self.latents, _KEPT)]
        roles += [("baseline", int(i)) for i in records.ranked(records.of_phase(Phase.BASELINE))[:1]]
        if not roles:
            return []
        ids = np.array([i for _, i in roles], dtype=np.int64)
        inputs = space.decode_latents(self.latents_of(records, ids))
        entries = []
        for row, (role, i) in enumerate(roles):
            x = take_one(inputs, row)
            entries.append(BestInput(i, role, float(records.scores[i]), x, space.render(x)))
        return entries


def diverse_ids(space: SearchSpace, records: Records, read: Callable[[int], Latents], k: int) -> NDArray[np.int64]:
    """The ids of ``k`` good and different inputs, the best first.

    They are chosen among inputs spread evenly over the better half of the ranking: near its end a search proposes
    variants of one input only.
    """
    ranked = records.ranked(records.of_phase(Phase.SEARCH, Phase.REFERENCE))
    better = ranked[: max(k, len(ranked) // 2)]
    if len(better) <= 1:
        return better
    pool = better[np.unique(np.linspace(0, len(better) - 1, min(len(better), _DIVERSE_POOL)).astype(int))]
    inputs = space.decode_latents(gather_latents(read, records, pool))
    chosen: NDArray[np.int64] = pool[choose_diverse(records.scores[pool], space.distance(inputs, inputs), k)]
    return chosen


def gather_latents(read: Callable[[int], Latents], records: Records, ids: NDArray[np.int64]) -> Latents:
    """The latents of evaluations, in the order of ``ids``; each batch is read once."""
    cache: dict[int, Latents] = {}

    def one(evaluation: int) -> Latents:
        batch: BatchRecord
        batch, row = records.locate(evaluation)
        if batch.batch not in cache:
            cache[batch.batch] = read(batch.batch)
        return cache[batch.batch][row : row + 1]

    return Latents.concatenate([one(int(i)) for i in ids])
