"""What featviz needs of a tokenizer: texts from ids, ids from texts, the names of tokens, and which are special.

Somebody else's tokenizer may be a file of the package ``tokenizers`` (``tokenizer.json``), an object of that package,
or any object with ``encode`` and ``decode``.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument, MissingDependency, SpaceError, WrongType
from featviz.text import first_line, shown, visible

__all__ = ["Codec", "Words", "codec_of", "file_digest"]

Int64 = NDArray[np.int64]


class Codec(Protocol):
    """Ids and texts, whole batches at a time."""

    # Whether every sequence of ids comes back from its text, so that nobody needs to look.
    exact: bool

    @property
    def tokens(self) -> Sequence[str]:
        """The tokens by id."""

    @property
    def special(self) -> Sequence[int]:
        """Ids that stand for no text, such as the end of a sequence."""

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
        self.exact = self._longest == 1 if not separator else not any(separator in token for token in self.tokens)

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

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.tokens = _by_id(tokenizer.get_vocab(with_added_tokens=True))
        added = tokenizer.get_added_tokens_decoder()
        self.special = sorted(i for i, token in added.items() if token.special)

    def decode(self, rows: Sequence[Int64]) -> list[str]:
        return list(self._tokenizer.decode_batch([row.tolist() for row in rows], skip_special_tokens=False))

    def encode(self, texts: Sequence[str]) -> list[Int64]:
        found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [np.array(encoding.ids, dtype=np.int64) for encoding in found]


class _Foreign:
    """Any object with ``encode`` and ``decode``, which knows single texts only."""

    exact = False

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        known = getattr(tokenizer, "get_vocab", None)
        if callable(known):
            self.tokens = _by_id(known())
        else:
            size = getattr(tokenizer, "n_vocab", getattr(tokenizer, "vocab_size", None))
            if not isinstance(size, int) or size < 1:
                raise InvalidArgument(
                    "this tokenizer does not say how many tokens it has: expected get_vocab(), n_vocab or vocab_size."
                )
            self.tokens = [self._name(i) for i in range(size)]
        self.special = sorted(int(i) for i in getattr(tokenizer, "all_special_ids", ()))

    def decode(self, rows: Sequence[Int64]) -> list[str]:
        return [str(self._tokenizer.decode(row.tolist())) for row in rows]

    def encode(self, texts: Sequence[str]) -> list[Int64]:
        found = [self._tokenizer.encode(text) for text in texts]
        return [np.array(getattr(ids, "ids", ids), dtype=np.int64) for ids in found]

    def _name(self, i: int) -> str:
        try:
            return str(self._tokenizer.decode([i]))
        except Exception:  # noqa: BLE001  gaps in the numbering of somebody else's tokens
            return f"<{i}>"


def codec_of(tokenizer: Any) -> Codec:
    """The codec of a tokenizer: a path to ``tokenizer.json``, an object of ``tokenizers``, or one with both methods.

    Raises:
        InvalidArgument: for a file that is none, or cannot be read.
        MissingDependency: for a file, without the package ``tokenizers``.
        WrongType: for anything else.
    """
    if isinstance(tokenizer, str | Path):
        tokenizer = _read(Path(tokenizer))
    if callable(getattr(tokenizer, "decode_batch", None)) and callable(getattr(tokenizer, "encode_batch", None)):
        return _HuggingFace(tokenizer)
    if callable(getattr(tokenizer, "encode", None)) and callable(getattr(tokenizer, "decode", None)):
        return _Foreign(tokenizer)
    raise WrongType(f"a tokenizer needs encode and decode, but this is {shown(tokenizer)}.")


def file_digest(path: str) -> str:
    """The SHA-256 of a tokenizer's file, by which another one of the same name is noticed."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise InvalidArgument(f"cannot read the tokenizer {visible(path, 300)}: {first_line(error)}.") from error


def _read(path: Path) -> Any:
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415  an optional package
    except ImportError as error:
        raise MissingDependency(
            f"reading {visible(path)} needs the package tokenizers: pip install 'featviz[text]'."
        ) from error
    if not path.is_file():
        raise InvalidArgument(f"there is no tokenizer file {visible(path)}.")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises plain Exception
        raise InvalidArgument(f"{visible(path)} is no tokenizer.json: {first_line(error)}.") from error


def _by_id(vocabulary: Any) -> list[str]:
    if not vocabulary:
        raise SpaceError("this tokenizer has no tokens.")
    names = [f"<{i}>" for i in range(max(vocabulary.values()) + 1)]
    for token, i in vocabulary.items():
        names[i] = str(token)
    return names
