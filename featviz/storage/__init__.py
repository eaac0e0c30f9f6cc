"""A run on disk: a directory with ``run.toml``, ``evaluations.sqlite`` and ``best/``.

- :mod:`featviz.storage.directory`: names, creation, the lock against a second writer;
- :mod:`featviz.storage.store`: the evaluations, in SQLite, one transaction a batch;
- :mod:`featviz.storage.encoding`: optimiser states as JSON with arrays, and checksums;
- :mod:`featviz.storage.specfile`: ``run.toml``;
- :mod:`featviz.storage.best`: the best inputs in their native form, as files of :mod:`featviz.formats`.

Nothing here reads or writes pickles, and reading a run executes nothing that the run's files name.
"""

from featviz.storage.best import BestInput, has_best, read_best, write_best
from featviz.storage.directory import RunDirectory, check_run_name, check_run_path, is_run
from featviz.storage.specfile import is_writable, read_toml, write_toml
from featviz.storage.store import BatchRecord, Phase, RunStore

__all__ = [
    "BatchRecord",
    "BestInput",
    "Phase",
    "RunDirectory",
    "RunStore",
    "check_run_name",
    "check_run_path",
    "has_best",
    "is_run",
    "is_writable",
    "read_best",
    "read_toml",
    "write_best",
    "write_toml",
]
