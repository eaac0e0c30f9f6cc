"""``human``: a person as a black box, from a question."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from featviz.black_boxes.human.box import HumanBox
from featviz.blocks import Block
from featviz.checks import finite, integer, one_of
from featviz.errors import InvalidArgument, WrongType
from featviz.registry import import_object, import_path
from featviz.text import shown

__all__ = ["human"]

# The name of the output in each mode.
_MODES = {"rating": "rating", "pairs": "strength"}
_SCALE = {"low": 1, "high": 7, "low_label": "not at all", "high_label": "very much"}
_MOST_POINTS = 11
_MOST_ANCHORS = 15
_LONGEST_QUESTION = 2_000
_MOST_PORT = 65_535
_YEAR = 366 * 24 * 3600.0


def human(
    question: str,
    *,
    mode: str = "rating",
    scale: Any = None,
    note: str = "",
    outputs: Any = None,
    name: str = "human",
    render: Any = None,
    space: Any = None,
    port: int = 0,
    open_browser: bool = True,
    repeats: float = 0.1,
    anchors: int = 3,
    timeout: float | None = None,
    journal: str | os.PathLike[str] | None = None,
    noisy: bool | None = None,
    max_batch: int | None = None,
) -> HumanBox:
    """A person as a black box: candidates are shown on a local page, and what the person says of them is the output.

    With ``mode="rating"`` each candidate is rated on its own. With ``mode="pairs"`` two are shown side by side and the
    person says which one it is (or that there is no difference); from the choices a strength is computed (Bradley and
    Terry 1952, "Rank analysis of incomplete block designs"), on one scale over all batches: a difference of 1 is a
    preference of 73 in 100. A candidate of a batch of n costs about (log2(n) + 1) / 2 comparisons in the first batch
    and ceil(log2(anchors + 1)) + 1/2 after it, 2.5 with 3 anchors.

    Each answer is stored at once, in the directory of the run: the search can be stopped and resumed days later, and
    goes on with what is unanswered. A person is not a function: the box is ``noisy``, and ``box.consistency()`` says
    how far they agree with themselves.

    Args:
        question: what is asked about each candidate, or about two: "How calm is this picture?", "Which is calmer?".
        mode: "rating" or "pairs".
        scale: of ratings: ``(1, 7)``, or ``{"low": 1, "high": 7, "low_label": "not at all", "high_label": "very
            much"}``; 2 to 11 whole numbers from 0 on.
        note: a sentence or two below the question: what to look at, what to ignore.
        outputs: the name of the output in a list; "rating" or "strength" by default.
        name: a short label.
        render: a function from one input to blocks, such as ``space.render``, or its import path. Without it pictures,
            series, text and rows of a table are recognised by their form.
        space: the same, from a space's own ``render``.
        port: of the page; 0 for any that is free.
        open_browser: whether to open the page where there is a screen. Its address is printed in any case.
        repeats: the share of what is asked that is asked again in the same batch, blinded, to measure consistency.
        anchors: of pairs: how many settled candidates new ones are compared with.
        timeout: seconds to wait for an answer, counted anew after each; after them the candidates that were not
            answered fail as timed out, and of pairs the whole batch. None to wait for ever.
        journal: a file to keep the answers in, for use without a run directory or to carry them to another run.
        noisy: see :meth:`BlackBox.configured`.
        max_batch: likewise.

    Raises:
        InvalidArgument, WrongType: for arguments that cannot be used.
        RunMismatch, RunDamaged, StorageError: about the journal.

    Example:
        >>> import featviz as fv
        >>> box = fv.human("How calm is this picture?", scale=(1, 5))
        >>> box.outputs
        ('rating',)
    """
    question = _text("question", question, _LONGEST_QUESTION)
    if not question.strip():
        raise InvalidArgument("question must say what is asked about a candidate, but it is empty.")
    mode = one_of("mode", mode, _MODES)
    points = _scale(scale)
    if mode == "pairs" and scale is not None:
        raise InvalidArgument("scale is for ratings, but the mode is 'pairs'.")
    if not isinstance(open_browser, bool):
        raise WrongType(f"open_browser must be True or False, but it is {shown(open_browser)}.")
    output = _output(outputs, mode)
    place = None if journal is None else os.fspath(journal)
    if place is not None and (not isinstance(place, str) or not place or "\0" in place):
        raise InvalidArgument(f"journal must be the name of a file, but it is {shown(journal)}.")
    function, written = _renderer(render, space)
    box = HumanBox(
        question,
        mode=mode,
        note=_text("note", note, 2 * _LONGEST_QUESTION),
        scale=points,
        output=output,
        name=name,
        render=function,
        port=integer("port", port, 0, _MOST_PORT),
        open_browser=open_browser,
        repeats=finite("repeats", repeats, 0, 1),
        anchors=integer("anchors", anchors, 1, _MOST_ANCHORS),
        timeout=None if timeout is None else finite("timeout", timeout, 0, _YEAR, exclusive=True),
        journal=place,
    )
    spec = {
        "kind": "human",
        "question": question,
        "mode": mode,
        "scale": points if mode == "rating" else None,
        "note": note or None,
        "outputs": [output],
        "name": box.name,
        "render": written,
        "port": int(port) or None,
        "open_browser": None if open_browser else False,
        "repeats": float(repeats),
        "anchors": int(anchors) if mode == "pairs" else None,
        "timeout": None if timeout is None else float(timeout),
        "journal": place,
        "noisy": noisy,
        "max_batch": max_batch,
    }
    entries = {key: value for key, value in spec.items() if value is not None}
    return box.configured(noisy=noisy, max_batch=max_batch).with_spec(entries)


def _text(name: str, value: Any, most: int) -> str:
    if not isinstance(value, str):
        raise WrongType(f"{name} must be text, but it is {shown(value)}.")
    if len(value) > most:
        raise InvalidArgument(f"{name} must have at most {most:,} characters, but it has {len(value):,}.")
    return value


def _scale(value: Any) -> dict[str, Any]:
    if value is None:
        return dict(_SCALE)
    if isinstance(value, Mapping):
        unknown = sorted(str(key) for key in value if key not in _SCALE)
        if unknown:
            raise InvalidArgument(f"scale has the entries {', '.join(_SCALE)}, but there is {shown(unknown[0])}.")
        found = _SCALE | dict(value)
    elif isinstance(value, list | tuple) and len(value) == 2:
        found = _SCALE | {"low": value[0], "high": value[1]}
    else:
        raise WrongType(f"scale must be (low, high) or a table of {', '.join(_SCALE)}, but it is {shown(value)}.")
    low = integer("the low end of scale", found["low"], 0)
    high = integer("the high end of scale", found["high"], low + 1, low + _MOST_POINTS - 1)
    labels = {end: _text(end, found[end], 200) for end in ("low_label", "high_label")}
    return {"low": low, "high": high, **labels}


def _output(outputs: Any, mode: str) -> str:
    if outputs is None:
        return _MODES[mode]
    if not isinstance(outputs, list | tuple) or len(outputs) != 1 or not isinstance(outputs[0], str):
        raise InvalidArgument(f"a person gives one output: outputs must be a list of one name, not {shown(outputs)}.")
    return outputs[0]


def _renderer(render: Any, space: Any) -> tuple[Callable[[Any], Sequence[Block]] | None, str | None]:
    """The function that renders, and the import path that a spec can name it by."""
    if render is not None and space is not None:
        raise InvalidArgument("give render or space, not both: space stands for render=space.render.")
    if space is not None:
        render = getattr(space, "render", None)
        if not callable(render):
            raise WrongType(f"space must have a method render, but it is {shown(space)}.")
    written = render if isinstance(render, str) else None
    if written is not None:
        render = import_object(written)
    if render is not None and not callable(render):
        raise WrongType(f"render must be a function from an input to blocks, but it is {shown(render)}.")
    return render, written or (None if render is None else import_path(render))
