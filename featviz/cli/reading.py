"""Commands that read runs: ``list``, ``show`` and ``gallery``. They import neither boxes nor optimisers."""

import json
import math
from pathlib import Path
from typing import Any

import click

from featviz.blocks import SeriesBlock, TableBlock, TextBlock, TokensBlock
from featviz.errors import FeatvizError, RunNotFound
from featviz.study import Ensemble, Run, find_runs, load
from featviz.study.front import spread_front
from featviz.study.members import is_ensemble
from featviz.study.run import LEFT_BEHIND
from featviz.text import first_line, visible

__all__ = ["gallery", "list_runs", "show"]

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


# So many inputs of a front are shown at least.
_FRONT = 7
# What `featviz show` prints of an input.
_MOST_LINES, _LONGEST_TEXT, _LONGEST_CELL = 40, 2_000, 40
# Where `featviz run` puts runs; it need not be there yet.
_RUNS = Path("runs")


@click.command("list")
@click.argument("folder", type=click.Path(path_type=Path), default=_RUNS)
@_json_option
def list_runs(folder: Path, as_json: bool) -> None:
    """List the runs in FOLDER (default: runs)."""
    if not folder.is_dir() and folder != _RUNS:
        raise RunNotFound(f"there is no folder {visible(str(folder), 300)}.")
    rows = [_row(path, folder) for path in find_runs(folder)]
    if as_json:
        click.echo(json.dumps(rows, indent=1, allow_nan=False))
    elif not rows:
        click.echo(f"no runs in {visible(str(folder), 300)}")
    else:
        _print_table(rows)


@click.command()
@click.argument("path", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--top", default=5, show_default=True, type=click.IntRange(0), help="How many of the best inputs.")
@_json_option
def show(path: Path, top: int, as_json: bool) -> None:
    """Show what a run searched, what it found, and how far to trust it; of an ensemble, how its members did."""
    if is_ensemble(path):
        _show_ensemble(Ensemble.load(path), as_json)
        return
    run = load(path)
    facts = _facts(run, top)
    if as_json:
        click.echo(json.dumps(facts, indent=1, allow_nan=False))
    else:
        _show_run(run, facts)


def _show_run(run: Run, facts: dict[str, Any]) -> None:
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        if name in ("top", "front"):
            continue
        click.echo(f"{name.replace('_', ' '):<{width}}  {_text(value)}")
    if len(run.history):
        for line in _pictured(run):
            click.echo(line)
    elif run.evaluations:
        try:
            _ = run.best
        except FeatvizError as why:  # says what is in the way, and what comes nearest
            click.echo(f"\n{visible(str(why), _LONGEST_TEXT)}")
    if facts["front"]:
        click.echo(f"\nfront of {len(run.front):,}, from one end to the other")
        for entry in facts["front"]:
            values = ", ".join(f"{visible(n, 60)} {v:.6g}" for n, v in entry["values"].items())
            click.echo(f"  candidate {entry['id']:>9,}   {values}")
    if facts["top"]:
        click.echo("\nbest inputs")
        for entry in facts["top"]:
            outputs = ", ".join(
                f"{visible(n, 40)} {v:.6g}" for n, v in list(entry["outputs"].items())[:5] if v is not None
            )
            score = f"{entry['score']:<10.6g}"
            if entry["replicates"]:
                error = "" if entry["standard_error"] is None else f" ± {entry['standard_error']:.2g}"
                score += f"{error} (of {entry['replicates']:,} re-evaluations)"
            click.echo(f"  candidate {entry['id']:>9,}   score {score}  {outputs}")


@click.command()
@click.argument("runs", type=click.Path(path_type=Path), default=_RUNS)
@click.argument("site", type=click.Path(path_type=Path), default=Path("site"))
@_json_option
def gallery(runs: Path, site: Path, as_json: bool) -> None:
    """Build a gallery of the runs in RUNS (default: runs) in the folder SITE (default: site)."""
    from featviz.gallery import build_gallery  # noqa: PLC0415  only this command needs templates

    count = len(find_runs(runs))
    if not count:
        raise RunNotFound(f"there are no runs in {visible(str(runs), 300)}, so there is nothing to show.")
    index = build_gallery(runs, site).absolute().as_uri()
    click.echo(json.dumps({"index": index, "runs": count}, indent=1) if as_json else index)


def _pictured(run: Run) -> list[str]:
    """The best input as lines of text, as far as text can show it."""
    lines: list[str] = []
    for block in run.render(run.best):
        first = len(lines)
        if isinstance(block, TokensBlock):
            lines.append(visible(" ".join(block.tokens), _LONGEST_TEXT))
        elif isinstance(block, TextBlock):
            lines += [visible(line, _LONGEST_TEXT) for line in block.text.splitlines()[:_MOST_LINES]]
        elif isinstance(block, TableBlock):
            lines += _columns([list(block.columns), *map(list, block.rows[:_MOST_LINES])])
            if len(block.rows) > _MOST_LINES:
                lines.append(f"... {len(block.rows) - _MOST_LINES:,} more rows")
        elif isinstance(block, SeriesBlock):
            low, high = float(block.values.min()), float(block.values.max())
            lines.append(f"a series of {len(block.values):,} points, from {low:.4g} to {high:.4g}")
        else:
            height, width = block.pixels.shape[:2]
            lines.append(f"a picture of {width} by {height} pixels")
        if block.caption and isinstance(block, TableBlock):
            lines.append(visible(block.caption, _LONGEST_TEXT))
        elif block.caption and lines[first:]:
            lines[first] = f"{visible(block.caption, _LONGEST_TEXT)}: {lines[first]}"
    return ["", "best input", *(f"  {line}" for line in lines)] if lines else []


def _columns(rows: list[list[str]]) -> list[str]:
    shown = [[visible(cell, _LONGEST_CELL) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in shown]


def _row(path: Path, folder: Path) -> dict[str, Any]:
    name = str(path.relative_to(folder)) if path != folder else path.name
    try:
        return _facts_of_row(load(path), name)
    except Exception as error:  # noqa: BLE001  one doctored run must not hide the others
        return {"run": name, "status": "damaged", "reason": first_line(error)}


def _facts_of_row(run: Run, name: str) -> dict[str, Any]:
    search, provenance = run.spec["search"], run.spec["provenance"]
    return {
        "run": name,
        "status": run.status,
        "stop_reason": run.stop_reason,
        "score": _number(run.best.score) if len(run.history) else None,
        "evaluations": run.evaluations,
        "budget": _plain(search.get("budget")),
        "optimiser": str(provenance.get("optimiser", "")),
        "seed": _plain(search.get("seed", 0)),
        "objective": str(provenance.get("objective", "")),
    }


def _show_ensemble(found: Ensemble, as_json: bool) -> None:
    if not as_json:
        click.echo(str(found))
        click.echo("\nEach member is a run: show, list and gallery take it as they take any other.")
        return
    members = [_facts_of_row(run, name) for name, run in found.runs.items()]
    scored = any(len(run.history) for run in found.runs.values())
    winner = found.winner if scored else None
    facts = {"winner": winner, "evaluations": found.evaluations, "budget": found.budget, "members": members}
    click.echo(json.dumps(facts, indent=1, allow_nan=False))


def _standard_error(run: Run) -> float | None:
    error = run.best.standard_error if len(run.history) else None
    return None if error is None else _number(error)


def _facts(run: Run, top: int) -> dict[str, Any]:
    search, provenance = run.spec["search"], run.spec["provenance"]
    baseline = run.baseline_best
    facts: dict[str, Any] = {
        "run": run.name,
        "status": run.status,
        "stop_reason": run.stop_reason,
        "objective": str(provenance.get("objective", "")),
        "space": str(provenance.get("space", "")),
        "best_score": _number(run.best.score) if len(run.history) else None,
        "best_standard_error": _standard_error(run),
        "best_random_score": None if baseline is None else _number(baseline.score),
        "noise": None if run.noise is None else _number(run.noise),
        "restarts_best_scores": [_number(float(h.best[-1])) for h in run.restart_histories if len(h)],
        "restarts_evaluations": [int(h.evaluations[-1]) for h in run.restart_histories if len(h)],
        "restarts_halved": run.is_halved,
        "agreement": None if run.agreement is None else str(run.agreement),
        "random_inputs": 0 if run.baseline is None else int(run.baseline.evaluations[-1]) if len(run.baseline) else 0,
        "evaluations": run.evaluations,
        "budget": _plain(search.get("budget")),
        "seconds": round(run.seconds, 3),
        "failures": run.failures,
        "asked": {name: round(amount, 3) for name, amount in run.ledger.items()},
        "optimiser": str(provenance.get("optimiser", "")),
        "why": str(provenance.get("why", "")),
        "seed": _plain(search.get("seed", 0)),
        "created": str(provenance.get("created", "")),
        "best_inputs": None if run.path is None else str(run.path / "best"),
    }
    facts["front"] = [
        {"id": c.id, "evaluation": c.evaluation, "values": {n: _number(c.outputs[n]) for n in run.goals}}
        for c in (spread_front(run, max(top, _FRONT)) if run.goals and top else [])
    ]
    facts["top"] = [
        {
            "id": c.id,
            "evaluation": c.evaluation,
            "score": _number(c.score),
            "standard_error": None if c.standard_error is None else _number(c.standard_error),
            "replicates": c.replicates,
            "outputs": {n: _number(v) for n, v in run.telling_outputs(c)},
        }
        for c in run.top(top)
    ]
    return facts


def _plain(value: Any) -> Any:
    """A value of a file as JSON can hold it."""
    return value if value is None or type(value) is int else str(value)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "-", True: "yes", False: "no"}[value]
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value) or "-"
    if isinstance(value, dict):
        return ", ".join(f"{_amount(count)} {visible(kind, 60)}" for kind, count in value.items()) or "none"
    return visible(value, 500)


def _amount(count: float) -> str:
    """A count or a sum: boxes count in floats what is whole, such as requests."""
    return f"{count:,.0f}" if float(count).is_integer() else f"{count:,}"


def _print_table(rows: list[dict[str, Any]]) -> None:
    columns = {"run": "<", "status": "<", "score": ">", "evaluations": ">", "optimiser": "<", "objective": "<"}
    table = [[_text(row.get(name)) for name in columns] for row in rows]
    for row, line in zip(rows, table, strict=True):
        if row["status"] == "interrupted" and row["stop_reason"].startswith(LEFT_BEHIND):
            line[1] = "left behind"
        if "reason" in row:
            line[-1] = visible(row["reason"], 120)
    widths = [max(len(cell) for cell in column) for column in zip(columns, *table, strict=True)]
    for line in [list(columns), *table]:
        cells = (f"{cell:{align}{width}}" for cell, align, width in zip(line, columns.values(), widths, strict=True))
        click.echo("  ".join(cells).rstrip())
