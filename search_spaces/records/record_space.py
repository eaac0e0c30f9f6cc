"""``RecordSpace``: a space of any shape, described by one function of ``draw``; and ``space``, which makes one."""

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from featviz.blocks import Block, TableBlock, TextBlock
from featviz.errors import LatentShapeError, SpaceError, WrongType
from featviz.latent import LatentDescription, Latents, Record, record_from_json
from featviz.protocols import Spec
from featviz.registry import import_path
from featviz.search_spaces.records.comparing import distances, flat, rows_of
from featviz.search_spaces.records.draws import Draw
from featviz.search_spaces.records.fixed_view import FixedShape
from featviz.search_spaces.records.moves import record_moves
from featviz.search_spaces.records.nested import draw_valid
from featviz.search_spaces.records.structure import Values, unit_of
from featviz.search_spaces.records.tapes import Completion, Edit, Replay, Tape
from featviz.text import shown, visible, without_address

__all__ = ["RecordSpace", "space"]

Function = Callable[[Draw], Any]

# A longer table says less than the text of the input.
_ROWS = 40


class RecordSpace:
    """Inputs of any shape, each made by one function from the choices that it draws. Made by :func:`space`.

    Its latent is one record an input: every choice with its name, in the order in which they were drawn. Decoding
    replays the record, one call of the function an input. A batch of n inputs is a list of n.

    Args:
        function: makes one input of a :class:`Draw`, and depends on nothing else.
        name: for people; the function's when left out.
        valid: says of one input whether it is valid. An invalid one is never shown to a black box.
        render: one input as a list of typed blocks.
        distance: of n and m inputs, as an array of shape (n, m).
        spec: what rebuilds the space where its function cannot be imported.
    """

    # Units are replaced in records, which an input does not tell: saliency passes latents.
    applies_to_latents = True

    def __init__(
        self,
        function: Function,
        *,
        name: str | None = None,
        valid: Callable[[Any], bool] | None = None,
        render: Callable[[Any], list[Block]] | None = None,
        distance: Callable[[Sequence[Any], Sequence[Any]], NDArray[np.float64]] | None = None,
        spec: Spec | None = None,
    ) -> None:
        parts = {"a function of draw": function, "valid": valid, "render": render, "distance": distance}
        for what, part in parts.items():
            if (part is not None or part is function) and (not callable(part) or isinstance(part, type)):
                raise WrongType(f"{what} must be a function, but it is {shown(part)}.")
        self._function, self._valid, self._render, self._distance = function, valid, render, distance
        self._spec = spec
        self.name = str(name or getattr(function, "__name__", "space"))
        # By which the space is found where the function would be: a decorator has put it in its place.
        self.__module__ = getattr(function, "__module__", None) or type(self).__module__
        self.__qualname__ = str(getattr(function, "__qualname__", self.name))
        self.__doc__ = function.__doc__
        self._frozen = True

    @cached_property
    def latent(self) -> LatentDescription:
        """One record, with its prior and moves."""
        feasible = None if self._valid is None else self._feasible
        return LatentDescription(0, records=1, prior=_Prior(self), moves=record_moves(self.complete), feasible=feasible)

    def draw_one(self, draw: Draw) -> Any:
        """One input as a part of another function; drawn again where it is not valid."""
        if self._valid is None:
            return self._function(draw)
        return draw_valid(draw, self._function, self._is_valid, self.name)

    def complete(self, values: Values, rng: np.random.Generator, edits: dict[str, Edit] | None = None) -> Record:
        """The record of one run of the function with these values, by path; what they lack or do not fit is drawn.

        Args:
            values: values by path; those that no choice asks for are left out.
            rng: for the rest.
            edits: by path, what becomes of a value.
        """
        tape = Completion(values, rng, edits)
        self._run(tape)
        return tape.record

    def replay(self, record: Record, where: str = "the record") -> tuple[Any, Tape]:
        """The input that a record stands for, and the tape with its choices and their domains.

        Raises:
            LatentShapeError: unless the record has exactly the choices that the function draws.
        """
        tape = Replay(record, f"{where} of {self.name}")
        made = self._run(tape)
        tape.finish()
        return made, tape

    def decode_latents(self, latents: Latents) -> list[Any]:
        """A list of n inputs.

        Raises:
            LatentShapeError: if a record does not fit the function; it says where.
        """
        self.latent.check(latents)
        return [self.replay(record, f"record {row}")[0] for row, record in enumerate(latents.records[:, 0])]

    def encode_inputs(self, inputs: Any) -> Latents:
        """Not possible: an input does not say which choices made it.

        Raises:
            SpaceError: always, unless ``inputs`` are latents already.
        """
        if isinstance(inputs, Latents):
            self.latent.check(inputs)
            return inputs
        raise SpaceError(
            f"{self.name} cannot encode given inputs: they do not say which choices made them. Keep the latents "
            "(run.best.latents, or from_json), or find them among known ones by match."
        )

    def match(self, x: Any, latents: Latents) -> Latents:
        """The first of some known ``latents`` that stands for the input ``x``, as a batch of one.

        Raises:
            SpaceError: if none does.
        """
        wanted = flat(x)
        for row, made in enumerate(self.decode_latents(latents)):
            if flat(made) == wanted:
                return latents[[row]]
        raise SpaceError(f"none of these {len(latents):,} latents of {self.name} stands for the input.")

    def sample(self, rng: np.random.Generator, n: int) -> list[Any]:
        """A list of ``n`` inputs drawn from the prior."""
        return self.decode_latents(self.latent.sample(rng, n))

    def to_json(self, latents: Latents) -> str:
        """The records of n latents as JSON: for each a list of names with values."""
        self.latent.check(latents)
        return json.dumps(latents.records[:, 0].tolist(), allow_nan=False)

    def from_json(self, text: str) -> Latents:
        """What :meth:`to_json` wrote.

        Raises:
            LatentShapeError: if a record does not fit the function, or the text holds no records.
        """
        try:
            latents = Latents.of_records([record_from_json(record) for record in json.loads(text)])
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise LatentShapeError(
                f"expected a list of records as JSON, each a list of names with numbers: {visible(error, 100)}"
            ) from None
        self.decode_latents(latents)
        return latents

    def render(self, x: Any) -> list[Block]:
        """One input as typed blocks; by default text as it is, and anything else as a table of names and values."""
        if self._render is not None:
            return self._render(x)
        if isinstance(x, str):
            return [TextBlock(x)]
        rows = rows_of(x)
        if len(rows) > _ROWS or not rows or not rows[0][0]:
            return [TextBlock(without_address(str(x)))]
        return [TableBlock(("name", "value"), rows)]

    def distance(self, a: Sequence[Any], b: Sequence[Any]) -> NDArray[np.float64]:
        """Distances of shape (n, m) from 0 to 1: by default the mean difference over all leaves of two inputs."""
        if self._distance is not None:
            return np.asarray(self._distance(a, b), dtype=np.float64)
        return distances(a, b)

    def valid(self, inputs: Sequence[Any]) -> NDArray[np.bool_]:
        """Which of n inputs are valid, bool of shape (n,)."""
        return np.array([self._is_valid(x) for x in inputs], dtype=np.bool_)

    def units(self, x: Latents) -> tuple[str, ...]:
        """The parts of one input, a batch of one latent: its choices, list elements, shuffles and nested variables."""
        return tuple(dict.fromkeys(unit_of(path) for path, _ in self._one(x)))

    def apply(self, x: Latents, units: Sequence[str], masks: NDArray[np.bool_], fill: Latents) -> list[Any]:
        """Copies of one input, in each of which some units are replaced.

        Args:
            x: a batch of one latent.
            units: the k names that ``units(x)`` gave.
            masks: bool of shape (m, k): False where a unit is replaced.
            fill: m latents from which replaced units are taken, or one for all.

        Returns:
            A list of m inputs. What neither gives, where shapes differ, is drawn from the prior, each time the same.
        """
        record, other = self._one(x), self.encode_inputs(fill)
        places = np.zeros(len(masks), dtype=np.intp) if len(other) == 1 else np.arange(len(masks))
        column = {unit: place for place, unit in enumerate(units)}
        made = []
        for mask, filling in zip(masks, other.records[places, 0], strict=True):
            kept = {path: value for path, value in record if mask[column[unit_of(path)]]}
            # The fill gives what the input has no unit for as well, such as the rest of a longer list.
            made.append(self._run(Completion(dict(filling) | kept, np.random.default_rng(0))))
        return made

    def fixed(self) -> FixedShape:
        """The same inputs with a fixed number of genes, where every input has the same choices.

        Any optimiser searches it, such as one for real genes; here the shape is a matter of looking at random inputs.

        Raises:
            SpaceError: if two inputs have different choices; it names one.
        """
        return FixedShape(self)

    def spec(self) -> Spec | None:
        """Where the function is to be imported from; None for one that lives in a script, a shell or a function."""
        if self._spec is not None:
            return dict(self._spec)
        path = import_path(self)
        return None if path is None else {"type": path}

    def __call__(self, draw: Draw) -> Any:
        """The function itself, for use within another one."""
        return self._function(draw)

    def __repr__(self) -> str:
        return f"RecordSpace({self.name})"

    def __setattr__(self, name: str, value: Any) -> None:
        if getattr(self, "_frozen", False):
            raise AttributeError(f"{self!r} cannot be changed after it is made: make another one.")
        object.__setattr__(self, name, value)

    def _run(self, tape: Tape) -> Any:
        try:
            return self._function(Draw(tape))
        except RecursionError:
            raise SpaceError(
                f"{self.name} calls itself too deeply: let each level end with a probability above one half, or pass "
                "the depth on and stop."
            ) from None

    def _one(self, x: Any) -> Record:
        latents = self.encode_inputs(x)
        if len(latents) != 1:
            raise LatentShapeError(f"expected a batch of one latent, but it has {len(latents)}.")
        record: Record = latents.records[0, 0]
        return record

    def _is_valid(self, x: Any) -> bool:
        answer = True if self._valid is None else self._valid(x)
        if not isinstance(answer, bool | np.bool_):
            raise SpaceError(
                f"valid of {self.name} must return True or False for one input, but it returned {shown(answer)}."
            )
        return bool(answer)

    def _feasible(self, latents: Latents) -> NDArray[np.bool_]:
        return self.valid(self.decode_latents(latents))


class _Prior:
    """Runs the function with choices drawn from its domains."""

    def __init__(self, of: RecordSpace) -> None:
        self._space = of

    def sample(self, rng: np.random.Generator, n: int) -> Latents:
        """``n`` records, one after another."""
        return Latents.of_records([self._space.complete({}, rng) for _ in range(n)])

    def log_density(self, latents: Latents) -> NDArray[np.float64]:
        """The sum over the choices of each record, shape (n,)."""
        tapes = (self._space.replay(record, f"record {row}")[1] for row, record in enumerate(latents.records[:, 0]))
        return np.array([tape.log_density() for tape in tapes], dtype=np.float64)


@overload
def space(function: Function, /) -> RecordSpace: ...
@overload
def space(
    *,
    name: str | None = None,
    valid: Callable[[Any], bool] | None = None,
    render: Callable[[Any], list[Block]] | None = None,
    distance: Callable[[Sequence[Any], Sequence[Any]], NDArray[np.float64]] | None = None,
) -> Callable[[Function], RecordSpace]: ...
def space(
    function: Function | None = None,
    /,
    *,
    name: str | None = None,
    valid: Callable[[Any], bool] | None = None,
    render: Callable[[Any], list[Block]] | None = None,
    distance: Callable[[Sequence[Any], Sequence[Any]], NDArray[np.float64]] | None = None,
) -> RecordSpace | Callable[[Function], RecordSpace]:
    """A space of any shape from one function of ``draw``: nested, conditional, of varying length.

    ::

        @fv.space
        def melody(draw):
            note = lambda d: (d.choice("pitch", "CDEFGAB"), d.choice("length", [1, 2, 4]))
            return {"tempo": draw.integer("tempo", 60, 180), "notes": draw.list("note", note, 4, 12)}

    The choices that it draws are recorded under their names; sampling, search, storage, comparison and saliency work on
    the record. The function makes one input and must depend on nothing but ``draw``, which has ``real``, ``uniform``,
    ``log_uniform``, ``integer``, ``choice``, ``boolean``, ``permutation``, ``list``, ``optional``, ``one_of``,
    ``space`` and ``scope``.

    Args:
        function: makes one input.
        name: for people.
        valid: says of one input whether it is valid; ``@fv.space(valid=...)``.
        render: one input as a list of typed blocks.
        distance: of n and m inputs, as an array of shape (n, m).

    Returns:
        The space, in place of the function; with options a decorator that makes it.

    Replaying recorded choices follows MacIver & Donaldson 2020, "Test-case reduction via test-case generation", and
    lightweight probabilistic programs (Wingate et al. 2011).
    """

    def made(described: Function) -> RecordSpace:
        return RecordSpace(described, name=name, valid=valid, render=render, distance=distance)

    return made if function is None else made(function)
