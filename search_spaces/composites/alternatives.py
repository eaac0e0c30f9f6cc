"""``OneOf`` and ``Optional``: each input is of one of several spaces."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.batches import stack, unstack
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.latent import LatentDescription, Latents, Move
from featviz.protocols import Spec
from featviz.search_spaces.choices import probabilities_of
from featviz.search_spaces.composites.comparing import same_input
from featviz.search_spaces.composites.composite import Composite
from featviz.search_spaces.composites.parts import WHOLE, Constant, Leaf, Part, chosen, part_of
from featviz.search_spaces.joining import Place, joined, places_of
from featviz.text import shown

__all__ = ["OneOf", "Optional"]

# Two inputs of different options: twice as far apart as is typical of two of the same.
_APART = 2.0
# What a decoded input may differ by from the one that was encoded, and count as the same.
_NEAR = 1e-6


class _Alternatives(Composite):
    """A categorical gene that says which option an input is of, then the genes of every option."""

    def _take(self, options: Sequence[Part], probabilities: NDArray[np.float64]) -> None:
        self._options = tuple(options)
        self._probabilities = probabilities
        self.variables = {str(i): option.given for i, option in enumerate(options)}

    @cached_property
    def _places(self) -> list[Place]:
        descriptions = [option.latent for option in self._options if option.latent is not None]
        gene = LatentDescription(0, (len(self._options),), (self._probabilities,))
        places = iter(places_of([gene, *descriptions])[1:])
        nowhere = Place(slice(0, 0), slice(0, 0), slice(0, 0))
        return [nowhere if option.latent is None else next(places) for option in self._options]

    def _joined(self) -> LatentDescription:
        gene = LatentDescription(0, (len(self._options),), (self._probabilities,))
        parts = [option.latent for option in self._options if option.latent is not None]
        whole = joined([gene, *parts])
        return LatentDescription(
            whole.real,
            whole.options,
            whole.probabilities,
            records=whole.records,
            prior=whole.prior,
            moves=self._moves(),
            feasible=self._feasible_option if any(part.feasible for part in parts) else None,
            canonical=self._canonical if parts else None,
            stages=whole.stages,
            stepwise=whole.stepwise,
            scales=whole.scales,
        )

    def values(self, latents: Latents) -> dict[str, Any]:
        """The option of each input, int64 (n,), and by the place of each option the batch of those that are of it."""
        self.latent.check(latents)
        found: dict[str, Any] = {"option": latents.categorical[:, 0]}
        for i, (option, place) in enumerate(zip(self._options, self._places, strict=True)):
            rows = np.flatnonzero(found["option"] == i)
            if len(rows):
                found[str(i)] = option.decode(place.of(latents)[rows])
        return found

    def decode(self, values: Mapping[str, Any]) -> list[Any]:
        """A list of n inputs, each as its option gives a single one."""
        found = np.empty(len(values["option"]), dtype=object)
        for i in range(len(self._options)):
            rows = np.flatnonzero(values["option"] == i)
            if len(rows):
                found[rows] = np.fromiter(unstack(values[str(i)]), dtype=object, count=len(rows))
        return found.tolist()

    def encode_inputs(self, inputs: Any) -> Latents:
        """The latents of a list of n inputs.

        An input is taken for one of the first option that gives it back as it was, or of the one that comes nearest.
        Genes of the other options are neutral.

        Raises:
            SpaceError: if none of the options can encode an input.
        """
        given = unstack(inputs)
        options, encoded = self._recognised(given)
        neutral = Latents.beside([_of_option(0), *(option.neutral for option in self._genic())])
        whole = neutral[np.zeros(len(given), dtype=np.intp)]
        whole.categorical[:, 0] = options
        for i, place in enumerate(self._places):
            rows = np.flatnonzero(options == i)
            if len(rows) and self._options[i].latent is not None:
                if encoded[rows[0]] is None:
                    raise SpaceError(f"{self._options[i]!r} cannot start from given inputs: it has no encode.")
                part = Latents.concatenate([encoded[row] for row in rows])
                whole.real[rows, place.real] = part.real
                whole.categorical[rows, place.categorical] = part.categorical
                whole.records[rows, place.records] = part.records
        return whole

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """Shape (n, m): of two inputs of one option its distance, 1 for what is typical; of different options 2."""
        first, second = unstack(a), unstack(b)
        of_a, of_b = self._recognised(first)[0], self._recognised(second)[0]
        found = np.full((len(first), len(second)), _APART)
        for i, option in enumerate(self._options):
            rows, columns = np.flatnonzero(of_a == i), np.flatnonzero(of_b == i)
            if len(rows) and len(columns):
                batches = stack([first[row] for row in rows]), stack([second[column] for column in columns])
                found[np.ix_(rows, columns)] = option.scaled_distance(*batches)
        return found

    def leaves(self, x: Any, path: str = "") -> Iterator[Leaf]:
        """Those of the option that the input is of."""
        return self._options[self.option_of(x)].leaves(x, path)

    def units_within(self, x: Any) -> tuple[str, ...]:
        """Those of the option that the input is of, where it has several; else the whole."""
        units = self._options[self.option_of(x)].units(x)
        return units if len(units) > 1 else (WHOLE,)

    def apply_within(self, x: Latents, units: Sequence[str], masks: NDArray[np.bool_], fill: Latents) -> Any:
        """As :meth:`apply`, on the latent of one input and on m of the fill."""
        if list(units) == [WHOLE]:
            return self.decode_latents(chosen(masks[:, 0], x, fill))
        option = int(x.categorical[0, 0])
        place = self._places[option]
        found = unstack(self._options[option].apply(place.of(x), units, masks, place.of(fill)))
        # The option stays as long as any part of it is kept.
        hidden = np.flatnonzero(~masks.any(axis=1))
        for row, value in zip(hidden, self.decode_latents(fill[hidden]), strict=True):
            found[row] = value
        return found

    def option_of(self, x: Any) -> int:
        """The place of the option that one input is of.

        Raises:
            SpaceError: if it is of none.
        """
        return int(self._recognised([x])[0][0])

    def _genic(self) -> list[Part]:
        return [option for option in self._options if option.latent is not None]

    def _recognised(self, given: list[Any]) -> tuple[NDArray[np.int64], list[Any]]:
        """For each input its option and the latent of it there, None where the option cannot encode."""
        options = np.full(len(given), -1)
        encoded: list[Any] = [None] * len(given)
        nearest = np.full(len(given), np.inf)
        for i, option in enumerate(self._options):
            rows = [row for row in range(len(given)) if options[row] < 0 or nearest[row] > 0]
            for row, latent, decoded in _attempts(option, given, rows):
                away = 0.0 if same_input(decoded, given[row], _NEAR) else _away(option, decoded, given[row])
                if away < nearest[row]:
                    options[row], encoded[row], nearest[row] = i, latent, away
        # By elimination: of an option that can encode nothing at all.
        options[options < 0] = self._mute
        if (options < 0).any():
            x = given[int(np.argmax(options < 0))]
            raise SpaceError(f"none of the options can encode {shown(x)}. They are: {self._listed()}.")
        return options, encoded

    @cached_property
    def _mute(self) -> int:
        """The first option that cannot even encode what it has decoded; -1 when all can."""
        for i, option in enumerate(self._options):
            if option.latent is not None:
                own = option.decode(option.latent.sample(np.random.default_rng(0), 1))
                if not list(_attempts(option, unstack(own), [0])):
                    return i
        return -1

    def _listed(self) -> str:
        return ", ".join(map(repr, self._options))[:300]

    def _feasible_option(self, latents: Latents) -> NDArray[np.bool_]:
        ok = np.ones(len(latents), dtype=np.bool_)
        for i, (option, place) in enumerate(zip(self._options, self._places, strict=True)):
            rows = np.flatnonzero(latents.categorical[:, 0] == i)
            if len(rows) and option.latent is not None and option.latent.feasible is not None:
                ok[rows] = option.latent.feasible(place.of(latents)[rows])
        return ok

    def _canonical(self, latents: Latents) -> Latents:
        for i, (option, place) in enumerate(zip(self._options, self._places, strict=True)):
            if option.latent is None:
                continue
            part = place.of(latents)
            same = part if option.latent.canonical is None else option.latent.canonical(part)
            latents = place.put(latents, chosen(latents.categorical[:, 0] == i, same, option.neutral))
        return latents

    def _moves(self) -> tuple[Move, ...]:
        moves = [option.latent.moves if option.latent else () for option in self._options]
        weights = [sum(move.weight for move in some) for some in moves]
        within = float(np.dot(weights, self._probabilities))
        switch = Move("another option", self._switched)
        return (switch, Move("within the option", self._moved_within, within)) if within > 0 else (switch,)

    def _switched(self, parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
        """Another option for each parent, by the options' probabilities.

        Its genes are the mate's, where that is of this option; else as likely as not new ones or those that it had,
        which may be neutral by now. The genes of the option that is left stay.
        """
        children = parents.copy()
        children.categorical[:, 0] = self._other_options(parents.categorical[:, 0], rng)
        for i, (option, place) in enumerate(zip(self._options, self._places, strict=True)):
            rows = np.flatnonzero(children.categorical[:, 0] == i)
            if option.latent is None or not len(rows):
                continue
            drawn = option.latent.sample(rng, len(rows))
            of_mate = mates.categorical[rows, 0] == i
            own = rng.random(len(rows)) < 0.5
            part = chosen(of_mate, place.of(mates[rows]), chosen(own, place.of(parents[rows]), drawn))
            children.real[rows, place.real], children.categorical[rows, place.categorical] = part.real, part.categorical
            children.records[rows, place.records] = part.records
        return children

    def _other_options(self, options: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """For each option another one, by their probabilities."""
        n = len(options)
        weights = np.tile(self._probabilities, (n, 1))
        weights[np.arange(n), options] = 0
        # Where all other options have probability 0 any of them will do.
        stuck = weights.sum(axis=1) == 0
        weights[stuck] = 1
        weights[stuck, options[stuck]] = 0
        edges = np.cumsum(weights, axis=1)
        found: NDArray[np.int64] = (edges <= rng.random(n)[:, None] * edges[:, -1:]).sum(axis=1)
        return found

    def _moved_within(self, parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
        """A move of each parent's own option; another option for those whose option has none."""
        children = self._switched(parents, mates, rng)
        for i, (option, place) in enumerate(zip(self._options, self._places, strict=True)):
            moves = option.latent.moves if option.latent else ()
            rows = np.flatnonzero(parents.categorical[:, 0] == i)
            if not moves or not len(rows):
                continue
            weights = np.array([move.weight for move in moves])
            which = rng.choice(len(moves), size=len(rows), p=weights / weights.sum())
            for k, move in enumerate(moves):
                mine = rows[which == k]
                if len(mine):
                    some = parents[mine]
                    moved = place.put(some, move.propose(place.of(some), place.of(mates[mine]), rng))
                    children.real[mine], children.categorical[mine] = moved.real, moved.categorical
                    children.records[mine] = moved.records
        return children


class OneOf(_Alternatives):
    """Inputs that are each of one of several spaces, such as ``[fv.ImageSpace(8, 8), fv.Uniform(0, 1)]``.

    Args:
        parts: at least 2, each a space, a variable, or a constant.
        probabilities: of each under the prior; all equal when left out.

    A batch is a list of n inputs, each as its own option gives a single one.

    An input that two options can make counts as one of the first; the latents of both are then different ones of equal
    inputs, which ``canonical`` does not see.

    Raises:
        WrongType: if a part is something else.
        InvalidArgument: if there are too few, or the probabilities are none.
    """

    def __init__(self, parts: Sequence[Any], probabilities: Sequence[float] | None = None) -> None:
        if isinstance(parts, str) or not isinstance(parts, Sequence):
            raise WrongType(f"parts must be a list of spaces, but it is {shown(parts)}.")
        if len(parts) < 2:
            raise InvalidArgument(f"parts must hold at least 2 spaces to choose from, but there are {len(parts)}.")
        options = [part_of(f"part {i}", given) for i, given in enumerate(parts)]
        count = len(options)
        given = None if probabilities is None else probabilities_of(probabilities, count)
        self._given = given
        self._take(options, np.full(count, 1.0 / count) if given is None else given)

    def spec(self) -> Spec | None:
        """The parts' own, and the probabilities."""
        specs = [option.spec() for option in self._options]
        if None in specs:
            return None
        more = {} if self._given is None else {"probabilities": self._given.tolist()}
        return {"type": "OneOf", "parts": specs, **more}

    def __repr__(self) -> str:
        more = "" if self._given is None else f", probabilities={self._given.tolist()}"
        return f"OneOf([{', '.join(map(repr, self._options))}]{more})"


class Optional(_Alternatives):
    """Inputs that are there, or are None.

    Args:
        space: of those that are there: a space, a variable, or a constant.
        probability: of being there under the prior; above 0, below 1.

    A batch is a list of n inputs, each None or as the space gives a single one.

    Raises:
        WrongType, InvalidArgument: if an argument is something else.
    """

    def __init__(self, space: Any, probability: float = 0.5) -> None:
        there = checks.finite("probability", probability, 0, 1, exclusive=True)
        self._there = there
        self._take([Constant(None), part_of("space", space)], np.array([1 - there, there]))

    def spec(self) -> Spec | None:
        """The space's own, and the probability."""
        spec = self._options[1].spec()
        return None if spec is None else {"type": "Optional", "space": spec, "probability": self._there}

    def __repr__(self) -> str:
        return f"Optional({self._options[1]!r}, probability={self._there:g})"


def _of_option(option: int) -> Latents:
    return Latents(np.empty((1, 0)), np.array([[option]], dtype=np.int64))


def _attempts(option: Part, given: list[Any], rows: list[int]) -> Iterator[tuple[int, Latents, Any]]:
    """Each row that an option can encode, with its latent and what that decodes to."""
    try:
        latents = option.encode(stack([given[row] for row in rows])) if rows else None
    except Exception:  # noqa: BLE001  a space of the user's own may fail in any way on an input that is not its own
        if len(rows) > 1:
            for row in rows:
                yield from _attempts(option, given, [row])
        return
    if latents is not None and len(latents) == len(rows):
        decoded = unstack(option.decode(latents))
        yield from ((row, latents[i : i + 1], decoded[i]) for i, row in enumerate(rows))


def _away(option: Part, decoded: Any, given: Any) -> float:
    """How far a decoded input is from the one that was encoded; at least a little, since they are not the same."""
    try:
        away = float(option.scaled_distance(stack([decoded]), stack([given]))[0, 0])
    except Exception:  # noqa: BLE001  as above
        return _APART
    return max(away, _NEAR) if np.isfinite(away) else _APART
