"""What must hold between columns: functions of a data frame, or text such as ``"a + b <= 10"``.

Text is never given to Python's ``eval`` nor to that of pandas, which would let the spec in a foreign file call
anything. It is parsed with ``ast`` and evaluated here, by the nodes listed in ``_Reader`` and by no other.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.search_spaces.tables.columns import Column
from featviz.search_spaces.tables.dates import as_date
from featviz.search_spaces.tables.frozen import Frozen
from featviz.text import first_line, shown, visible

__all__ = ["Constraint", "constraints_of", "refuse_impossible"]

# Rows drawn to see whether constraints can be met: at a chance of 1 in 1,000 this fails once in 1,000 spaces.
_ROUNDS, _ROWS, _ENOUGH = 24, 512, 3
_LONGEST = 1_000
_MOST = 1_000
_DEEPEST = 40
_DAY = 86_400e6  # in microseconds
_QUOTED = re.compile(r"`([^`]+)`")
_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


@dataclass(frozen=True, eq=False)
class Constraint:
    """Something that must hold in each row.

    Args:
        name: for people: the text, or the name of the function.
        holds: for a frame of n rows, bool of shape (n,).
        text: what it is made from again; None for a function.
    """

    name: str
    holds: Callable[[Any], NDArray[np.bool_]]
    text: str | None = None


@dataclass(frozen=True, eq=False)
class _Value:
    """A part of an expression: numbers (NaN where unknown), dates in microseconds, text, or truth (1, 0, or .5)."""

    kind: str
    data: Any
    column: Column | Frozen | None = None


def constraints_of(given: Any, columns: Mapping[str, Column | Frozen]) -> tuple[Constraint, ...]:
    """Constraints from a list of functions and text, checked against the columns.

    Raises:
        InvalidArgument, WrongType: for text that is no expression of such columns, or what is neither.
    """
    if isinstance(given, str) or callable(given):
        given = [given]
    if not isinstance(given, Sequence):
        raise WrongType(f"constraints must be a list of functions or text, but they are {shown(given)}.")
    if len(given) > _MOST:
        raise InvalidArgument(f"a space may have {_MOST:,} constraints at most, but {len(given):,} came.")
    return tuple(_constraint(one, number, columns) for number, one in enumerate(given, start=1))


def refuse_impossible(constraints: Sequence[Constraint], draw: Callable[[np.random.Generator, int], Any]) -> None:
    """Refuse constraints that hardly any random row meets, so that no search goes on forever for one.

    Args:
        constraints: at least one.
        draw: gives n rows from a generator.

    Raises:
        SpaceError: naming the constraints that hold least often.
    """
    rng = np.random.default_rng(0)
    held, both, seen = np.zeros(len(constraints), dtype=np.int64), 0, 0
    for _ in range(_ROUNDS):
        rows = draw(rng, _ROWS)
        each = np.stack([constraint.holds(rows) for constraint in constraints])
        held += each.sum(axis=1)
        both += int(each.all(axis=0).sum())
        seen += _ROWS
        if both >= _ENOUGH:
            return
    least = np.argsort(held, kind="stable")[:3]
    listed = "; ".join(f"{constraints[place].name} in {held[place]:,}" for place in least)
    raise SpaceError(
        f"of {seen:,} random rows, {both:,} meet all constraints, which is too few to search. Those that hold least "
        f"often: {listed}. Loosen them, or narrow the ranges of columns to where they hold."
    )


def _constraint(given: Any, number: int, columns: Mapping[str, Column | Frozen]) -> Constraint:
    if isinstance(given, Constraint):
        return given
    if isinstance(given, str):
        return _from_text(given, columns)
    if not callable(given):
        raise WrongType(
            f"a constraint must be text such as 'a <= b' or a function of a data frame, but it is {shown(given)}."
        )
    name = getattr(given, "__name__", type(given).__name__)
    label = f"number {number} ({visible(name, 60)})"
    return Constraint(label, lambda rows: _called(given, rows, label))


def _called(function: Callable[[Any], Any], rows: Any, label: str) -> NDArray[np.bool_]:
    try:
        found = function(rows)
    except Exception as error:
        raise SpaceError(f"the constraint {label} failed: {first_line(error)}") from error
    if hasattr(found, "to_numpy"):
        # What cannot be said of a missing value holds.
        nullable = not isinstance(found.dtype, np.dtype)
        found = found.to_numpy(dtype=bool, na_value=True) if nullable else found.to_numpy()
    if not isinstance(found, np.ndarray) or found.dtype != np.bool_ or found.shape != (len(rows),):
        raise SpaceError(
            f"the constraint {label} must return {len(rows)} truth values, one a row, such as "
            f"lambda rows: rows.a <= rows.b, but it returned {shown(found)}."
        )
    return found


def _from_text(text: str, columns: Mapping[str, Column | Frozen]) -> Constraint:
    label = visible(text, 100)
    if len(text) > _LONGEST:
        raise InvalidArgument(f"a constraint may have {_LONGEST:,} characters at most, but one has {len(text):,}.")
    quoted: dict[str, str] = {}

    def unquoted(match: re.Match[str]) -> str:
        name = f"quoted_{len(quoted)}_"
        while name in text:
            name += "_"
        quoted[name] = match[1]
        return name

    try:
        tree = ast.parse(_QUOTED.sub(unquoted, text.strip()), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InvalidArgument(
            f"the constraint {label!r} cannot be read. Write it like 'a + b <= 10'; in backticks names with "
            "spaces and those that are words of Python, such as `class`."
        ) from None
    if _depth(tree) > _DEEPEST:
        raise InvalidArgument(f"the constraint {label!r} is nested too deep.")
    reader = _Reader(label, quoted, columns)

    def holds(rows: Any) -> NDArray[np.bool_]:
        with np.errstate(all="ignore"):
            found = reader.truth(reader.read(tree.body, rows), len(rows))
        return np.asarray(found > 0)

    holds(_no_rows(columns))
    return Constraint(repr(text) if label == text else label, holds, text)


class _Reader:
    """Evaluates the tree of an expression on a frame. A comparison with a missing value is neither true nor false."""

    def __init__(self, label: str, quoted: Mapping[str, str], columns: Mapping[str, Column | Frozen]) -> None:
        self._label = label
        self._quoted = quoted
        self._columns = columns

    def read(self, node: ast.AST, rows: Any) -> _Value:
        """The value of a node in each row."""
        if isinstance(node, ast.Name):
            return self._named(self._quoted.get(node.id, node.id), rows)
        if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str):
            return self._constant(node.value)
        if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            return self._arithmetic(node.op, self.read(node.left, rows), self.read(node.right, rows))
        if isinstance(node, ast.UnaryOp):
            return self._unary(node, rows)
        if isinstance(node, ast.BoolOp):
            parts = [self.truth(self.read(part, rows), len(rows)) for part in node.values]
            return _Value(
                "truth", np.minimum.reduce(parts) if isinstance(node.op, ast.And) else np.maximum.reduce(parts)
            )
        if isinstance(node, ast.Compare):
            return self._compare(node, rows)
        raise self._error(
            "may hold names of columns, numbers, text, + - * /, comparisons, in, and, or, not and brackets alone"
        )

    def truth(self, value: _Value, n: int) -> NDArray[np.float64]:
        """1 where true, 0 where false, .5 where a missing value leaves it open; shape (n,)."""
        data = value.data
        if value.kind == "number" and value.column is not None and value.column.kind == "boolean":
            data = np.where(np.isnan(data), 0.5, data)
        elif value.kind != "truth":
            raise self._error("must be true or false of each row, such as 'a <= b'")
        return np.broadcast_to(np.asarray(data, dtype=np.float64), (n,))

    def _named(self, name: str, rows: Any) -> _Value:
        column = self._columns.get(name)
        if column is None:
            known = ", ".join(visible(known, 40) for known in list(self._columns)[:20])
            raise self._error(
                f"names {visible(name, 60)!r}, which is no column. Columns are: {known}."
                f"{checks.did_you_mean(name, self._columns)}"
            )
        series = rows[name]
        if column.kind in {"nominal", "ordered"}:
            if series.dtype.kind in "iuf":  # levels of numbers
                return _Value("number", series.to_numpy(dtype=np.float64, na_value=np.nan), column)
            return _Value("option", column.scale(series), column)
        return _Value("date" if column.kind == "date" else "number", column.scale(series), column)

    def _constant(self, value: Any) -> _Value:
        if isinstance(value, str):
            return _Value("text", value)
        try:
            return _Value("number", float(value))
        except OverflowError:
            raise self._error("holds a number that is too large") from None

    def _unary(self, node: ast.UnaryOp, rows: Any) -> _Value:
        inner = self.read(node.operand, rows)
        if isinstance(node.op, ast.Not):
            return _Value("truth", 1 - self.truth(inner, len(rows)))
        if isinstance(node.op, ast.USub | ast.UAdd) and inner.kind == "number":
            return _Value("number", -inner.data if isinstance(node.op, ast.USub) else inner.data)
        raise self._error("has a sign before something that is no number")

    def _arithmetic(self, op: ast.operator, a: _Value, b: _Value) -> _Value:
        kinds = a.kind, b.kind
        if kinds == ("number", "number"):
            return _Value("number", _ARITHMETIC[type(op)](np.asarray(a.data), np.asarray(b.data)))
        if kinds == ("date", "date") and isinstance(op, ast.Sub):
            return _Value("number", (a.data - b.data) / _DAY)
        if kinds == ("date", "number") and isinstance(op, ast.Add | ast.Sub):
            return _Value("date", _ARITHMETIC[type(op)](a.data, b.data * _DAY))
        raise self._error("calculates with what are no numbers (of dates: date - date, and date + days, are)")

    def _compare(self, node: ast.Compare, rows: Any) -> _Value:
        parts = [node.left, *node.comparators]
        found = np.ones(len(rows))
        for op, left, right in zip(node.ops, parts[:-1], parts[1:], strict=True):
            if isinstance(op, ast.In | ast.NotIn):
                truth = self._contained(self.read(left, rows), right, rows)
                truth = 1 - truth if isinstance(op, ast.NotIn) else truth
            elif type(op) in _COMPARISONS:
                truth = self._compared(op, self.read(left, rows), self.read(right, rows))
            else:
                raise self._error("compares in a way that is not known here: use < <= > >= == != in")
            found = np.minimum(found, truth)
        return _Value("truth", found)

    def _contained(self, value: _Value, several: ast.AST, rows: Any) -> Any:
        if not isinstance(several, ast.List | ast.Tuple) or not several.elts:
            raise self._error("needs a list after 'in', such as colour in ['red', 'green']")
        return np.maximum.reduce([self._compared(ast.Eq(), value, self.read(one, rows)) for one in several.elts])

    def _compared(self, op: ast.cmpop, a: _Value, b: _Value) -> Any:
        if (a.kind == "text" and b.kind != "text") or (b.kind == "option" and np.ndim(a.data) == 0):
            b, a = self._alike(b, a)
        else:
            a, b = self._alike(a, b)
        if a.kind == "option" and not isinstance(op, ast.Eq | ast.NotEq):
            unordered = next((v.column for v in (a, b) if v.column is not None and v.column.kind == "nominal"), None)
            if unordered is not None:
                raise self._error(f"asks for an order of {visible(unordered.name, 60)!r}, which has none: use == or in")
        first, second = np.asarray(a.data), np.asarray(b.data)
        truth = _COMPARISONS[type(op)](first, second).astype(np.float64)
        return np.where(np.isnan(first) | np.isnan(second), 0.5, truth)

    def _alike(self, a: _Value, b: _Value) -> tuple[_Value, _Value]:
        """Two values that can be compared, text made what the other is."""
        if b.kind == "text" and a.kind == "date":
            try:
                moment = as_date("a date in a constraint", b.data)
            except InvalidArgument:
                raise self._error(f"compares a date with {shown(b.data)}: write it like '2020-01-31'") from None
            return a, _Value("date", float(moment.astype(np.int64)))
        if b.kind in {"text", "number"} and np.ndim(b.data) == 0 and a.kind == "option" and a.column is not None:
            options = a.column.options
            if b.data not in options:
                raise self._error(
                    f"compares {visible(a.column.name, 60)!r} with {shown(b.data)}, which it cannot be."
                    f"{checks.did_you_mean(b.data, [option for option in options if isinstance(option, str)])}"
                )
            return a, _Value("option", float(options.index(b.data)), a.column)
        if a.kind == b.kind == "option" and a.column is not None and b.column is not None:
            return a, _Value("option", _translated(b, a.column), b.column)
        if a.kind != b.kind or a.kind in {"text", "truth"}:
            raise self._error(f"compares {_KINDS[a.kind]} with {_KINDS[b.kind]}")
        return a, b

    def _error(self, what: str) -> InvalidArgument:
        return InvalidArgument(f"the constraint {self._label!r} {what}{'' if what.endswith(('.', '?')) else '.'}")


_KINDS = {
    "number": "a number",
    "date": "a date",
    "text": "text",
    "option": "a category",
    "truth": "what is true or false",
}


def _translated(value: _Value, column: Column | Frozen) -> Any:
    """Places of a column's options as places of those of another; -1 for what the other does not have."""
    if value.column is None or value.column.options == column.options:
        return value.data
    place = {option: float(i) for i, option in enumerate(column.options)}
    table = np.array([place.get(option, -1.0) for option in value.column.options])
    known = ~np.isnan(value.data)
    return np.where(known, table[np.where(known, value.data, 0).astype(np.int64)], np.nan)


def _depth(tree: ast.AST) -> int:
    level, depth = [tree], 0
    while level:
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        depth += 1
    return depth


def _no_rows(columns: Mapping[str, Column | Frozen]) -> Any:
    import pandas as pd  # noqa: PLC0415  slow to import

    return pd.DataFrame({name: pd.Series([], dtype=column.dtype) for name, column in columns.items()})
