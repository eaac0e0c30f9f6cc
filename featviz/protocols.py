"""The shapes by which spaces, boxes, objectives and optimisers know of one another.

Siblings never import each other: each is written against these few members, and classes meet only in the study.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from featviz.blocks import Block
from featviz.latent import LatentDescription, Latents

__all__ = ["BELOW_ALL", "VIOLATION", "Box", "Optimiser", "ScoreFunction", "SearchSpace", "Spec"]

# What the names of recorded violations of constraints begin with.
VIOLATION = "violation of "
# Lower than any score that a search could meet, and far from where floats overflow: of inputs that break constraints
# optimisers are told numbers from -BELOW_ALL to twice that, lower the more they break.
BELOW_ALL = 1e200

# A description made of what TOML can hold. An object that cannot be described gives None in its place.
Spec = dict[str, Any]


@runtime_checkable
class SearchSpace(Protocol):
    """A typed space of inputs: a latent description and a decoder."""

    @property
    def latent(self) -> LatentDescription:
        """The genes that an optimiser searches."""

    def decode_latents(self, latents: Latents) -> Any:
        """A batch of inputs, one for each latent."""

    def encode_inputs(self, inputs: Any) -> Latents:
        """Latents whose decoded inputs are as near to ``inputs`` as the space can come."""

    def render(self, x: Any) -> list[Block]:
        """One input as typed blocks for a reader."""

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """Distances of shape (n, m) between the inputs of two batches."""

    def spec(self) -> Spec | None:
        """What rebuilds this space (``{"type": ..., **options}``), or None when that cannot be written down."""


@runtime_checkable
class Box(Protocol):
    """A black box: a batch of inputs in, one float64 row of outputs each.

    It may have any of the further members of :class:`~featviz.black_boxes.BlackBox` (``noisy``, ``begin_batch``,
    ``keep_in``, ``usage``, ``provenance``, ``close``, ``queries_per_input``, ``draws_alike``), which are looked for and
    never required.
    """

    @property
    def name(self) -> str:
        """A short label for people."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the k outputs."""

    def __call__(self, inputs: Any) -> NDArray[np.float64]:
        """Outputs of shape (n, k) for n inputs. May raise, and may return what is not a number."""

    def spec(self) -> Spec | None:
        """What rebuilds this box, or None when that cannot be written down."""


@runtime_checkable
class ScoreFunction(Protocol):
    """An objective: which boxes to ask, and one score an input from what they answer. Higher is better."""

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The distinct boxes, each called once a batch."""

    @property
    def recorded(self) -> tuple[str, ...]:
        """Names of the v further values that are recorded beside the score, such as violations of constraints.

        Where there are several goals, the first of them are the values of the goals.
        """

    @property
    def goals(self) -> int:
        """The number of objectives that are pursued at once; 1 for most."""

    def score(
        self,
        outputs: Sequence[NDArray[np.float64]],
        inputs: Any,
        latents: Latents | None = None,
        space: SearchSpace | None = None,
    ) -> NDArray[np.float64]:
        """Scores of shape (n,), or (n, 1 + v) with the values of ``recorded`` behind each score.

        Args:
            outputs: one array of shape (n, k) for each box, in the order of ``boxes``.
            inputs: the n inputs.
            latents: what they were decoded from, where that is known.
            space: the space that is searched, where that is known.
        """

    def broken(self, recorded: NDArray[np.float64]) -> Mapping[int, str]:
        """Which of m rows of recorded values, shape (m, v), break a constraint, by row, and how, in words."""

    def told(self, scores: NDArray[np.float64], recorded: NDArray[np.float64]) -> NDArray[np.float64]:
        """What an optimiser is told: shape (n,), or (n, goals) where there are several; NaN for what has no score.

        Args:
            scores: shape (n,), NaN where an evaluation failed or breaks a constraint.
            recorded: shape (n, v).
        """

    def describe(self) -> str:
        """The objective as a formula for people."""

    def spec(self) -> Spec | None:
        """What rebuilds this objective once its boxes are there, or None when that cannot be written down."""


@runtime_checkable
class Optimiser(Protocol):
    """An optimiser: proposes latents, learns from scores.

    One that learns several objectives at once says so by ``many_goals: ClassVar[bool] = True``; its ``tell`` is then
    given scores of shape (n, m), or (n,) for a single one.

    Made as ``cls(latent, seed=0, budget=None, start=None, **options)``: ``budget`` is the number of evaluations
    that it may plan for, ``start`` a batch of one latent to begin at instead of the mean of the prior.
    """

    name: ClassVar[str]
    accepts: ClassVar[frozenset[str]]
    # True for a wrapped library whose state cannot be written as arrays: its ``state_dict`` is the history of
    # what it was told, and a resumed run asks it everything again.
    replays: ClassVar[bool]

    @property
    def batch_size(self) -> int:
        """The number of latents that it prefers to be asked for at a time."""

    def ask(self, n: int) -> Latents:
        """``n`` latents to evaluate."""

    def tell(self, latents: Latents, scores: NDArray[np.float64]) -> None:
        """Learn the scores, shape (n,), of latents. Higher is better; NaN (no score) and -inf rank last."""

    def state_dict(self) -> dict[str, Any]:
        """All that the next ``ask`` depends on, as numpy arrays, numbers, strings, lists and dicts."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where ``state_dict`` was taken, on an object made with the same arguments."""
