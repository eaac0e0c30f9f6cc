"""A few ellipses or triangles, painted one over another."""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from featviz import checks
from featviz.errors import InvalidArgument
from featviz.latent import MAX_GENES
from featviz.search_spaces.decoders.base import Float32, Float64, no_inverse
from featviz.search_spaces.pictures import PictureShape

__all__ = ["ShapesDecoder"]

_KINDS = ("ellipses", "triangles")
# Genes of a shape without its colour: 2 of the place, 5 or 6 of the form, 1 of the opacity.
_FORM = {"ellipses": 3, "triangles": 6}
# Typical radius of the first shape and of the last, as a part of the longer side: large ones lie below.
_LARGE, _SMALL = 0.45, 0.1
# Standard deviation of the logarithm of a radius, and the furthest that it goes from the typical one.
_SIZES, _LARGEST_LOG = 0.5, 3.0
# How far the corners of a triangle go from its centre, in typical radii.
_FURTHEST = 4.0
# Width of a soft edge in pixels.
_EDGE = 1.5
# Contrast of colours, and of opacities around their middle of about .8, before the sigmoid.
_COLOURS, _OPACITIES, _OPAQUE = 2.0, 1.0, 1.5
# The centres of shapes may lie outside of the picture by this part of each side.
_OUTSIDE = 0.1
# Values that are worked on at a time, so that they stay in the cache.
_AT_ONCE = 1 << 17


class ShapesDecoder:
    """Genes are places, forms, colours and opacities of shapes, painted in order over a background colour.

    Semi-transparent primitives evolved to look like something are an old idea (Tian & Ha 2022, "Modern evolution
    strategies for creativity"); the soft edges here, 1.5 pixels wide, let a score change with every gene.

    Genes, by shape: centre (2; under the prior it is nearly uniform over the picture and a margin), form (ellipses: two
    radii and an angle; triangles: three corners relative to the centre), colour (one a channel), opacity. The first
    shapes are larger than the last. The genes of the background colour come at the end.

    Args:
        shape: of the pictures.
        kind: "triangles" or "ellipses"; triangles when left out, which find more.
        count: how many shapes; 32 when left out.
    """

    OPTIONS: ClassVar[tuple[str, ...]] = ("kind", "count")

    def __init__(self, shape: PictureShape, *, kind: str | None = None, count: int | None = None) -> None:
        self._shape = shape
        self._kind = checks.one_of("kind", "triangles" if kind is None else kind, _KINDS)
        self._count = checks.integer("count", 32 if count is None else count, 1, 10_000)
        if self.genes > MAX_GENES:
            raise InvalidArgument(f"{self._count:,} shapes have {self.genes:,} genes, which are too many: take fewer.")
        self._longer = float(max(shape.height, shape.width))
        self._sizes = (self._longer * np.geomspace(_LARGE, _SMALL, self._count)).astype(np.float32)
        self._y = np.arange(shape.height, dtype=np.float32) + np.float32(0.5)
        self._x = np.arange(shape.width, dtype=np.float32) + np.float32(0.5)

    @property
    def genes(self) -> int:
        """``count`` times the genes of a shape, and the background's."""
        channels = self._shape.channels
        return self._count * (2 + _FORM[self._kind] + channels + 1) + channels

    def decode(self, genes: Float64) -> Float32:
        """As in :class:`~featviz.search_spaces.decoders.Decoder`."""
        n, (height, width, channels) = len(genes), self._shape.array
        pictures = np.empty((n, channels, height, width), dtype=np.float32)
        rows = max(1, _AT_ONCE // (height * width * channels))
        for start in range(0, n, rows):
            self._paint(genes[start : start + rows].astype(np.float32), pictures[start : start + rows])
        pictures *= np.float32(self._shape.high - self._shape.low)
        pictures += np.float32(self._shape.low)
        np.clip(pictures, np.float32(self._shape.low), np.float32(self._shape.high), out=pictures)
        return np.ascontiguousarray(np.moveaxis(pictures, 1, 3))

    def encode(self, unit: Float64) -> Float64:  # noqa: ARG002  there is no way back
        """Raise :class:`~featviz.errors.SpaceError`: no shapes are known for a given picture."""
        raise no_inverse("shapes")

    def options(self) -> dict[str, Any]:
        """The kind and the number of shapes."""
        return {"kind": self._kind, "count": self._count}

    def _paint(self, genes: Float32, canvas: Float32) -> None:
        """Paint the shapes that genes of shape (n, genes) describe on (n, channels, height, width), in [0, 1]."""
        n, channels, form = len(genes), self._shape.channels, _FORM[self._kind]
        parts = genes[:, : self.genes - channels].reshape(n, self._count, -1)
        place = np.float32(0.5) + np.float32(0.5 + _OUTSIDE) * np.tanh(np.float32(0.8) * parts[:, :, :2])
        centre = place * np.array([self._shape.width, self._shape.height], dtype=np.float32)
        colour = _sigmoid(np.float32(_COLOURS) * parts[:, :, 2 + form : -1])
        opacity = _sigmoid(np.float32(_OPACITIES) * parts[:, :, -1] + np.float32(_OPAQUE))
        canvas[:] = _sigmoid(np.float32(_COLOURS) * genes[:, self.genes - channels :])[:, :, None, None]
        if self._kind == "ellipses":
            covers = self._ellipses(centre, parts[:, :, 2 : 2 + form])
        else:
            covers = self._triangles(centre, parts[:, :, 2 : 2 + form])
        for i, before in enumerate(covers):
            covered = np.clip(before, 0, 1, out=before)
            covered *= opacity[:, i, None, None]
            # over: canvas + covered (colour - canvas)
            rest = colour[:, i, :, None, None] - canvas
            rest *= covered[:, None]
            canvas += rest

    def _ellipses(self, centre: Float32, form: Float32) -> Iterator[Float32]:
        """How much of each pixel an ellipse covers, before it is cut to [0, 1]: for each of them (n, height, width).

        That is half plus the distance from the edge in widths of a soft edge. With q the quadratic form that is 1 on
        the edge, the distance is about (1 - q) / 2 times the smaller radius: exact to first order on the flat sides,
        softer at the ends. q is a product of (n, height, 3) and (n, 3, width).
        """
        logs = np.clip(np.float32(_SIZES) * form[:, :, :2], -_LARGEST_LOG, _LARGEST_LOG)
        radii = np.maximum(self._sizes[:, None] * np.exp(logs), np.float32(_EDGE / 2))
        # Half a turn either way is the same ellipse.
        angle = np.float32(np.pi / 2) * form[:, :, 2]
        cos, sin = np.cos(angle), np.sin(angle)
        a, b = 1 / radii[:, :, 0] ** 2, 1 / radii[:, :, 1] ** 2
        half = radii.min(axis=2) * np.float32(0.5 / _EDGE)
        xx, yy = half * (cos * cos * a + sin * sin * b), half * (sin * sin * a + cos * cos * b)
        xy = half * 2 * cos * sin * (a - b)
        dx, dy = self._x - centre[:, :, :1], self._y - centre[:, :, 1:]
        constant = (half + np.float32(0.5))[:, :, None]
        by_row = np.stack([np.ones_like(dy), constant - yy[:, :, None] * dy * dy, dy], axis=3)
        by_column = np.stack([-xx[:, :, None] * dx * dx, np.ones_like(dx), -xy[:, :, None] * dx], axis=2)
        for i in range(self._count):
            yield by_row[:, i] @ by_column[:, i]

    def _triangles(self, centre: Float32, form: Float32) -> Iterator[Float32]:
        """The same for triangles: the distance is that from the nearest of three lines."""
        offsets = np.clip(form, -_FURTHEST, _FURTHEST).reshape(len(form), self._count, 3, 2)
        corners = centre[:, :, None] + self._sizes[:, None, None] * offsets
        ahead = np.roll(corners, -1, axis=2) - corners
        following = np.roll(ahead, -1, axis=2)
        turn = ahead[..., 0] * following[..., 1] - ahead[..., 1] * following[..., 0]
        # The same for all three, so that either order of the corners has its inside on the inside.
        side = np.where(turn[:, :, :1] < 0, np.float32(-1), np.float32(1))
        length = np.maximum(np.hypot(ahead[..., 0], ahead[..., 1]), np.float32(1e-3)) * np.float32(_EDGE)
        across_x, across_y = -side * ahead[..., 1] / length, side * ahead[..., 0] / length
        offset = np.float32(0.5) - (across_x * corners[..., 0] + across_y * corners[..., 1])
        by_column = across_x[..., None] * self._x
        by_row = across_y[..., None] * self._y + offset[..., None]
        for i in range(self._count):
            covered = by_row[:, i, 0, :, None] + by_column[:, i, 0, None, :]
            for edge in (1, 2):
                other = by_row[:, i, edge, :, None] + by_column[:, i, edge, None, :]
                np.minimum(covered, other, out=covered)
            yield covered


def _sigmoid(x: Float32) -> Float32:
    half: Float32 = np.tanh(np.float32(0.5) * x)
    half *= np.float32(0.5)
    half += np.float32(0.5)
    return half
