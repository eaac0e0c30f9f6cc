"""What can be said of a person who is asked, checked once."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from featviz.blocks import Block
from featviz.checks import finite, integer, one_of
from featviz.errors import InvalidArgument, WrongType
from featviz.registry import import_object, import_path
from featviz.text import shown

__all__ = ["Options", "checked"]

# The name of the output in each mode.
_MODES = {"rating": "rating", "pairs": "strength"}
_SCALE = {"low": 1, "high": 7, "low_label": "not at all", "high_label": "very much"}
_MOST_POINTS = 11
_MOST_ANCHORS = 15
_LONGEST_QUESTION = 2_000
_MOST_PORT = 65_535
_YEAR = 366 * 24 * 3600.0


@dataclass(frozen=True)
class Options:
    """What :func:`~featviz.black_boxes.human.human` was told, checked; see there.

    Args:
        question: what is asked.
        mode: "rating" or "pairs".
        scale: low, high, low_label and high_label.
        note: below the question; may be empty.
        output: the name of the output.
        name: a short label.
        render: from one input to blocks; None where their form decides.
        render_path: the import path of ``render``, where it has one.
        port: 0 for any.
        open_browser: where there is a screen.
        repeats: a share.
        anchors: of pairs.
        timeout: in seconds, or None.
        journal: a file, or None.
    """

    question: str
    mode: str
    scale: Mapping[str, Any]
    note: str
    output: str
    name: str
    render: Callable[[Any], Sequence[Block]] | None
    render_path: str | None
    port: int
    open_browser: bool
    repeats: float
    anchors: int
    timeout: float | None
    journal: str | None

    @property
    def low(self) -> int:
        """The low end of the scale."""
        return int(self.scale["low"])

    @property
    def high(self) -> int:
        """Its high end."""
        return int(self.scale["high"])

    def about(self) -> dict[str, Any]:
        """What answers must have in common to be ranked together."""
        scale = {"scale": [self.low, self.high]} if self.mode == "rating" else {}
        return {"question": self.question, "mode": self.mode, **scale}

    def page(self) -> dict[str, Any]:
        """What the frame of the page needs."""
        return {
            "mode": self.mode,
            "question": self.question,
            "note": self.note,
            "points": list(range(self.low, self.high + 1)),
            "low": self.scale["low_label"],
            "high": self.scale["high_label"],
        }

    def spec(self) -> dict[str, Any]:
        """What a run.toml holds; a ``render`` that cannot be named is left out."""
        rating = self.mode == "rating"
        entries = {
            "kind": "human",
            "question": self.question,
            "mode": self.mode,
            "scale": dict(self.scale) if rating else None,
            "note": self.note or None,
            "outputs": [self.output],
            "name": self.name,
            "render": self.render_path,
            "port": self.port or None,
            "open_browser": None if self.open_browser else False,
            "repeats": self.repeats,
            "anchors": None if rating else self.anchors,
            "timeout": self.timeout,
            "journal": self.journal,
        }
        return {key: value for key, value in entries.items() if value is not None}


def checked(
    question: Any,
    *,
    mode: Any,
    scale: Any,
    note: Any,
    outputs: Any,
    name: Any,
    render: Any,
    space: Any,
    port: Any,
    open_browser: Any,
    repeats: Any,
    anchors: Any,
    timeout: Any,
    journal: Any,
) -> Options:
    """The options, or an error that says what is wrong with them.

    Raises:
        InvalidArgument, WrongType: for arguments that cannot be used.
    """
    question = _text("question", question, _LONGEST_QUESTION)
    if not question.strip():
        raise InvalidArgument("question must say what is asked about a candidate, but it is empty.")
    mode = one_of("mode", mode, _MODES)
    if mode == "pairs" and scale is not None:
        raise InvalidArgument("scale is for ratings, but the mode is 'pairs'.")
    if not isinstance(open_browser, bool):
        raise WrongType(f"open_browser must be True or False, but it is {shown(open_browser)}.")
    function, path = _renderer(render, space)
    return Options(
        question=question,
        mode=mode,
        scale=_scale(scale),
        note=_text("note", note, 2 * _LONGEST_QUESTION),
        output=_output(outputs, mode),
        name=name,
        render=function,
        render_path=path,
        port=integer("port", port, 0, _MOST_PORT),
        open_browser=open_browser,
        repeats=finite("repeats", repeats, 0, 1),
        anchors=integer("anchors", anchors, 1, _MOST_ANCHORS),
        timeout=None if timeout is None else finite("timeout", timeout, 0, _YEAR, exclusive=True),
        journal=None if journal is None else _file(journal),
    )


def _file(journal: Any) -> str:
    place = os.fspath(journal) if isinstance(journal, str | os.PathLike) else None
    if not isinstance(place, str) or not place or "\0" in place:
        raise InvalidArgument(f"journal must be the name of a file, but it is {shown(journal)}.")
    return place


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
