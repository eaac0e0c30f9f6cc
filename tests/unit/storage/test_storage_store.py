import math
import sqlite3

import numpy as np
import pytest

from featviz.errors import FeatvizError, RunDamaged, StorageError
from featviz.latent import LatentDescription, Latents
from featviz.storage import BatchRecord, Phase, RunStore

LATENT = LatentDescription(real=3, options=(4,))


def make_batch(number, n=5):
    rng = np.random.default_rng(number)
    latents = LATENT.sample(rng, n)
    scores = rng.standard_normal(n)
    statuses = np.zeros(n, dtype=np.uint8)
    reasons = {}
    if n > 2:
        statuses[2], scores[2], reasons = 1, np.nan, {2: "ValueError: no"}
    return (
        BatchRecord(
            batch=number,
            first=number * n,
            phase=Phase.SEARCH,
            restart=0,
            seconds=0.5 * number,
            statuses=statuses,
            scores=scores,
            outputs=np.stack([scores, -scores], axis=1),
            reasons=reasons,
            digest=latents.digest(),
        ),
        latents,
    )


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "evaluations.sqlite"
    store = RunStore.create(path, ("a", "b"), LATENT)
    for number in range(4):
        record, latents = make_batch(number)
        store.append(record, latents)
        if number == 2:
            store.set_state(0, number, {"mean": np.arange(3.0) + number, "sigma": 0.1 + number})
    store.close()
    return path


def assert_equal(record, expected):
    for name in ("batch", "first", "phase", "restart", "seconds", "reasons", "digest"):
        assert getattr(record, name) == getattr(expected, name)
    for name in ("statuses", "scores", "outputs"):
        np.testing.assert_array_equal(getattr(record, name), getattr(expected, name))


def test_what_was_stored_comes_back_bit_for_bit(stored):
    store = RunStore.open(stored, writable=False)
    assert store.outputs == ("a", "b")
    records = list(store.records())
    assert len(records) == 4
    for number, record in enumerate(records):
        expected, latents = make_batch(number)
        assert_equal(record, expected)
        assert store.latents(number).digest() == latents.digest()
        np.testing.assert_array_equal(store.latents(number).categorical, latents.categorical)
    batch, state = store.state(0)
    assert batch == 2
    np.testing.assert_array_equal(state["mean"], [2.0, 3.0, 4.0])
    assert state["sigma"] == 2.1
    assert store.state(1) is None
    store.close()


def test_a_store_in_memory_works_alike():
    store = RunStore.create(None, ("a", "b"), LATENT)
    record, latents = make_batch(0)
    store.append(record, latents)
    assert_equal(next(store.records()), record)
    store.set_meta(status="finished")
    assert store.meta("status") == "finished"


def test_a_closed_store_is_a_single_file_that_opens_in_a_read_only_directory(stored):
    assert [p.name for p in stored.parent.iterdir()] == ["evaluations.sqlite"]
    stored.chmod(0o400)
    stored.parent.chmod(0o500)
    try:
        store = RunStore.open(stored, writable=False)
        assert len(list(store.records())) == 4
        store.close()
    finally:
        stored.parent.chmod(0o700)


def test_a_reader_sees_whole_batches_while_a_writer_works(tmp_path):
    path = tmp_path / "evaluations.sqlite"
    writer = RunStore.create(path, ("a", "b"), LATENT)
    for number in range(3):
        writer.append(*make_batch(number))
        reader = RunStore.open(path, writable=False)
        assert len(list(reader.records())) == number + 1
        reader.close()
    writer.close()


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW v AS SELECT * FROM batches",
        "CREATE TRIGGER t AFTER INSERT ON batches BEGIN DELETE FROM batches; END",
        "DROP TABLE states",
        "ALTER TABLE batches ADD COLUMN extra TEXT",
    ],
)
def test_a_file_with_other_tables_views_or_triggers_is_refused(stored, sql):
    with sqlite3.connect(stored) as db:
        db.execute(sql)
    db.close()
    with pytest.raises(RunDamaged, match="has not the tables"):
        RunStore.open(stored, writable=False)


def test_a_file_from_a_later_version_says_so(stored):
    with sqlite3.connect(stored) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(RunDamaged, match=r"later featviz \(format 99"):
        RunStore.open(stored, writable=False)


def test_another_programs_database_is_refused(tmp_path):
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()
    with pytest.raises(RunDamaged, match="featviz did not write it"):
        RunStore.open(path, writable=False)


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\x00" + b"\x00" * 50])
@pytest.mark.parametrize("writable", [True, False])
def test_a_file_that_is_no_database_is_a_named_error(tmp_path, content, writable):
    path = tmp_path / "evaluations.sqlite"
    path.write_bytes(content)
    with pytest.raises(FeatvizError):
        RunStore.open(path, writable=writable)


@pytest.mark.parametrize(
    "change",
    [
        "scores = zeroblob(40)",
        "reasons = '{}'",
        "restart = 7",
        "statuses = zeroblob(5)",
        "seconds = 1e9",
        "digest = zeroblob(16)",
        "n = 4",
    ],
)
def test_a_changed_value_is_found(stored, change):
    with sqlite3.connect(stored) as db:
        db.execute(f"UPDATE batches SET {change} WHERE batch = 2")
    db.close()
    store = RunStore.open(stored, writable=False)
    with pytest.raises(RunDamaged, match="batch 2 is not as it was written"):
        list(store.records())
    store.close()


@pytest.mark.parametrize(
    "values",
    [
        {"n": -1}, {"statuses": b""}, {"statuses": b"\0" * 3000}, {"scores": b"1234567"}, {"outputs": b""},
        {"restart": -5},
        {"seconds": math.inf}, {"phase": 99}, {"reasons": "[1]"}, {"reasons": "[" * 100_000},
        {"reasons": '{"x": 1}'},
    ],
)  # fmt: skip
def test_values_that_cannot_be_are_refused_whatever_their_checksum(stored, values):
    from featviz.storage.encoding import checksum
    from featviz.storage.store import _COLUMNS, _as_bytes

    with sqlite3.connect(stored) as db:
        names = _COLUMNS.split(", ")
        row = dict(zip(names, db.execute(f"SELECT {_COLUMNS} FROM batches WHERE batch = 2").fetchone(), strict=True))
        row |= values
        mark = checksum(*(_as_bytes(row[name]) for name in names[:-1]))
        name, value = next(iter(values.items()))
        db.execute(f"UPDATE batches SET {name} = ?, checksum = ? WHERE batch = 2", (value, mark))
    db.close()
    store = RunStore.open(stored, writable=False)
    with pytest.raises(RunDamaged):
        list(store.records())
    store.close()


def test_a_file_whose_log_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path, monkeypatch):
    path = tmp_path / "evaluations.sqlite"
    writer = RunStore.create(path, ("a", "b"), LATENT)
    writer.append(*make_batch(0))
    log = tmp_path / "evaluations.sqlite-wal"
    assert log.stat().st_size > 0
    connect = sqlite3.connect

    def refusing(address, **options):
        if "immutable" not in str(address):
            raise sqlite3.OperationalError("unable to open database file")
        return connect(address, **options)

    monkeypatch.setattr("featviz.storage.store.sqlite3.connect", refusing)
    with pytest.raises(StorageError, match="Nothing was changed"):
        RunStore.open(path, writable=False)
    monkeypatch.undo()
    writer.close()


def test_a_store_that_is_closed_says_so(stored):
    store = RunStore.open(stored, writable=False)
    store.close()
    with pytest.raises(StorageError, match="is closed"):
        store.latents(0)


def test_changed_latents_are_found(stored):
    with sqlite3.connect(stored) as db:
        db.execute("UPDATE batches SET reals = zeroblob(120) WHERE batch = 1")
    db.close()
    store = RunStore.open(stored, writable=False)
    assert len(list(store.records())) == 4
    with pytest.raises(RunDamaged, match="latents of batch 1"):
        store.latents(1)
    store.close()


def test_a_changed_state_is_found(stored):
    with sqlite3.connect(stored) as db:
        db.execute("""UPDATE states SET state = '{"sigma":1}'""")
    db.close()
    store = RunStore.open(stored, writable=False)
    with pytest.raises(RunDamaged, match="state of restart 0"):
        store.state(0)
    store.close()


@pytest.mark.parametrize("count", [-1, 10**9, 10**15])
def test_a_number_of_records_that_cannot_be_allocates_nothing(stored, count):
    with sqlite3.connect(stored) as db:
        db.execute("UPDATE meta SET value = ? WHERE key = 'records'", (str(count),))
        db.execute("UPDATE batches SET records = '[[],[],[],[],[]]'")
    db.close()
    store = RunStore.open(stored, writable=False)
    with pytest.raises(RunDamaged, match="latents of batch 0"):
        store.latents(0)
    store.close()


def test_a_missing_batch_is_found(stored):
    with sqlite3.connect(stored) as db:
        db.execute("DELETE FROM batches WHERE batch = 1")
    db.close()
    store = RunStore.open(stored, writable=False)
    with pytest.raises(RunDamaged, match="batch 1 is missing"):
        list(store.records())
    store.close()


def read_all(path):
    store = RunStore.open(path, writable=False)
    try:
        records = list(store.records())
        return records, [store.latents(r.batch) for r in records]
    finally:
        store.close()


@pytest.mark.parametrize("seed", range(60))
def test_random_damage_gives_exact_rows_or_a_named_error(stored, seed):
    rng = np.random.default_rng(seed)
    data = bytearray(stored.read_bytes())
    if seed % 3 == 0:
        data = data[: rng.integers(0, len(data))]
    else:
        for place in rng.integers(0, len(data), size=1 + seed % 5):
            data[place] ^= 1 << int(rng.integers(0, 8))
    stored.write_bytes(bytes(data))
    try:
        records, latents = read_all(stored)
    except FeatvizError:
        return
    for number, (record, genes) in enumerate(zip(records, latents, strict=True)):
        expected, expected_genes = make_batch(number)
        assert_equal(record, expected)
        assert genes.digest() == expected_genes.digest()


def test_a_batch_that_does_not_fit_on_the_disk_is_refused_and_nothing_before_is_lost(tmp_path):
    path = tmp_path / "evaluations.sqlite"
    store = RunStore.create(path, ("a", "b"), LATENT)
    store.append(*make_batch(0))
    store._db.execute("PRAGMA max_page_count = 12")

    def fill():
        for number in range(1, 200):
            store.append(*make_batch(number))

    with pytest.raises(StorageError, match="disk full"):
        fill()
    kept = len(list(store.records()))
    assert kept >= 1
    store._db.execute("PRAGMA max_page_count = 1000000")
    store.append(*make_batch(kept))
    assert len(list(store.records())) == kept + 1
    store.close()


def test_latents_without_categorical_genes_keep_their_shape():
    latent = LatentDescription(real=2)
    store = RunStore.create(None, ("a",), latent)
    latents = Latents.of_real(np.ones((3, 2)))
    zeros = np.zeros(3)
    record = BatchRecord(
        0, 0, Phase.BASELINE, 0, 0.0, zeros.astype(np.uint8), zeros, zeros[:, None], {}, latents.digest()
    )
    store.append(record, latents)
    assert store.latents(0).categorical.shape == (3, 0)


class InterruptedAfter:
    """A connection at which a person presses Ctrl-C once, right after a statement was executed."""

    def __init__(self, connection, statement):
        self.connection, self.statement = connection, statement

    def execute(self, sql, *args):
        result = self.connection.execute(sql, *args)
        if self.statement and sql.startswith(self.statement):
            self.statement = None
            raise KeyboardInterrupt
        return result

    def __getattr__(self, name):
        return getattr(self.connection, name)


@pytest.mark.parametrize(("statement", "kept"), [("BEGIN", 4), ("INSERT INTO batches", 4), ("COMMIT", 5)])
def test_an_interruption_within_a_transaction_leaves_a_store_that_can_be_written(stored, statement, kept):
    store = RunStore.open(stored, writable=True)
    store._db = InterruptedAfter(store._db, statement)
    with pytest.raises(KeyboardInterrupt):
        store.append(*make_batch(4))
    store.set_meta(status="interrupted")
    store.close()
    store = RunStore.open(stored, writable=False)
    assert len(list(store.records())) == kept
    assert store.meta("status") == "interrupted"
    store.close()
