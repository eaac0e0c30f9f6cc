"""What a program answers on a line: a JSON object with ``id`` and ``output`` or ``error``, or a bare number or list."""

import json
from dataclasses import dataclass
from typing import Any

from featviz.errors import AnswerTypeError
from featviz.text import shown, visible

__all__ = ["Reply", "read_reply", "request"]


@dataclass(frozen=True)
class Reply:
    """One answer.

    Args:
        id: which input it is for; None where the line did not say.
        output: what was answered.
        error: what the program said went wrong with this input; None when nothing did.
    """

    id: int | None
    output: Any = None
    error: Exception | None = None


def request(number: int, value: Any) -> bytes:
    """The line that asks for one input.

    Raises:
        ValueError: for an infinite number, which JSON cannot write.
    """
    asked = json.dumps({"id": number, "input": value}, allow_nan=False, separators=(",", ":"))
    return asked.encode("ascii") + b"\n"


def read_reply(line: bytes) -> Reply:
    """The answer on a line.

    Raises:
        AnswerTypeError: when it is no JSON, so that nobody knows what it is for.
    """
    try:
        value = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise AnswerTypeError(f"expected a line of JSON in UTF-8, but {_shown(line)} came. {_ADVICE}") from None
    except (ValueError, RecursionError):
        raise AnswerTypeError(f"expected a line of JSON, but {_shown(line)} came. {_ADVICE}") from None
    if not isinstance(value, dict):
        return Reply(None, value)
    number = value.get("id")
    if isinstance(number, bool) or not isinstance(number, int | None):
        raise AnswerTypeError(f"expected the id of the input that was sent, but the answer has the id {shown(number)}.")
    if value.get("error") is not None:
        return Reply(number, error=RuntimeError(visible(value["error"], 500)))
    if "output" not in value:
        keys = ", ".join(visible(key, 40) for key in list(value)[:10]) or "no entry"
        expected = '{"id": 0, "output": ...} or {"id": 0, "error": "..."}'
        return Reply(number, error=AnswerTypeError(f"expected {expected}, but the answer has {keys}."))
    return Reply(number, value["output"])


_ADVICE = "The standard output of the program is for its answers alone: write anything else to its standard error."


def _shown(line: bytes) -> str:
    return f"'{visible(line[:500].decode('utf-8', 'backslashreplace'), 100)}'"
