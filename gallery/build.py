"""``build_gallery``: from runs to a folder of static pages."""

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featviz.errors import FeatvizWarning, InvalidArgument, WrongType
from featviz.gallery.formats import page_name
from featviz.gallery.markup import ASSETS
from featviz.gallery.pages import Card, damaged_card, index_page, run_page
from featviz.gallery.site import Site
from featviz.gallery.sources import Entry, read_runs
from featviz.text import first_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from featviz.study import Run

__all__ = ["build_gallery"]


def build_gallery(
    runs: "Run | str | os.PathLike[str] | Iterable[Run | str | os.PathLike[str]]", site: str | os.PathLike[str]
) -> Path:
    """Write static pages that show ``runs`` into the folder ``site``.

    The pages open from disk, ask no network and are readable without JavaScript. The same runs give the same
    bytes. Pages that an earlier build left in ``site`` for runs no longer given are removed. A run that cannot be
    read gets a card that says why, and a :class:`~featviz.errors.FeatvizWarning`.

    Args:
        runs: a folder of run directories, one run directory, a Run, or a list of those.
        site: the folder to write; made when it is not there.

    Returns:
        The path of ``index.html``.

    Raises:
        RunNotFound: when there is no run.
        RunExists: when ``site`` holds something that is not a gallery.
        WrongType: when ``runs`` or ``site`` is something else.
    """
    if not isinstance(site, str | os.PathLike):
        raise WrongType(f"site must be the name of a folder, but it is an object of type {type(site).__name__}.")
    if not os.fspath(site) or "\0" in os.fspath(site):
        raise InvalidArgument(f"site must be the name of a folder, but it is {visible(os.fspath(site))!r}.")
    entries = read_runs(runs)
    output = Site(Path(site))
    for name, parts in ASSETS.items():
        output.write(f"assets/{name}", b"".join(part.read_bytes() for part in parts))
    pages: set[str] = set()
    cards: list[Card] = [_write_run(entry, entries, pages, output) for entry in entries]
    output.write("index.html", index_page(cards))
    output.sweep()
    return output.folder / "index.html"


def _write_run(entry: Entry, entries: list[Entry], pages: set[str], output: Site) -> Card:
    """Write the page of one run; whatever goes wrong with it stays within its card."""
    if entry.run is None:
        _warn(entry.name, entry.error)
        return damaged_card(entry)
    try:
        page = _unused(page_name(entry.name, _identity(entry.run.spec)), pages)
        card, files = run_page(entry.run, page, entries, _place(entry.run, output.folder))
    except Exception as error:  # noqa: BLE001  a damaged run, or the render of a user's space, fails in any way
        reason = first_line(error)
        _warn(entry.name, reason)
        return damaged_card(Entry(entry.name, None, reason))
    pages.add(page)
    output.write_run(page, files)
    return card


def _place(run: "Run", site: Path) -> str | None:
    """Where the run is, seen from the nearest folder that holds it and the gallery: commands are typed there."""
    if run.path is None:
        return None
    path, folder = run.path.absolute(), site.absolute()
    home = next(parent for parent in folder.parents if path.is_relative_to(parent))
    return path.relative_to(home).as_posix() if len(home.parts) > 1 else run.name


def _identity(spec: dict[str, Any]) -> dict[str, Any]:
    """What stays the same while a run goes on, is resumed, or is moved, so that links to its page last."""
    kept = {key: spec.get(key) for key in ("space", "box", "boxes", "objective")}
    for table, key in (("provenance", "created"), ("search", "seed"), ("search", "optimiser")):
        values = spec.get(table)
        kept[key] = values.get(key) if isinstance(values, dict) else None
    return kept


def _unused(page: str, pages: set[str]) -> str:
    """``page``, numbered when a copy of the same run has taken it."""
    copies = (page if i == 1 else f"{page}-{i}" for i in range(1, len(pages) + 2))
    return next(name for name in copies if name not in pages)


def _warn(name: str, reason: str) -> None:
    warnings.warn(f"the run {visible(name)!r} is shown as damaged: {reason}", FeatvizWarning, stacklevel=4)
