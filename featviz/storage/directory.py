"""Run directories: which names are allowed, how one is made, and the lock that keeps a second writer out."""

import os
import unicodedata
from pathlib import Path

from filelock import FileLock, Timeout

from featviz.errors import InvalidArgument, RunDamaged, RunExists, RunLocked, RunNotFound, StorageError, WrongType
from featviz.storage.best import FOLDER
from featviz.storage.store import RunStore
from featviz.text import first_line, visible

__all__ = ["DATABASE", "SPEC_FILE", "RunDirectory", "check_run_name", "check_run_path", "is_run"]

SPEC_FILE = "run.toml"
DATABASE = "evaluations.sqlite"
_LOCK = ".lock"
# In the order in which they are removed. They are made in the other one: a kill leaves the evaluations' file, if any.
_FILES = (SPEC_FILE, f"{SPEC_FILE}.part", *(DATABASE + end for end in ("-wal", "-shm", "-journal", "")))
_BEST = frozenset({FOLDER, f"{FOLDER}.part"})
# A reader holds the lock for an instant in is_locked: a writer that meets one tries again for this long.
_PATIENCE_SECONDS, _POLL_SECONDS = 1.0, 0.01
_MAX_NAME_BYTES = 200
# Not allowed in file names on Windows, or acted on by a shell when a printed command is pasted.
_REFUSED = frozenset("<>:\"|?*\\$`;&!'")
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{i}" for d in ("com", "lpt") for i in range(1, 10))})


def check_run_name(name: str) -> str:
    """``name`` when it can name a run directory on every system and be shown and pasted without harm."""

    def refuse(why: str) -> InvalidArgument:
        return InvalidArgument(
            f"{visible(name, 80)!r} cannot name a run: {why}. Use letters, digits, '-', '_', '.' and spaces."
        )

    if name in {"", ".", ".."}:
        raise refuse("a run directory needs a name of its own")
    bad = sorted({c for c in name if c in _REFUSED or c == "/" or (unicodedata.category(c)[0] in "CZ" and c != " ")})
    if bad:
        raise refuse(f"it holds {', '.join(repr(visible(c)) for c in bad)}")
    if len(os.fsencode(name)) > _MAX_NAME_BYTES:
        raise refuse(f"it is longer than {_MAX_NAME_BYTES} bytes")
    if name[0] in ".-~" or name[0] == " ":
        raise refuse(f"it begins with {name[0]!r}")
    if name[-1] in ". ":
        raise refuse(f"it ends with {name[-1]!r}")
    if name.split(".", maxsplit=1)[0].lower() in _DEVICES:
        raise refuse("it is the name of a device on Windows")
    return name


def is_run(path: Path) -> bool:
    """Whether ``path`` holds a run (its two files are there; they are not read)."""
    return (path / SPEC_FILE).is_file() and (path / DATABASE).is_file()


class RunDirectory:
    """A run directory that this process owns until ``close``.

    Args:
        path: the directory; its last part must be a name that :func:`check_run_name` accepts.

    Raises:
        InvalidArgument: for a name that cannot be used, or a symbolic link.
        RunLocked: when another process has it open for writing, and still has a second later.
        StorageError: when it cannot be made or written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = check_run_path(path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise RunExists(f"{_shown(self.path)} is a file; choose another directory for the run.") from None
        except OSError as error:
            raise StorageError(f"cannot make the run directory {_shown(self.path)}: {first_line(error)}") from error
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise StorageError(f"the run directory {_shown(self.path)} cannot be written to; check its permissions.")
        self._lock = FileLock(self.path / _LOCK, timeout=_PATIENCE_SECONDS, poll_interval=_POLL_SECONDS)
        try:
            self._lock.acquire()
        except Timeout:
            raise RunLocked(
                f"another process is writing to {_shown(self.path)}; wait for it, or choose another directory."
            ) from None
        except OSError as error:
            raise StorageError(f"cannot lock {_shown(self.path)}: {first_line(error)}") from error

    @property
    def spec_file(self) -> Path:
        """The path of ``run.toml``."""
        return self.path / SPEC_FILE

    @property
    def database(self) -> Path:
        """The path of ``evaluations.sqlite``."""
        return self.path / DATABASE

    @property
    def holds_run(self) -> bool:
        """Whether a run is there already.

        What a kill left while a run was made is removed; evaluations are not, whatever is missing beside them.

        Raises:
            RunExists: when the directory holds something that is not a run.
            RunDamaged: when the directory holds a part of a run, such as evaluations without their ``run.toml``.
        """
        names = {entry.name for entry in self.path.iterdir()} - {_LOCK}
        if SPEC_FILE in names and DATABASE in names:
            return True
        remains = names.intersection(_FILES)
        if remains and names <= remains | _BEST and not self._is_beginning(remains):
            missing = SPEC_FILE if DATABASE in remains else DATABASE
            raise RunDamaged(
                f"{_shown(self.path)} holds {', '.join(sorted(remains))}, but {missing} is missing. Nothing there was "
                f"touched: put {missing} back from a copy, or choose another directory."
            )
        if names - remains:
            raise RunExists(
                f"{_shown(self.path)} is not empty and holds no run; choose an empty or a new directory, "
                "so that nothing of yours is overwritten."
            )
        self.clear()
        return False

    def _is_beginning(self, remains: set[str]) -> bool:
        """Whether ``remains`` are what a kill leaves before the first batch is stored."""
        return DATABASE in remains and RunStore.holds_no_batch(self.database)

    def clear(self) -> None:
        """Remove the description and the evaluations, to begin again."""
        for name in _FILES:
            (self.path / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Let another process write."""
        self._lock.release()

    @staticmethod
    def is_locked(path: Path) -> bool:
        """Whether some process is writing to the run at ``path`` now."""
        if not (path / _LOCK).exists():
            return False
        lock = FileLock(path / _LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            return True
        except OSError:
            # Somebody else's read-only directory: nobody can be writing through this account.
            return False
        lock.release()
        return False


def find_run(path: str | os.PathLike[str]) -> Path:
    """``path`` when it holds a run.

    Raises:
        RunNotFound: otherwise, naming runs that are near.
    """
    where = Path(path)
    if is_run(where):
        return where
    inside = sorted(p.name for p in where.iterdir() if is_run(p)) if where.is_dir() else []
    hint = f" It holds these runs: {', '.join(visible(n, 60) for n in inside[:10])}." if inside else ""
    if not hint and where.parent.is_dir():
        near = sorted(p.name for p in where.parent.iterdir() if is_run(p))
        hint = f" Next to it are: {', '.join(visible(n, 60) for n in near[:10])}." if near else ""
    raise RunNotFound(f"there is no run in {_shown(where)} (a run holds {SPEC_FILE} and {DATABASE}).{hint}")


def check_run_path(path: str | os.PathLike[str]) -> Path:
    """``path`` when it can be a run directory, or hold some: its last part a good name, and no symbolic link."""
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str):
        raise WrongType(f"a run directory must be text or a Path, but it is {type(path).__name__}.")
    tail = text.rstrip("/").rpartition("/")[2] if text.strip("/") else ""
    check_run_name(tail)
    if "\0" in text:
        raise InvalidArgument("a run directory must not hold a NUL character.")
    where = Path(text)
    if where.is_symlink():
        raise InvalidArgument(f"{_shown(where)} is a symbolic link; give the directory that it points to.")
    return where


def _shown(path: Path) -> str:
    return visible(str(path), 300)
