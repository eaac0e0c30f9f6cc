"""``command_box``: a program as a black box, by one of three protocols.

- "lines": one process for the whole search. It reads one line of JSON an input, ``{"id": 0, "input": ...}``, and writes
  one line each, ``{"id": 0, "output": ...}`` with a number, a list of numbers or an object of them by name, or
  ``{"id": 0, "error": "why"}``, which fails that input alone. A bare number or list will do where it answers in order
  and writes nothing else. It is started again after a crash; the input that it was at fails ("worker died"), and the
  others are asked again.
- "batch": one process a batch. The same lines, then the end of its input; the lines of all answers, then exit code 0.
  Another exit code fails the batch, and the evaluator finds out by halves which inputs are to blame.
- "folder": the inputs of a batch are written as files into a folder, the program is run with that folder as its last
  argument, and leaves ``scores.csv`` there. See :func:`~featviz.black_boxes.commands.folder_box`.

No shell is involved. The program gets the environment of featviz, with ``PYTHONUNBUFFERED=1`` unless that is set. It
runs in a process group of its own, which is ended as a whole (SIGTERM, and half a second later SIGKILL) when time is
up, when the box is closed, and when Python exits. What it writes to its standard error is read and thrown away but for
the end, which error messages quote. Linux and macOS.
"""

import math
import os
from typing import Any

from featviz import checks
from featviz.black_boxes.base import BlackBox, Preprocess
from featviz.black_boxes.commands.folder import FolderBox
from featviz.black_boxes.commands.lines import BatchBox, LinesBox
from featviz.black_boxes.commands.program import Program
from featviz.errors import InvalidArgument
from featviz.formats.json_rows import ARRAYS

__all__ = ["command_box"]

_PROTOCOLS = ("lines", "batch", "folder")
# More is a slip of the keyboard.
_MOST_WORKERS = 1_000


def command_box(
    words: Any,
    *,
    protocol: str = "lines",
    outputs: Any = None,
    name: str | None = None,
    timeout: float = 60.0,
    start_timeout: float = 60.0,
    workers: int = 1,
    arrays: str = "lists",
    folder: str | os.PathLike[str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    preprocess: Preprocess | None = None,
) -> BlackBox:
    """A program as a black box: ``fv.black_box(["./score", "--fast"])``. See this module for the protocols.

    Args:
        words: the program and its arguments, word by word.
        protocol: "lines", "batch" or "folder".
        outputs: the names of the outputs; without them there is one, called "output".
        name: a label; the command by default.
        timeout: seconds for each input ("lines") or each batch; ``float("inf")`` for no limit.
        start_timeout: seconds more for the first answer of a process, which may have a model to load ("lines").
        workers: how many processes share a batch ("lines"). Who answers which input varies from run to run.
        arrays: "lists" to write arrays as nested lists, "base64" as ``{"dtype", "shape", "base64"}``, some fifty times
            as fast ("lines" and "batch").
        folder: where the folders of the batches are made ("folder").
        cwd: the directory that the program is started in.
        preprocess: a function of the batch, applied first.

    Raises:
        BoxError: when there is no such program; the message says what to do.
        InvalidArgument, WrongType: for options that cannot be used, or that are of another protocol.
    """
    checks.one_of("protocol", protocol, _PROTOCOLS)
    checks.one_of("arrays", arrays, ARRAYS)
    count = checks.integer("workers", workers, 1, _MOST_WORKERS)
    limit = math.inf if timeout == math.inf else checks.finite("timeout", timeout, 0.0, exclusive=True)
    more = checks.finite("start_timeout", start_timeout, 0.0)
    if protocol != "lines" and count != 1:
        raise InvalidArgument(f'workers= is of the protocol "lines", but the protocol is "{protocol}".')
    if (protocol == "folder") != (folder is not None):
        raise InvalidArgument('folder= and protocol="folder" go together: give both or none.')
    program = Program.find(words, cwd)
    common: dict[str, Any] = {"outputs": outputs, "name": name, "timeout": limit, "preprocess": preprocess}
    if folder is not None:
        return FolderBox(folder, program=program, **common)
    if protocol == "batch":
        return BatchBox(program, arrays=arrays, **common)
    return LinesBox(program, arrays=arrays, start_timeout=more, workers=count, **common)
