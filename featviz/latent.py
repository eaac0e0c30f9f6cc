"""The latent: what a space declares and an optimiser searches.

A latent has real genes, each standard normal under the prior; categorical genes, each with its own number of options
and prior probabilities; and records, each a list of named choices of any length. Spaces decode latents, optimisers
propose them; neither knows the other. What a space knows of its genes beyond their number (how they depend on each
other, which moves are good, which latents are forbidden) acts on latents and travels with their description.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument, LatentShapeError, SpaceError

__all__ = ["MAX_GENES", "LatentDescription", "Latents", "Move", "Prior", "Record", "record_from_json"]

# 8 bytes a gene: a batch of 20 such latents is 1.6 GB. More is a mistake in a shape, not a search.
MAX_GENES = 10_000_000
_LOG_2PI = float(np.log(2 * np.pi))
# Rounds in a row that found nothing to put in place of forbidden latents before a space is said to be empty. A space of
# which 1 in 1,000 inputs is valid fails here with probability 1e-8 for each latent wanted.
_ROUNDS = 300
_DRAWN_AT_LEAST = 64

# Names and values of the choices of one input, in the order in which they were drawn.
Record = tuple[tuple[str, int | float], ...]


@dataclass(frozen=True, eq=False, slots=True)
class Latents:
    """A batch of n latents.

    Args:
        real: float64 array of shape (n, r): the real genes. Prior: standard normal.
        categorical: int64 array of shape (n, c): the chosen option of each categorical gene.
        records: object array of shape (n, k) of records; none when left out.
    """

    real: NDArray[np.float64]
    categorical: NDArray[np.int64]
    records: NDArray[np.object_] = None  # type: ignore[assignment]  # never None once it is made

    def __post_init__(self) -> None:
        if self.records is None:
            object.__setattr__(self, "records", np.empty((len(self.real), 0), dtype=object))

    @classmethod
    def of_real(cls, real: NDArray[np.float64]) -> "Latents":
        """Latents with real genes only. ``real`` has shape (n, r) and is not copied."""
        return cls(real, np.empty((len(real), 0), dtype=np.int64))

    @classmethod
    def of_records(cls, records: Sequence[Record]) -> "Latents":
        """Latents with one record each and no genes."""
        column = np.empty((len(records), 1), dtype=object)
        column[:, 0] = _objects(records)
        return cls(np.empty((len(records), 0)), np.empty((len(records), 0), dtype=np.int64), column)

    def __len__(self) -> int:
        return len(self.real)

    def __getitem__(self, rows: slice | Sequence[int] | NDArray[Any]) -> "Latents":
        """The latents at ``rows`` (a slice, indices, or a mask), as a batch."""
        if isinstance(rows, tuple):  # which numpy would read as a row and a column
            rows = list(rows)
        return Latents(self.real[rows], self.categorical[rows], self.records[rows])

    def __iter__(self) -> Iterator["Latents"]:
        """Each latent as a batch of one."""
        return (self[i : i + 1] for i in range(len(self)))

    def part(self, real: slice, categorical: slice, records: slice) -> "Latents":
        """The latents of a part of a space: these genes and records of every row, as views."""
        return Latents(self.real[:, real], self.categorical[:, categorical], self.records[:, records])

    def copy(self) -> "Latents":
        """A batch that shares no memory with this one."""
        return Latents(self.real.copy(), self.categorical.copy(), self.records.copy())

    def freeze(self) -> None:
        """Let nobody write to the arrays any more."""
        for array in (self.real, self.categorical, self.records):
            array.flags.writeable = False

    def digest(self) -> bytes:
        """16 bytes that differ when any gene differs in any bit, or any record in any choice."""
        h = hashlib.blake2b(digest_size=16)
        h.update(np.array([self.real.shape, self.categorical.shape], dtype="<i8").tobytes())
        h.update(np.ascontiguousarray(self.real, dtype="<f8").data)
        h.update(np.ascontiguousarray(self.categorical, dtype="<i8").data)
        if self.records.shape[1]:
            h.update(self.records_as_json().encode())
        return h.digest()

    def keys(self) -> list[bytes]:
        """For each latent the bytes of its genes and records: equal for equal latents."""
        real = np.ascontiguousarray(self.real + 0.0)  # so that -0.0 equals 0.0
        chosen = np.ascontiguousarray(self.categorical)
        keys = [r.tobytes() + c.tobytes() for r, c in zip(real, chosen, strict=True)]
        if self.records.shape[1]:
            keys = [key + repr(tuple(row)).encode() for key, row in zip(keys, self.records, strict=True)]
        return keys

    def records_as_json(self) -> str:
        """The records as JSON, a list for each row. Floats keep every bit."""
        return json.dumps(self.records.tolist(), allow_nan=False, separators=(",", ":"))

    @staticmethod
    def concatenate(batches: Sequence["Latents"]) -> "Latents":
        """One batch from several."""
        return Latents(
            np.concatenate([b.real for b in batches]),
            np.concatenate([b.categorical for b in batches]),
            np.concatenate([b.records for b in batches]),
        )

    @staticmethod
    def beside(parts: Sequence["Latents"]) -> "Latents":
        """The latents of a whole from those of its parts: the genes of all parts in each row."""
        return Latents(
            np.hstack([p.real for p in parts]),
            np.hstack([p.categorical for p in parts]),
            np.hstack([p.records for p in parts]),
        )


class Prior(Protocol):
    """The joint prior of genes that depend on each other, or of records.

    Each real gene must still be standard normal on its own, and each categorical gene have its own probabilities: that
    is the scale that optimisers rely on.
    """

    def sample(self, rng: np.random.Generator, n: int) -> Latents:
        """``n`` latents."""

    def log_density(self, latents: Latents) -> NDArray[np.float64]:
        """The log density (real genes) plus log probability (the rest) of each latent; shape (n,)."""


@dataclass(frozen=True, eq=False)
class Move:
    """A search operator that a space knows to be good, such as the shift of a block of tokens.

    Args:
        name: for people, such as ``"block shift"``.
        propose: called with n parents, n mates (other good latents, to borrow from) and a generator; gives n children,
            new arrays in which each row differs little from its parent. It changes neither argument.
        weight: how often it is tried, relative to 1 for a plain change of one gene.
    """

    name: str
    propose: Callable[[Latents, Latents, np.random.Generator], Latents]
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class LatentDescription:
    """The kinds and numbers of genes of a space, with their prior and what else is known of them.

    Args:
        real: number of real genes, each with a standard-normal prior.
        options: for each categorical gene, its number of options (at least 2).
        probabilities: for each categorical gene, the prior probabilities of its options; uniform when left out.
        records: number of records. They need a ``prior``, and ``moves``: nothing else can draw or change them.
        prior: the joint prior, where genes depend on each other; None when they do not.
        moves: search operators for these genes.
        feasible: which of n latents stand for valid inputs, bool of shape (n,); None when all do.
        canonical: the latents with what plays no part in what they decode to (genes of an option that was not chosen
            or behind the end of a list; where within its step the gene of a whole number lies) set to fixed values, as
            new arrays: equal inputs get equal latents. None when all of every gene always plays a part.
        settled: latents of nearly the same inputs whose genes lie no further out than they have to, as new arrays,
            where a decoder has limits (black and white) beyond which steps of genes change nothing. None when it has
            none.
        stages: real genes to search first, second and so on, coarse ones before fine ones: arrays of their places, each
            of which holds the one before, the last all of them. Empty when no gene comes before another.
        scales: for each real gene how coarse it is, above 0: of a frequency its wave length, relative to the longest;
            float64 (r,). An optimiser with few evaluations expects less of fine genes. None when nothing is known.
        stepwise: whether a small step of a real gene often changes nothing (whole numbers; columns of a table, which
            models cut in steps), so that a search that follows slopes is the wrong one.
    """

    real: int
    options: tuple[int, ...] = ()
    probabilities: tuple[NDArray[np.float64], ...] = field(default=())
    records: int = 0
    prior: Prior | None = None
    moves: tuple[Move, ...] = ()
    feasible: Callable[[Latents], NDArray[np.bool_]] | None = None
    canonical: Callable[[Latents], Latents] | None = None
    settled: Callable[[Latents], Latents] | None = None
    stages: tuple[NDArray[np.intp], ...] = ()
    stepwise: bool = False
    scales: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        total = self.real + len(self.options) + self.records
        if self.real < 0 or self.records < 0 or total < 1:
            raise InvalidArgument("a latent needs at least one gene.")
        if total > MAX_GENES:
            raise InvalidArgument(f"a latent may have {MAX_GENES:,} genes at most, but {total:,} were asked for.")
        if any(not 2 <= count <= MAX_GENES for count in set(self.options)):
            raise InvalidArgument(f"a categorical gene needs from 2 to {MAX_GENES:,} options.")
        if self.records and (self.prior is None or not self.moves):
            raise InvalidArgument("a latent with records needs a prior that draws them and moves that change them.")
        if self.stages and (len(self.stages[-1]) != self.real or any(not len(stage) for stage in self.stages)):
            raise InvalidArgument("each stage needs real genes, and the last one all of them.")
        if self.scales is not None:
            _check_scales(self.scales, self.real)
        if not self.probabilities:
            uniform = {count: np.full(count, 1.0 / count) for count in set(self.options)}
            object.__setattr__(self, "probabilities", tuple(uniform[count] for count in self.options))
        if len(self.probabilities) != len(self.options):
            raise InvalidArgument(
                "prior probabilities must be given for every categorical gene or for none, "
                f"but {len(self.probabilities)} came for {len(self.options)} genes."
            )
        checked: set[tuple[int, int]] = set()
        for count, p in zip(self.options, self.probabilities, strict=True):
            if (count, id(p)) in checked:  # the positions of a text share one array
                continue
            checked.add((count, id(p)))
            # Written so that NaN fails.
            if p.shape != (count,) or not (p >= 0).all() or not abs(float(p.sum()) - 1) <= 1e-9:
                raise InvalidArgument("prior probabilities must be one non-negative number an option, with sum 1.")

    @property
    def genes(self) -> int:
        """The number of genes of both kinds and of records."""
        return self.real + len(self.options) + self.records

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of genes that occur: of "real", "categorical" and "records"."""
        counts = (("real", self.real), ("categorical", len(self.options)), ("records", self.records))
        return frozenset(kind for kind, count in counts if count)

    def sample(self, rng: np.random.Generator, n: int) -> Latents:
        """``n`` latents drawn from the prior, all of them feasible.

        Raises:
            SpaceError: when hardly any latent is feasible.
        """
        drawn = self._draw(rng, n)
        if self.feasible is None or not n:
            return drawn
        found = [drawn[self.feasible(drawn)]]
        seen, missing, fruitless = n, n - len(found[0]), 0
        while missing:
            if fruitless == _ROUNDS:
                raise SpaceError(
                    f"of {seen:,} random inputs of this space, {n - missing:,} are valid: its constraints leave next "
                    "to nothing. Loosen them, or narrow the ranges to where they hold."
                )
            more = self._draw(rng, max(missing, _DRAWN_AT_LEAST))
            seen += len(more)
            found.append(more[self.feasible(more)][:missing])
            missing -= len(found[-1])
            fruitless = 0 if len(found[-1]) else fruitless + 1
        return Latents.concatenate(found)

    def log_prior(self, latents: Latents) -> NDArray[np.float64]:
        """The log density (real genes) plus log probability (the rest) of each latent; shape (n,).

        Where some latents are infeasible it is the density before they were ruled out.
        """
        self.check(latents)
        if self.prior is not None:
            return self.prior.log_density(latents)
        total: NDArray[np.float64] = -0.5 * (np.einsum("ij,ij->i", latents.real, latents.real) + self.real * _LOG_2PI)
        for gene, p in enumerate(self.probabilities):
            with np.errstate(divide="ignore"):
                total += np.log(p)[latents.categorical[:, gene]]
        return total

    def check(self, latents: Latents) -> None:
        """Raise :class:`LatentShapeError` unless ``latents`` fit this description."""
        want = (self.real, len(self.options), self.records)
        real, categorical, records = latents.real, latents.categorical, latents.records
        if real.ndim != 2 or categorical.ndim != 2 or records.ndim != 2:
            raise LatentShapeError(f"expected two axes, but latents have shapes {real.shape} and {categorical.shape}.")
        if (real.shape[1], categorical.shape[1], records.shape[1]) != want:
            with_records = want[2] or records.shape[1]
            wanted = f" and {want[2]} records" if with_records else ""
            found = f"{real.shape}, {categorical.shape} and {records.shape}"
            raise LatentShapeError(
                f"expected latents of {want[0]} real and {want[1]} categorical genes{wanted} a row, "
                f"but they have shapes {found if with_records else f'{real.shape} and {categorical.shape}'}."
            )
        if not len(real) == len(categorical) == len(records):
            raise LatentShapeError(
                f"{len(real)} rows of real genes came with {len(categorical)} of categorical ones"
                f"{f' and {len(records)} of records' if want[2] else ''}."
            )
        if want[1] and len(latents):
            low, high = categorical.min(axis=0), categorical.max(axis=0)
            if (low < 0).any() or (high >= self._options).any():
                raise LatentShapeError("a categorical gene holds an option that does not exist.")

    @cached_property
    def _options(self) -> NDArray[np.int64]:
        return np.array(self.options, dtype=np.int64)

    @cached_property
    def _tables(self) -> list[tuple[NDArray[np.float64], NDArray[np.intp]]]:
        """Each distinct table of cumulated probabilities, and the genes that have it: drawn at once."""
        genes: dict[bytes, list[int]] = {}
        tables: dict[bytes, NDArray[np.float64]] = {}
        for gene, p in enumerate(self.probabilities):
            genes.setdefault(p.tobytes(), []).append(gene)
            tables[p.tobytes()] = p
        # Divided by the last sum, which may round to just under 1: so no draw, always below 1, falls behind the last
        # option that has a probability.
        cumulated = {key: np.cumsum(p) / np.cumsum(p)[-1] for key, p in tables.items()}
        return [(cumulated[key], np.array(places)) for key, places in genes.items()]

    def _draw(self, rng: np.random.Generator, n: int) -> Latents:
        if self.prior is not None:
            return self.prior.sample(rng, n)
        real = rng.standard_normal((n, self.real))
        categorical = np.empty((n, len(self.options)), dtype=np.int64)
        for cumulated, genes in self._tables:
            categorical[:, genes] = np.searchsorted(cumulated, rng.random((n, len(genes))), side="right")
        return Latents(real, categorical)


def record_from_json(value: Any) -> Record:
    """One record as ``json.loads`` gives it back.

    Raises:
        ValueError: when it is not a list of names with finite numbers.
    """
    record = tuple((name, number) for name, number in value)
    for name, number in record:
        if not isinstance(name, str) or type(number) not in (int, float) or not math.isfinite(number):
            raise ValueError("a record must be a list of names with numbers")
    return record


def _check_scales(scales: NDArray[np.float64], real: int) -> None:
    # Written so that NaN fails.
    if scales.shape != (real,) or not ((scales > 0) & (scales < np.inf)).all():
        raise InvalidArgument("scales must be one finite number above 0 for each real gene.")


def _objects(records: Sequence[Record]) -> NDArray[np.object_]:
    # numpy would take tuples of tuples for further axes.
    column = np.empty(len(records), dtype=object)
    for row, record in enumerate(records):
        column[row] = record
    return column
