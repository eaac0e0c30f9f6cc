"""A run as the gallery reads it, with made-up figures: for texts and states that no search would bring about."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from featviz.blocks import Block, ImageBlock

HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "{{7*7}}",
    "${x}",
    "<!--",
    "a\u2028b",
    "a\x00b",
    "a\ud800b",
    "a\u202eb",
    "a\u200bb\ufeffc",
    "\x1b[31mred\x1b[0m",
    "long" * 250_000,
    "漢字 🦊 naïve",
    "' onmouseover='alert(1)",
    "../../x",
]


@dataclass(frozen=True)
class FakeHistory:
    evaluations: np.ndarray
    best: np.ndarray

    def __len__(self) -> int:
        return len(self.best)


@dataclass(frozen=True, eq=False)
class FakeCandidate:
    id: int
    score: float
    outputs: dict[str, float]
    input: Any
    evaluation: int
    certainty: str = ""


@dataclass(eq=False)
class FakeRun:
    name: str
    spec: dict[str, Any]
    candidates: list[FakeCandidate]
    history: FakeHistory
    baseline: FakeHistory | None = None
    baseline_best: FakeCandidate | None = None
    diverse: list[FakeCandidate] = field(default_factory=list)
    restart_histories: list[FakeHistory] = field(default_factory=list)
    agreement: str | None = None
    is_halved: bool = False
    was_left_behind: bool = False
    status: str = "finished"
    stop_reason: str = "the budget is spent"
    evaluations: int = 1000
    noise: float | None = None
    seconds: float = 12.5
    failures: dict[str, int] = field(default_factory=dict)
    goals: tuple[str, ...] = ()
    failure_reasons: dict[str, int] = field(default_factory=dict)
    output_names: tuple[str, ...] = ("cat", "dog")
    path: Path | None = Path("runs/cat")

    def top(self, k: int, diverse: bool = False) -> list[FakeCandidate]:
        return (self.diverse if diverse else self.candidates)[:k]

    def render(self, candidate: FakeCandidate) -> list[Block]:
        pixels = np.rint(np.clip(candidate.input, 0, 1) * 255).astype(np.uint8)
        return [ImageBlock(pixels)]


def fake_spec(**changes: Any) -> dict[str, Any]:
    """The tables of a small search; ``changes`` replace entries of the provenance."""
    return {
        "featviz": "0.1.0",
        "format": 1,
        "space": {"type": "ImageSpace", "height": 8, "width": 8, "channels": 1},
        "box": {"from": "models:cats", "outputs": ["cat", "dog"]},
        "objective": {"terms": [{"kind": "maximise", "weight": 1.0, "output": "cat", "box": 0}]},
        "search": {"optimiser": "auto", "budget": 1000, "seed": 0, "restarts": 1, "batch_size": 20, "baseline": 0},
        "provenance": {
            "created": "2026-11-23T06:43:00+00:00",
            "space": "ImageSpace(height=8, width=8, channels=1)",
            "boxes": ["models:cats"],
            "objective": "maximise(cat)",
            "optimiser": "sep-cma",
            "why": "64 real genes, 1,000 evaluations",
            "rebuildable": True,
            "python": "3.11.2",
            "platform": "Linux",
            "versions": {"featviz": "0.1.0", "numpy": "2.4.0"},
            **changes,
        },
    }


def fake_candidates(n: int = 5, size: int = 8, channels: int = 1, first: float = 3.0) -> list[FakeCandidate]:
    """``n`` candidates with falling scores."""
    rng = np.random.default_rng(n + size)
    return [
        FakeCandidate(
            id=900 - 7 * i,
            score=first - 0.25 * i,
            outputs={"cat": first - 0.25 * i, "dog": -1.0 + 0.1 * i},
            input=rng.random((size, size, channels)).astype(np.float32),
            evaluation=901 - 7 * i,
        )
        for i in range(n)
    ]


def fake_history(last: int = 1000, top: float = 3.0) -> FakeHistory:
    """A curve that climbs early."""
    steps = np.unique(np.geomspace(1, last, 40).astype(np.int64))
    return FakeHistory(steps, top - 4.0 / np.sqrt(steps))


def fake_run(name: str = "cat", *, baseline: bool = True, **changes: Any) -> FakeRun:
    """A finished run; ``changes`` replace its members."""
    members: dict[str, Any] = {"spec": fake_spec(), "candidates": fake_candidates(), "history": fake_history()}
    members["diverse"] = fake_candidates(4, first=2.5)
    if baseline:
        members |= {"baseline": fake_history(top=0.5), "baseline_best": fake_candidates(1, first=0.5)[0]}
    return FakeRun(name, **(members | changes))
