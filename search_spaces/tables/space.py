"""``TabularSpace``: rows of a table, as data frames."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.blocks import Block, TextBlock
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.latent import LatentDescription, Move, Prior
from featviz.protocols import Spec
from featviz.search_spaces.base import Space
from featviz.search_spaces.specs import part_from_spec
from featviz.search_spaces.tables.columns import Column, value_text
from featviz.search_spaces.tables.copula import Copula
from featviz.search_spaces.tables.dtypes import dtype_spec
from featviz.search_spaces.tables.inference import check_names, correlation_of, in_best_order, inferred
from featviz.text import shown, visible

__all__ = ["TabularSpace"]


class TabularSpace(Space):
    """Rows of a table."""

    stepwise = True

    def __init__(
        self,
        columns: Mapping[str, Any],
        *,
        frozen: Mapping[str, Any] | None = None,
        dtypes: Mapping[str, Any] | None = None,
        correlation: Any = None,
    ) -> None:
        names = check_names([*columns, *(name for name in (frozen or {}) if name not in columns)])
        types = dict(dtypes or {})
        self._names = names
        self._columns = {
            name: column if isinstance(column, Column) else Column(name, part_from_spec(column), types.get(name))
            for name, column in columns.items()
            if name not in (frozen or {})
        }
        self._frozen = dict(frozen or {})
        self.variables = {name: column.variable for name, column in self._columns.items()}
        self._correlation = correlation

    @classmethod
    def from_dataframe(cls, df: Any, *, frozen: Mapping[str, Any] | None = None) -> "TabularSpace":
        """The space of rows like those of ``df``."""
        check_names(df.columns)
        found = {name: inferred(df[name]) for name in df.columns if name not in (frozen or {})}
        columns = {name: column for name, column in found.items() if isinstance(column, Column)}
        columns = in_best_order(columns, df)
        return cls(columns, frozen=frozen, correlation=correlation_of(columns, df))

    def decode(self, values: Mapping[str, Any]) -> Any:
        """A data frame."""
        import pandas as pd  # noqa: PLC0415  slow to import

        made = {name: column.make(values[name]) for name, column in self._columns.items()}
        return pd.DataFrame(made, copy=False)

    def encode(self, inputs: Any) -> dict[str, Any]:
        """The values."""
        return {name: column.read(inputs[name]) for name, column in self._columns.items()}

    def prior(self) -> Prior | None:
        """The copula."""
        if self._correlation is None:
            return None
        latents = [column.variable.latent for column in self._columns.values()]
        return Copula(self._correlation, sum(p.real for p in latents), [p for part in latents for p in part.probabilities])
