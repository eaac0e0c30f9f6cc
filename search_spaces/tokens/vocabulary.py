"""The tokens of a space by id: which there are, which may be chosen, and how people and texts name them."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import FeatvizWarning, InvalidArgument, SpaceError, WrongType
from featviz.search_spaces.tokens.tokenizers import Codec, Words, codec_of, pieces
from featviz.text import shown, visible

__all__ = ["Vocabulary"]

Int64 = NDArray[np.int64]

# Tokens that may be asked for by their number alone; vocabularies of language models have 30,000 to 260,000.
_MOST = 1_000_000
# Names for the token that fills up a row, which is then never chosen.
_PADDING = ("<pad>", "[PAD]", "<|pad|>", "<PAD>", "[pad]")


class Vocabulary:
    """Tokens by id.

    Args:
        given: distinct tokens that are not empty, a dict from each token to its id, how many there are, or a tokenizer
            (see ``codec_of``).
        separator: between the tokens of a text, where ``given`` is a list.
    """

    def __init__(self, given: Any, separator: str) -> None:
        if not isinstance(separator, str):
            raise WrongType(f"separator must be text, but it is {shown(separator)}.")
        self.counted = isinstance(given, int | np.integer) and not isinstance(given, bool)
        self.codec: Codec
        if self.counted:
            self.codec = Words([str(i) for i in range(checks.integer("vocabulary", given, 2, _MOST))], separator)
        elif isinstance(given, Mapping):
            self.codec = Words(_checked(_in_order(given)), separator)
        elif isinstance(given, list | tuple | np.ndarray):
            self.codec = Words(_checked(given), separator)
        else:
            self.codec = codec_of(given)
        self.tokens = self.codec.tokens
        self._ids = {token: i for i, token in enumerate(self.tokens)}

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def padding(self) -> int:
        """The id of the token for padding, -1 where there is none of a usual name."""
        return next((self._ids[name] for name in _PADDING if name in self._ids and not self.counted), -1)

    def id_of(self, token: Any, what: str) -> int:
        """The id of a token, given as text or as its id.

        Raises:
            SpaceError: when there is none; the nearest one is named.
        """
        if isinstance(token, str) and token in self._ids and not self.counted:
            return self._ids[token]
        if isinstance(token, int | np.integer) and not isinstance(token, bool) and 0 <= token < len(self):
            return int(token)
        if isinstance(token, str) and not self.counted and (i := self._spelt(token)) >= 0:
            return i
        near = checks.did_you_mean(token, self.tokens[:50_000])
        raise SpaceError(f"{what} names {shown(token)}, which is no token of these {len(self):,}.{near}")

    def sequence(self, given: Any, what: str) -> Int64:
        """Ids of a text, or of a list of tokens or ids; int64 (length,).

        Raises:
            SpaceError: when a token is unknown.
        """
        if isinstance(given, str):
            (ids,) = self.codec.encode([given])
            if (ids < 0).any():
                raise SpaceError(f"{what} holds text for which there is no token: {visible(given)!r}.")
            return ids
        if not isinstance(given, Iterable):
            raise WrongType(f"{what} must be text or a list of tokens, but it is {shown(given)}.")
        return np.array([self.id_of(token, what) for token in given], dtype=np.int64)

    def sequences(self, examples: Any, allowed: Int64) -> list[Int64]:
        """Example texts, or lists of ids, as stretches of allowed tokens: what is unknown or banned parts two of them.

        Raises:
            InvalidArgument: when nothing is left.
        """
        if isinstance(examples, str) or not isinstance(examples, Iterable):
            raise WrongType(f"examples must be a list of texts or of lists of ids, but they are {shown(examples)}.")
        rows = list(examples)
        if rows and all(isinstance(row, str) for row in rows):
            found = self.codec.encode(rows)
        else:
            found = [self._ids_of(row) for row in rows]
        options = np.full(len(self) + 1, -1)  # the last place is that of id -1
        options[allowed] = np.arange(len(allowed))
        stretches = [part for ids in found for part in _stretches(options[ids])]
        if not stretches:
            raise InvalidArgument("the examples hold none of the tokens that may be chosen.")
        words, unknown = sum(map(len, found)), sum(int((ids < 0).sum()) for ids in found)
        if 2 * unknown > words:
            warnings.warn(
                f"{unknown:,} of the {words:,} tokens of the examples are not in the vocabulary, so the prior learns "
                "little from them. Are they split and written (capitals, punctuation) as the vocabulary is?",
                FeatvizWarning,
                stacklevel=4,
            )
        return stretches

    def _ids_of(self, row: Any) -> Int64:
        ids = np.asarray(row)
        if ids.dtype.kind in "iu" and ids.ndim == 1:
            if len(ids) and not (ids.min() >= -1 and ids.max() < len(self)):
                raise SpaceError(f"examples hold ids outside 0 to {len(self) - 1:,}.")
            return ids.astype(np.int64)
        return self.sequence(row, "examples")

    def names(self, ids: Sequence[int] | Int64) -> tuple[str, ...]:
        """What to show for each id: the text that it stands for, spaces included."""
        places = np.asarray(ids, dtype=np.int64).tolist()
        shown_as = pieces(self.codec, places)
        return tuple(shown_as[i] for i in places)

    def _spelt(self, text: str) -> int:
        """The id of the one token that a tokenizer reads ``text`` as, -1 where there is none.

        Its own name for it may be another, such as "Ġfilm" for " film"; unknown text becomes a token for that, which
        does not read like it.
        """
        (ids,) = self.codec.encode([text])
        if len(ids) != 1 or ids[0] < 0:
            return -1
        (read,) = self.codec.decode([ids])
        return int(ids[0]) if read.strip().casefold() == text.strip().casefold() else -1


def _stretches(options: Int64) -> list[Int64]:
    """The runs of options that are not -1."""
    ends = np.flatnonzero(np.diff(np.concatenate([[False], options >= 0, [False]]).astype(np.int8)))
    return [options[first:end] for first, end in zip(ends[::2], ends[1::2], strict=True)]


def _in_order(given: Mapping[Any, Any]) -> list[Any]:
    try:
        tokens = sorted(given, key=lambda token: int(given[token]))
        numbered = [int(given[token]) for token in tokens] == list(range(len(tokens)))
    except (TypeError, ValueError):
        numbered = False
    if not numbered:
        raise InvalidArgument(f"a dict of tokens must give each its id, from 0 to {len(given) - 1:,}, none left out.")
    return tokens


def _checked(given: Any) -> tuple[str, ...]:
    for token in given:
        if not isinstance(token, str):
            raise WrongType(f"vocabulary must hold text, but it holds {shown(token)}.")
    if len(given) < 2:
        raise InvalidArgument(f"a vocabulary needs at least 2 tokens, but it has {len(given)}.")
    if "" in given:
        raise InvalidArgument("a vocabulary cannot hold the empty text: nobody could see that token.")
    if len(set(given)) < len(given):
        seen: set[str] = set()
        twice = next(token for token in given if token in seen or seen.add(token))  # type: ignore[func-returns-value]
        raise InvalidArgument(f"the tokens of a vocabulary must be distinct, but {shown(twice)} is there twice.")
    return tuple(str(token) for token in given)
