"""What the page of a run and its card on the index say."""

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from featviz.display.formats import duration, number, plural
from featviz.display.views import View
from featviz.errors import SpaceError
from featviz.gallery import charts
from featviz.gallery.formats import date, flat
from featviz.gallery.fronts import front_of
from featviz.gallery.markup import render
from featviz.gallery.shown import show_large, show_on_card, show_small
from featviz.gallery.snippet import snippet
from featviz.gallery.sources import Entry, comparable_random, ensemble_of, first, is_random, part

if TYPE_CHECKING:
    from featviz.study import Candidate, Run

__all__ = ["Card", "damaged_card", "index_page", "run_page"]

GRID = 6
MOST_REASONS = 8
MOST_ENDINGS = 6
STATUS_NOTES = {
    "running": "This run was still going on, or was killed, when the page was built.",
    "interrupted": "This run was interrupted before its budget was spent; it can be resumed.",
    "failed": "This run failed before its budget was spent.",
}
LEFT_BEHIND = "left behind"


@dataclass(frozen=True)
class Card:
    """A run on the index. ``error`` is set, and all but the name is empty, when it could not be read."""

    name: str
    page: str
    boxes: str
    objective: str
    score: float | None
    random: float | None
    evaluations: int
    optimiser: str
    created: str
    status: str
    view: View | None
    error: str = ""
    ensemble: str = ""


@dataclass(frozen=True)
class Fact:
    """A line of the provenance table; ``foreign`` text came from outside."""

    label: str
    text: str
    foreign: bool = True


def damaged_card(entry: Entry) -> Card:
    """The card of a run that could not be read."""
    return Card(entry.name, "", "", "", None, None, 0, "", "", "damaged", None, entry.error)


def index_page(cards: list[Card]) -> bytes:
    """``index.html``: the cards, those of the same black boxes together, damaged ones last."""
    readable = [card for card in cards if not card.error]
    groups = [(boxes, list(group)) for boxes, group in groupby(readable, key=lambda card: card.boxes)]
    black_boxes = len(groups)
    single = [cards[0] for _, cards in groups if len(cards) == 1]
    if len(single) > 1:  # a heading for each card would tear the grid apart
        groups = [*(group for group in groups if len(group[1]) > 1), ("", single)]
    damaged = [card for card in cards if card.error]
    evaluations = sum(card.evaluations for card in readable)
    return render(
        "index.html.j2",
        groups=groups,
        damaged=damaged,
        total=len(cards),
        black_boxes=black_boxes,
        evaluations=evaluations,
    )


def run_page(run: "Run", page: str, entries: list[Entry], place: str | None) -> tuple[Card, dict[str, bytes]]:
    """The card of ``run``, and the files of its page by name.

    Args:
        run: the run.
        page: the name of the page's folder.
        place: the directory of the run as it is typed in commands; None for a run in memory.
        entries: the runs of the gallery; when this one has no baseline, a random search among them may serve.
    """
    files: dict[str, bytes] = {}
    best = first(run)
    random = _random_side(run, entries)
    shown_best = show_large(run, best, "best", "the best input found", files) if best else None
    shown_random = None
    if random.candidate and random.run:
        shown_random = show_large(random.run, random.candidate, "random", "the best random input", files)
    top = run.top(GRID) if best else []
    if run.noise is not None:  # beside means of repeats, lucky first answers would look like better ones
        top = [candidate for candidate in top if candidate.certainty] or top
    diverse = _diverse(run) if best else []
    if [c.id for c in diverse] == [c.id for c in top]:
        diverse = []
    lines = _lines(run, random)
    outputs = random.candidate.outputs if random.candidate else None
    files["index.html"] = render(
        "run.html.j2",
        name=run.name,
        objective=_objective(run),
        boxes=_boxes(run),
        status=run.status,
        status_note="" if run.was_left_behind else STATUS_NOTES.get(run.status, ""),
        ensemble=ensemble_of(run),
        was_left_behind=run.was_left_behind,
        stop_reason=run.stop_reason,
        evaluations=run.evaluations,
        best=shown_best,
        random=shown_random,
        random_size=random.evaluations,
        random_from=random.source,
        is_random=is_random(run),
        bars=charts.bars(_answers(run, best), outputs, _named_outputs(run)) if best else None,
        front=front_of(run, files),
        chart=charts.chart(lines),
        is_noisy=run.noise is not None,
        lines=[line for line in lines if line.kind != "restart" and len(line.best)],
        restarts_said=_said_of_restarts(run),
        is_halved=run.is_halved,
        restarts=sum(line.kind == "restart" for line in lines),
        table=charts.table([line for line in lines if line.kind != "restart"]),
        top=show_small(run, top, "top", files),
        diverse=show_small(run, diverse, "diverse", files),
        failures=sorted(run.failures.items(), key=lambda item: (-item[1], item[0])),
        failed=sum(run.failures.values()),
        reasons=list(run.failure_reasons.items())[:MOST_REASONS],
        facts=_facts(run),
        snippet=snippet(run.spec, place),
    )
    return _card(run, page, best, random, files), files


def _said_of_restarts(run: "Run") -> str:
    """Where the restarts ended, and whether they agree; of halved ones only the latter, for most were stopped early."""
    agreement = "" if run.agreement is None else str(run.agreement)
    endings = sorted((float(h.best[-1]) for h in run.restart_histories if len(h)), reverse=True)
    if run.is_halved or len(endings) < 2:
        return agreement
    shown = ", ".join(map(number, endings))
    if len(endings) > MOST_ENDINGS:
        shown = f"{number(endings[-1])} to {number(endings[0])}"
    return f"Its {plural(len(endings), 'independent restart')} ended at {shown}. {agreement}".rstrip()


@dataclass(frozen=True)
class _Random:
    """What random search reached: its best candidate, who can render it, and where the figures come from."""

    run: "Run | None" = None
    candidate: "Candidate | None" = None
    line: "charts.Line | None" = None
    evaluations: int = 0
    source: str = ""


def _diverse(run: "Run") -> list["Candidate"]:
    try:
        return run.top(GRID, diverse=True)
    except SpaceError:
        # The space does not say how far apart its inputs are.
        return []


def _random_side(run: "Run", entries: list[Entry]) -> _Random:
    if run.baseline is not None and len(run.baseline.best):
        line = charts.Line("random search", "random", run.baseline.evaluations, run.baseline.best)
        return _Random(run, run.baseline_best, line, int(run.baseline.evaluations[-1]), "")
    other = None if is_random(run) else comparable_random(run, entries)
    if other is not None:
        line = charts.Line("random search", "random", other.history.evaluations, other.history.best)
        return _Random(other, first(other), line, other.evaluations, other.name)
    return _Random()


def _lines(run: "Run", random: _Random) -> list[charts.Line]:
    name = "this run (random search)" if is_random(run) else "this search"
    lines = [charts.Line(name, "search", run.history.evaluations, run.history.best)]
    if random.line is not None:
        lines.append(random.line)
    if len(run.restart_histories) > 1:
        lines += [charts.Line("a restart", "restart", h.evaluations, h.best) for h in run.restart_histories]
    return lines


def _card(run: "Run", page: str, best: "Candidate | None", random: _Random, files: dict[str, bytes]) -> Card:
    view = show_on_card(run.render(best), page, files) if best else None
    return Card(
        name=run.name,
        page=page,
        boxes=_boxes(run),
        objective=_objective(run),
        score=best.score if best else None,
        random=random.candidate.score if random.candidate else None,
        evaluations=run.evaluations,
        optimiser=str(part(run, "provenance").get("optimiser") or part(run, "search").get("optimiser", "")),
        created=date(part(run, "provenance").get("created")),
        status=LEFT_BEHIND if run.was_left_behind else run.status,
        view=view,
        ensemble=ensemble_of(run),
    )


def _boxes(run: "Run") -> str:
    return flat(part(run, "provenance").get("boxes", [])) or "unnamed black box"


def _objective(run: "Run") -> str:
    return str(part(run, "provenance").get("objective") or "unnamed objective")


def _answers(run: "Run", best: "Candidate") -> dict[str, float]:
    """What the boxes said, without the values of objectives that are recorded beside it."""
    return {name: value for name, value in best.outputs.items() if name not in run.goals}


def _named_outputs(run: "Run") -> frozenset[str]:
    """The outputs that the objective's spec names, wherever in its formula they stand."""
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            # One output; the two of a boundary; those that a direction weighs.
            for key in ("output", "outputs", "vector"):
                several: Any = value.get(key)
                several = several if isinstance(several, list | dict) else [several]
                found.update(name for name in several if isinstance(name, str))
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(run.spec.get("objective"))
    return frozenset(found)


def _facts(run: "Run") -> list[Fact]:
    search, provenance = part(run, "search"), part(run, "provenance")
    versions = provenance.get("versions")
    versions = versions if isinstance(versions, dict) else {}
    facts = [
        Fact("Search space", flat(provenance.get("space", ""))),
        Fact("Black box", _boxes(run)),
        Fact("Objective", _objective(run)),
        Fact("Optimiser", flat(provenance.get("optimiser") or search.get("optimiser", ""))),
        Fact("Why this optimiser", flat(provenance.get("why", ""))),
        Fact("Budget", _evaluations(search.get("budget")), foreign=False),
        Fact("Spent", f"{plural(run.evaluations, 'evaluation')} in {duration(run.seconds)}", foreign=False),
        Fact("Ended", run.stop_reason),
        Fact("Failed", _failed(run), foreign=False),
        Fact("Noise", "" if run.noise is None else f"standard deviation {number(run.noise)} of a score", foreign=False),
        Fact("Seed", str(search.get("seed", ""))),
        Fact("Restarts", flat(search.get("restarts", "")) + (", halved" if run.is_halved else "")),
        Fact("Batch size", flat(search.get("batch_size", ""))),
        Fact("Started", date(provenance.get("created"))),
        Fact("Python", flat(provenance.get("python", ""))),
        Fact("Platform", flat(provenance.get("platform", ""))),
        Fact("featviz", str(run.spec.get("featviz", ""))),
        *(Fact(str(name), flat(version)) for name, version in versions.items() if name != "featviz"),
        Fact("Git", flat(provenance.get("git", ""))),
        Fact("Ensemble", ensemble_of(run)),
        Fact("Run directory", run.name if run.path is not None else ""),
    ]
    return [fact for fact in facts if fact.text]


def _failed(run: "Run") -> str:
    return plural(sum(run.failures.values()), "evaluation") if run.failures else "none: every evaluation gave a score"


def _evaluations(budget: Any) -> str:
    return plural(budget, "evaluation") if isinstance(budget, int) else flat(budget or "")
