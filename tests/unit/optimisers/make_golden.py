"""Writes ``golden.json``: what the own optimisers ask first and find, under a fixed seed.

    python tests/unit/optimisers/make_golden.py

Run it after a change that is meant to change seeded results, and say so in CHANGELOG.md. What was asked first is kept
as a digest, to the last bit; what was found is compared to six digits, since processors round sums each in their way.
"""

import json
from pathlib import Path

import numpy as np

from featviz.latent import LatentDescription
from featviz.optimisers import OPTIMISERS, make_optimiser

GOLDEN = Path(__file__).with_name("golden.json")
SEED, EVALUATIONS, FIRST = 20, 300, 4

KINDS = {
    "real": LatentDescription(10),
    "categorical": LatentDescription(0, (3, 5, 2, 4, 6, 3)),
    "mixed": LatentDescription(5, (3, 5, 2)),
}


def names():
    """The own optimisers: those that keep a state and replay no other library."""
    return [name for name in OPTIMISERS.names() if not OPTIMISERS.get(name).replays]


def cases():
    """Each own optimiser with each kind of genes that it takes."""
    return [(n, kind) for n in names() for kind, latent in KINDS.items() if latent.kinds <= OPTIMISERS.get(n).accepts]


def score(latents):
    """A bent valley in the real genes, and option 1 of each categorical one."""
    real = latents.real
    ahead = real[:, 1:] - 0.5 * real[:, :-1] ** 2
    return -(4 * ahead**2).sum(axis=1) - ((real - 1) ** 2).sum(axis=1) - 2.0 * (latents.categorical != 1).sum(axis=1)


def result(name, kind):
    """``{"first": hex, "best": float}`` of a seeded search."""
    own = make_optimiser(name, KINDS[kind], seed=SEED, budget=EVALUATIONS).optimiser
    asked = own.ask(FIRST)
    first, best, told = asked.digest().hex(), -np.inf, 0
    while told < EVALUATIONS:
        scores = score(asked)
        best, told = max(best, float(scores.max())), told + len(asked)
        own.tell(asked, scores)
        asked = own.ask(min(own.batch_size, max(EVALUATIONS - told, 1)))
    return {"first": first, "best": float(f"{best:.9g}") + 0.0}


if __name__ == "__main__":
    found = {f"{name} {kind}": result(name, kind) for name, kind in cases()}
    GOLDEN.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{len(found)} results in {GOLDEN}")
