"""Square patches: the parts of a picture that saliency hides."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument
from featviz.search_spaces.pictures import PictureShape

__all__ = ["patch_names", "with_patches_of"]

# Patches along the longer side, at most: few enough to tell apart with a few hundred questions.
_ALONG = 12


def patch_names(shape: PictureShape) -> tuple[str, ...]:
    """A name for each patch, row by row: ``"rows 0-3, columns 4-7"``."""
    side = _side(shape)
    rows = [_span(at, side, shape.height) for at in range(0, shape.height, side)]
    columns = [_span(at, side, shape.width) for at in range(0, shape.width, side)]
    return tuple(f"rows {row}, columns {column}" for row in rows for column in columns)


def with_patches_of(
    picture: NDArray[np.float32],
    shape: PictureShape,
    units: Sequence[str],
    masks: NDArray[np.bool_],
    fill: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Copies of a picture in which some patches are those of other pictures.

    Args:
        picture: shape (height, width, channels).
        shape: of the picture.
        units: the k names that :func:`patch_names` gave.
        masks: bool (m, k), False where a patch is replaced.
        fill: m pictures, or one for all.

    Returns:
        float32 of shape (m, height, width, channels).

    Raises:
        InvalidArgument: when the names are others, or there is not one truth value for each.
    """
    if tuple(units) != patch_names(shape) or masks.ndim != 2 or masks.shape[1] != len(units):
        raise InvalidArgument(
            f"expected a mask of {len(patch_names(shape))} patches a row, as units() names them, "
            f"but {len(units)} names and masks of shape {masks.shape} came."
        )
    side = _side(shape)
    grid = masks.reshape(len(masks), math.ceil(shape.height / side), math.ceil(shape.width / side))
    kept = grid.repeat(side, axis=1)[:, : shape.height].repeat(side, axis=2)[:, :, : shape.width, None]
    found: NDArray[np.float32] = np.where(kept, picture[None], fill)
    return found


def _side(shape: PictureShape) -> int:
    return max(1, math.ceil(max(shape.height, shape.width) / _ALONG))


def _span(first: int, side: int, size: int) -> str:
    last = min(first + side, size) - 1
    return str(first) if last == first else f"{first}-{last}"
