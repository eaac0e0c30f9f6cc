"""Spaces inside functions of ``draw``: their genes become choices."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featviz.batches import take_one
from featviz.errors import SpaceError, WrongType
from featviz.latent import Latents
from featviz.protocols import SearchSpace
from featviz.search_spaces.base import Space
from featviz.search_spaces.joining import places_of
from featviz.search_spaces.records.domains import Domain, normal, options
from featviz.search_spaces.records.tapes import Completion, Tape
from featviz.text import shown, visible

if TYPE_CHECKING:
    from featviz.search_spaces.records.draws import Draw

__all__ = ["draw_nested", "draw_valid"]

# Draws in place of invalid inputs before a nested space is said to be empty.
_DRAWS = 1_000


class Genes(NamedTuple):
    """Names and domains of the genes of a space, real ones first."""

    names: tuple[str, ...]
    domains: tuple[Domain, ...]


def draw_nested(draw: "Draw", name: str, space: Any) -> Any:
    """One input of ``space``, its choices drawn from ``draw``.

    Raises:
        WrongType: if it is no space.
        SpaceError: if it holds records inside, or next to none of its inputs is valid.
    """
    if hasattr(space, "draw_one"):  # a function of ``draw``, known by what it has: its class is built upon this
        return space.draw_one(draw)
    if not isinstance(space, SearchSpace) or isinstance(space, type):
        raise WrongType(f"choice {visible(name)!r}: expected a space, but got {shown(space)}.")
    if space.latent.records:
        raise SpaceError(
            f"choice {visible(name)!r}: {visible(repr(space), 60)} has a function of draw among its parts. Draw its "
            "parts one by one in its place."
        )
    tape, prefix = draw._tape, draw._prefix
    genes = _genes(space)  # type: ignore[arg-type]  # a space hashes by identity, which its protocol does not say
    paths = tuple(tape.claim(prefix + gene) for gene in genes.names)
    latents = _drawn(tape, paths, genes, space)
    if space.latent.prior is not None:
        tape.joint.append((space.latent, latents, paths))
    return take_one(space.decode_latents(latents), 0)


def draw_valid(draw: "Draw", make: Callable[["Draw"], Any], valid: Callable[[Any], bool], name: str) -> Any:
    """What ``make(draw)`` returns, made again from fresh draws until it is valid.

    A record that is replayed was valid when it was made, and is not held against ``valid`` again.
    """
    tape = draw._tape
    if not isinstance(tape, Completion):
        return make(draw)
    mark = tape.mark
    made = make(draw)
    for _ in range(_DRAWS):
        if valid(made):
            return made
        tape.rewind(mark)
        made = tape.fresh(lambda: make(draw))
    raise SpaceError(f"of {_DRAWS:,} random inputs of {visible(name)} none is valid. Loosen its constraint.")


def _drawn(tape: Tape, paths: tuple[str, ...], genes: Genes, space: SearchSpace) -> Latents:
    if isinstance(tape, Completion):
        mark = tape.mark
        if not all(map(tape.knows, paths)):
            _fall_back(tape, paths, space)
        latents = _chosen(tape, paths, genes, space)
        feasible = space.latent.feasible
        if feasible is None or feasible(latents)[0]:
            return latents
        tape.rewind(mark)
        _fall_back(tape, paths, space)
        found: Latents = tape.fresh(lambda: _chosen(tape, paths, genes, space))
        return found
    return _chosen(tape, paths, genes, space)


def _fall_back(tape: Completion, paths: tuple[str, ...], space: SearchSpace) -> None:
    """Let what is not given come from one draw of the space, whose genes may depend on each other."""
    drawn = space.latent.sample(tape.rng, 1)
    tape.fall_back_on(dict(zip(paths, drawn.real[0].tolist() + drawn.categorical[0].tolist(), strict=True)))


def _chosen(tape: Tape, paths: tuple[str, ...], genes: Genes, space: SearchSpace) -> Latents:
    values = [tape.choose(path, domain) for path, domain in zip(paths, genes.domains, strict=True)]
    real = space.latent.real
    return Latents(np.array(values[:real], dtype=np.float64)[None, :], np.array(values[real:], dtype=np.int64)[None, :])


@lru_cache(maxsize=32)
def _genes(space: SearchSpace) -> Genes:
    latent = space.latent
    choices = (options(count, tuple(p.tolist())) for count, p in zip(latent.options, latent.probabilities, strict=True))
    names: list[str] = [
        *(f"real/{i}" for i in range(latent.real)),
        *(f"option/{i}" for i in range(len(latent.options))),
    ]
    if isinstance(space, Space):
        parts = space._parts
        for name, place in zip(parts, places_of([part.latent for part in parts.values()]), strict=True):
            mine = [*range(place.real.start, place.real.stop)]
            mine += [latent.real + i for i in range(place.categorical.start, place.categorical.stop)]
            for number, gene in enumerate(mine):
                names[gene] = name if len(mine) == 1 else f"{name}/{number}"
    return Genes(tuple(names), (*(normal() for _ in range(latent.real)), *choices))
