"""Boxes that answer for an input by its random transformations."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.batches import batch_length, concatenate
from featviz.black_boxes.base import BlackBox
from featviz.errors import BoxError, FeatvizError, RowsFailed, WrongType
from featviz.protocols import Box, Spec
from featviz.random import Streams
from featviz.text import first_line, shown, visible
from featviz.transformations import as_transformations, label_of, spec_of

__all__ = ["RobustBox", "robust"]

Outputs = NDArray[np.float64]

_REDUCED: dict[str, Callable[..., Outputs]] = {"mean": np.mean, "lowest": np.min, "highest": np.max}
_MOST_DRAWS = 10_000


class RobustBox(BlackBox):
    """A box whose outputs are those of another one, over random transformations of the input; see :func:`robust`.

    Args:
        box: the other box.
        transformations: applied one after another.
        draws: how often each input is transformed and asked for.
        seed: of the transformations.
        reduce: how the outputs of the draws become one: "mean", "lowest" or "highest".
    """

    def __init__(self, box: Box, transformations: Any, *, draws: int = 4, seed: int = 0, reduce: str = "mean") -> None:
        if not isinstance(box, Box):
            raise WrongType(f"robust is about a black box or an objective, but this is {shown(box)}.")
        self._box = box
        self._transformations = as_transformations(transformations)
        self._draws = checks.integer("draws", draws, 1, _MOST_DRAWS)
        self._seed = checks.seed(seed)
        self._reduce = checks.one_of("reduce", reduce, _REDUCED)
        self._streams = [Streams(self._seed, place) for place in range(len(self._transformations))]
        self._key = 0
        changes = ", ".join(label_of(each) for each in self._transformations)
        how = "" if self._reduce == "mean" else f", {self._reduce}"
        super().__init__(name=f"{box.name} under {self._draws} x {changes}{how}", outputs=box.outputs)
        self._noisy = True

    @property
    def queries_per_input(self) -> int:
        """How many inputs the thing behind is asked for to answer for one."""
        return self._draws * int(getattr(self._box, "queries_per_input", 1))

    @property
    def draws_alike(self) -> bool:
        """All inputs of a batch are transformed alike, unless the box behind is noisy itself."""
        return getattr(self._box, "noisy", None) is not True

    def begin_batch(self, key: int) -> None:
        """New draws, the same for a batch of the same number."""
        self._key = key
        if (begin := getattr(self._box, "begin_batch", None)) is not None:
            begin(key)

    def answer(self, inputs: Any) -> Any:
        """The outputs over all draws, for which the other box is asked once."""
        n = batch_length(inputs)
        asked = concatenate([self._transformed(inputs, n, draw) for draw in range(self._draws)])
        failed: dict[int, Exception] = {}
        try:
            outputs = self._box(asked)
        except RowsFailed as error:
            outputs = error.outputs
            failed = {row % n: cause for row, cause in error.errors.items()}
        reduced: Outputs = _REDUCED[self._reduce](outputs.reshape(self._draws, n, -1), axis=0)
        if failed:
            reduced[list(failed)] = np.nan
            raise RowsFailed(f"{len(failed)} of {n} inputs failed under a transformation.", reduced, failed)
        return reduced

    def keep_in(self, folder: Path) -> None:
        """Passed on."""
        if (keep := getattr(self._box, "keep_in", None)) is not None:
            keep(folder)

    def usage(self) -> Mapping[str, float]:
        """That of the other box."""
        usage: Mapping[str, float] = self._told("usage")
        return usage

    def provenance(self) -> Mapping[str, str]:
        """That of the other box."""
        provenance: Mapping[str, str] = self._told("provenance")
        return provenance

    def close(self) -> None:
        """Passed on."""
        if (close := getattr(self._box, "close", None)) is not None:
            close()

    def spec(self) -> Spec | None:
        """The other box, the transformations and the options; None when one of them cannot be written down."""
        inner, transformations = self._box.spec(), spec_of(self._transformations)
        if inner is None or transformations is None:
            return None
        options = {"draws": self._draws, "seed": self._seed, "reduce": self._reduce}
        return {"kind": "robust", "box": inner, "transformations": transformations, **options}

    def _told(self, what: str) -> Any:
        tell = getattr(self._box, what, None)
        return {} if tell is None else tell()

    def _transformed(self, inputs: Any, n: int, draw: int) -> Any:
        for transformation, streams in zip(self._transformations, self._streams, strict=True):
            rng = streams.at(self._key * self._draws + draw)
            try:
                inputs = transformation(inputs, rng)
            except FeatvizError as error:  # inputs of another kind than it is for
                raise BoxError(f"{visible(self._box.name)} under {label_of(transformation)}: {error}") from error
            except Exception as error:
                raise BoxError(
                    f"the transformation {label_of(transformation)} of {visible(self._box.name)} failed: "
                    f"{first_line(error)}"
                ) from error
            if not hasattr(inputs, "__len__") or batch_length(inputs) != n:
                raise BoxError(f"{label_of(transformation)} must return {n} inputs, but it returned {shown(inputs)}.")
        return inputs


def robust(thing: Any, transformations: Any, *, draws: int = 4, seed: int = 0, reduce: str = "mean") -> Any:
    """A box or an objective whose outputs are expectations over random transformations of the input.

    An input that a box answers to only at one exact place shows a quirk of the box and not what it looks for. So each
    candidate is shown ``draws`` times, each time changed another way, and its outputs are averaged. All candidates of a
    batch are changed alike, so that none is ahead by luck; the next batch gets new draws, keyed by ``seed`` and the
    number of the batch, and so do batches of a resumed run. ::

        goal = fv.robust(fv.margin(box, "3"), [fv.jitter(2), fv.noise(0.05)])

    The budget of a search counts candidates; each costs ``draws`` queries, and ``run.ledger["inputs"]`` counts those.
    Since equal inputs of different batches get different answers the box counts as noisy, and no answer is used again.

    Olah, Mordvintsev & Schubert 2017, "Feature Visualization" ("transformation robustness"); Athalye et al. 2018,
    "Synthesizing robust adversarial examples" (expectation over transformation).

    Args:
        thing: a black box; or an objective, of which every box is replaced by a robust one under the same draws.
        transformations: one or several, applied one after another: :func:`jitter`, :func:`scaling`, :func:`rotation`,
            :func:`noise`, :func:`token_dropout`, :func:`row_noise`, :func:`time_shift`, functions of ``(inputs, rng)``
            that return changed inputs, or their import paths. Such a function should draw once for the whole batch.
        draws: how often each input is shown.
        seed: of the draws; give two searches another one to compare them under other draws.
        reduce: ``"mean"``; or ``"lowest"`` or ``"highest"`` of each output over the draws, the worst case of
            ``maximise`` and ``minimise``. Terms of several outputs, such as ``margin``, are taken of the reduced
            outputs.

    Returns:
        A black box for a black box, an objective for an objective.

    Raises:
        WrongType: for a thing that is neither, or what is no transformation.
        InvalidArgument: for other options.
    """
    if callable(getattr(thing, "with_boxes", None)):
        made = [RobustBox(box, transformations, draws=draws, seed=seed, reduce=reduce) for box in thing.boxes]
        return thing.with_boxes(made)
    return RobustBox(thing, transformations, draws=draws, seed=seed, reduce=reduce)
