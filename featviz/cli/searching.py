"""Commands that evaluate: ``demo``, ``run`` and ``resume``."""

import shlex
import sys
from collections import deque
from pathlib import Path, PurePath
from typing import Any

import click

from featviz.errors import FailureBudgetExceeded, InvalidArgument, InvalidConfig, OptimiserError, StorageError
from featviz.storage import read_toml
from featviz.storage.directory import SPEC_FILE, find_run, is_run
from featviz.study import Progress, Run, build_search, search
from featviz.text import visible

__all__ = ["KEPT", "demo", "resume", "run"]

# How the note begins that an error gets where a run holds evaluations.
KEPT = "What was evaluated is kept"
_RESUMABLE = (KeyboardInterrupt, FailureBudgetExceeded, OptimiserError, StorageError)

_PROGRESS = click.Choice(["auto", "bar", "lines", "none"])
_progress_option = click.option("--progress", type=_PROGRESS, default="auto", show_default=True, help="How to report.")


@click.command()
@click.option("--out", default="runs/demo", show_default=True, help="Folder for the runs.")
@click.option("--site", default="site/demo", show_default=True, help="Folder for the gallery.")
@click.option("--quick", is_flag=True, help="A tenth of the evaluations, to see whether everything works.")
@_progress_option
def demo(out: str, site: str, quick: bool, progress: str) -> None:
    """What do a pedestrian detector and two digit classifiers look for? Ends with a gallery to open."""
    from featviz.demo import run_demo  # noqa: PLC0415  needs the extra "demo"

    index = run_demo(Path(out), Path(site), quick=quick, progress=progress, say=click.echo)
    click.echo(f"\nThe gallery is ready. Open it in a browser:\n{index.absolute().as_uri()}")


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--out", help="Directory of the run; otherwise 'out' in the file, or runs/NAME-OF-THE-FILE.")
@click.option("--budget", type=int, help="Evaluations, instead of the file's.")
@click.option("--seed", type=int, help="Seed, instead of the file's.")
@_progress_option
def run(config: Path, out: str | None, budget: int | None, seed: int | None, progress: str) -> None:
    """Run the search that a TOML file describes; a run's own run.toml is such a file.

    The box is named as "module:attribute" (modules are looked up beside the file and in the working directory) or
    as a file such as "model.onnx" (relative to the working directory).
    """
    tables = read_toml(config)
    where = visible(str(config), 300)
    _extend_path(config.absolute().parent)
    built = build_search(tables, where)
    arguments = built.arguments
    configured = _configured_out(arguments.pop("out", None), where)
    directory = next((d for d in (out, configured) if d is not None), _default_out(config))
    arguments |= {name: value for name, value in (("budget", budget), ("seed", seed)) if value is not None}
    _report(*_search(built.space, built.objective, arguments, directory, progress))


@click.command()
@click.argument("path", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--budget", type=int, help="Go on to this many evaluations in total.")
@click.option("--warm", is_flag=True, help="Go on from the best input when the optimiser cannot be replayed.")
@_progress_option
def resume(path: Path, budget: int | None, warm: bool, progress: str) -> None:
    """Go on with an interrupted run. This imports the box and the space that its run.toml names."""
    spec_file = find_run(path) / SPEC_FILE
    _extend_path(Path.cwd())
    built = build_search(read_toml(spec_file), visible(str(spec_file), 300))
    arguments = built.arguments | ({"budget": budget} if budget is not None else {})
    arguments.pop("out", None)
    if warm:
        arguments["resume"] = "warm"
    _report(*_search(built.space, built.objective, arguments, str(path), progress))


def _search(space: Any, objective: Any, arguments: dict[str, Any], out: str, progress: str) -> tuple[Run, bool]:
    """The run, and whether anything was evaluated for it now."""
    # The last batch that this session stored, if any.
    recorded: deque[Progress] = deque(maxlen=1)
    try:
        run = search(space, objective, out=out, progress=progress, callbacks=[recorded.append], **arguments)
    except (KeyboardInterrupt, Exception) as error:
        # Those may come before this session stored a batch, in a run that an earlier one began.
        begun = isinstance(error, _RESUMABLE) and is_run(Path(out))
        if recorded or begun:
            error.add_note(f"{KEPT}; go on with: featviz resume {shlex.quote(out)}")
        raise
    return run, bool(recorded)


def _report(run: Run, now: bool) -> None:
    before = "" if now else " (it was so already; nothing was evaluated now)"
    click.echo(f"{run.status}: {run.stop_reason}; {run.evaluations:,} evaluations in {run.seconds:.1f} s{before}")
    failed = sum(run.failures.values())
    if failed:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in run.failures.items())
        click.echo(f"failed:   {failed:,} ({kinds})")
    if len(run.history):
        click.echo(f"best:     score {run.best.score_text}{_outputs(run)}")
    if run.path is not None:
        quoted = shlex.quote(str(run.path))
        click.echo(f"kept in:  {quoted} (its best inputs in {shlex.quote(str(run.path / 'best'))})")
        click.echo(f"look:     featviz show {quoted}")


def _outputs(run: Run) -> str:
    shown = [f"{visible(name, 40)} {value:.6g}" for name, value in run.telling_outputs(run.best)[:5]]
    return f" ({', '.join(shown)}{', ...' if len(run.best.outputs) > 5 else ''})"


def _configured_out(out: Any, where: str) -> str | None:
    """A file may come from somebody else: it may only name a directory below the working one."""
    if out is None:
        return None
    if not isinstance(out, str):
        raise InvalidConfig(f"'out' in [search] of {where} must be text, but it is {visible(out, 60)}.")
    parts = PurePath(out).parts
    if PurePath(out).is_absolute() or ".." in parts or out.startswith("~"):
        raise InvalidArgument(
            f"'out' in {where} is {visible(out, 100)!r}; a file may only name a directory below the working one. "
            "Give any other directory with --out."
        )
    return out


def _default_out(config: Path) -> str:
    name = f"{config.absolute().parent.name}-again" if config.name == "run.toml" else config.stem
    return str(Path("runs") / name)


def _extend_path(folder: Path) -> None:
    for entry in (str(Path.cwd()), str(folder)):
        if entry not in sys.path:
            sys.path.insert(0, entry)
