"""Opening files that may come from somebody else: regular ones only, of a bearable size, and no links."""

import os
import stat
from pathlib import Path

__all__ = ["read_regular", "write_new", "write_whole"]


def read_regular(path: Path, most: int) -> bytes:
    """The content of a regular file of at most ``most`` bytes.

    A link could show any file of the reader's, a pipe would block, a device would never end.

    Raises:
        OSError: when it is no regular file, or cannot be opened.
        ValueError: when it is larger.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(f"{path.name} is not a regular file")
        if facts.st_size > most:
            raise ValueError(f"{path.name} has {facts.st_size:,} bytes; at most {most:,} are read")
        return file.read(most)


def write_new(path: Path, content: bytes) -> None:
    """Write ``content`` to a file that is made now; what was at ``path``, a link too, is removed and not followed."""
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees what was there before or all of ``content``, never a part."""
    part = path.with_name(path.name + ".part")
    write_new(part, content)
    part.replace(path)
