"""How natural inputs are."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length
from featviz.errors import FeatvizError, InvalidArgument, WrongType
from featviz.latent import Latents
from featviz.objectives.objective import Objective
from featviz.objectives.part import Seen
from featviz.objectives.term import Term
from featviz.protocols import SearchSpace, Spec
from featviz.registry import import_object, import_path
from featviz.text import first_line, shown

__all__ = ["Naturalness", "naturalness"]

_RANDOM_INPUTS = 256
# What an option that the prior rules out counts a gene, in place of minus infinity, which would be no score.
_LOWEST = -100.0

Density = Callable[[Any], Any]


class Naturalness(Term):
    """The log density of inputs; see :func:`naturalness`."""

    kind: ClassVar[str] = "naturalness"

    def __init__(self, density: Density | str | None = None) -> None:
        self._density = import_object(density) if isinstance(density, str) else density
        if self._density is not None and not callable(self._density):
            raise WrongType(f"density must be a function of a batch of inputs, but it is {shown(density)}.")
        self._path = density if isinstance(density, str) or density is None else import_path(density)
        self._known: tuple[SearchSpace, float] | None = None

    def options(self) -> Spec:
        """The import path of the density, where one was given."""
        return {} if self._density is None else {"density": self._path}

    def spec(self) -> Spec | None:
        """As of every part; None when another process could not find the density."""
        return None if self._density is not None and self._path is None else super().spec()

    def describe(self) -> str:
        """``"naturalness()"``, or with the name of the density in it."""
        name = "" if self._density is None else getattr(self._density, "__name__", type(self._density).__name__)
        return f"naturalness({name})"

    def measure(self, outputs: Sequence[NDArray[np.float64]], seen: Seen) -> NDArray[np.float64]:  # noqa: ARG002  it is about inputs alone
        """Shape (n,)."""
        if self._density is not None:
            return self._told(self._density, seen.inputs)
        space = seen.space
        if space is None:
            raise InvalidArgument("naturalness needs to know the space. Search with featviz.search or featviz.Study.")
        if self._known is None or self._known[0] is not space:
            some = space.latent.sample(np.random.default_rng(0), _RANDOM_INPUTS)
            self._known = (space, float(_per_gene(space, some).mean()))
        return _per_gene(space, _latents_of(seen, space)) - self._known[1]

    def _told(self, density: Density, inputs: Any) -> NDArray[np.float64]:
        n = batch_length(inputs)
        found = np.asarray(density(inputs))
        if found.dtype.kind not in "fiu" or found.shape != (n,):
            raise InvalidArgument(
                f"a density gives one number an input, shape ({n},), but {self.describe()} gave {found.dtype} of shape "
                f"{found.shape}."
            )
        return found.astype(np.float64)


def naturalness(density: Density | str | None = None) -> Objective:
    """The term of how natural an input is: the log density that a space, or a function of yours, gives it.

    Every space has a prior, fitted to examples where it was given any: the spectrum of pictures, the columns of a data
    frame and how they go together, which token follows which. Its log density is taken per gene, less what random
    inputs have on average, so that 0 is as natural as a random input, below is rarer, and above is nearer to the mode
    (for pictures an even grey) than random inputs are. A weight means the same at every size. ::

        goal = fv.margin(box, "3") + 2.0 * fv.naturalness()
        goal = fv.margin(box, "3").subject_to(fv.naturalness(), at_least=-0.1)

    Nguyen et al. 2016, "Synthesizing the preferred inputs for neurons in neural networks via deep generator networks",
    for a prior in the objective; Thompson et al. 2024, "Fluent dreaming for language models", for that of a language
    model against activation.

    Args:
        density: a function from a batch of n inputs to n log densities, such as ``kde.score_samples`` or a language
            model's log-probabilities; or its import path, "package.module:function", by which a run can be repeated.
            None for the space's prior.

    Raises:
        WrongType: when the density is no function.
        NameNotFound: when there is none at the import path.
        InvalidArgument: during a search, when the density gives no number an input, or inputs were made by other means
            than the space and it has no ``encode``.
    """
    return Objective([Naturalness(density)])


def _per_gene(space: SearchSpace, latents: Latents) -> NDArray[np.float64]:
    genes = space.latent.genes
    return np.asarray(np.maximum(space.latent.log_prior(latents) / genes, _LOWEST))


def _latents_of(seen: Seen, space: SearchSpace) -> Latents:
    if seen.latents is not None:
        return seen.latents
    try:
        return space.encode_inputs(seen.inputs)
    except FeatvizError as error:
        raise InvalidArgument(
            "naturalness by the prior of the space needs the latents of the inputs, and these inputs have none: "
            f"{first_line(error)} Or pass a density of your own: featviz.naturalness(density)."
        ) from error
