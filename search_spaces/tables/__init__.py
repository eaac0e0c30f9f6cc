"""Rows of tables: ``TabularSpace``, and what its columns are made of besides ``Uniform``, ``Integer`` and ``Choice``.

======================  =====================================================================================
``space``               ``TabularSpace``
``levels``              ``Ordered`` (categories with an order) and ``Boolean``
``quantiles``           ``Quantiles``: numbers distributed as in a table of quantiles, such as those of data
``wrapped``             ``Rounded`` (numbers on a grid) and ``Nullable`` (a variable with missing values)
``dates``               ``Date``
``columns``             a column: its variable, and how the values become a column of a data frame and back
``dtypes``              the types that columns can have
``frozen``              a column that has one value throughout
``frames``              data frames: made from arrays, checked, mixed and compared
``inference``           the columns that a data frame has
``copula``              the Gaussian copula: how columns depend on each other
``correlations``        fitting it to the ranks of data
``constraints``         what must hold between columns, as functions or as text
``reference``           the row from which a search departs, and what differs from it
``narrowing``           columns that may only rise or fall from the reference
``moves``               search operators for rows
``written``             a space as a table of a TOML file
======================  =====================================================================================
"""

from featviz.search_spaces.tables.dates import Date
from featviz.search_spaces.tables.levels import Boolean, Ordered
from featviz.search_spaces.tables.quantiles import Quantiles
from featviz.search_spaces.tables.space import TabularSpace
from featviz.search_spaces.tables.wrapped import Nullable, Rounded

__all__ = ["Boolean", "Date", "Nullable", "Ordered", "Quantiles", "Rounded", "TabularSpace"]
