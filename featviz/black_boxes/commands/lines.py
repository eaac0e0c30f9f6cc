"""The protocols "lines" and "batch": inputs as lines of JSON on standard input, answers as lines on standard output."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from featviz.batches import batch_length, described
from featviz.black_boxes.answers import rows_of
from featviz.black_boxes.base import BlackBox, Preprocess
from featviz.black_boxes.commands.once import run_once
from featviz.black_boxes.commands.pool import Pool
from featviz.black_boxes.commands.program import Program, as_words
from featviz.black_boxes.commands.replies import Reply, read_reply, request
from featviz.black_boxes.functions import DEFAULT_OUTPUT
from featviz.errors import AnswerShapeError, AnswerTypeError, BoxError, InvalidArgument
from featviz.formats.json_rows import json_rows
from featviz.text import visible

__all__ = ["BatchBox", "LinesBox"]


class _JsonBox(BlackBox):
    """What both protocols have in common."""

    def __init__(
        self, program: Program, *, outputs: Any, name: str | None, arrays: str, preprocess: Preprocess | None
    ) -> None:
        self._program, self._arrays, self._named = program, arrays, outputs is not None
        super().__init__(
            name=name if name is not None else as_words(program.words),
            outputs=[DEFAULT_OUTPUT] if outputs is None else outputs,
            preprocess=preprocess,
        )

    def provenance(self) -> Mapping[str, str]:
        """Names and checksums of the program and of the files among its arguments."""
        return self._program.provenance()

    def _line(self, inputs: Any, row_of: Any, number: int, row: int) -> bytes:
        try:
            return request(number, row_of(row))
        except TypeError as error:
            raise BoxError(
                f"{visible(self.name)} reads JSON, and {error}. It was given {described(inputs)}. Pass preprocess= "
                "with a function from the batch to one of arrays, texts, numbers, dicts or data frames."
            ) from error
        except ValueError:
            raise InvalidArgument("an infinite number in the input cannot be written as JSON.") from None

    def _rows(self, rows: Sequence[Any], errors: dict[int, Exception]) -> Any:
        if not self._named:
            self._check_unnamed([row for i, row in enumerate(rows) if i not in errors])
        return rows_of(rows, errors, self.outputs)

    def _check_unnamed(self, rows: Sequence[Any]) -> None:
        """A mistake in how the box was made fails on every input: say so at once."""
        for row in rows:
            several = isinstance(row, list) and len(row) > 1
            if not several and not (isinstance(row, dict) and row and DEFAULT_OUTPUT not in row):
                continue
            names = [visible(name, 40) for name in row] if isinstance(row, dict) else []
            listed = f" ({', '.join(names[:10])})" if names else ""
            raise BoxError(
                f"{visible(self.name)} answers with {len(row)} number{'s' * (len(row) > 1)}{listed} an input, and "
                f"their names are not known. Pass outputs={names[:10] or '[...]'}."
            )


class LinesBox(_JsonBox):
    """A program that answers line by line: ``{"id": 0, "input": ...}`` in, ``{"id": 0, "output": ...}`` out.

    See :func:`~featviz.black_boxes.commands.command_box`.
    """

    def __init__(
        self,
        program: Program,
        *,
        outputs: Any = None,
        name: str | None = None,
        timeout: float = math.inf,
        start_timeout: float = 0.0,
        workers: int = 1,
        arrays: str = "lists",
        preprocess: Preprocess | None = None,
    ) -> None:
        super().__init__(program, outputs=outputs, name=name, arrays=arrays, preprocess=preprocess)
        self._pool = Pool(program, workers, timeout, start_timeout)

    def answer(self, inputs: Any) -> Any:
        """What the program answers; see :class:`BlackBox`."""
        row_of = json_rows(inputs, self._arrays)
        rows, errors = self._pool.ask(batch_length(inputs), lambda number, row: self._line(inputs, row_of, number, row))
        return self._rows(rows, errors)

    def close(self) -> None:
        """End the processes."""
        self._pool.close()


class BatchBox(_JsonBox):
    """A program that is run once for each batch: all lines in, then all lines out.

    See :func:`~featviz.black_boxes.commands.command_box`.
    """

    def __init__(
        self,
        program: Program,
        *,
        outputs: Any = None,
        name: str | None = None,
        timeout: float = math.inf,
        arrays: str = "lists",
        preprocess: Preprocess | None = None,
    ) -> None:
        super().__init__(program, outputs=outputs, name=name, arrays=arrays, preprocess=preprocess)
        self._timeout = timeout

    def answer(self, inputs: Any) -> Any:
        """What the program answers; see :class:`BlackBox`."""
        row_of, n = json_rows(inputs, self._arrays), batch_length(inputs)
        lines: list[bytes] = []
        errors: dict[int, Exception] = {}
        for row in range(n):
            try:
                lines.append(self._line(inputs, row_of, row, row))
            except InvalidArgument as error:
                errors[row] = error
        rows: list[Any] = [None] * n
        if lines:
            written = run_once(self._program, b"".join(lines), self._timeout)
            self._enter(written, rows, errors)
        return self._rows(rows, errors)

    def _enter(self, written: bytes, rows: list[Any], errors: dict[int, Exception]) -> None:
        """Enter what was written; an input without an answer fails."""
        waiting = dict.fromkeys(row for row in range(len(rows)) if row not in errors)
        replies = [read_reply(line) for line in written.split(b"\n") if line.strip()]
        if len(replies) > len(waiting):
            raise AnswerShapeError(f"expected {len(waiting)} lines, one an input, but {len(replies)} came.")
        if any(reply.id is None for reply in replies) and len(replies) < len(waiting):
            raise AnswerShapeError(
                f"expected {len(waiting)} lines, one an input, but {len(replies)} came, and without ids nobody can "
                "tell which are missing."
            )
        for row, reply in zip(list(waiting), replies, strict=False):
            self._enter_one(row if reply.id is None else reply.id, reply, waiting, rows, errors)
        for row in waiting:
            errors[row] = AnswerShapeError(f"the program ended with exit code 0 and without an answer to input {row}.")

    def _enter_one(
        self, row: int, reply: Reply, waiting: dict[int, None], rows: list[Any], errors: dict[int, Exception]
    ) -> None:
        if row not in waiting:
            raise AnswerTypeError(f"the answer has the id {row}, which was not asked for, or is answered already.")
        del waiting[row]
        rows[row] = reply.output
        if reply.error is not None:
            errors[row] = reply.error
