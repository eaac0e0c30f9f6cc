"""The front of a run with several objectives, as its page shows it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from featviz.display.formats import number
from featviz.gallery.scatter import Scatter, scatter
from featviz.gallery.shown import Shown, show_small
from featviz.study.front import spread_front
from featviz.text import visible

if TYPE_CHECKING:
    from featviz.study import Run

__all__ = ["Front", "Trade", "front_of"]

MOST = 9


@dataclass(frozen=True)
class Trade:
    """A candidate on the front, with the value of each objective by its formula."""

    shown: Shown
    values: list[tuple[str, float]]


@dataclass(frozen=True)
class Front:
    """What the page of a run says of its front.

    Args:
        names: the formulas of the objectives, foreign text.
        size: how many candidates are on the front.
        chart: the first two objectives against each other.
        description: the chart in words.
        along: candidates from one end of the front to the other.
    """

    names: tuple[str, ...]
    size: int
    chart: Scatter | None
    description: str
    along: list[Trade]


def front_of(run: "Run", files: dict[str, bytes]) -> Front | None:
    """The front of ``run``, its pictures added to ``files``; None where there is one objective, or no score."""
    if not run.goals or not run.front:
        return None
    front = run.front
    values = run.values
    chosen = [candidate for candidate in spread_front(run, MOST) if run.render(candidate)]
    shown = show_small(run, chosen, "front", files)
    names = tuple(_signed(name) for name in run.goals)
    rows = {candidate.id: row for row, candidate in enumerate(front)}
    ends = [values[candidate.id] for candidate in (front[0], front[-1])]
    said = " to ".join(
        ", ".join(f"{visible(name, 60)} {number(float(v))}" for name, v in zip(names, end, strict=True)) for end in ends
    )
    return Front(
        names,
        len(front),
        scatter(values, values[list(rows)], [rows[one.id] for one in shown]),
        f"A front of {len(front)} among {run.evaluations} evaluations, from {said}.",
        [Trade(one, list(zip(names, map(float, values[one.id]), strict=True))) for one in shown],
    )


def _signed(name: str) -> str:
    """A formula with a real minus sign in front, which no line ends with."""
    return "\u2212" + name[1:] if name.startswith("-") else name
