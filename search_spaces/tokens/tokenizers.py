"""What featviz needs of a tokenizer: texts from ids, ids from texts, the names of tokens, and which are special.

Somebody else's tokenizer may be a file of the package ``tokenizers`` (``tokenizer.json``), an object of that package or
of transformers, tiktoken or sentencepiece, or any object with ``encode`` and ``decode``.
"""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from featviz.digests import file_sha256
from featviz.errors import InvalidArgument, MissingDependency, SpaceError, WrongType
from featviz.text import first_line, shown, visible

__all__ = ["Codec", "Words", "codec_of", "file_digest", "pieces"]

Int64 = NDArray[np.int64]

# What encode must not do, where a tokenizer lets one say so: put special tokens around a text (transformers), and
# refuse a text that spells one (tiktoken).
_ENCODE_OPTIONS: dict[str, Any] = {"add_special_tokens": False, "disallowed_special": ()}
# How many tokens there are, by the names that tokenizers give to it.
_SIZES = ("n_vocab", "vocab_size", "get_piece_size")
# Methods of sentencepiece that know of an id whether it stands for no text.
_EMPTY = ("is_control", "is_unknown", "is_unused")


class Codec(Protocol):
    """Ids and texts, whole batches at a time."""

    # Whether every sequence of ids comes back from its text, so that nobody needs to look.
    exact: bool

    @property
    def tokens(self) -> Sequence[str]:
        """The tokens by id."""

    @property
    def special(self) -> Sequence[int]:
        """Ids that stand for no text, such as the end of a sequence, or for nothing at all."""

    def decode(self, rows: Sequence[Int64]) -> list[str]:
        """A text for each row of ids."""

    def encode(self, texts: Sequence[str]) -> list[Int64]:
        """The ids of each text; -1 where there is no token for what stands there."""


class Words:
    """Tokens joined by a separator; without one a text is read by its longest tokens from left to right.

    Args:
        tokens: by id.
        separator: between two tokens.
    """

    special: tuple[int, ...] = ()

    def __init__(self, tokens: Sequence[str], separator: str) -> None:
        self.tokens = list(tokens)
        self._separator = separator
        self._ids = {token: i for i, token in enumerate(self.tokens)}
        self._longest = max(map(len, self.tokens))
        # A separator that begins as it ends, such as "--", may be found half inside a token.
        borders = any(separator.startswith(separator[k:]) for k in range(1, len(separator)))
        apart = not borders and not any(separator in token for token in self.tokens)
        self.exact = apart if separator else self._longest == 1

    def decode(self, rows: Sequence[Int64]) -> list[str]:
        """See :class:`Codec`."""
        return [self._separator.join([self.tokens[i] for i in row.tolist()]) for row in rows]

    def encode(self, texts: Sequence[str]) -> list[Int64]:
        """See :class:`Codec`."""
        split = self._split if self._separator else self._longest_first
        return [np.array([self._ids.get(token, -1) for token in split(text)], dtype=np.int64) for text in texts]

    def _split(self, text: str) -> list[str]:
        return [token for token in text.split(self._separator) if token]

    def _longest_first(self, text: str) -> list[str]:
        found, at = [], 0
        while at < len(text):
            sizes = range(min(self._longest, len(text) - at), 0, -1)
            size = next((k for k in sizes if text[at : at + k] in self._ids), 1)
            found.append(text[at : at + size])
            at += size
        return found


class _HuggingFace:
    """A tokenizer of the package ``tokenizers``."""

    exact = False

    def __init__(self, tokenizer: Any, special: Sequence[int] = ()) -> None:
        self._tokenizer = _unpadded(tokenizer)
        self.tokens, gaps = _by_id(tokenizer.get_vocab(with_added_tokens=True))
        added = tokenizer.get_added_tokens_decoder()
        self._unknown = tokenizer.token_to_id(getattr(tokenizer.model, "unk_token", None) or "")
        unknown = () if self._unknown is None else (self._unknown,)
        self.special = sorted({*gaps, *special, *unknown, *(i for i, token in added.items() if token.special)})

    def decode(self, rows: Sequence[Int64]) -> list[str]:
        return list(self._tokenizer.decode_batch([row.tolist() for row in rows], skip_special_tokens=False))

    def encode(self, texts: Sequence[str]) -> list[Int64]:
        found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [_known(encoding.ids, self._unknown) for encoding in found]


class _Foreign:
    """Any object with ``encode`` and ``decode``, of which only single texts are asked."""

    exact = False

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._options = _taken(tokenizer.encode, _ENCODE_OPTIONS)
        known = getattr(tokenizer, "get_vocab", None)
        if callable(known):
            self.tokens, gaps = _by_id(known())
        else:
            names = [self._name(i) for i in range(_size(tokenizer))]
            gaps = [i for i, name in enumerate(names) if name is None]
            self.tokens = [f"<{i}>" if name is None else name for i, name in enumerate(names)]
        unknown = getattr(tokenizer, "unk_token_id", getattr(tokenizer, "unk_id", None))
        self._unknown = unknown() if callable(unknown) else unknown
        self.special = sorted({*gaps, *_special(tokenizer, len(self.tokens))})

    def decode(self, rows: Sequence[Int64]) -> list[str]:
        found = [self._tokenizer.decode(row.tolist()) for row in rows]
        for text in found:
            if not isinstance(text, str):
                raise WrongType(f"a tokenizer's decode must return text, but it returned {shown(text)}.")
        return found

    def encode(self, texts: Sequence[str]) -> list[Int64]:
        found = [self._tokenizer.encode(text, **self._options) for text in texts]
        return [_known(getattr(ids, "ids", ids), self._unknown) for ids in found]

    def _name(self, i: int) -> str | None:
        piece = getattr(self._tokenizer, "id_to_piece", None)
        try:
            return str(piece(i) if callable(piece) else self._tokenizer.decode([i]))
        except Exception:  # noqa: BLE001  a gap in the numbering of somebody else's tokens
            return None


def codec_of(tokenizer: Any) -> Codec:
    """The codec of a tokenizer: a path to ``tokenizer.json``, or an object with ``encode`` and ``decode``.

    Raises:
        InvalidArgument: for a file that is none, or cannot be read.
        MissingDependency: for a file, without the package ``tokenizers``.
        WrongType: for anything else.
    """
    if isinstance(tokenizer, str | Path):
        return _HuggingFace(_read(Path(tokenizer)))
    if callable(getattr(tokenizer, "get_added_tokens_decoder", None)):
        return _HuggingFace(tokenizer)
    backend = getattr(tokenizer, "backend_tokenizer", None)  # of transformers' fast tokenizers
    if callable(getattr(backend, "get_added_tokens_decoder", None)):
        return _HuggingFace(backend, tokenizer.all_special_ids)
    if callable(getattr(tokenizer, "encode", None)) and callable(getattr(tokenizer, "decode", None)):
        return _Foreign(tokenizer)
    raise WrongType(
        "a vocabulary must be a list of tokens, how many there are, or a tokenizer with encode and decode, but it is "
        f"{shown(tokenizer)}."
    )


def file_digest(path: str) -> str:
    """The SHA-256 of a tokenizer's file, by which another one of the same name is noticed."""
    try:
        return file_sha256(Path(path))
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        raise InvalidArgument(f"cannot read the tokenizer {visible(path, 300)}: {first_line(error)}.") from error


def pieces(codec: Codec, ids: Sequence[int]) -> dict[int, str]:
    """The text that each of the ids adds to a text, spaces included; the token's name where it adds none to be seen.

    Tokenizers write a space in front of a word in their own ways ("Ġfilm", "▁film", "film" without "##"); what a token
    looks like behind another one is the same for all.
    """
    names = {i: codec.tokens[i] if i >= 0 else "<unknown>" for i in set(ids)}
    special = frozenset(codec.special)
    known = [i for i in names if i >= 0 and i not in special]
    if isinstance(codec, Words) or not known:
        return names
    first = known[0]
    start, *behind = codec.decode([np.array(row) for row in ([first], *([first, i] for i in known))])
    for i, text in zip(known, behind, strict=True):
        added = text.removeprefix(start)
        if text.startswith(start) and added and "\ufffd" not in added:
            names[i] = added
    return names


def _read(path: Path) -> Any:
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415  an optional package
    except ImportError as error:
        raise MissingDependency(
            f"reading {visible(path)} needs the package tokenizers: pip install 'featviz[text]'."
        ) from error
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises plain Exception
        raise InvalidArgument(f"{visible(path)} is no tokenizer.json: {first_line(error)}.") from error


def _unpadded(tokenizer: Any) -> Any:
    """The tokenizer, or a copy without padding and truncation, by which a text would not come back as it was."""
    if tokenizer.padding is None and tokenizer.truncation is None:
        return tokenizer
    own = tokenizer.from_str(tokenizer.to_str())
    own.no_padding()
    own.no_truncation()
    return own


def _known(ids: Sequence[int], unknown: int | None) -> Int64:
    """The ids, -1 in place of the token that a tokenizer has for what is unknown to it."""
    found = np.array(ids, dtype=np.int64)
    return found if unknown is None else np.where(found == unknown, -1, found)


def _by_id(vocabulary: Any) -> tuple[list[str], list[int]]:
    """The tokens by id, and the ids of none."""
    if not vocabulary:
        raise SpaceError("this tokenizer has no tokens.")
    names = [f"<{i}>" for i in range(max(vocabulary.values()) + 1)]
    for token, i in vocabulary.items():
        names[i] = token if isinstance(token, str) else token.decode(errors="replace")
    return names, sorted(set(range(len(names))) - set(vocabulary.values()))


def _size(tokenizer: Any) -> int:
    for name in _SIZES:
        given = getattr(tokenizer, name, None)
        size = given() if callable(given) else given
        if isinstance(size, int) and size > 0:
            return size
    raise InvalidArgument(
        f"this tokenizer does not say how many tokens it has: expected get_vocab(), or one of {', '.join(_SIZES)}."
    )


def _special(tokenizer: Any, count: int) -> set[int]:
    """The special tokens of transformers, of tiktoken and of sentencepiece, each by its own names for them."""
    found = {int(i) for i in getattr(tokenizer, "all_special_ids", ())}
    found |= {int(tokenizer.encode_single_token(name)) for name in getattr(tokenizer, "special_tokens_set", ())}
    for empty in filter(callable, (getattr(tokenizer, name, None) for name in _EMPTY)):
        found |= {i for i in range(count) if empty(i)}
    return found


def _taken(function: Callable[..., Any], options: dict[str, Any]) -> dict[str, Any]:
    """Those of the options that the function has a parameter for."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # functions written in C have no signature
        return {}
    return {name: value for name, value in options.items() if name in parameters}
