"""A generator network in an ONNX file."""

import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.digests import file_sha256
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.latent import MAX_GENES
from featviz.onnx_sessions import ONNX_DTYPES, open_onnx
from featviz.search_spaces.decoders.base import Float32, Float64, as_pictures, no_inverse
from featviz.search_spaces.pictures import PictureShape
from featviz.text import first_line, shown, visible

__all__ = ["OnnxDecoder"]


class OnnxDecoder:
    """Asks a file with one input, the genes, and one output, the pictures. The session is opened once, on the CPU.

    The file is tried once with genes of 0, so that one that does not fit this space is refused at once. Its
    pictures may have their channels last or first; where both fit, first, as is the custom of such files. Floats are
    clipped to [low, high], so give the range that the generator makes, often -1 to 1; uint8 is scaled. A file with a
    fixed batch is asked in parts of that size, the last one filled up with copies of its last row.

    Args:
        shape: of the pictures.
        path: the file, which ends in ``.onnx``. Weights that it keeps in further files are not part of its checksum.
        genes: how many it takes; needed only where the file leaves it open.
        sha256: the checksum that the file must have, where it must be the one that a run was made with.

    Raises:
        SpaceError: if there is no such file, it is no ONNX model, has several inputs or outputs, inputs that are no
            floats, makes pictures of another size, or has another checksum.
        InvalidArgument: if the number of genes is not known, or not the file's.
        MissingDependency: if onnxruntime is not installed.
    """

    OPTIONS: ClassVar[tuple[str, ...]] = ("genes", "sha256")

    def __init__(self, shape: PictureShape, path: str, *, genes: int | None = None, sha256: str | None = None) -> None:
        self._shape = shape
        self._name = visible(path)
        self._session = open_onnx(Path(path), 1, SpaceError)
        self._sha256 = file_sha256(Path(path))
        _check_sum(sha256, self._sha256, self._name)
        given, made = (
            _only("input", self._session.get_inputs(), path),
            _only("output", self._session.get_outputs(), path),
        )
        dtype = np.dtype(ONNX_DTYPES.get(given.type, object))
        if dtype.kind != "f":
            raise SpaceError(
                f"the input of {self._name} must be a tensor of floats, the genes, but it is {given.type}."
            )
        self._dtype, self._input, self._output = dtype, given.name, made.name
        sizes = [size if isinstance(size, int) else None for size in given.shape]
        if len(sizes) < 2:
            raise SpaceError(f"the input of {self._name} must have the shape (n, genes), but it has {len(sizes)} axes.")
        self._part = sizes[0]
        self._genes, self._axes = _gene_axes(sizes[1:], genes, self._name)
        self._channels_first = self._tried()

    @property
    def genes(self) -> int:
        """The size of the file's input, or the number that was declared."""
        return self._genes

    def decode(self, genes: Float64) -> Float32:
        """As in :class:`~featviz.search_spaces.decoders.Decoder`.

        Raises:
            SpaceError: if the file failed, or made NaN.
        """
        found = self._run(genes)
        if self._channels_first:
            found = np.moveaxis(found, 1, 3)
        return as_pictures(found, len(genes), self._shape)

    def encode(self, unit: Float64) -> Float64:  # noqa: ARG002  a generator has no inverse
        """Raise :class:`~featviz.errors.SpaceError`: the file has no way back."""
        raise no_inverse(self._name)

    def options(self) -> dict[str, Any]:
        """The number of genes and the checksum; the file is named by the space."""
        return {"genes": self._genes, "sha256": self._sha256}

    def _tried(self) -> bool:
        """Whether the channels come first in the pictures that the file makes."""
        found = self._run(np.zeros((1, self._genes)))
        last, first = (1, *self._shape.array), (1, self._shape.channels, self._shape.height, self._shape.width)
        if found.shape == first:
            return True
        if found.shape == last or (self._shape.channels == 1 and found.shape == last[:3]):
            return False
        raise SpaceError(
            f"{self._name} must make pictures of shape (n, {', '.join(map(str, first[1:]))}) or "
            f"(n, {', '.join(map(str, last[1:]))}), but it made {found.shape} of one row of genes. "
            "Give the space the size of its pictures."
        )

    def _run(self, genes: Float64) -> NDArray[Any]:
        rows = genes.astype(self._dtype).reshape(len(genes), *self._axes)
        size = self._part
        if size is None or not len(rows):
            # Some files fail on no rows at all.
            return self._ask(rows) if len(rows) else self._ask(np.zeros((size or 1, *self._axes), self._dtype))[:0]
        missing = -len(rows) % size
        filled = np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)])
        parts = [self._ask(filled[start : start + size]) for start in range(0, len(filled), size)]
        return np.concatenate(parts)[: len(rows)]

    def _ask(self, rows: NDArray[Any]) -> NDArray[Any]:
        try:
            found = np.asarray(self._session.run([self._output], {self._input: rows})[0])
        except Exception as error:
            raise SpaceError(f"{self._name} failed on genes of shape {rows.shape}: {first_line(error)}") from error
        if found.ndim == 0 or len(found) != len(rows):
            raise SpaceError(f"{self._name} must make one picture a row, but of {len(rows)} it made {found.shape}.")
        return found


def _only(what: str, found: Any, path: str) -> Any:
    if len(found) != 1:
        names = ", ".join(visible(one.name, 40) for one in found[:20])
        raise SpaceError(
            f"{visible(path)} has {len(found)} {what}s ({names}), and a decoder goes from genes to pictures. Wrap it "
            "in a function from genes (n, genes) to pictures, and pass that as decoder=."
        )
    return found[0]


def _gene_axes(sizes: list[int | None], genes: Any, name: str) -> tuple[int, tuple[int, ...]]:
    """How many genes there are, and the axes after the first that the file wants them in, such as (100, 1, 1)."""
    fixed = math.prod(size for size in sizes if size is not None)
    still_open = sizes.count(None)
    if genes is None:
        if still_open:
            raise InvalidArgument(f"{name} does not say how many genes it takes: pass genes= that number.")
        genes = fixed
    count = checks.integer("genes", genes, 1, MAX_GENES)
    if fixed < 1 or count % fixed or still_open > 1 or (not still_open and count != fixed):
        sides = " x ".join("any" if size is None else str(size) for size in sizes)
        raise InvalidArgument(f"{name} takes {sides} genes, but genes is {count:,}.")
    return count, tuple(count // fixed if size is None else size for size in sizes)


def _check_sum(wanted: Any, found: str, name: str) -> None:
    if wanted is None:
        return
    if not isinstance(wanted, str):
        raise WrongType(f"sha256 must be text, but it is {shown(wanted)}.")
    if wanted.lower() != found:
        raise SpaceError(
            f"the file {name} has changed: its sha256 was {visible(wanted)} and is {found}. "
            "Bring back the file that it was, or start anew without sha256."
        )
