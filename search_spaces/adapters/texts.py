"""Texts of letters of an alphabet, with a shortest and a longest length."""

from collections.abc import Iterator, Sequence
from typing import Any

from featviz import checks
from featviz.blocks import Block, TextBlock
from featviz.errors import InvalidArgument, WrongType
from featviz.latent import MAX_GENES
from featviz.protocols import Spec
from featviz.search_spaces.adapters.converted import Converted
from featviz.search_spaces.choices import Choice
from featviz.search_spaces.composites import ListSpace
from featviz.search_spaces.composites.parts import Leaf, part_of
from featviz.text import shown

__all__ = ["AlphabetText"]


class AlphabetText(Converted):
    """Texts of letters of an alphabet, all lengths and all letters equally likely under the prior.

    Args:
        alphabet: its letters, each once.
        min_length: the fewest letters; at least 0.
        max_length: the most; at least 1.

    A batch is a list of n texts.

    Raises:
        InvalidArgument, WrongType: if an argument is something else, or only one text is possible.
    """

    def __init__(self, alphabet: str | Sequence[str], min_length: int, max_length: int) -> None:
        letters = list(dict.fromkeys(alphabet))
        if not letters or not all(isinstance(c, str) and len(c) == 1 for c in letters):
            raise WrongType(f"alphabet must be text, or a list of single letters, but it is {shown(alphabet)}.")
        self.alphabet = "".join(letters)
        self.max_length = checks.integer("max_length", max_length, 1)
        self.min_length = checks.integer("min_length", min_length, 0, self.max_length)
        self._single = len(letters) == 1
        inner: Any = self._lengths() if self._single else ListSpace(Choice(letters), self.min_length, self.max_length)
        self._part = part_of("text", inner)
        self.variables = {"letters": self._part.given}

    def _lengths(self) -> Choice:
        """The texts of one letter, of which only the length can be chosen."""
        lengths = range(self.min_length, self.max_length + 1)
        if len(lengths) == 1:
            text = shown(self.alphabet * min(self.max_length, 100))
            raise InvalidArgument(f"{text} is the only such text: there is nothing to search.")
        if (lengths[0] + lengths[-1]) * len(lengths) > 2 * MAX_GENES:
            raise InvalidArgument(f"texts of one letter may have {MAX_GENES:,} letters in all lengths together.")
        return Choice([self.alphabet * k for k in lengths])

    def _to_form(self, inputs: Any) -> list[str]:
        return list(inputs) if self._single else ["".join(letters) for letters in inputs]

    def _from_form(self, inputs: Any) -> Any:
        texts = [text if isinstance(text, str) else _refuse(text) for text in inputs]
        return texts if self._single else [list(text) for text in texts]

    def leaves(self, x: Any, path: str = "") -> Iterator[Leaf]:
        """The text is one."""
        return iter([Leaf(path, x)])

    def render(self, x: Any) -> list[Block]:
        """The text."""
        return [TextBlock(str(x))]

    def spec(self) -> Spec:
        """Alphabet and lengths."""
        lengths = {"min_length": self.min_length, "max_length": self.max_length}
        return {"type": self._kind, "alphabet": self.alphabet, **lengths}

    def __repr__(self) -> str:
        return f"AlphabetText({self.alphabet!r}, {self.min_length}, {self.max_length})"


def _refuse(value: Any) -> str:
    raise WrongType(f"expected a list of texts, but it holds {shown(value)}.")
