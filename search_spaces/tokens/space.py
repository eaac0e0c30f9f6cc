"""``TokenSpace``: sequences of tokens, as ids or as text."""

from collections.abc import Mapping, Sequence
from functools import cached_property
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
from featviz.search_spaces.tokens.bigrams import Chain, unigram
from featviz.search_spaces.tokens.moves import SequenceMoves
from featviz.search_spaces.tokens.tokenizers import Words, file_digest
from featviz.search_spaces.tokens.vocabulary import Vocabulary
from featviz.text import shown, visible

__all__ = ["TokenSpace"]

Int64 = NDArray[np.int64]

# Numbers of examples, and tokens, that a description may hold; a space with more cannot be written down.
_LONGEST_SPEC = 20_000
# Candidates of a substitution, of which the one that fits its right neighbour is taken.
_CANDIDATES = 8


class TokenSpace(Space):
    """Sequences of tokens. A batch is int64 ids of shape (n, length), or with ``as_text`` a list of n texts.

    Args:
        vocabulary: the tokens, a list of distinct texts; or how many there are; or a tokenizer: the path of a
            ``tokenizer.json``, an object of the package ``tokenizers``, or any object with ``encode`` and ``decode``.
        length: how many tokens are searched.
        min_length: the least number of tokens, from 1, where it varies; all lengths are equally likely. Rows of ids are
            then filled up with ``pad``.
        prefix: what always stands before them: text, or a list of tokens or ids.
        suffix: what always stands behind them.
        banned: tokens or ids that are never chosen, such as the word that a model is asked about. The special tokens of
            a tokenizer are banned by themselves.
        banned_text: pieces of text, in any case, that may not occur in the text of what is searched.
        as_text: whether inputs are texts. Of a tokenizer only sequences are valid that come back unchanged when their
            text is tokenized.
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
        self._chain = Chain(self._examples, len(self._allowed)) if bigram and self._examples is not None else None
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
        return LatentDescription(
            0,
            (*((lengths,) if self._varies else ()), *(count,) * self._length),
            (*first, *each),
            prior=self.prior(),
            moves=tuple(self.moves()),
            feasible=self._survives if self._is_constrained else None,
            canonical=self._canonical if self._varies else None,
        )

    def prior(self) -> Prior | None:
        """The chain of bigrams, where there is one."""
        lengths = self._length - self._least + 1
        return None if self._chain is None else _ChainPrior(self._chain, self._length, lengths)

    def moves(self) -> Sequence[Move]:
        """Substitution, swap, block shift, transplant, insertion and deletion."""
        return SequenceMoves(self._length, self._least, self._fitting).moves()

    def decode(self, values: Mapping[str, NDArray[Any]]) -> Int64 | list[str]:
        """Ids of shape (n, prefix + length + suffix), or n texts, of the options in ``values``."""
        ids = self._allowed[values["tokens"]]
        whole = self._with_template(ids, self._lengths(values, len(ids)))
        return self._texts(whole) if self._as_text else whole

    def encode(self, inputs: Any) -> dict[str, Int64]:
        """The options of inputs of the space, texts or rows of ids.

        Raises:
            SpaceError: if one has another length or template, or a token that is banned or unknown.
        """
        rows = self._rows(inputs)
        first, last = len(self._prefix), len(self._suffix)
        options = np.zeros((len(rows), self._length), dtype=np.int64)
        lengths = np.zeros(len(rows), dtype=np.int64)
        for i, row in enumerate(rows):
            end = len(row) - last
            if not self._least <= end - first <= self._length:
                raise SpaceError(f"expected {self._range()} tokens between prefix and suffix, but got {end - first}.")
            if not (np.array_equal(row[:first], self._prefix) and np.array_equal(row[end:], self._suffix)):
                raise SpaceError("expected the prefix and the suffix of this space around the tokens.")
            found = self._option_of[row[first:end]]
            if (found < 0).any():
                wrong = int(row[first:end][int(np.argmax(found < 0))])
                name = visible(self._vocabulary.tokens[wrong], 60) if wrong >= 0 else "unknown text"
                raise SpaceError(f"the token {name!r} may not be chosen in this space: it is banned or unknown.")
            options[i, : len(found)], lengths[i] = found, len(found)
        return {"tokens": options} | ({"length": lengths - self._least} if self._varies else {})

    def render(self, x: Any) -> list[Block]:
        """The tokens, those that are searched marked where there are others, and the text."""
        (row,) = self._rows([x])
        first, end = len(self._prefix), len(row) - len(self._suffix)
        template = len(self._prefix) + len(self._suffix)
        changed = tuple(first <= at < end for at in range(len(row))) if template else ()
        blocks: list[Block] = [TokensBlock(self._vocabulary.names(row), changed=changed)]
        return [*blocks, TextBlock(self._vocabulary.codec.decode([row])[0])] if self._as_text else blocks

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """The part of the positions at which two inputs differ, shape (n, m)."""
        first, second = (self._padded(self._rows(batch)) for batch in (a, b))
        found = np.empty((len(first), len(second)))
        for i, row in enumerate(first):
            found[i] = (second != row).mean(axis=1)
        return found

    def units(self, x: Any) -> tuple[str, ...]:
        """The searched tokens with their places, such as ``"3: excellent"``."""
        (row,) = self._rows([x])
        searched = row[len(self._prefix) : len(row) - len(self._suffix)]
        return tuple(f"{at}: {token}" for at, token in enumerate(self._vocabulary.names(searched), start=1))

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
        elif isinstance(self._vocabulary.codec, Words) and len(tokens) <= _LONGEST_SPEC:
            spec = {"type": "TokenSpace", "vocabulary": list(tokens), "separator": self._separator}
        else:
            return None
        spec |= {"length": self._length, "as_text": self._as_text, "prior": self._prior_name}
        if self._varies:
            spec |= {"min_length": self._least} | ({"pad": self._pad} if self._pad >= 0 else {})
        lists = {"prefix": self._prefix.tolist(), "suffix": self._suffix.tolist(), "banned": list(self._banned)}
        spec |= {name: given for name, given in lists.items() if given}
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

    def _with_template(self, ids: Int64, lengths: Int64) -> Int64:
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

    def _texts(self, whole: Int64) -> list[str]:
        rows = [row[row != self._pad] for row in whole] if self._varies else list(whole)
        return self._vocabulary.codec.decode(rows)

    def _rows(self, inputs: Any) -> list[Int64]:
        """Each input as ids without padding."""
        if isinstance(inputs, str):
            raise WrongType("expected a batch of inputs, but this is a single text: put it in a list.")
        rows = list(inputs)
        if rows and isinstance(rows[0], str):
            return self._vocabulary.codec.encode(rows)
        try:
            ids = [np.asarray(row, dtype=np.int64) for row in rows]
        except (TypeError, ValueError):
            raise SpaceError(f"expected texts or rows of ids, but got {shown(rows[0])}.") from None
        if any(row.ndim != 1 or (len(row) and not -1 <= row.min() <= row.max() < len(self._vocabulary)) for row in ids):
            raise SpaceError(f"expected rows of ids from 0 to {len(self._vocabulary) - 1:,}.")
        return [row[: len(row) - _trailing(row, self._pad)] for row in ids] if self._varies else ids

    def _padded(self, rows: list[Int64]) -> Int64:
        found = np.full((len(rows), len(self._prefix) + self._length + len(self._suffix)), -2)
        for i, row in enumerate(rows):
            found[i, : len(row)] = row
        return found

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
        lengths = self._lengths(values, len(ids))
        codec = self._vocabulary.codec
        searched = [row[:length] for row, length in zip(ids, lengths.tolist(), strict=True)]
        ok = np.ones(len(ids), dtype=np.bool_)
        if self._banned_text:
            texts = [text.casefold() for text in codec.decode(searched)]
            ok &= np.array([not any(piece in text for piece in self._banned_text) for text in texts], dtype=np.bool_)
        if self._as_text and not codec.exact:
            whole = [np.concatenate([self._prefix, row, self._suffix]) for row in searched]
            again = codec.encode(codec.decode(whole))
            same = [np.array_equal(a, b) for a, b in zip(whole, again, strict=True)]
            ok &= np.array(same, dtype=np.bool_)
        return ok

    def _fitting(self, left: Int64, right: Int64, rng: np.random.Generator) -> Int64:
        """Options that fit between two neighbours; -1 stands for none."""
        n, count = len(left), len(self._allowed)
        chain = self._chain
        if chain is None:
            p = self.latent.probabilities[-1]
            return rng.integers(count, size=n) if self._prior_name != "unigram" else rng.choice(count, size=n, p=p)
        candidates = chain.after(np.maximum(left, 0)[:, None] + np.zeros(_CANDIDATES, dtype=np.int64), rng)
        alone = left < 0
        if alone.any():
            candidates[alone] = chain.sample(rng, int(alone.sum()) * _CANDIDATES, 1).reshape(-1, _CANDIDATES)
        fit = chain.probability(candidates, np.maximum(right, 0)[:, None])
        fit[right < 0] = 1.0
        # One of the candidates in proportion to how well it fits.
        cumulated = fit.cumsum(axis=1)
        choice = (cumulated < rng.random((n, 1)) * cumulated[:, -1:]).sum(axis=1)
        found: Int64 = candidates[np.arange(n), choice]
        return found


class _ChainPrior:
    """Tokens by the chain, and all lengths equally likely where they vary."""

    def __init__(self, chain: Chain, length: int, lengths: int) -> None:
        self._chain, self._length, self._lengths = chain, length, lengths

    def sample(self, rng: np.random.Generator, n: int) -> Latents:
        """``n`` latents."""
        tokens = self._chain.sample(rng, n, self._length)
        if self._lengths > 1:
            tokens = np.hstack([rng.integers(self._lengths, size=(n, 1)), tokens])
        return Latents(np.empty((n, 0)), tokens)

    def log_density(self, latents: Latents) -> NDArray[np.float64]:
        """The log probability of each latent, tokens behind the end included; shape (n,)."""
        tokens = latents.categorical[:, -self._length :]
        return self._chain.log_density(tokens) - float(np.log(self._lengths))


def _listed(name: str, given: Any) -> list[Any]:
    if isinstance(given, str) or not np.iterable(given):
        raise WrongType(f"{name} must be a list, but it is {shown(given)}. Put it in [ ].")
    return list(given)


def _tokenizer_file(vocabulary: Any, sha256: str | None) -> tuple[str, str] | None:
    if not isinstance(vocabulary, str):
        return None
    found = file_digest(vocabulary)
    if sha256 is not None and sha256 != found:
        raise SpaceError(f"{visible(vocabulary, 300)} is another tokenizer than this space was made with.")
    return vocabulary, found


def _trailing(row: Int64, pad: int) -> int:
    """How many of the last ids are padding."""
    others = np.flatnonzero(row != pad)
    return len(row) - (int(others[-1]) + 1 if len(others) else 0)
