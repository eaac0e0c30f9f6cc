"""``TabularSpace``: rows of a table, as data frames."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.blocks import Block, TableBlock
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.latent import LatentDescription, Latents, Move, Prior
from featviz.protocols import Spec
from featviz.search_spaces.base import Space
from featviz.search_spaces.specs import part_from_spec
from featviz.search_spaces.tables.columns import Column, value_text
from featviz.search_spaces.tables.constraints import constraints_of, refuse_impossible
from featviz.search_spaces.tables.copula import Copula, matrix_of
from featviz.search_spaces.tables.frames import check_columns, exchanged, frame_of, gower, require_pandas
from featviz.search_spaces.tables.frozen import Frozen
from featviz.search_spaces.tables.inference import check_names, narrowed, schema_of
from featviz.search_spaces.tables.moves import moves_of
from featviz.search_spaces.tables.reference import (
    as_mapping,
    check_reference,
    check_whole,
    differences,
    in_order,
    reference_and_frozen,
    row_values,
)
from featviz.search_spaces.tables.written import spec_of
from featviz.text import shown, visible

__all__ = ["TabularSpace"]


class TabularSpace(Space):
    """Rows of a table. A batch is a ``pandas.DataFrame`` of n rows with the declared columns, of their types, in order.

    Args:
        columns: a variable of a single value for each column, by name: ``fv.Uniform``, ``fv.LogUniform``,
            ``fv.Integer``, ``fv.Quantiles``, ``fv.Rounded`` (numbers), ``fv.Choice`` (categories), ``fv.Ordered``
            (categories with an order), ``fv.Boolean``, ``fv.Date``, or any of them in ``fv.Nullable``, which may be
            missing.
        constraints: what must hold in each row: text such as ``"low <= high"``, ``"a + b <= 10"``,
            ``"city in ['Bonn', 'Rome'] or age > 30"`` (in backticks: names with spaces, and words of Python), or
            functions of a data frame such as ``lambda rows: rows.low <= rows.high``. Text that involves a missing value
            holds.
        frozen: columns that have one value throughout, by name; or a list of names, for the values of ``reference``.
        reference: one row (a dict, a Series or a frame of one row) from which a search departs: what differs is marked,
            and there is a move that sets columns back. A column left out is missing.
        monotone: for columns that may only rise or fall from the reference: ``{"age": "increasing"}``. A tenth of the
            prior of such a column of quantiles stays at the reference's value.
        dtypes: types of columns as pandas calls them, where not what suits the variable: float64 for numbers, int64 for
            ``Integer``, category for text options, bool, datetime64[us]; Int64, boolean or float64 where values may be
            missing.
        order: the names of all columns in their order; by default that of ``columns``, then other frozen ones.
        correlation: how columns depend on each other: the correlations of the normal numbers behind the genes, a
            square matrix (or its rows up to the diagonal), of the real genes (numbers, ordered categories, dates)
            first, then of the categorical ones (categories, truth values, gaps). None: not at all.

    One gene, or two where values may be missing, stands for a column, so that a change of one gene changes one column.

    Raises:
        MissingDependency: without pandas.
        InvalidArgument, WrongType: if a column, a type, a constraint or another argument makes no sense.
        SpaceError: if the reference is not a row of this space, or hardly any row meets the constraints.
    """

    stepwise = True

    def __init__(
        self,
        columns: Mapping[str, Any],
        *,
        constraints: Any = (),
        frozen: Mapping[str, Any] | Sequence[str] | None = None,
        reference: Any = None,
        monotone: Mapping[str, str] | None = None,
        dtypes: Mapping[str, Any] | None = None,
        order: Sequence[str] | None = None,
        correlation: Any = None,
    ) -> None:
        require_pandas()
        if not isinstance(columns, Mapping):
            raise WrongType(f"columns must be a dict of names and variables, but they are {shown(columns)}.")
        row, kept = reference_and_frozen(reference, frozen, columns)
        types = dict(dtypes or {})
        self._names = in_order(order, check_names([*columns, *(name for name in kept if name not in columns)]))
        for what, given in (("dtypes", types), ("monotone", monotone or {})):
            checks.option_names(what, given, self._names)
        declared = {
            name: Column(name, part_from_spec(columns[name]), types.get(name))
            for name in self._names
            if name not in kept
        }
        searched, fixed = narrowed(declared, monotone or {}, row)
        types |= {name: declared[name].dtype for name in fixed}
        frozen_columns = {name: Frozen(name, value, types.get(name)) for name, value in (kept | fixed).items()}
        if not searched:
            raise InvalidArgument("every column is frozen: there is nothing to search.")
        self._columns = searched
        self._fixed = frozen_columns
        self._constraints = constraints_of(constraints, {**searched, **frozen_columns})
        self.variables = {name: column.variable for name, column in searched.items()}
        parts = [column.variable.latent for column in searched.values()]
        self._copula = None
        if correlation is not None:
            probabilities = [p for part in parts for p in part.probabilities]
            self._copula = Copula(matrix_of(correlation), sum(part.real for part in parts), probabilities)
        self._row = None if row is None else {name: row[name] for name in row if name in searched}
        self._start: Latents | None = None
        if self._row is not None:
            self._take_reference(self._row)
        if self._constraints:
            free = replace(self.latent, feasible=None)
            refuse_impossible(self._constraints, lambda rng, n: self.decode_latents(free.sample(rng, n)))

    @classmethod
    def from_dataframe(
        cls,
        df: Any,
        *,
        constraints: Any = (),
        frozen: Mapping[str, Any] | Sequence[str] | None = None,
        ranges: Mapping[str, Any] | None = None,
        reference: Any = None,
        monotone: Mapping[str, str] | None = None,
        most_options: int = 1_000,
    ) -> "TabularSpace":
        """The space of rows like those of ``df``: its columns, types, distributions and rank correlations.

        Numbers follow the data's quantiles, with values between those in the data but never beyond them (unless
        ``ranges`` says so), whole where the data are whole, and of as many decimals. Numbers of at most 10 distinct
        values, each there twice or more on average, are levels. Text, object columns of text and unordered categories
        are choices with the data's frequencies, ordered categories and dates keep their order, missing values their
        frequency. Columns of one value are frozen. A Gaussian copula is fitted to the rank correlations.

        Args:
            df: the data, of any number of rows; one row has no distribution, so then ``ranges`` must name what to
                search.
            constraints: as in the class.
            frozen: as in the class; values of columns named by a list come from ``reference``.
            ranges: ``{"age": (18, 90)}``: the lowest and highest of numbers and dates, either None for that of the
                data. Data outside are left out; where a bound is beyond the data, 5% of the prior lie between.
            reference: as in the class. It counts as one more row of data where it is not among them.
            monotone: as in the class.
            most_options: a column of text with more distinct values is refused.

        Raises:
            InvalidArgument, WrongType: for a column that cannot be searched: one without values, of mixed or unknown
                types, with infinite numbers or names that are no text; the message says what to do.
        """
        require_pandas()
        if not hasattr(df, "columns") or not hasattr(df, "iloc"):
            raise WrongType(f"expected a pandas DataFrame, but it is {shown(df)}.")
        row, kept = reference_and_frozen(reference, frozen, dict.fromkeys(df.columns))
        check_whole(row, df.columns, frozen)
        found = schema_of(
            df,
            frozen=kept,
            ranges=ranges or {},
            row=row,
            monotone=monotone or {},
            most_options=checks.integer("most_options", most_options, 2),
        )
        return cls(
            {name: column.variable for name, column in found.columns.items()},
            constraints=constraints,
            frozen=found.frozen,
            reference=row,
            dtypes=found.dtypes,
            order=found.names,
            correlation=found.correlation,
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns, in their order."""
        return self._names

    @property
    def searched(self) -> tuple[str, ...]:
        """The names of the columns that are not frozen, in their order."""
        return tuple(self._columns)

    @cached_property
    def reference(self) -> Any:
        """The reference row as a frame of one row, to start a search at (``references=``); None without one."""
        return None if self._start is None else self.decode_latents(self._start)

    def decode(self, values: Mapping[str, Any]) -> Any:
        """A data frame of n rows.

        Args:
            values: of each column that is not frozen, shape (n,); masked arrays where values may be missing.
        """
        made = {name: column.make(values[name]) for name, column in self._columns.items()}
        n = len(next(iter(made.values())))
        whole = {name: made[name] if name in made else self._fixed[name].make(n) for name in self._names}
        return frame_of(whole)

    def encode(self, inputs: Any) -> dict[str, Any]:
        """The values of rows: exact, but for rounding, where the space holds them, else the nearest.

        Args:
            inputs: a data frame; the order of its columns does not matter, nor what its frozen columns hold. One row
                may be a dict or a Series.

        Raises:
            SpaceError: if a column is lacking or unknown, or holds what it cannot.
        """
        if not hasattr(inputs, "columns"):
            row = as_mapping(inputs, self._names, "the row")
            return row_values(self._columns, row, "the row")
        check_columns(inputs, self._columns, self._names)
        return {name: column.read(inputs[name]) for name, column in self._columns.items()}

    def valid(self, inputs: Any) -> NDArray[np.bool_]:
        """Which rows meet all constraints, bool of shape (n,)."""
        ok = np.ones(len(inputs), dtype=np.bool_)
        for constraint in self._constraints:
            ok &= constraint.holds(inputs)
        return ok

    def prior(self) -> Prior | None:
        """The copula, where columns depend on each other."""
        return self._copula

    def moves(self) -> Sequence[Move]:
        """Resample a column given the others, copy columns of another row, step to a next value, go back."""
        parts = [column.variable.latent for column in self._columns.values()]
        plain = LatentDescription(
            sum(part.real for part in parts),
            tuple(count for part in parts for count in part.options),
            tuple(p for part in parts for p in part.probabilities),
        )
        return moves_of(self._columns, plain, self._copula, self._start)

    def changed(self, inputs: Any) -> NDArray[np.bool_]:
        """Which columns of n rows differ from the reference, bool of shape (n, columns searched).

        Raises:
            SpaceError: in a space without a reference.
        """
        check_columns(inputs, self._columns, self._names)
        return differences(self._columns, inputs, self._known_reference())

    def changes(self, x: Any) -> dict[str, tuple[Any, Any]]:
        """The columns in which one row differs from the reference, with the reference's value and its own.

        Raises:
            SpaceError: in a space without a reference.
        """
        row, reference = self._one(x), self._known_reference()
        flags = differences(self._columns, row, reference)[0]
        names = [name for name, flag in zip(self._columns, flags, strict=True) if flag]
        return {name: (reference[name].tolist()[0], row[name].tolist()[0]) for name in names}

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """Gower's distances (1971), shape (n, m): the mean over the searched columns.

        Numbers, dates and places of ordered categories count as parts of their range, at most 1; categories and truth
        values as 0 or 1; so does whether a value is missing.
        """
        return gower(self._columns, a, b)

    def units(self, x: Any) -> tuple[str, ...]:  # noqa: ARG002  the same for every row
        """The names of the columns that are not frozen."""
        return self.searched

    def apply(self, x: Any, units: Sequence[str], masks: NDArray[np.bool_], fill: Any) -> Any:
        """Copies of one row, in which the columns whose mask is False are taken from the rows of ``fill``.

        Args:
            x: one row.
            units: the names of k columns.
            masks: bool of shape (m, k).
            fill: m rows or one, or their latents.

        Returns:
            A data frame of m rows.
        """
        other = self.decode_latents(fill) if isinstance(fill, Latents) else fill
        check_columns(other, self._columns, self._names)
        unknown = next((name for name in units if name not in self._columns), None)
        if unknown is not None:
            raise SpaceError(f"{shown(unknown)} is no column here.{checks.did_you_mean(unknown, self._columns)}")
        return exchanged(self._one(x), other, self._names, units=units, masks=masks)

    def render(self, x: Any) -> list[Block]:
        """One row as a table of names and values; with a reference also its values, and marks where they differ."""
        row = self._one(x)
        values = [value_text(row[name].iloc[0]) for name in self._names]
        if self.reference is None:
            return [TableBlock(("column", "value"), tuple(zip(self._names, values, strict=True)))]
        before = [value_text(self.reference[name].iloc[0]) for name in self._names]
        changed = self.changes(row)
        count = len(changed)
        return [
            TableBlock(
                ("column", "value", "reference"),
                tuple(zip(self._names, values, before, strict=True)),
                caption=f"{count} of {len(self._columns)} columns changed",
                changed=tuple(name in changed for name in self._names),
            )
        ]

    def spec(self) -> Spec | None:
        """The arguments that make this space again; None where they cannot be written down, or fill over 500 kB.

        Functions as constraints cannot, nor options other than text, numbers and truth values.
        """
        matrix = None if self._copula is None else self._copula.correlation
        return spec_of(
            self._names,
            columns=self._columns,
            frozen=self._fixed,
            constraints=self._constraints,
            row=self._row,
            correlation=matrix,
        )

    def __repr__(self) -> str:
        shown_names = ", ".join(visible(name, 30) for name in self._names[:6])
        more = ", ..." if len(self._names) > 6 else ""
        extras = [f"{len(self._fixed)} frozen"] if self._fixed else []
        count = len(self._constraints)
        extras += [f"{count} constraint{'s' if count > 1 else ''}"] if count else []
        extras += ["with a copula"] if self._copula is not None else []
        return f"TabularSpace({len(self._names)} columns: {'; '.join([shown_names + more, *extras])})"

    @property
    def _has_valid(self) -> bool:
        return bool(self._constraints) or type(self).valid is not TabularSpace.valid

    def _take_reference(self, row: dict[str, Any]) -> None:
        values = row_values(self._columns, row)
        genes = [column.variable.genes(values[name]) for name, column in self._columns.items()]
        start = Latents.beside(genes)
        parts = zip(self._columns.items(), genes, strict=True)
        decoded = self.decode({name: column.variable.values(part) for (name, column), part in parts})
        check_reference(self._columns, row, decoded)
        for constraint in self._constraints:
            if not constraint.holds(decoded)[0]:
                raise SpaceError(f"the reference does not meet the constraint {constraint.name}.")
        self._start = start

    def _known_reference(self) -> Any:
        if self.reference is None:
            raise SpaceError("this space has no reference to compare with: make it with reference=row.")
        return self.reference

    def _one(self, x: Any) -> Any:
        """One row in any form as a frame of one row of this space's types."""
        if hasattr(x, "columns") and len(x) == 1:
            check_columns(x, self._columns, self._names)
            return x
        if isinstance(x, Latents):
            return self.decode_latents(x)
        return self.decode(row_values(self._columns, as_mapping(x, self._names, "the row"), "the row"))
