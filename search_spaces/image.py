"""``ImageSpace``: pictures of any height, width and number of channels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.blocks import Block, ImageBlock
from featviz.errors import SpaceError
from featviz.latent import LatentDescription, Latents
from featviz.protocols import Spec
from featviz.search_spaces.base import Space
from featviz.search_spaces.decoders import make_decoder
from featviz.search_spaces.patches import patch_names, with_patches_of
from featviz.search_spaces.pictures import PictureShape, to_bytes, to_unit
from featviz.search_spaces.variables import Real

__all__ = ["ImageSpace"]


class ImageSpace(Space):
    """Pictures. A batch is float32 of shape (n, height, width, channels) with values in [low, high].

    Args:
        height: in pixels.
        width: in pixels.
        channels: 1 for grey, 3 for RGB, or any other number.
        decoder: how genes become pictures.

            - ``"dct"``: a cosine basis with amplitudes that fall with the frequency, which finds shapes and finds
              them soon;
            - ``"pixels"``: one gene a value;
            - ``"cppn"``: a small network from coordinates to colours; smooth and sharp forms at any size;
            - ``"shapes"``: ellipses or triangles, painted one over another;
            - ``"phase"``: the phases of a Fourier transform whose magnitudes are those of natural pictures, or of your
              ``examples``; lower scores, more natural pictures;
            - the path of an ``.onnx`` file: a generator network with one input, the genes, and one output, the
              pictures, channels first or last. Give ``low`` and ``high`` its range, often -1 and 1;
            - a function from genes (n, genes) to pictures, such as a generator network, or ``"module:attribute"``,
              where that function is.
        low: the smallest value.
        high: the largest value.
        frequencies: dct, phase: how many to keep, along the longer side or as (vertical, horizontal). Fewer give
            smoother pictures. By default 32 along the longer side, or all there are.
        gain: dct, pixels, cppn, phase: contrast under the prior, as a standard deviation before the sigmoid. By
            default 2 for cppn and phase, else 1. For dct and pixels, more starts a search faster and ends it lower.
        decay: dct, phase: exponent by which amplitudes fall with the frequency. By default 1; for dct .4 where every
            frequency is kept.
        colour: dct, phase, cppn: how channels go together: ``"natural"`` (the default for RGB), ``"none"``, or a
            matrix.
        mean: dct, phase: the mean colour, a number for each channel. By default the middle of the range.
        spectrum: dct, phase: relative amplitudes at the frequencies of 0, 1, 2, ... half periods along the longer side,
            instead of ``decay``; for phase also one such list for each channel.
        examples: dct, phase: pictures from which gain, colour, mean and spectrum are learnt where they are left out;
            their values as in :meth:`encode`.
        hidden: cppn: units of a layer; by default 16.
        layers: cppn: hidden layers; by default 2.
        activations: cppn: names of functions that the units of a layer take turns at; by default tanh, gaussian, abs.
        kind: shapes: ``"triangles"`` (the default) or ``"ellipses"``.
        count: shapes: how many; by default 32.
        genes: a decoder of your own, or an ONNX file that leaves it open: how many genes it takes.
        sha256: an ONNX file: the checksum that it must have.

    Raises:
        InvalidArgument, WrongType: if a number makes no sense or an option is not one of this decoder's.
        NameNotFound: if there is nothing at ``"module:attribute"``.
        SpaceError: if the examples have another size, or values outside the range; or if an ONNX file cannot be used.
        MissingDependency: if an ONNX file is given and onnxruntime is not installed.

    The mathematics, its sources and what limits the numbers have stand with each decoder in
    :mod:`featviz.search_spaces.decoders`. No decoder is the best for every model. To search several side by side, run
    :func:`featviz.search` once for each with a part of the budget and keep the best run.
    """

    def __init__(
        self,
        height: int,
        width: int,
        channels: int = 1,
        *,
        decoder: str | PathLike[str] | Callable[[NDArray[np.float64]], Any] = "dct",
        low: float = 0.0,
        high: float = 1.0,
        frequencies: int | Sequence[int] | None = None,
        gain: float | None = None,
        decay: float | None = None,
        colour: str | Sequence[Sequence[float]] | None = None,
        mean: Sequence[float] | None = None,
        spectrum: Sequence[float] | Sequence[Sequence[float]] | None = None,
        examples: Any = None,
        hidden: int | None = None,
        layers: int | None = None,
        activations: Sequence[str] | None = None,
        kind: str | None = None,
        count: int | None = None,
        genes: int | None = None,
        sha256: str | None = None,
    ) -> None:
        self._shape = PictureShape.checked(height, width, channels, low, high)
        options = {
            "frequencies": frequencies,
            "gain": gain,
            "decay": decay,
            "colour": colour,
            "mean": mean,
            "spectrum": spectrum,
            "examples": examples,
            "hidden": hidden,
            "layers": layers,
            "activations": activations,
            "kind": kind,
            "count": count,
            "genes": genes,
            "sha256": sha256,
        }
        given = {name: value for name, value in options.items() if value is not None}
        self._decoder, self._decoder_name = make_decoder(decoder, self._shape, given)
        self.variables = {"genes": Real(self._decoder.genes)}

    @property
    def height(self) -> int:
        """In pixels."""
        return self._shape.height

    @property
    def width(self) -> int:
        """In pixels."""
        return self._shape.width

    @property
    def channels(self) -> int:
        """How many there are."""
        return self._shape.channels

    @property
    def low(self) -> float:
        """The smallest value of a picture."""
        return self._shape.low

    @property
    def high(self) -> float:
        """The largest value of a picture."""
        return self._shape.high

    @cached_property
    def latent(self) -> LatentDescription:
        """Real genes, with their wave lengths and the way back from black and white where the decoder knows them."""
        settled = self._settled if hasattr(self._decoder, "settle") else None
        return replace(super().latent, scales=getattr(self._decoder, "scales", None), settled=settled)

    def decode(self, values: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Pictures, float32 of shape (n, height, width, channels) in [low, high].

        Args:
            values: ``genes``, float64 of shape (n, genes).

        Raises:
            SpaceError: if a decoder of your own returned what is no picture of this space.
        """
        return self._decoder.decode(values["genes"])

    def encode(self, inputs: Any) -> dict[str, NDArray[np.float64]]:
        """The genes of the nearest pictures that the decoder can make.

        Args:
            inputs: one picture or n, with or without the axis of a single channel. Values are in [low, high], whole
                numbers too; but uint8 is 0 to 255 where high is at most 1. Values next to low and high are moved inside
                by 1/512 of the range.

        Raises:
            SpaceError: if they have another size or values outside the range, or the decoder has no inverse.
        """
        return {"genes": self._decoder.encode(to_unit(inputs, self._shape))}

    def render(self, x: Any) -> list[Block]:
        """One picture, shape (height, width, channels) with values in [low, high], as 8-bit pixels."""
        picture = np.asarray(x)
        if picture.shape != self._shape.array:
            raise SpaceError(f"expected one picture of shape {self._shape.array}, but it has shape {picture.shape}.")
        return [ImageBlock(to_bytes(picture, self._shape))]

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """Root mean square differences of the pictures of two batches, as a part of the range; shape (n, m)."""
        values = self.height * self.width * self.channels
        scale = (self.high - self.low) * float(np.sqrt(values))
        return super().distance(a, b) / scale

    def units(self, x: Any) -> tuple[str, ...]:  # noqa: ARG002  every picture of the space has the same
        """The names of square patches, at most 12 along the longer side."""
        return patch_names(self._shape)

    def apply(self, x: Any, units: Sequence[str], masks: NDArray[np.bool_], fill: Any) -> NDArray[np.float32]:
        """Copies of a picture in which some patches are those of other pictures; see :meth:`Space.apply`."""
        return with_patches_of(np.asarray(x, dtype=np.float32), self._shape, units, masks, np.asarray(fill))

    def spec(self) -> Spec | None:
        """The arguments that make this space, or None where the decoder is a function without an import path."""
        chosen = self._decoder.options()
        if self._decoder_name is None or chosen is None:
            return None
        return {"type": "ImageSpace", **self._shape._asdict(), "decoder": self._decoder_name, **chosen}

    def __repr__(self) -> str:
        shape = ", ".join(f"{name}={value:g}" for name, value in self._shape._asdict().items())
        name = self._decoder_name or "a function"
        return f"ImageSpace({shape}, decoder={name}, genes={self._decoder.genes})"

    def _settled(self, latents: Latents) -> Latents:
        settle: Callable[[NDArray[np.float64]], NDArray[np.float64]] = getattr(self._decoder, "settle")  # noqa: B009
        return Latents.of_real(settle(latents.real))
