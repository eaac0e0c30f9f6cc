"""What the wrapped libraries share: rows matched to what was asked, and a state that is a history."""

import hashlib
from abc import ABC, abstractmethod
from array import array
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import (
    FeatvizError,
    InvalidArgument,
    MissingDependency,
    OptimiserError,
    ReplayDivergence,
    RunDamaged,
)
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._evolution import default_population, start_point
from featviz.optimisers._foreign_calls import ForeignCalls
from featviz.optimisers._scores import Losses, checked_scores
from featviz.optimisers._stored import stored_array
from featviz.text import first_line

__all__ = ["ReplayingOptimiser"]

Array = NDArray[np.float64]

_ADVICE = "optimiser='sep-cma' works at every number of genes and every batch size."


class ReplayingOptimiser(ABC):
    """A wrapped library over real genes: minimised losses inside, scores outside.

    Its state is what it was asked and told, in order: the numbers of rows asked for, which of them were told, and their
    scores. ``load_state_dict`` asks and tells it all again, and compares a digest of the rows. That history takes
    16 bytes an evaluation and 16 a batch, whatever the number of genes; only rows that the library never asked for are
    kept whole.

    Args:
        latent: the description of the genes; real ones only.
        seed: 0 to 2**64 - 1.
        budget: evaluations that the library may plan for.
        start: a batch of one latent to begin at; the mean of the prior when left out.
        batch_size: rows asked for at a time; default 4 + floor(3 ln genes).
    """

    name: ClassVar[str]
    accepts: ClassVar[frozenset[str]] = frozenset({"real"})
    replays: ClassVar[bool] = True
    # The library's logger, kept quiet during calls.
    _logger: ClassVar[str]

    def __init__(
        self,
        latent: LatentDescription,
        seed: int = 0,
        budget: int | None = None,
        start: Latents | None = None,
        *,
        batch_size: int | None = None,
    ) -> None:
        if latent.real < 1 or latent.options:
            raise InvalidArgument(f"{self.name} searches real genes only; make_optimiser picks one that fits.")
        self._latent = latent
        self._genes = latent.real
        self._budget = None if budget is None else checks.integer("budget", budget, 1)
        self._start = start_point(latent, start)
        self._has_start = start is not None
        default = default_population(latent.real)
        self._batch_size = default if batch_size is None else checks.integer("batch_size", batch_size, 1)
        # The libraries take 32-bit seeds.
        seed = checks.seed(seed)
        self._seed = int(np.random.SeedSequence([seed & 0xFFFFFFFF, seed >> 32]).generate_state(1)[0])
        self._begin()

    @property
    def batch_size(self) -> int:
        """The number of latents that it prefers to be asked for at a time."""
        return self._batch_size

    def ask(self, n: int) -> Latents:
        """``n`` latents from the library.

        Raises:
            OptimiserError: the library failed.
        """
        n = checks.integer("n", n, 1)
        with self._calling("ask"):
            rows, handles = self._ask(n)
            rows = np.ascontiguousarray(rows, dtype=np.float64)
            if rows.shape != (n, self._genes) or not np.isfinite(rows).all():
                raise OptimiserError("it proposed latents that are not finite")
        for row, handle in zip(rows, handles, strict=True):
            self._open.setdefault(row.tobytes(), deque()).append((self._asked, handle))
            self._asked += 1
        self._digest.update(rows.data)
        self._events.append(n)
        return Latents.of_real(rows)

    def tell(self, latents: Latents, scores: NDArray[np.float64]) -> None:
        """Tell the library the scores, shape (n,), in any order; NaN and -inf become a loss worse than all others.

        Rows that it never asked for are passed on where the library can learn from them.

        Raises:
            OptimiserError: the library failed.
        """
        self._latent.check(latents)
        scores = checked_scores(scores, len(latents))
        if len(scores) == 0:
            return
        rows = np.array(latents.real, dtype=np.float64)
        if not np.isfinite(rows).all():
            raise InvalidArgument("the latents told must be finite, but they hold NaN or infinity.")
        found = [self._take_open(row.tobytes()) for row in rows]
        indices = np.array([index for index, _ in found], dtype=np.int64)
        # Told in the order asked, foreign rows last: several libraries learn something else from another order.
        order = np.argsort(np.where(indices < 0, self._asked, indices), kind="stable")
        rows, scores, indices = rows[order], scores[order], indices[order]
        with self._calling("tell"):
            self._tell(rows, [found[i][1] for i in order.tolist()], self._losses.of(scores))
        self._events.append(-len(scores))
        self._told.frombytes(indices.tobytes())
        self._scores.frombytes(scores.tobytes())
        if indices[-1] < 0:
            self._foreign.append(rows[indices < 0])

    def state_dict(self) -> dict[str, Any]:
        """The history: ``events`` (n for an ask, -n for a tell), rows told (by number, -1 foreign), their scores."""
        return {
            "events": np.array(self._events, dtype=np.int64),
            "told": np.array(self._told, dtype=np.int64),
            "scores": np.array(self._scores, dtype=np.float64),
            "foreign": np.concatenate([np.empty((0, self._genes)), *self._foreign]),
            "digest": self._digest.hexdigest(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Ask and tell the whole history again, on an object made with the same arguments.

        Raises:
            RunDamaged: the state is not one of such an object.
            ReplayDivergence: the library asked for other rows than the first time.
        """
        events = [int(e) for e in stored_array(state, "events", np.float64)]
        told = stored_array(state, "told", np.float64).astype(np.int64)
        scores = stored_array(state, "scores", np.float64, told.shape)
        foreign = stored_array(state, "foreign", np.float64, (int((told < 0).sum()), self._genes))
        if sum(-e for e in events if e < 0) != len(told) or (told >= sum(e for e in events if e > 0)).any():
            raise RunDamaged(f"the state of the optimiser {self.name!r} contradicts itself.")
        self._begin()
        rows: dict[int, Array] = {}
        outside = iter(foreign)
        done = 0
        for event in events:
            if event > 0:
                first = self._asked
                asked = self.ask(event).real
                rows.update((first + i, row) for i, row in enumerate(asked))
                continue
            now = slice(done, done - event)
            done -= event
            batch = [next(outside) if i < 0 else rows.pop(i, None) for i in told[now].tolist()]
            if any(row is None for row in batch):
                raise RunDamaged(f"the state of the optimiser {self.name!r} tells a row before it was asked for.")
            self.tell(Latents.of_real(np.array(batch)), scores[now])
        if self._digest.hexdigest() != state.get("digest"):
            raise ReplayDivergence(
                f"the optimiser {self.name!r} asked for other latents than it did the first time. "
                "Is another version of its library installed now?"
            )

    def _begin(self) -> None:
        self._calls = ForeignCalls(self._seed, self._logger)
        self._losses = Losses()
        self._asked = 0
        # Rows asked for and not told yet, by their bytes: their number and the library's own object.
        self._open: dict[bytes, deque[tuple[int, Any]]] = {}
        # Flat, since a small array costs a hundred bytes however little it holds.
        self._events = array("q")
        self._told = array("q")
        self._scores = array("d")
        self._foreign: list[Array] = []
        self._digest = hashlib.blake2b(digest_size=16)
        with self._calling("import"):
            self._library = self._load()
        with self._calling("start"):
            self._make()

    def _take_open(self, key: bytes) -> tuple[int, Any]:
        queue = self._open.get(key)
        if not queue:
            return -1, None
        found = queue.popleft()
        if not queue:
            del self._open[key]
        return found

    @contextmanager
    def _calling(self, what: str) -> Iterator[None]:
        try:
            with self._calls.running():
                yield
        except OptimiserError as error:
            raise OptimiserError(f"{self._label()} cannot be used: {error}. {_ADVICE}") from error
        except FeatvizError:
            raise
        except ImportError as error:
            raise MissingDependency(
                f"{self._label()} needs a package that is not installed: {_sentence(error)} "
                "Install it, or use optimiser='sep-cma'."
            ) from error
        except Exception as error:
            raise OptimiserError(
                f"{self._label()} failed in {what} ({self._genes:,} genes, batch {self._batch_size}): "
                f"{_sentence(error)} {_ADVICE}"
            ) from error

    def _label(self) -> str:
        return self.name

    @abstractmethod
    def _load(self) -> Any:
        """Import the library."""

    @abstractmethod
    def _make(self) -> None:
        """Build the library's optimiser."""

    @abstractmethod
    def _ask(self, n: int) -> tuple[Array, Sequence[Any]]:
        """Rows of shape (n, genes), and for each the object that the library wants to be told."""

    @abstractmethod
    def _tell(self, rows: Array, handles: Sequence[Any], losses: Array) -> None:
        """Tell the library finite losses, shape (n,). The handle of a foreign row is None."""


def _sentence(error: Exception) -> str:
    return first_line(error).rstrip(".") + "."
