"""The evaluations of a run in one SQLite file: one row and one transaction a batch.

A row holds, with a checksum: ids, statuses, scores, outputs, the reasons of failures, and the digest of the latents;
last the latents themselves, so that reading the values of a long run does not touch them. Write-ahead logging means
that a kill at any instant leaves an exact prefix of the batches.
"""

import contextlib
import json
import math
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from featviz.errors import RunDamaged, StorageError
from featviz.latent import LatentDescription, Latents, record_from_json
from featviz.storage.encoding import UNREADABLE, checksum, decode_state, encode_state
from featviz.text import first_line, visible

__all__ = ["BatchRecord", "Phase", "RunStore"]

SCHEMA_VERSION = 2
_APPLICATION_ID = 0x66765A31  # "fvZ1"
_TABLES = {
    "meta": "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    "batches": (
        "CREATE TABLE batches (batch INTEGER PRIMARY KEY, first INTEGER NOT NULL, n INTEGER NOT NULL, "
        "phase INTEGER NOT NULL, restart INTEGER NOT NULL, seconds REAL NOT NULL, statuses BLOB NOT NULL, "
        "scores BLOB NOT NULL, outputs BLOB NOT NULL, reasons TEXT NOT NULL, digest BLOB NOT NULL, "
        "checksum BLOB NOT NULL, reals BLOB NOT NULL, categoricals BLOB NOT NULL, records TEXT NOT NULL) STRICT"
    ),
    "states": (
        "CREATE TABLE states (restart INTEGER PRIMARY KEY, batch INTEGER NOT NULL, state TEXT NOT NULL, "
        "checksum BLOB NOT NULL) STRICT"
    ),
}
# Facts about the run that say which evaluations a batch repeats.
_ORIGINALS = "originals of batch "
_COLUMNS = "batch, first, n, phase, restart, seconds, statuses, scores, outputs, reasons, digest, checksum"


class Phase(IntEnum):
    """What a batch was evaluated for. The numbers are stored."""

    SEARCH = 0
    BASELINE = 1  # random inputs from the prior, as evidence
    REFERENCE = 2  # inputs that the user brought
    CHECK = 3  # an input asked for again, to see whether the box is noisy or a target is really reached
    RECOMMENDED = 4  # what an optimiser thinks best at its end, evaluated for the first time
    CONFIRM = 5  # candidates asked for again, to choose among them
    BASELINE_CONFIRM = 6  # the best random inputs asked for again


_REPEATING = frozenset({Phase.CHECK, Phase.CONFIRM, Phase.BASELINE_CONFIRM})


@dataclass(frozen=True, eq=False)
class BatchRecord:
    """The values of one evaluated batch of n inputs.

    Args:
        batch: number of the batch, from 0.
        first: id of its first evaluation; ids count from 0 over the whole run.
        phase: what it was evaluated for.
        restart: the restart that asked for it.
        seconds: wall time that the run had taken when the batch was done, over all its sessions.
        statuses: uint8 (n,); see :class:`featviz.evaluation.Status`.
        scores: float64 (n,), NaN where the status is not OK.
        outputs: float64 (n, k), NaN where the status is not OK.
        reasons: row -> why it failed.
        digest: of the latents.
        originals: int64 (n,), the ids of the evaluations that these repeat; None when they repeat none.
    """

    batch: int
    first: int
    phase: Phase
    restart: int
    seconds: float
    statuses: NDArray[np.uint8]
    scores: NDArray[np.float64]
    outputs: NDArray[np.float64]
    reasons: dict[int, str]
    digest: bytes
    originals: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.scores)


class RunStore:
    """The evaluations of one run, on disk or in memory.

    Use :meth:`create` and :meth:`open`. All errors of SQLite come out as
    :class:`~featviz.errors.StorageError` (cannot be written: disk full, permissions) or
    :class:`~featviz.errors.RunDamaged` (does not hold what was written).
    """

    def __init__(self, connection: sqlite3.Connection, where: str) -> None:
        self._db = connection
        self._where = where
        self.outputs: tuple[str, ...] = ()
        self._real = 0
        self._categorical = 0
        self._records = 0

    @classmethod
    def create(cls, path: Path | None, outputs: tuple[str, ...], latent: LatentDescription) -> Self:
        """A new store in the file ``path``, or in memory when it is None."""
        store = cls(_connect(":memory:" if path is None else str(path)), "memory" if path is None else str(path))
        sizes = {"real": latent.real, "categorical": len(latent.options), "records": latent.records}
        meta = {"outputs": json.dumps(outputs), **{kind: str(count) for kind, count in sizes.items()}}
        with store._errors("cannot be made"):
            store._db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            store._db.execute("PRAGMA journal_mode = WAL")
            store._db.execute("PRAGMA synchronous = NORMAL")
            store._db.execute("BEGIN")
            for sql in _TABLES.values():
                store._db.execute(sql)
            store._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            store._db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
            store._db.execute("COMMIT")
            # From here on the schema stands in the main file, whatever happens to the log.
            store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store._read_meta()
        return store

    @classmethod
    def open(cls, path: Path, *, writable: bool) -> Self:
        """The store in the file ``path``.

        Raises:
            RunDamaged: when it is not a store of this version of featviz.
        """
        store = cls(_connect(str(path), writable=writable), str(path))
        try:
            with store._errors("cannot be read"):
                store._check_schema()
                store._read_meta()
                if writable:
                    store._db.execute("PRAGMA journal_mode = WAL")
                    store._db.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            store._db.close()
            raise
        return store

    @property
    def genes(self) -> tuple[int, int, int]:
        """The numbers of real genes, of categorical genes and of records."""
        return self._real, self._categorical, self._records

    @staticmethod
    def holds_no_batch(path: Path) -> bool:
        """Whether ``path`` is certainly a store of this version in which no batch is; it is only read.

        A kill while a store is made leaves an empty file, or one without tables. False for what cannot be read, and for
        what featviz did not write.
        """
        log = path.with_name(f"{path.name}-wal")
        logged = log.exists() and log.stat().st_size > 0
        if path.stat().st_size == 0:
            return not logged
        # A journal that a kill left cannot be rolled back without writing; what is opened as immutable is read without
        # it, and without a log too, where the batches may be.
        for mode in ["ro"] if logged else ["ro", "ro&immutable=1"]:
            address = f"{path.absolute().as_uri()}?mode={mode}"
            with (
                contextlib.suppress(sqlite3.Error),
                contextlib.closing(sqlite3.connect(address, uri=True)) as db,
            ):
                db.execute("PRAGMA trusted_schema = OFF")
                if db.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
                    return False
                tables = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
                return not tables or (tables == _TABLES and db.execute("SELECT 1 FROM batches").fetchone() is None)
        return False

    def append(self, record: BatchRecord, latents: Latents) -> None:
        """Store one batch in one transaction."""
        values = _values(record)
        genes = latents.real.tobytes(), latents.categorical.tobytes()
        records = latents.records_as_json() if self._records else ""
        row = (*values, checksum(*map(_as_bytes, values)), *genes, records)
        with self._errors("cannot be written", full=True):
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(f"INSERT INTO batches VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608  placeholders
            if record.originals is not None:
                again = (f"{_ORIGINALS}{record.batch}", json.dumps(record.originals.tolist()))
                self._db.execute("INSERT INTO meta VALUES (?, ?)", again)
            self._db.execute("COMMIT")

    def set_state(self, restart: int, batch: int, state: dict[str, Any]) -> None:
        """Store the state of a restart's optimiser after ``batch``."""
        text = encode_state(state)
        row = (restart, batch, text, checksum(text.encode(), _as_bytes(batch)))
        with self._errors("cannot be written", full=True):
            self._db.execute("INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?)", row)

    def records(self) -> Iterator[BatchRecord]:
        """The values of every batch, in order.

        Raises:
            RunDamaged: at the first row that is not as it was written.
        """
        with self._errors("cannot be read"):
            originals = self._originals()
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM batches ORDER BY batch")  # noqa: S608  a constant
            first = 0
            for number, row in enumerate(rows):
                record = self._record(row, originals.get(row[0]))
                if record.batch != number or record.first != first:
                    raise RunDamaged(f"{self._shown}: batch {number} is missing.")
                first += len(record)
                yield record

    def latents(self, batch: int) -> Latents:
        """The latents of one batch, checked against their digest."""
        with self._errors("cannot be read"):
            row = self._db.execute(
                "SELECT n, reals, categoricals, records, digest FROM batches WHERE batch = ?", (batch,)
            ).fetchone()
        if row is None:
            raise RunDamaged(f"{self._shown}: batch {batch} is missing.")
        n, real, categorical, records, digest = row
        try:
            latents = Latents(
                np.frombuffer(real, dtype=np.float64).reshape(n, self._real),
                np.frombuffer(categorical, dtype=np.int64).reshape(n, self._categorical),
                self._read_records(n, records),
            )
        except UNREADABLE as error:
            raise RunDamaged(f"{self._shown}: the latents of batch {batch} have the wrong size.") from error
        if latents.digest() != digest:
            raise RunDamaged(f"{self._shown}: the latents of batch {batch} are not as they were written.")
        return latents

    def state(self, restart: int) -> tuple[int, dict[str, Any]] | None:
        """The newest state of a restart's optimiser and the batch after which it was taken."""
        with self._errors("cannot be read"):
            row = self._db.execute("SELECT batch, state, checksum FROM states WHERE restart = ?", (restart,)).fetchone()
        if row is None:
            return None
        batch, text, mark = row
        if checksum(text.encode(), _as_bytes(batch)) != mark:
            raise RunDamaged(f"{self._shown}: the state of restart {restart} is not as it was written.")
        return batch, decode_state(text)

    def set_meta(self, **values: str) -> None:
        """Store facts about the run, such as its status."""
        with self._errors("cannot be written", full=True):
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())
            self._db.execute("COMMIT")

    def meta(self, key: str, default: str = "") -> str:
        """A fact about the run."""
        with self._errors("cannot be read"):
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if row is None else str(row[0])

    def close(self) -> None:
        """Close. A file that was written is left without a log beside it, so that it opens read-only anywhere."""
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("PRAGMA journal_mode = DELETE")
        self._db.close()

    def _read_records(self, n: int, text: str) -> NDArray[np.object_]:
        rows = json.loads(text) if self._records else [[]] * n
        # Before anything is allocated: the numbers may come from somebody else.
        if len(rows) != n or any(len(row) != self._records for row in rows):
            raise ValueError("a row has another number of records")
        found = np.empty((n, self._records), dtype=object)
        for at, row in enumerate(rows):
            for slot, record in enumerate(row):
                found[at, slot] = record_from_json(record)
        return found

    def _originals(self) -> dict[int, NDArray[np.int64]]:
        """By batch, the evaluations that it repeats."""
        found = self._db.execute("SELECT key, value FROM meta WHERE key LIKE ?", (f"{_ORIGINALS}%",))
        try:
            return {int(key.removeprefix(_ORIGINALS)): np.array(json.loads(ids), dtype=np.int64) for key, ids in found}
        except UNREADABLE as error:
            raise RunDamaged(f"{self._shown} does not say which evaluations were repeated.") from error

    def _record(self, row: tuple[Any, ...], originals: NDArray[np.int64] | None) -> BatchRecord:
        if checksum(*map(_as_bytes, row[:-1])) != row[-1]:
            raise RunDamaged(f"{self._shown}: batch {row[0]} is not as it was written.")
        batch, first, n, phase, restart, seconds, statuses, scores, outputs, reasons, digest = row[:-1]
        sizes = (len(statuses), len(scores), len(outputs))
        if n < 1 or sizes != (n, 8 * n, 8 * n * len(self.outputs)) or restart < 0 or not 0 <= seconds < math.inf:
            raise RunDamaged(f"{self._shown}: batch {batch} has values that cannot be.")
        if originals is None and phase in _REPEATING:
            # Without them, the luckiest score of a noisy box would be taken for what it was confirmed to be.
            raise RunDamaged(f"{self._shown} does not say which evaluations batch {batch} repeats.")
        if originals is not None and (originals.shape != (n,) or not ((originals >= 0) & (originals < first)).all()):
            raise RunDamaged(f"{self._shown}: batch {batch} repeats evaluations that are not there.")
        return BatchRecord(
            batch=batch,
            first=first,
            phase=Phase(phase),
            restart=restart,
            seconds=seconds,
            statuses=np.frombuffer(statuses, dtype=np.uint8),
            scores=np.frombuffer(scores, dtype=np.float64),
            outputs=np.frombuffer(outputs, dtype=np.float64).reshape(n, len(self.outputs)),
            reasons={int(k): str(v) for k, v in json.loads(reasons).items()} if reasons else {},
            digest=digest,
            originals=originals,
        )

    def _check_schema(self) -> None:
        application = self._db.execute("PRAGMA application_id").fetchone()[0]
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if application != _APPLICATION_ID:
            raise RunDamaged(f"{self._shown} is an SQLite file, but featviz did not write it.")
        if 0 < version < SCHEMA_VERSION:
            raise RunDamaged(
                f"{self._shown} was written by a featviz before its first release (format {version}; this one reads "
                f"{SCHEMA_VERSION}). Make the run again."
            )
        if version > SCHEMA_VERSION:
            raise RunDamaged(
                f"{self._shown} was written by a later featviz (format {version}; this one reads "
                f"{SCHEMA_VERSION}). Upgrade featviz to read it."
            )
        # A view or a trigger could make reading or writing do other things than it says.
        found = dict(self._db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        if found != _TABLES:
            odd = sorted(set(found) ^ set(_TABLES)) or sorted(n for n in found if found[n] != _TABLES[n])
            raise RunDamaged(f"{self._shown} has not the tables of format {SCHEMA_VERSION}: {visible(', '.join(odd))}.")

    def _read_meta(self) -> None:
        try:
            self.outputs = tuple(str(name) for name in json.loads(self.meta("outputs")))
            self._real, self._categorical = int(self.meta("real")), int(self.meta("categorical"))
            self._records = int(self.meta("records"))
        except UNREADABLE as error:
            raise RunDamaged(f"{self._shown} does not say what it holds.") from error

    @property
    def _shown(self) -> str:
        return visible(self._where, 300)

    @contextlib.contextmanager
    def _errors(self, what: str, *, full: bool = False) -> Iterator[None]:
        try:
            if full:
                self._roll_back()  # what an interruption between two statements left open
            yield
        except sqlite3.OperationalError as error:
            self._roll_back()
            hint = " Is the disk full? What was stored before is intact; resume when there is room." if full else ""
            raise StorageError(f"{self._shown} {what}: {first_line(error)}.{hint}") from error
        except RunDamaged:
            raise
        except sqlite3.ProgrammingError as error:
            raise StorageError(f"{self._shown} is closed.") from error
        except (sqlite3.DatabaseError, *UNREADABLE) as error:
            self._roll_back()
            raise RunDamaged(f"{self._shown} {what}: {first_line(error)}.") from error
        except BaseException:
            self._roll_back()  # an interruption may come within a transaction, and the run is closed after it
            raise

    def _roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")


def _connect(path: str, *, writable: bool = True) -> sqlite3.Connection:
    try:
        if writable:
            # The study is the only user of the connection, from whichever thread the caller runs it.
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        else:
            connection = _connect_reading(path)
        connection.execute("PRAGMA trusted_schema = OFF")
    except sqlite3.Error as error:
        raise StorageError(
            f"cannot open {visible(path, 300)}: {first_line(error)}. Is another program using it, or is it a run that "
            "was interrupted, on a read-only medium? Nothing was changed."
        ) from error
    return connection


def _connect_reading(path: str) -> sqlite3.Connection:
    address = Path(path).absolute().as_uri()
    connection = sqlite3.connect(f"{address}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1")
    except sqlite3.OperationalError:
        connection.close()
        # SQLite opens no log in a read-only directory. Only a file without a log is whole without it.
        logs = [log for log in (Path(f"{path}-wal"), Path(f"{path}-journal")) if log.exists() and log.stat().st_size]
        if logs or not Path(path).is_file():
            raise
        connection = sqlite3.connect(
            f"{address}?mode=ro&immutable=1", uri=True, isolation_level=None, check_same_thread=False
        )
    except sqlite3.DatabaseError:
        connection.close()
        raise RunDamaged(f"{visible(path, 300)} is not an SQLite file.") from None
    return connection


def _values(record: BatchRecord) -> tuple[Any, ...]:
    reasons = json.dumps({str(k): v for k, v in record.reasons.items()}) if record.reasons else ""
    return (
        record.batch,
        record.first,
        len(record),
        int(record.phase),
        record.restart,
        record.seconds,
        record.statuses.tobytes(),
        record.scores.tobytes(),
        record.outputs.tobytes(),
        reasons,
        record.digest,
    )


def _as_bytes(value: float | str | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    return repr(value).encode()
