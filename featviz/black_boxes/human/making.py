"""``human``: a person as a black box, from a question."""

from typing import Any

from featviz.black_boxes.human.box import HumanBox
from featviz.black_boxes.human.options import checked

__all__ = ["human"]

_ARGUMENTS = """
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
        anchors: of pairs: how many settled candidates new ones are placed between. With 3 a candidate costs about 2.5
            comparisons; in the first batch of n, about (log2(n) + 1) / 2.
        timeout: seconds to wait for an answer, counted anew after each; after them the candidates that were not
            answered fail as timed out, and of pairs the whole batch. None to wait for ever.
        journal: a file to keep the answers in, for use without a run directory or to carry them to another run.
        noisy: see :meth:`BlackBox.configured`.
        max_batch: likewise."""


def human(  # noqa: D417  the arguments are put in below
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
    journal: Any = None,
    noisy: bool | None = None,
    max_batch: int | None = None,
) -> HumanBox:
    """A person as a black box: candidates are shown on a local page, and what the person says of them is the output.

    With ``mode="rating"`` each candidate is rated on its own; with ``"pairs"`` two stand side by side, and a strength
    is computed from the choices (Bradley and Terry 1952, "Rank analysis of incomplete block designs"), on one scale
    over all batches: 1 more is a preference of 73 in 100. Each answer is stored at once: a run can be stopped and
    resumed days later. The box is ``noisy``, and ``box.consistency()`` says how far the person agrees with themselves.

    Args:
        ARGUMENTS

    Raises:
        InvalidArgument, WrongType: for arguments that cannot be used.
        RunMismatch, RunDamaged, StorageError: about the journal.

    Example:
        >>> import featviz as fv
        >>> fv.human("How calm is this picture?", scale=(1, 5)).outputs
        ('rating',)
    """
    asked = {"mode": mode, "scale": scale, "note": note, "outputs": outputs, "name": name, "render": render}
    shown = {"space": space, "port": port, "open_browser": open_browser, "repeats": repeats, "anchors": anchors}
    box = HumanBox(checked(question, **asked, **shown, timeout=timeout, journal=journal))
    common = {"noisy": noisy, "max_batch": max_batch}
    said = {key: value for key, value in common.items() if value is not None}
    return box.configured(**common).with_spec((box.spec() or {}) | said)


# With -OO there is no docstring.
human.__doc__ = (human.__doc__ or "").replace("\n        ARGUMENTS", _ARGUMENTS)
