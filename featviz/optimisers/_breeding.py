"""What the genetic optimisers share: batches of new, feasible children, and what is remembered of them."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, RunDamaged
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._credit import Credit
from featviz.optimisers._evolution import start_point
from featviz.optimisers._seen import Seen, hashes
from featviz.optimisers._stored import stored_array
from featviz.optimisers._variation import Variation
from featviz.random import Streams

__all__ = ["Breeding", "Told"]

Array = NDArray[np.float64]

# Latents that are not asked for again: 2 MB of a stored state at most.
_REMEMBERED = 1 << 18
# Rows that were asked for and never told are forgotten beyond so many.
_OUTSTANDING = 1 << 14
# Rounds of making other children in place of those that are known or forbidden, and then of drawing from the prior,
# before latents are asked for again.
_ROUNDS, _LAST_ROUNDS = 8, 4
# Of children by crossover, those that are changed in a gene as well.
_ALSO_CHANGED = 0.3
# The operator of rows that were drawn from the prior, or came from elsewhere.
_NONE = -1
# The part of the proposals that is drawn from the prior while all scores are equal. Not all: what is rare in the prior
# is found by changes.
_ESCAPE_OF_FLAT = 0.75
# Of the chances of an operator, the part that stays; and the trials after which achievements have faded to 1/e.
_FLOOR, _MEMORY = 0.5, 400.0
_SMALLEST_STEP, _LARGEST_STEP = 1e-12, 1.0


class _Children(NamedTuple):
    """Proposals: rows, the operator that made each, and the score of its parent (NaN where it had none)."""

    latents: Latents
    operators: NDArray[np.int64]
    parents: Array

    def at(self, rows: Any) -> "_Children":
        return _Children(self.latents[rows], self.operators[rows], self.parents[rows])

    @staticmethod
    def join(parts: list["_Children"]) -> "_Children":
        if len(parts) == 1:
            return parts[0]
        return _Children(
            Latents.concatenate([part.latents for part in parts]),
            np.concatenate([part.operators for part in parts]),
            np.concatenate([part.parents for part in parts]),
        )


class Told(NamedTuple):
    """What is known of latents that are told.

    Args:
        hashes: uint64 (n,), equal for latents of equal inputs.
        operators: int64 (n,): what made each.
        parents: float64 (n,): the score of its parent; NaN where it had none.
    """

    hashes: NDArray[np.uint64]
    operators: NDArray[np.int64]
    parents: Array


class Breeding(ABC):
    """The proposals of a genetic optimiser: children of its parents, and draws from the prior.

    A sub-class keeps the parents, draws who breeds with whom, and says which children were a success. Nothing that was
    evaluated is asked for again while there is something else, and no latent that the space forbids.

    Args:
        latent: genes of any kind.
        seed: 0 to 2**64 - 1.
        budget: evaluations to plan for; checked, and not used.
        start: a batch of one latent to begin at: it is the first one asked for, and half of the first population are
            variations of it.
        population: rows of the first population, drawn from the prior.
        batch_size: rows preferred at a time.
        escape: the part of the proposals that are fresh draws from the prior, from 0 to 1.
        stream: separates these random numbers from what else is drawn under the same seed.
    """

    name: ClassVar[str]
    accepts: ClassVar[frozenset[str]] = frozenset({"real", "categorical", "records"})
    replays: ClassVar[bool] = False
    # Says so to the contract, which then checks it.
    asks_feasible: ClassVar[bool] = True

    def __init__(
        self,
        latent: LatentDescription,
        seed: int,
        budget: int | None,
        start: Latents | None,
        *,
        population: int,
        batch_size: int,
        escape: float,
        stream: int,
    ) -> None:
        if budget is not None:
            checks.integer("budget", budget, 1)
        start_point(latent, start)
        self._start = None if start is None else start.copy()
        self._latent = latent
        self._population = population
        self._batch_size = checks.integer("batch_size", batch_size, 1)
        self._escape = checks.finite("escape", escape, 0.0, 1.0)
        self._variation = Variation(latent)
        self._credit = Credit(self._variation.weights, _FLOOR, _MEMORY)
        self._streams = Streams(checks.seed(seed), stream)
        self._seen = Seen(_REMEMBERED)
        self._asks = 0
        self._tells = 0
        # How many rows of the first population are still to be drawn.
        self._design = self._population
        # Of rows asked for and not yet told, by hash: the operator, and its parent's score.
        self._out: dict[int, tuple[int, float]] = {}

    @property
    def batch_size(self) -> int:
        """The number of latents that it prefers to be asked for at a time; any will do."""
        return self._batch_size

    def ask(self, n: int) -> Latents:
        """``n`` latents, distinct and new wherever that is possible, all of them feasible."""
        n = checks.integer("n", n, 1)
        rng = self._streams.at(self._asks)
        parts: list[Latents] = []
        mine: dict[int, tuple[int, float]] = {}
        if self._asks == 0 and self._start is not None and self._is_feasible(self._start)[0]:
            parts.append(self._start.copy())
            mine[self._hashes(self._start)[0]] = (_NONE, np.nan)
            self._design -= 1
        self._asks += 1
        if (again := self._again(n - len(parts))) is not None:
            parts.append(again)
            mine.update(dict.fromkeys(self._hashes(again), (_NONE, np.nan)))
        missing = n - sum(map(len, parts))
        for round_ in range(_ROUNDS + _LAST_ROUNDS):
            if not missing:
                break
            # In the end nearly everything within reach of the parents is known.
            children = self._children(rng, missing) if round_ < _ROUNDS else self._drawn(rng, 2 * missing + 10)
            parts.append(self._new(children, missing, mine))
            missing -= len(parts[-1])
        if missing:
            drawn = self._latent.sample(rng, missing)
            mine.update((key, (_NONE, np.nan)) for key in self._hashes(drawn) if key not in mine)
            parts.append(drawn)
        self._seen.add(list(mine))
        self._out.update(mine)
        if len(self._out) > max(_OUTSTANDING, 2 * n):
            self._out = dict(list(self._out.items())[-len(self._out) // 2 :])
        return Latents.concatenate(parts)

    def state_dict(self) -> dict[str, Any]:
        """The parents, the hashes of what was evaluated, the rows that are out, and what the operators achieved."""
        return {
            "asks": self._asks,
            "tells": self._tells,
            "design": self._design,
            "step": self._variation.step,
            "seen": self._seen.stored(),
            "out": np.array(list(self._out), dtype=np.uint64),
            "out_operators": np.array([operator for operator, _ in self._out.values()], dtype=np.int64),
            "out_parents": np.array([parent for _, parent in self._out.values()], dtype=np.float64),
            "trials": self._credit.trials.copy(),
            "successes": self._credit.successes.copy(),
            **self._parents_state(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where ``state_dict`` was taken, on an object made with the same arguments.

        Raises:
            RunDamaged: the state is not one of such an object.
        """
        try:
            asks, tells, design = (int(state[key]) for key in ("asks", "tells", "design"))
            step = float(state["step"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise RunDamaged(f"this is not a state of the optimiser {self.name!r}.") from None
        if min(asks, tells, design) < 0 or not _SMALLEST_STEP <= step <= _LARGEST_STEP:
            raise RunDamaged(f"the state of the optimiser {self.name!r} holds numbers that cannot be.")
        seen = stored_array(state, "seen", np.uint64)
        out = stored_array(state, "out", np.uint64)
        operators = stored_array(state, "out_operators", np.int64, out.shape)
        parents = stored_array(state, "out_parents", np.float64, out.shape)
        k = (len(self._variation.weights),)
        trials, successes = (stored_array(state, key, np.float64, k) for key in ("trials", "successes"))
        self._restore_parents(state)
        self._asks, self._tells, self._design, self._variation.step = asks, tells, design, step
        self._seen.restore(seen)
        self._out = dict(zip(out.tolist(), zip(operators.tolist(), parents.tolist(), strict=True), strict=True))
        self._credit.trials, self._credit.successes = trials, successes

    # -- for sub-classes -----------------------------------------------------------------------------------------

    def _take_back(self, latents: Latents) -> Told:
        """Check latents that are told, and look up how they came about; they will not be asked for again.

        Raises:
            LatentShapeError: the latents are of another space.
            InvalidArgument: latents that are not finite, or records that are none.
        """
        self._latent.check(latents)
        if not np.isfinite(latents.real).all():
            raise InvalidArgument("the latents told must be finite, but they hold NaN or infinity.")
        if not all(isinstance(record, tuple) for record in latents.records.flat):
            raise InvalidArgument("the records told must be tuples of names with numbers, but one is something else.")
        keys = self._hashes(latents)
        self._seen.add(sorted(keys))
        made = [self._out.pop(key, (_NONE, np.nan)) for key in keys]
        return Told(
            np.array(keys, dtype=np.uint64),
            np.array([operator for operator, _ in made], dtype=np.int64),
            np.array([parent for _, parent in made], dtype=np.float64),
        )

    def _learn_operators(self, operators: NDArray[np.int64], better: NDArray[np.bool_], wanted: float) -> None:
        """Try more often what made successes, and make steps such that ``wanted`` of them succeed."""
        own = operators != _NONE
        self._credit.learn(operators[own], better[own])
        stepped = operators == self._variation.step_operator
        # The success rule (Rechenberg 1973), a little after each step.
        growth = math.exp(0.1 * (np.count_nonzero(stepped & better) - wanted * np.count_nonzero(stepped)))
        self._variation.step = min(max(self._variation.step * growth, _SMALLEST_STEP), _LARGEST_STEP)

    @abstractmethod
    def _parents(self) -> int:
        """How many parents there are."""

    @abstractmethod
    def _pairs(self, rng: np.random.Generator, n: int) -> tuple[Latents, Latents, Array]:
        """``n`` parents, as many mates, and the scores of the parents (NaN where they are not needed)."""

    def _is_flat(self) -> bool:
        """Whether all scores so far are equal, so that no parent is better than what the prior draws."""
        return False

    def _again(self, n: int) -> Latents | None:  # noqa: ARG002  the default asks for nothing again
        """At most ``n`` latents that were told already and whose scores are to be learnt better; None for none."""
        return None

    @abstractmethod
    def _parents_state(self) -> dict[str, Any]:
        """Copies of the parents, as arrays and text."""

    @abstractmethod
    def _restore_parents(self, state: Mapping[str, Any]) -> None:
        """Take back what ``_parents_state`` gave."""

    # -- inside --------------------------------------------------------------------------------------------------

    def _hashes(self, latents: Latents) -> list[int]:
        """Equal for latents of equal inputs, as far as the space can tell them."""
        same = self._latent.canonical
        return hashes(latents if same is None else same(latents))

    def _is_feasible(self, latents: Latents) -> NDArray[np.bool_]:
        if self._latent.feasible is None:
            return np.ones(len(latents), dtype=np.bool_)
        return self._latent.feasible(latents)

    def _new(self, children: _Children, most: int, mine: dict[int, tuple[int, float]]) -> Latents:
        """The first ``most`` of ``children`` that are feasible and were never asked for; ``mine`` is added to."""
        if self._latent.canonical is not None:
            children = children._replace(latents=self._latent.canonical(children.latents))
        if self._latent.feasible is not None:
            children = children.at(self._is_feasible(children.latents))
        operators, parents = children.operators.tolist(), children.parents.tolist()
        fresh: list[int] = []
        for row, key in enumerate(hashes(children.latents)):
            if key not in self._seen and key not in mine:
                mine[key] = (operators[row], parents[row])
                fresh.append(row)
                if len(fresh) == most:
                    break
        return children.latents[fresh]

    def _children(self, rng: np.random.Generator, n: int) -> _Children:
        """At least ``n`` proposals in random order, which may be known or forbidden."""
        m = self._parents()
        design = min(n, self._design)
        self._design -= design
        # As long as few rows have a score, many more are drawn from the prior.
        share = max(self._escape, 0.5 * (1 - m / self._population)) if m else 1.0
        if self._start is None and self._is_flat():
            share = max(share, _ESCAPE_OF_FLAT)
        if design == n or share == 1.0:
            return self._drawn(rng, n)
        # Some to spare: a second round for a few that were known costs as much as the first.
        total = n - design + n // 4 + 1
        drawn = int(rng.binomial(total, share))
        made = [self._drawn(rng, design + drawn)] if design + drawn else []
        left = total - drawn
        parents, mates, scores = self._pairs(rng, left)
        counts = rng.multinomial(left, self._credit.probabilities())
        ends = np.cumsum(counts).tolist()
        for operator in np.flatnonzero(counts).tolist():
            rows = slice(ends[operator] - int(counts[operator]), ends[operator])
            children = self._varied(operator, parents[rows], mates[rows], rng)
            made.append(_Children(children, np.full(len(children), operator), scores[rows]))
        return _Children.join(made).at(rng.permutation(design + total))

    def _drawn(self, rng: np.random.Generator, n: int) -> _Children:
        """``n`` rows from the prior; half of them crossed with ``start`` in the first population."""
        drawn = self._latent.sample(rng, n)
        near = n // 2
        if self._start is not None and not self._parents() and near:
            starts = self._start[np.zeros(near, dtype=np.int64)]
            operators = rng.integers(len(self._variation.weights), size=near)
            parts = [
                self._varied(int(k), starts[rows], drawn[:near][rows], rng)
                for k in np.unique(operators)
                for rows in [np.flatnonzero(operators == k)]
            ]
            drawn = Latents.concatenate([*parts, drawn[near:]])
        return _Children(drawn, np.full(n, _NONE), np.full(n, np.nan))

    def _varied(self, operator: int, parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
        children = self._variation.apply(operator, parents, mates, rng)
        if self._variation.crosses[operator]:
            also = np.flatnonzero(rng.random(len(children)) < _ALSO_CHANGED)
            children = self._variation.changed(children, also, rng)
        return children
