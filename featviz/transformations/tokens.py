"""Tokens left out."""

from typing import Any, ClassVar

import numpy as np

from featviz.batches import described
from featviz.checks import finite, integer
from featviz.errors import WrongType
from featviz.protocols import Spec
from featviz.text import shown
from featviz.transformations.base import Transformation

__all__ = ["TokenDropout", "token_dropout"]


class TokenDropout(Transformation):
    """Tokens or words left out or replaced; see :func:`token_dropout`."""

    kind: ClassVar[str] = "token_dropout"

    def __init__(self, p: float, fill: int | str | None = None) -> None:
        self.p = finite("p", p, 0.0, 1.0)
        if fill is not None and not isinstance(fill, str):
            fill = integer("fill", fill, 0)
        self.fill = fill

    def options(self) -> Spec:
        """The probability, and what stands in where something does."""
        return {"p": self.p} | ({} if self.fill is None else {"fill": self.fill})

    def __call__(self, inputs: Any, rng: np.random.Generator) -> Any:
        """The inputs, with the tokens at some places left out."""
        if isinstance(inputs, np.ndarray) and inputs.ndim == 2 and inputs.dtype.kind in "iu":
            if not isinstance(self.fill, int):
                raise WrongType(
                    f"rows of ids keep their length, so token_dropout needs the id that stands in: fill=0, not "
                    f"{shown(self.fill)}."
                )
            gone = rng.random(inputs.shape[1]) < self.p
            return np.where(gone & (inputs >= 0), inputs.dtype.type(self.fill), inputs)
        if isinstance(inputs, list) and all(isinstance(text, str) for text in inputs):
            return self._of_texts(inputs, rng)
        raise WrongType(
            f"token_dropout is for texts and rows of ids, shape (n, length), but the inputs are {described(inputs)}."
        )

    def _of_texts(self, texts: list[str], rng: np.random.Generator) -> list[str]:
        if self.fill is not None and not isinstance(self.fill, str):
            raise WrongType(f"texts are filled with text: fill='[MASK]', not {shown(self.fill)}.")
        words = [text.split() for text in texts]
        # The first places get the same draws however long the longest text is.
        gone = rng.random(max(map(len, words), default=0)) < self.p
        stand_in = [] if self.fill is None else [self.fill]
        return [
            " ".join(part for word, out in zip(row, gone, strict=False) for part in (stand_in if out else [word]))
            for row in words
        ]


def token_dropout(p: float, fill: int | str | None = None) -> TokenDropout:
    """Each place of a text or row of ids left out with probability ``p``, the same places in the whole batch.

    Args:
        p: the probability, from 0 to 1.
        fill: what stands in: an id (of a mask or padding), which rows of ids need; for texts a word, or None to leave
            words out. Words of texts are what stands between spaces, and are joined by one space.
    """
    return TokenDropout(p, fill)
