"""``TokenSpace``: sequences of tokens, as ids or as text."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.blocks import Block, TextBlock, TokensBlock
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.latent import MAX_GENES, LatentDescription, Latents, Move, Prior
from featviz.protocols import Spec
from featviz.search_spaces.base import Space
from featviz.search_spaces.choices import Choice
from featviz.search_spaces.tokens.bigrams import Chain, ChainPrior, unigram
from featviz.search_spaces.tokens.moves import SequenceMoves
from featviz.search_spaces.tokens.rows import NOTHING, beside, ids_of, without_padding
from featviz.search_spaces.tokens.tokenizers import Words, file_digest
from featviz.search_spaces.tokens.vocabulary import Vocabulary
from featviz.text import shown, visible

__all__ = ["TokenSpace"]

Int64 = NDArray[np.int64]

# Numbers of examples, and tokens, that a description may hold; a space with more cannot be written down.
_LONGEST_SPEC = 20_000


class TokenSpace(Space):
    """Sequences of tokens. A batch is int64 ids of shape (n, length), or with ``as_text`` a list of n texts.

    Args:
        vocabulary: the tokens, a list of distinct texts or a dict from each to its id; or how many there are; or a
            tokenizer: the path of a ``tokenizer.json``, an object of tokenizers, transformers, tiktoken or
            sentencepiece, or any object with ``encode`` and ``decode``.
        length: how many tokens are searched.
        min_length: the least number of tokens, from 1, where it varies; all lengths are equally likely. Rows of ids are
            then filled up with ``pad``.
        prefix: what always stands before them: text, or a list of tokens or ids. Tokenizers join a space to the word
            behind it, so a text should not end in one.
        suffix: what always stands behind them.
        banned: tokens or ids that are never chosen, such as the word that a model is asked about. The special tokens of
            a tokenizer are banned by themselves.
        banned_text: pieces of text, in small letters or capitals, that may not occur in the text, however tokens make
            them up; where they stand in prefix or suffix themselves they may stay.
        as_text: whether inputs are texts. Then only sequences are valid that come back unchanged when their text is
            tokenized: a model that tokenizes it sees the tokens that were chosen. Of random tokens of a tokenizer few
            do, of those that follow ``examples`` nearly all.
        examples: texts, or lists of ids, from which the prior is learnt. Unknown and banned tokens part them.
        prior: ``"bigram"`` (each token by the one before it), ``"unigram"`` (by frequency), ``"uniform"``, or
            ``"auto"``: bigram where there are examples.
        separator: between the tokens of a text, where ``vocabulary`` is a list or a number.
        pad: token or id that fills up shorter rows; by default one of a usual name such as ``"<pad>"``, or else -1,
            which is no token.
        sha256: of a tokenizer's file; another file of the same name is then refused.

    Raises:
        InvalidArgument, WrongType: if an argument makes no sense.
        SpaceError: if a token is not in the vocabulary.
        MissingDependency: for a tokenizer's file, without the package ``tokenizers``.
    """

    def __init__(
        self,
        vocabulary: Any,
        length: int,
        *,
        min_length: int | None = None,
        prefix: Any = (),
        suffix: Any = (),
        banned: Any = (),
        banned_text: Sequence[str] = (),
        as_text: bool = False,
        examples: Any = None,
        prior: str = "auto",
        separator: str = " ",
        pad: Any = None,
        sha256: str | None = None,
    ) -> None:
        self._length = checks.integer("length", length, 1, MAX_GENES)
        self._least = self._length if min_length is None else checks.integer("min_length", min_length, 1, self._length)
        if not isinstance(as_text, bool):
            raise WrongType(f"as_text must be True or False, but it is {shown(as_text)}.")
        self._file = _tokenizer_file(vocabulary, sha256)
        self._vocabulary = Vocabulary(vocabulary, separator)
        self._separator, self._as_text = separator, as_text
        self._prefix = self._vocabulary.sequence(prefix, "prefix")
        self._suffix = self._vocabulary.sequence(suffix, "suffix")
        self._pad = self._vocabulary.padding if pad is None else self._vocabulary.id_of(pad, "pad")
        if self._varies and len(self._suffix) and self._suffix[-1] == self._pad:
            raise InvalidArgument("the suffix ends with the token for padding: nobody could see where it ends.")
        self._banned = tuple(self._vocabulary.id_of(token, "banned") for token in _listed("banned", banned))
        self._banned_text = tuple(str(text).casefold() for text in _listed("banned_text", banned_text))
        if "" in self._banned_text:
            raise InvalidArgument("banned_text cannot hold the empty text, which occurs everywhere.")
        self._allowed = self._allowed_ids()
        self._option_of = np.full(len(self._vocabulary) + 1, -1)  # the last place is that of id -1
        self._option_of[self._allowed] = np.arange(len(self._allowed))
        self._examples = None if examples is None else self._vocabulary.sequences(examples, self._allowed)
        kinds = ("auto", "bigram", "unigram", "uniform")
        self._prior_name = checks.one_of("prior", prior, kinds)
        if self._examples is None and prior in ("bigram", "unigram"):
            raise InvalidArgument(f"the prior {prior!r} is learnt from examples=: give some texts.")
        bigram = self._examples is not None and prior in ("auto", "bigram")
        self._chain: Chain | None = None
        if bigram and self._examples is not None:
            self._chain = Chain(self._examples, len(self._allowed), *self._neighbours())
        self.variables = {"tokens": Choice(len(self._allowed), shape=self._length)}
        if self._varies:
            self.variables = {"length": Choice(self._length - self._least + 1)} | self.variables

    @classmethod
    def from_tokenizer(cls, tokenizer: Any, length: int, *, as_text: bool = True, **options: Any) -> Self:
        """A space of the texts of a tokenizer: ``TokenSpace(tokenizer, length, as_text=True, ...)``."""
        return cls(tokenizer, length, as_text=as_text, **options)

    @cached_property
    def latent(self) -> LatentDescription:
        """A categorical gene a position, with one for the length before them where it varies."""
        count = len(self._allowed)
        lengths = self._length - self._least + 1
        if self._chain is not None:
            each = self._chain.marginals(self._length)
        elif self._examples is not None and self._prior_name == "unigram":
            each = [unigram(self._examples, count)] * self._length
        else:
            each = [np.full(count, 1 / count)] * self._length
        first = [np.full(lengths, 1 / lengths)] if self._varies else []
        whole = LatentDescription(
            0,
            (*((lengths,) if self._varies else ()), *(count,) * self._length),
            (*first, *each),
            prior=self.prior(),
            moves=tuple(self.moves()),
            feasible=self._survives if self._is_constrained else None,
            canonical=self._canonical if self._varies else None,
        )
        # A class derived from this one may have constraints of its own.
        return replace(whole, feasible=self._feasible(whole)) if self._has_valid else whole

    def prior(self) -> Prior | None:
        """The chain of bigrams, where there is one."""
        lengths = self._length - self._least + 1
        return None if self._chain is None else ChainPrior(self._chain, self._length, lengths)

    def moves(self) -> Sequence[Move]:
        """Substitution, swap, block shift, transplant, insertion and deletion."""
        return SequenceMoves(self._length, self._least, self._fitting).moves()

    def decode(self, values: Mapping[str, NDArray[Any]]) -> Int64 | list[str]:
        """Ids of shape (n, prefix + length + suffix), or n texts, of the options in ``values``."""
        ids = self._allowed[values["tokens"]]
        lengths = self._lengths(values, len(ids))
        return (
            self._vocabulary.codec.decode(self._unpadded(ids, lengths)) if self._as_text else self._whole(ids, lengths)
        )

    def encode(self, inputs: Any) -> dict[str, Int64]:
        """The options of inputs of the space, texts or rows of ids.

        Raises:
            SpaceError: if one has another length or template, or a token that is banned or unknown.
        """
        rows, totals = self._rows(inputs)
        first, last = len(self._prefix), len(self._suffix)
        lengths = totals - first - last
        wrong = (lengths < self._least) | (lengths > self._length)
        if wrong.any():
            got = int(lengths[np.argmax(wrong)])
            raise SpaceError(f"expected {self._range()} tokens between prefix and suffix, but got {max(got, 0)}.")
        behind = first + lengths[:, None] + np.arange(last)
        kept = (rows[:, :first] == self._prefix).all(axis=1)
        if not (kept & (np.take_along_axis(rows, behind, axis=1) == self._suffix).all(axis=1)).all():
            raise SpaceError("expected the prefix and the suffix of this space around the tokens.")
        inside = np.arange(self._length) < lengths[:, None]
        ids = np.zeros(inside.shape, dtype=np.int64)
        ids[inside] = rows[:, first:][np.arange(rows.shape[1] - first) < lengths[:, None]]
        options = np.where(inside, self._option_of[ids], 0)
        if (options < 0).any():
            (name,) = self._vocabulary.names(ids[options < 0][:1])
            raise SpaceError(
                f"the token {visible(name, 60)!r} may not be chosen in this space: it is banned or unknown."
            )
        return {"tokens": options} | ({"length": lengths - self._least} if self._varies else {})

    def render(self, x: Any) -> list[Block]:
        """The tokens, those that are searched marked where there are others, and the text."""
        row = self._row(x)
        first, end = len(self._prefix), len(row) - len(self._suffix)
        template = len(self._prefix) + len(self._suffix)
        changed = tuple(first <= at < end for at in range(len(row))) if template else ()
        caption = "what is searched, in its fixed template" if template else ""
        blocks: list[Block] = [TokensBlock(self._vocabulary.names(row), caption, changed)]
        return [*blocks, TextBlock(str(x))] if self._as_text else blocks

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """The part of the positions at which two inputs differ, shape (n, m)."""
        from scipy.spatial.distance import cdist  # noqa: PLC0415  slow to import

        first, second = (self._rows(batch)[0] for batch in (a, b))
        # Behind their ends rows of different widths are alike.
        width = max(first.shape[1], second.shape[1])
        first, second = (np.pad(r, ((0, 0), (0, width - r.shape[1])), constant_values=NOTHING) for r in (first, second))
        return np.asarray(cdist(first, second, "hamming"), dtype=np.float64)

    def units(self, x: Any) -> tuple[str, ...]:
        """The searched tokens with their places, such as ``"3: excellent"``."""
        row = self._row(x)
        searched = row[len(self._prefix) : len(row) - len(self._suffix)]
        names = self._vocabulary.names(searched)
        return tuple(f"{at}: {name.strip() or name}" for at, name in enumerate(names, start=1))

    def apply(self, x: Any, units: Sequence[str], masks: NDArray[np.bool_], fill: Any) -> Int64 | list[str]:
        """Copies of an input in which some tokens are those of other inputs at the same place; see :meth:`Space.apply`.

        Where the other input is shorter, its tokens are taken in turn.
        """
        values = self.encode([x])
        length = int(self._lengths(values, 1)[0])
        if masks.ndim != 2 or masks.shape[1] != len(units) or len(units) != length:
            raise SpaceError(f"expected a mask of {length} tokens a row, as units() names them.")
        others = self.encode(fill)
        at = np.arange(length) % self._lengths(others, len(others["tokens"]))[:, None]
        theirs = np.take_along_axis(others["tokens"], at, axis=1)
        tokens = np.repeat(values["tokens"], len(masks), axis=0)
        tokens[:, :length] = np.where(masks, tokens[:, :length], theirs)
        whole = {"tokens": tokens}
        if self._varies:
            whole["length"] = np.repeat(values["length"], len(masks))
        return self.decode(whole)

    def spec(self) -> Spec | None:
        """The arguments that make this space; None for a tokenizer without a file, or too many tokens or examples."""
        tokens = self._vocabulary.tokens
        if self._file:
            spec: Spec = {"type": "TokenSpace", "vocabulary": self._file[0], "sha256": self._file[1]}
        elif self._vocabulary.counted:
            spec = {"type": "TokenSpace", "vocabulary": len(tokens), "separator": self._separator}
        elif isinstance(self._vocabulary.codec, Words) and len(tokens) <= _LONGEST_SPEC and _is_writable(tokens):
            spec = {"type": "TokenSpace", "vocabulary": list(tokens), "separator": self._separator}
        else:
            return None
        spec |= {"length": self._length, "as_text": self._as_text, "prior": self._prior_name}
        if self._varies:
            spec |= {"min_length": self._least} | ({"pad": self._pad} if self._pad >= 0 else {})
        lists = {"prefix": self._prefix.tolist(), "suffix": self._suffix.tolist(), "banned": list(self._banned)}
        spec |= {name: given for name, given in lists.items() if given}
        if not _is_writable((self._separator, *self._banned_text)):
            return None
        if self._banned_text:
            spec["banned_text"] = list(self._banned_text)
        if self._examples is not None:
            if sum(map(len, self._examples)) > _LONGEST_SPEC:
                return None
            spec["examples"] = [self._allowed[stretch].tolist() for stretch in self._examples]
        return spec

    def __repr__(self) -> str:
        prior = "bigram" if self._chain is not None else self._prior_name.replace("auto", "uniform")
        kind = "texts" if self._as_text else "ids"
        return f"TokenSpace({kind}, {self._range()} of {len(self._allowed):,} tokens, prior={prior})"

    @property
    def _varies(self) -> bool:
        return self._least < self._length

    @property
    def _is_constrained(self) -> bool:
        return bool(self._banned_text) or (self._as_text and not self._vocabulary.codec.exact)

    def _range(self) -> str:
        return f"{self._least} to {self._length}" if self._varies else str(self._length)

    def _allowed_ids(self) -> Int64:
        out = {*self._banned, *self._vocabulary.codec.special, *((self._pad,) if self._varies else ())}
        allowed = np.array([i for i in range(len(self._vocabulary)) if i not in out], dtype=np.int64)
        if len(allowed) < 2:
            raise InvalidArgument(f"at least 2 tokens must be left to choose from, but {len(allowed)} are.")
        return allowed

    def _lengths(self, values: Mapping[str, Int64], n: int) -> Int64:
        return values["length"] + self._least if self._varies else np.full(n, self._length)

    def _whole(self, ids: Int64, lengths: Int64) -> Int64:
        """Rows of ids with prefix and suffix, filled up behind with the padding."""
        first, last = len(self._prefix), len(self._suffix)
        whole = np.empty((len(ids), first + self._length + last), dtype=np.int64)
        whole[:, :first] = self._prefix
        whole[:, first : first + self._length] = ids
        whole[:, first + self._length :] = self._suffix
        if self._varies:
            at = np.arange(whole.shape[1])
            whole[at >= first + lengths[:, None]] = self._pad
            rows = np.arange(len(ids))[:, None]
            whole[rows, first + lengths[:, None] + np.arange(last)] = self._suffix
        return whole

    def _unpadded(self, ids: Int64, lengths: Int64) -> list[Int64]:
        """Rows of ids with prefix and suffix, each as long as it is."""
        ends = (len(self._prefix) + len(self._suffix) + lengths).tolist()
        return [row[:end] for row, end in zip(self._whole(ids, lengths), ends, strict=True)]

    def _neighbours(self) -> tuple[int, int]:
        """The options in front of the first searched token and behind the last one, -1 where there is none."""
        ends = self._prefix[-1:], self._suffix[:1]
        behind, before = (int(self._option_of[end[0]]) if len(end) else -1 for end in ends)
        return behind, before

    def _row(self, x: Any) -> Int64:
        rows, lengths = self._rows([x])
        row: Int64 = rows[0, : lengths[0]]
        return row

    def _rows(self, inputs: Any) -> tuple[Int64, Int64]:
        """Ids of each input, behind its end nothing, of shape (n, longest), and how many it has, int64 (n,)."""
        if isinstance(inputs, str):
            raise WrongType("expected a batch of inputs, but this is a single text: put it in a list.")
        inputs = inputs if isinstance(inputs, np.ndarray) else list(inputs)
        width = len(self._prefix) + self._length + len(self._suffix)
        if len(inputs) and isinstance(inputs[0], str):
            return beside(self._vocabulary.codec.encode(list(inputs)), width)
        rows, lengths = ids_of(inputs, width, len(self._vocabulary))
        return without_padding(rows, self._pad) if self._varies else (rows, lengths)

    def _canonical(self, latents: Latents) -> Latents:
        """Behind the end of a sequence the first option."""
        lengths = latents.categorical[:, :1] + self._least
        chosen = latents.categorical.copy()
        chosen[:, 1:][np.arange(self._length) >= lengths] = 0
        return Latents(latents.real, chosen, latents.records)

    def _survives(self, latents: Latents) -> NDArray[np.bool_]:
        """Whether texts come back as the same ids, and hold nothing that is banned."""
        values = self.values(latents)
        ids = self._allowed[values["tokens"]]
        whole = self._unpadded(ids, self._lengths(values, len(ids)))
        texts = self._vocabulary.codec.decode(whole)
        ok = np.ones(len(ids), dtype=np.bool_)
        for piece, often in self._banned_often.items():
            ok &= np.array([text.casefold().count(piece) <= often for text in texts], dtype=np.bool_)
        if self._as_text and not self._vocabulary.codec.exact:
            again = self._vocabulary.codec.encode(texts)
            same = [np.array_equal(a, b) for a, b in zip(whole, again, strict=True)]
            ok &= np.array(same, dtype=np.bool_)
        return ok

    @cached_property
    def _banned_often(self) -> dict[str, int]:
        """For each banned piece of text how often it stands in prefix and suffix."""
        fixed = [text.casefold() for text in self._vocabulary.codec.decode([self._prefix, self._suffix])]
        return {piece: sum(text.count(piece) for text in fixed) for piece in self._banned_text}

    def _fitting(self, left: Int64, right: Int64, rng: np.random.Generator) -> Int64:
        """Options that fit between two neighbours; -1 stands for none."""
        if self._chain is not None:
            return self._chain.between(left, right, rng)
        count = len(self._allowed)
        if self._prior_name != "unigram":
            return rng.integers(count, size=len(left))
        return rng.choice(count, size=len(left), p=self.latent.probabilities[-1])


def _listed(name: str, given: Any) -> list[Any]:
    if isinstance(given, str) or not np.iterable(given):
        raise WrongType(f"{name} must be a list, but it is {shown(given)}. Put it in [ ].")
    return list(given)


def _tokenizer_file(vocabulary: Any, sha256: str | None) -> tuple[str, str] | None:
    if not isinstance(vocabulary, str | Path):
        if sha256 is not None:
            raise InvalidArgument("sha256= is that of a tokenizer's file, but the vocabulary is none.")
        return None
    found = file_digest(str(vocabulary))
    if sha256 is not None and sha256 != found:
        raise SpaceError(f"{visible(vocabulary, 300)} is another tokenizer than this space was made with.")
    return str(vocabulary), found


def _is_writable(texts: Sequence[str]) -> bool:
    """Whether UTF-8 can hold them, which knows no halves of surrogate pairs."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return True
