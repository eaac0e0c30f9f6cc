"""The output folder: claimed once, written file by file, and swept of what earlier builds left."""

import os
import re
from pathlib import Path

from featviz.errors import InvalidArgument, RunExists
from featviz.text import visible

__all__ = ["Site"]

_MARKER = ".featviz-gallery"
_MARKER_TEXT = b"This folder is written by featviz gallery. Files in it may be replaced or removed by a later build.\n"
_RUNS = "runs"
# Everything that a build ever writes: only such files are removed, so that nothing of the user's can be.
_OURS = re.compile(r"(index\.html|(best|random|top|diverse)[-0-9]*(-?input)?\.(png|webp|npy|txt|json|csv)|\..*\.tmp)")
_OUR_FOLDER = re.compile(r"[a-z0-9-]+-[0-9a-f]{8}(-\d+)?")


class Site:
    """A folder that holds a gallery and nothing else.

    Every file is written under a temporary name and then moved, so that a build that is stopped leaves each page
    either as it was or as it is to be.

    Args:
        folder: made when it is not there.

    Raises:
        RunExists: when it holds something that is not a gallery.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written: set[Path] = set()
        self._claim()

    def write(self, name: str, data: bytes) -> None:
        """Write ``data`` to the file ``name``, relative to the folder; a file that holds it already is left alone."""
        path = self.folder / name
        self._written.add(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.read_bytes() == data:
            return
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def write_run(self, page: str, files: dict[str, bytes]) -> None:
        """Write the folder of the run whose page name is ``page``; its ``index.html`` comes last."""
        for name in sorted(files, key=lambda n: (n == "index.html", n)):
            self.write(f"{_RUNS}/{page}/{name}", files[name])

    def sweep(self) -> None:
        """Remove the pages of earlier builds that this one did not write."""
        runs = self.folder / _RUNS
        if not runs.is_dir():
            return
        for page in sorted(runs.iterdir()):
            if page.is_symlink() or not page.is_dir() or not _OUR_FOLDER.fullmatch(page.name):
                continue
            for file in sorted(page.iterdir()):
                if file not in self._written and _OURS.fullmatch(file.name) and not file.is_dir():
                    file.unlink()
            if not any(page.iterdir()):
                page.rmdir()

    def _claim(self) -> None:
        if not str(self.folder):
            raise InvalidArgument("site must be the name of a folder, but it is empty.")
        shown = visible(self.folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise RunExists(f"site must be a folder, but {shown} is a file. Give another name.")
        marker = self.folder / _MARKER
        if self.folder.is_dir() and not marker.is_file() and any(self.folder.iterdir()):
            raise RunExists(
                f"{shown} is not empty and is not a gallery, so nothing was written there. "
                "Give a new folder, or empty this one."
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write(_MARKER, _MARKER_TEXT)
