"""What the search operators of a space must do, and that they lead everywhere."""

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np

from featviz.batches import batch_length
from featviz.errors import SpaceError
from featviz.latent import Latents, Move, Record
from featviz.protocols import SearchSpace
from featviz.testing._inputs import ROWS, drawn, expect
from featviz.text import visible

__all__ = ["check_moves", "check_support"]

_SAMPLES = 200
# A value that this part of the samples has is common; moves must come to it within so many steps of so many records.
_COMMON, _WALKERS, _STEPS = 0.1, 20, 200


def check_moves(space: SearchSpace) -> None:
    """Each move gives one latent of this space for each parent, new ones, the same from the same generator.

    It works for any number of parents, changes neither argument, and draws from nothing but the generator.
    """
    for move in space.latent.moves:
        name = visible(move.name, 60)
        expect(bool(move.name) and 0 < move.weight < math.inf, f"the move {name!r} needs a name and a weight above 0.")
        for n in (ROWS, 1, 0):
            _check_move(space, move, name, n)


def check_support(space: SearchSpace) -> None:
    """Nothing that the space declares is out of reach.

    The prior draws every option that should come up, and real genes on both sides of 0, from which a search draws them
    again. Records change by their moves alone: those lead from one record to every value that is common among samples.
    """
    latent = space.latent
    latents = drawn(space, 3, _SAMPLES)
    if latent.real and latent.feasible is None:
        sides = (latents.real < 0).any(axis=0) & (latents.real > 0).any(axis=0)
        expect(bool(sides.all()), f"the prior draws real gene {int(np.argmin(sides))} on one side of 0 only.")
    for gene, p in enumerate(latent.probabilities if latent.feasible is None else ()):
        # One that is expected 25 times is missed once in 10^11 times.
        missed = set(np.flatnonzero(p * _SAMPLES >= 25).tolist()) - set(latents.categorical[:, gene].tolist())
        expect(not missed, f"the prior never draws option {min(missed, default=0)} of categorical gene {gene}.")
    if latent.records:
        wanted = Counter(value for latent_ in latents for value in _values(latent_))
        common = {value for value, count in wanted.items() if count >= _COMMON * _SAMPLES}
        left = _left_by_moves(space, latents, common)
        expect(not left, f"no move leads to {_worded(left)}, which is common among samples.")


def _check_move(space: SearchSpace, move: Move, name: str, n: int) -> None:
    parents, mates = drawn(space, 4, n), drawn(space, 5, n)
    before = parents.digest(), mates.digest()
    parents.freeze()
    mates.freeze()
    try:
        children = move.propose(parents, mates, np.random.default_rng(6))
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise SpaceError(f"the move {name!r} changes its arguments.") from error
    expect((parents.digest(), mates.digest()) == before, f"the move {name!r} changes its arguments.")
    expect(isinstance(children, Latents), f"the move {name!r} must return Latents.")
    expect(len(children) == n, f"the move {name!r} made {len(children)} children of {n} parents.")
    space.latent.check(children)
    expect(bool(np.isfinite(children.real).all()), f"the move {name!r} gives real genes that are not finite.")
    again = move.propose(parents, mates, np.random.default_rng(6))
    expect(children.digest() == again.digest(), f"the move {name!r} gives other children from the same generator.")
    expect(not _shares_memory(children, parents, mates), f"the children of the move {name!r} share memory with others.")
    length = batch_length(space.decode_latents(children))
    expect(length == n, f"{n} children of the move {name!r} were decoded as {length} inputs.")


def _shares_memory(children: Latents, *others: Latents) -> bool:
    mine = (children.real, children.categorical, children.records)
    theirs = [array for o in others for array in (o.real, o.categorical, o.records)]
    return any(np.shares_memory(a, b) for a in mine for b in theirs if a.size and b.size)


def _values(latent: Latents) -> Iterator[tuple[int, str, int]]:
    """Every choice of a latent that is no number with a point: its record, path and value."""
    for slot, record in enumerate(latent.records[0]):
        found: Record = record
        yield from ((slot, path, value) for path, value in found if type(value) is int)


def _left_by_moves(
    space: SearchSpace, latents: Latents, wanted: set[tuple[int, str, int]]
) -> set[tuple[int, str, int]]:
    """Those of the values that a walk of random moves from one latent never meets."""
    rng = np.random.default_rng(7)
    moves = space.latent.moves
    walkers = latents[np.zeros(_WALKERS, dtype=np.intp)]
    left = set(wanted)
    for _ in range(_STEPS):
        for latent in walkers:
            left.difference_update(_values(latent))
        if not left:
            break
        weights = np.array([move.weight for move in moves])
        chosen = rng.choice(len(moves), len(walkers), p=weights / weights.sum())
        parts = [
            moves[i].propose(walkers[chosen == i], walkers[rng.permutation(np.flatnonzero(chosen == i))], rng)
            for i in np.unique(chosen)
        ]
        walkers = Latents.concatenate(parts)
    return left


def _worded(values: set[tuple[int, str, int]]) -> str:
    slot, path, value = min(values, default=(0, "", 0))
    return f"the value {value} of {visible(path, 80)!r}" + (f" in record {slot}" if slot else "")
