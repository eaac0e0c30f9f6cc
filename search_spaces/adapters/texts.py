"""Texts of letters of an alphabet, with a shortest and a longest length."""

from collections.abc import Iterator, Sequence
from typing import Any

from featviz import checks
from featviz.blocks import Block, TextBlock
from featviz.errors import InvalidArgument, WrongType
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
        # With one letter only the length can be chosen.
        single = [letters[0] * k for k in range(self.min_length, self.max_length + 1)]
        if len(letters) == 1 and len(single) == 1:
            raise InvalidArgument(f"{shown(single[0])} is the only such text: there is nothing to search.")
        inner: Any = Choice(single) if len(letters) == 1 else None
        self._single = inner is not None
        self._part = part_of("text", inner or ListSpace(Choice(letters), self.min_length, self.max_length))
        self.variables = {"letters": self._part.given}

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
