"""Log-probabilities of a continuation, out of what a language model says of the tokens of a text."""

import math
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from featviz.black_boxes.http.protocol import expected
from featviz.errors import AnswerShapeError, AnswerTypeError
from featviz.text import shown, visible

__all__ = ["echoed_score", "first_token_score"]


def echoed_score(choice: Any, prompt: str, continuation: str) -> float:
    """The log-probability of ``continuation`` after ``prompt``, from an echo of both.

    The log-probabilities of the tokens that overlap the continuation are added up. Where a token begins in the
    prompt and ends in the continuation, all of it is counted.

    Args:
        choice: an entry of ``choices``, with ``logprobs``: ``tokens``, ``token_logprobs`` and maybe ``text_offset``.
        prompt: what was sent before the continuation.
        continuation: at least one character.

    Raises:
        AnswerShapeError, AnswerTypeError: when the tokens do not spell the text, or have no log-probabilities.
    """
    told = expected(choice, "logprobs", dict)
    tokens, values = expected(told, "tokens", list), expected(told, "token_logprobs", list)
    if len(tokens) != len(values) or not all(isinstance(token, str) for token in tokens):
        raise AnswerShapeError(f"there are {len(tokens)} tokens and {len(values)} log-probabilities, not one for each.")
    starts = _starts(tokens, told.get("text_offset"), prompt + continuation)
    ends = [*starts[1:], max(len(prompt + continuation), starts[-1] + 1)] if starts else []
    begin, stop = len(prompt), len(prompt) + len(continuation)
    inside = [i for i, (a, b) in enumerate(zip(starts, ends, strict=True)) if a < stop and b > max(begin, a)]
    if not inside:
        raise AnswerShapeError("no token of the answer lies in the continuation: does the service echo the prompt?")
    return math.fsum(_log_probability(values[i], tokens[i]) for i in inside)


def first_token_score(entry: Any, continuation: str) -> float:
    """The log-probability that a reply begins with ``continuation``, from the likeliest first tokens.

    Tokens that begin with the continuation count. Where none of those listed does, what is known is a bound: it is no
    likelier than the least likely one listed, nor than all that are not listed together; the score is that bound.

    Args:
        entry: the first of ``logprobs.content``, with ``top_logprobs``.
        continuation: the beginning of a reply, of one token.
    """
    listed = [item for item in expected(entry, "top_logprobs", list) if isinstance(item, Mapping)]
    values = [_log_probability(item.get("logprob"), item.get("token")) for item in listed]
    hits = [
        value for item, value in zip(listed, values, strict=True) if str(item.get("token")).startswith(continuation)
    ]
    if hits:
        return _log_sum(hits)
    if not values:
        raise AnswerShapeError("the answer lists no likely tokens (top_logprobs).")
    rest = -math.expm1(min(_log_sum(values), 0.0))
    return min(*values, math.log(max(rest, 1e-12)))


def _starts(tokens: list[str], offsets: Any, text: str) -> list[int]:
    """Where in ``text`` each token begins."""
    joined = "".join(tokens)
    shift = joined.find(text)  # more than 0 where the tokens begin with a marker such as <s>
    if shift >= 0:
        return [end - len(token) - shift for end, token in zip(accumulate(map(len, tokens)), tokens, strict=True)]
    # Tokens that are parts of a character do not spell it, and then the offsets must do.
    fits = isinstance(offsets, list) and len(offsets) == len(tokens)
    if not fits or not all(isinstance(o, int) for o in offsets) or sorted(offsets) != offsets:
        raise AnswerShapeError(
            f"the tokens of the answer spell {visible(joined, 80)!r}, not the text that was sent, "
            f"{visible(text, 80)!r}. Does the service echo the prompt?"
        )
    return list(offsets)


def _log_probability(value: Any, token: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AnswerTypeError(
            f"the token {visible(token, 40)!r} has {shown(value)} for a log-probability. The first token of a text "
            "has none: put a template= with words before {input}."
        )
    return float(value)


def _log_sum(values: list[float]) -> float:
    top = max(values)
    return top + math.log(math.fsum(math.exp(value - top) for value in values)) if math.isfinite(top) else top
