"""featviz as one of the methods that a benchmark compares: a space for each problem, and ``fv.search`` on it."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from peers.recorder import Recorder

import featviz as fv

__all__ = ["featviz", "pictures", "pixels"]

P = TypeVar("P")


def featviz(
    space_of: Callable[[P], Any],
    rows: Callable[[Any], NDArray[Any]] = np.asarray,
    optimiser: str = "auto",
    **options: Any,
) -> Callable[[P, Recorder, int], None]:
    """A search with ``fv.search``.

    Args:
        space_of: the space for a problem.
        rows: the inputs of the space as rows of the problem.
        optimiser: as of ``fv.search``.
        **options: more of its arguments.
    """

    def search(problem: P, recorder: Recorder, seed: int) -> None:
        box = fv.black_box(lambda inputs: recorder(rows(inputs)), name="problem")
        space = space_of(problem)
        run = fv.search(
            space,
            fv.maximise(box),
            budget=recorder.left(),
            seed=seed,
            optimiser=optimiser,
            progress="none",
            **options,
        )
        if recorder.noise:
            recorder.recommend(rows(space.decode_latents(run.best.latents)))

    return search


def pictures(height: int, width: int) -> Callable[[Any], fv.ImageSpace]:
    """Grey pictures of one size for every problem."""
    return lambda _: fv.ImageSpace(height, width)


def pixels(inputs: NDArray[Any]) -> NDArray[np.float64]:
    """Pictures, shape (n, height, width, 1), as rows of numbers."""
    return inputs.reshape(len(inputs), -1).astype(np.float64)
