"""A run while it is being made: its directory, its store and its description."""

import contextlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import take, take_one
from featviz.blocks import Block, TextBlock
from featviz.errors import RunDamaged, RunExists, RunMismatch, SpaceError
from featviz.latent import Latents
from featviz.protocols import ScoreFunction, SearchSpace
from featviz.random import Streams
from featviz.storage import (
    BestInput,
    Phase,
    RunDirectory,
    RunStore,
    has_best,
    read_toml,
    write_best,
    write_toml,
)
from featviz.study.diverse import choose_diverse
from featviz.study.front import FRONT, front_ids, goal_columns, goal_values, spread
from featviz.study.history import SEARCHED, Records
from featviz.study.settings import Settings
from featviz.study.spec import check_same, check_tables, describe_search
from featviz.text import first_line, shown, visible

__all__ = [
    "LatentReader",
    "Session",
    "diverse_ids",
    "gather_latents",
    "read_latents",
    "read_ledger",
    "typical_distance",
]

LatentReader = Callable[[Sequence[int]], dict[int, Latents]]

_KEPT = 9
# No number of evaluations has more.
_DIGITS = 15
# Inputs among which different ones are chosen, and the memory that they may take.
_DIVERSE_POOL = 400
_DIVERSE_BYTES = 64_000_000
# Random inputs whose distances tell what "far apart" means in a space.
_RANDOM_PAIRS = 12


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
        planned_batch: bool = False,
    ) -> None:
        # Whether the batch size is what the optimiser prefers, which may depend on the budget.
        self._planned_batch = planned_batch
        self.spec = describe_search(space, objective, settings, chosen, why)
        self.closed = False
        self._respecified = False
        self._directory = None if out is None else RunDirectory(out)
        self.path: Path | None = None if self._directory is None else self._directory.path
        try:
            self.records = Records()
            self.store = self._open(outputs, space, resume)
            self._begun_with = len(self.records.batches)
            self.reproducible = self.store.meta("reproducible", "yes") == "yes"
            self._asked_before = read_ledger(self.store)
        except BaseException:
            if self._directory is not None:
                self._directory.close()
            raise

    def begin(self) -> None:
        """Mark the run as running, and note its new end, once everything was found in order."""
        self.store.set_meta(status="running", stop_reason="")
        if self._directory is not None and self._respecified:
            write_toml(self._directory.spec_file, self.spec)

    def leave(self) -> None:
        """Let go of the directory and change nothing in it."""
        self.closed = True
        if self._directory is not None:
            self.store.close()
            self._directory.close()

    @property
    def first_budget(self) -> int:
        """The budget that the run was made with."""
        return self._whole("first_budget", self.store.meta("first_budget"), least=1)

    def check_references(self, references: Latents | None) -> int:
        """Note the reference inputs of a new run, or hold them against those that the run was made with.

        Returns:
            How many reference inputs the run begins with.

        Raises:
            RunMismatch: when they are others, or are needed to go on and were not given.
        """
        given = "" if references is None else f"{len(references)} {references.digest().hex()}"
        if not self.records.batches:
            self.store.set_meta(references=given)
            return 0 if references is None else len(references)
        stored = self.store.meta("references")
        count = self._whole("references", stored.split(maxsplit=1)[0]) if stored.strip() else 0
        waiting = self.records.count(Phase.REFERENCE) < count and not self.records.count(Phase.SEARCH)
        if (references is not None or waiting) and given != stored:
            raise RunMismatch(
                f"{self.path} holds a run that begins with {count} reference inputs, and "
                f"{'others' if references is not None else 'none'} were given. Run it again with the same references="
                " to go on with it, or choose another directory."
            )
        return count

    def go_warm(self, restart: int, batch: int) -> None:
        """Note that a restart goes on from the best input so far, from ``batch`` on, and repeats nothing before it."""
        self.store.set_meta(**{f"warm_{restart}": str(batch), "reproducible": "no"})
        self.reproducible = False

    def warm_since(self, restart: int) -> int:
        """The batch from which a restart last went on warm; 0 when it never did."""
        return self._whole(f"warm_{restart}", self.store.meta(f"warm_{restart}", "0"))

    def _whole(self, name: str, text: str, least: int = 0) -> int:
        """A number that is stored as text."""
        if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS) or int(text) < least:
            raise RunDamaged(f"{self.path} has {visible(text, 60)!r} for {name}, which is not what was stored.")
        return int(text)

    def read_latents(self, batches: Sequence[int]) -> dict[int, Latents]:
        """The latents of some batches, from the open store or, once the run is closed, from its file."""
        if not self.closed or self._directory is None:
            return {batch: self.store.latents(batch) for batch in batches}
        return read_latents(self._directory.database, batches)

    def latents_of(self, records: Records, ids: NDArray[np.int64]) -> Latents:
        """The latents of evaluations, in the order of ``ids``."""
        return gather_latents(self.read_latents, records, ids)

    def finish(
        self, space: SearchSpace, records: Records, asked: Mapping[str, float], status: str, reason: str
    ) -> None:
        """Write the best inputs, what the boxes were asked and the verdict, and let go of the directory."""
        try:
            self.store.set_meta(asked=json.dumps(self.asked_in_all(asked)))
            if self.path is not None and (len(records.batches) > self._begun_with or not has_best(self.path)):
                write_best(self.path, self._best_inputs(space, records))
        finally:
            self.close(status, reason)

    def asked_in_all(self, asked: Mapping[str, float]) -> dict[str, float]:
        """What the boxes were asked and used up in this session, added to that in the sessions before."""
        names = dict.fromkeys((*self._asked_before, *asked))
        return {name: self._asked_before.get(name, 0) + asked.get(name, 0) for name in names}

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
            store = RunStore.create(None, outputs, space.latent)
            store.set_meta(first_budget=str(self.spec["search"]["budget"]))
            return store
        if not directory.holds_run:
            return self._make(directory, outputs, space)
        if not resume:
            raise RunExists(
                f"{directory.path} holds a run already; pass resume=True to go on with it, or move it away."
            )
        stored = read_toml(directory.spec_file)
        check_tables(stored, str(directory.spec_file))
        # Read whole before anything is written, so that a damaged run is left as it is.
        self.records = self._read_records(directory.database)
        if not self.records.batches:
            # Nothing was answered yet, for instance because the box could not take the inputs of the space.
            directory.clear()
            return self._make(directory, outputs, space)
        if self._planned_batch:
            self.spec["search"]["batch_size"] = stored["search"].get("batch_size")
        check_same(stored, self.spec, str(directory.path))
        # Only what decides when a search ends can differ here: the run goes on to the new end.
        self._respecified = stored["search"] != self.spec["search"]
        self.spec = stored | {"search": self.spec["search"]}
        store = RunStore.open(directory.database, writable=True)
        here = space.latent.real, len(space.latent.options), space.latent.records
        if store.genes != here:
            store.close()
            raise RunMismatch(
                f"{directory.path} holds a run of another space: its real genes, categorical genes and records number "
                f"{store.genes}, those of this space {here}."
            )
        return store

    def _make(self, directory: RunDirectory, outputs: tuple[str, ...], space: SearchSpace) -> RunStore:
        store = RunStore.create(directory.database, outputs, space.latent)
        store.set_meta(first_budget=str(self.spec["search"]["budget"]))
        write_toml(directory.spec_file, self.spec)
        return store

    def _read_records(self, database: Path) -> Records:
        store = RunStore.open(database, writable=False)
        try:
            return Records(store.records())
        finally:
            store.close()

    def _front(self, records: Records) -> list[int]:
        """Ids along the front, where there are several objectives."""
        columns = goal_columns(self.spec, self.store.outputs)
        if not columns:
            return []
        ids = front_ids(records, columns)
        chosen: list[int] = ids[spread(goal_values(records, columns)[ids], _KEPT)].tolist()
        return chosen

    def _best_inputs(self, space: SearchSpace, records: Records) -> list[BestInput]:
        ranked = records.ranked(records.of_phase(*SEARCHED))
        roles = [("top", int(i)) for i in ranked[:_KEPT]]
        # A space need not know how far apart its inputs are; its runs then do without this choice.
        with contextlib.suppress(SpaceError):
            roles += [("diverse", int(i)) for i in diverse_ids(space, records, self.read_latents, _KEPT)]
        roles += [(FRONT, i) for i in self._front(records)]
        roles += [("baseline", int(i)) for i in records.ranked(records.of_phase(Phase.BASELINE))[:1]]
        if not roles:
            return []
        ids = np.array([i for _, i in roles], dtype=np.int64)
        inputs = space.decode_latents(self.latents_of(records, ids))
        entries = []
        for row, (role, i) in enumerate(roles):
            x = take_one(inputs, row)
            entries.append(BestInput(i, role, records.score_of(i), x, _rendered(space, x), **records.repeats_of(i)))
        return entries


def _rendered(space: SearchSpace, x: Any) -> Sequence[Block]:
    try:
        blocks = space.render(x)
    except Exception as error:  # noqa: BLE001  a user's renderer must not keep a run from being closed
        return [TextBlock(f"this input could not be rendered: {first_line(error)}")]
    if not isinstance(blocks, list | tuple) or not all(isinstance(block, Block) for block in blocks):
        wrong = f"render must return a list of blocks, but it returned {shown(blocks)}"
        return [TextBlock(f"this input could not be rendered: {wrong}.")]
    return blocks


def diverse_ids(space: SearchSpace, records: Records, read: LatentReader, k: int) -> NDArray[np.int64]:
    """The ids of ``k`` good and different inputs, the best first.

    They are chosen among inputs spread evenly over the better half of the ranking, and each is at least as far from the
    others as two random inputs of the space are from each other (in the median); so one search, which ends with
    variants of one input, may give a single one, and restarts give more.

    Raises:
        SpaceError: when the space has no distance for its inputs.
    """
    ranked = records.ranked(records.of_phase(*SEARCHED))
    better = ranked[: max(k, len(ranked) // 2)]
    if len(better) <= 1 or k < 1:
        return better[:k]
    first = space.decode_latents(gather_latents(read, records, better[:1]))
    size = max(1, int(getattr(first, "nbytes", 0)))
    count = min(len(better), max(2 * k, min(_DIVERSE_POOL, _DIVERSE_BYTES // size)))
    pool = better[np.unique(np.linspace(0, len(better) - 1, count).astype(int))]
    inputs = space.decode_latents(gather_latents(read, records, pool))

    def distances(i: int) -> NDArray[np.float64]:
        row: NDArray[np.float64] = space.distance(take(inputs, slice(i, i + 1)), inputs)[0]
        return row

    chosen: NDArray[np.int64] = pool[choose_diverse(records.scores[pool], distances, k, typical_distance(space))]
    return chosen


def typical_distance(space: SearchSpace) -> float:
    """The median distance between two random inputs of the space."""
    inputs = space.decode_latents(space.latent.sample(Streams(0).at(0), _RANDOM_PAIRS))
    between = space.distance(inputs, inputs)
    return float(np.median(between[np.triu_indices(_RANDOM_PAIRS, 1)]))


def read_latents(database: Path, batches: Sequence[int]) -> dict[int, Latents]:
    """The latents of some batches of a run on disk."""
    store = RunStore.open(database, writable=False)
    try:
        return {batch: store.latents(batch) for batch in batches}
    finally:
        store.close()


def read_ledger(store: RunStore) -> dict[str, float]:
    """What the boxes of a run were asked and used up, in the sessions that were closed.

    Raises:
        RunDamaged: when the store holds something else there.
    """
    try:
        found = json.loads(store.meta("asked", "{}"))
        return {str(name): value for name, value in found.items() if type(value) in (int, float)}
    except (ValueError, AttributeError, RecursionError) as error:
        raise RunDamaged(f"what the boxes were asked is not what was stored: {first_line(error)}") from error


def gather_latents(read: LatentReader, records: Records, ids: NDArray[np.int64]) -> Latents:
    """The latents of evaluations, in the order of ``ids``; each batch is read once."""
    batches, rows = records.places(ids)
    found = read(sorted({int(b) for b in batches}))
    return Latents.concatenate([found[int(b)][row : row + 1] for b, row in zip(batches, rows, strict=True)])
