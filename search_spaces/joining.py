"""The latent of a whole from the latents of its parts: genes beside each other, and what is known of them lifted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.latent import LatentDescription, Latents, Move
from featviz.protocols import SearchSpace, Spec
from featviz.search_spaces.variables import Variable

__all__ = ["Inside", "JointPrior", "Place", "as_variable", "joined", "lifted", "places_of"]


@dataclass(frozen=True, eq=False)
class Inside:
    """A space as a part of another: its values are its inputs."""

    space: SearchSpace

    @property
    def latent(self) -> LatentDescription:
        """The space's own."""
        return self.space.latent

    def values(self, latents: Latents) -> Any:
        """The inputs that the latents stand for."""
        return self.space.decode_latents(latents)

    def genes(self, values: Any) -> Latents:
        """The latents of inputs."""
        return self.space.encode_inputs(values)

    def spec(self) -> Spec | None:
        """The space's own."""
        return self.space.spec()

    def __repr__(self) -> str:
        return repr(self.space)


@dataclass(frozen=True)
class Place:
    """Where the genes and records of a part stand among those of the whole."""

    real: slice
    categorical: slice
    records: slice

    def of(self, latents: Latents) -> Latents:
        """The part's latents, as views."""
        return latents.part(self.real, self.categorical, self.records)

    def put(self, latents: Latents, part: Latents) -> Latents:
        """A copy of ``latents`` that holds ``part`` here."""
        whole = latents.copy()
        self.fill(whole, part)
        return whole

    def fill(self, latents: Latents, part: Latents) -> None:
        """Write ``part`` to ``latents`` here."""
        latents.real[:, self.real] = part.real
        latents.categorical[:, self.categorical] = part.categorical
        latents.records[:, self.records] = part.records


class JointPrior:
    """The prior of independent parts, some of which have a joint prior or constraints of their own.

    A part draws again until its own constraints hold. Left to the whole, ten parts of which half the draws are valid
    would be valid together once in a thousand.
    """

    def __init__(self, parts: Sequence[LatentDescription]) -> None:
        self._parts = list(parts)
        self._places = places_of(parts)

    def sample(self, rng: np.random.Generator, n: int) -> Latents:
        """``n`` latents: each part drawn from its own prior, all of them feasible."""
        return Latents.beside([part.sample(rng, n) for part in self._parts])

    def unconstrained(self) -> "JointPrior":
        """The same before the constraints of the parts rule any out: what ``log_density`` is the density of."""
        return JointPrior([_unconstrained(part) for part in self._parts])

    def log_density(self, latents: Latents) -> NDArray[np.float64]:
        """The sum over the parts, shape (n,), each before its constraints ruled any out."""
        total = np.zeros(len(latents))
        for part, place in zip(self._parts, self._places, strict=True):
            total += part.log_prior(place.of(latents))
        return total


def _unconstrained(part: LatentDescription) -> LatentDescription:
    prior = part.prior.unconstrained() if isinstance(part.prior, JointPrior) else part.prior
    return replace(part, feasible=None, prior=prior)


def as_variable(part: Any) -> Any:
    """``part`` as a variable: a space is wrapped, anything else left as it is."""
    return Inside(part) if isinstance(part, SearchSpace) and not isinstance(part, Variable) else part


def places_of(parts: Sequence[LatentDescription]) -> list[Place]:
    """Where each of the ``parts`` stands among all of them, in their order."""
    places = []
    real = categorical = records = 0
    for part in parts:
        ends = real + part.real, categorical + len(part.options), records + part.records
        places.append(Place(slice(real, ends[0]), slice(categorical, ends[1]), slice(records, ends[2])))
        real, categorical, records = ends
    return places


def joined(parts: Sequence[LatentDescription]) -> LatentDescription:
    """The description of all ``parts`` beside each other."""
    if len(parts) == 1:
        return parts[0]
    places = places_of(parts)
    constrained = [(part.feasible, place) for part, place in zip(parts, places, strict=True) if part.feasible]

    def feasible(latents: Latents) -> NDArray[np.bool_]:
        ok = np.ones(len(latents), dtype=np.bool_)
        for holds, place in constrained:
            ok &= holds(place.of(latents))
        return ok

    return LatentDescription(
        sum(part.real for part in parts),
        tuple(count for part in parts for count in part.options),
        tuple(p for part in parts for p in part.probabilities),
        records=sum(part.records for part in parts),
        prior=JointPrior(parts) if any(part.prior or part.feasible for part in parts) else None,
        moves=tuple(lifted(move, place) for part, place in zip(parts, places, strict=True) for move in part.moves),
        feasible=feasible if constrained else None,
        canonical=_of_each([part.canonical for part in parts], places),
        settled=_of_each([part.settled for part in parts], places),
        stages=_joined_stages(parts, places),
        stepwise=any(part.stepwise for part in parts),
        scales=_joined_scales(parts),
    )


def _of_each(
    maps: Sequence[Callable[[Latents], Latents] | None], places: Sequence[Place]
) -> Callable[[Latents], Latents] | None:
    """What maps the genes of each part by a map of its own, and copies those of parts that have none."""
    there = [(of_part, place) for of_part, place in zip(maps, places, strict=True) if of_part is not None]

    def of_all(latents: Latents) -> Latents:
        whole = latents.copy()
        for of_part, place in there:
            place.fill(whole, of_part(place.of(latents)))
        return whole

    return of_all if there else None


def _joined_stages(parts: Sequence[LatentDescription], places: Sequence[Place]) -> tuple[NDArray[np.intp], ...]:
    """Stages of the whole: those of the parts side by side; a part without any is searched whole from the first."""
    count = max(len(part.stages) for part in parts)
    of_parts = [part.stages or (np.arange(part.real),) for part in parts]
    return tuple(
        np.concatenate([p.real.start + own[min(i, len(own) - 1)] for own, p in zip(of_parts, places, strict=True)])
        for i in range(count)
    )


def _joined_scales(parts: Sequence[LatentDescription]) -> NDArray[np.float64] | None:
    """Scales of the whole: a part without any has coarse genes only."""
    if all(part.scales is None for part in parts):
        return None
    return np.concatenate([np.ones(part.real) if part.scales is None else part.scales for part in parts])


def lifted(move: Move, place: Place) -> Move:
    """A part's move as a move of the whole, which leaves the other parts alone."""

    def propose(parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
        return place.put(parents, move.propose(place.of(parents), place.of(mates), rng))

    return replace(move, propose=propose)
