"""What a black box must keep to: a function for a script, and a class of tests for pytest.

class TestMyBox(BlackBoxContract):
@pytest.fixture
def box(self):
return featviz.black_box(my_function, outputs=["cat", "dog"])

@pytest.fixture
def inputs(self):
return np.random.default_rng(0).random((8, 32, 32, 3), dtype=np.float32)
"""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length, take
from featviz.black_boxes import box_from_spec
from featviz.protocols import Box
from featviz.text import visible

__all__ = ["BlackBoxContract", "BoxReport", "check_black_box"]


@dataclass(frozen=True)
class BoxReport:
    """What a check of a black box found.

    Args:
        name: the box.
        outputs: its outputs.
        inputs: how many inputs it was asked about.
        repeats: whether it answered the same batch with the same bits twice.
        batch_difference: the largest difference, over all outputs, between an input's answer alone and in a batch.
        rebuildable: whether it has a spec, which was then checked to rebuild it.
    """

    name: str
    outputs: tuple[str, ...]
    inputs: int
    repeats: bool
    batch_difference: float
    rebuildable: bool


class BlackBoxContract:
    """Tests that every black box passes. A subclass supplies the fixtures ``box`` and ``inputs`` (at least 2).

    A box whose answers differ from call to call sets ``noisy = True``; then they are not compared.
    """

    noisy = False
    # How far an input's answer alone may lie from its answer in a batch, relative to the answer: libraries sum in
    # another order for another batch size.
    tolerance = 1e-4

    def test_names_are_distinct_labels(self, box: Box) -> None:
        """The name and the outputs can be shown and told apart."""
        _check_names(box)

    def test_answers_one_row_an_input(self, box: Box, inputs: Any) -> None:
        """Outputs are float64 of shape (n, k), and none is NaN or infinite on these inputs."""
        _check_rows(box, inputs)

    def test_answers_an_empty_batch(self, box: Box, inputs: Any) -> None:
        """No inputs give no rows, of the right width."""
        _check_empty(box, inputs)

    def test_an_input_alone_is_answered_as_in_a_batch(self, box: Box, inputs: Any) -> None:
        """What an input gets does not depend on the others in its batch."""
        difference, limit = _batch_difference(box, inputs, self.tolerance)
        _require(self.noisy or difference <= limit, _alone(box, difference, limit))

    def test_repeats_itself(self, box: Box, inputs: Any) -> None:
        """The same batch gets the same bits, unless the box is declared noisy."""
        _require(self.noisy or _repeats(box, inputs), _unsteady(box))

    def test_leaves_its_inputs_alone(self, box: Box, inputs: Any) -> None:
        """A box does not write into the batch that it is given."""
        _check_untouched(box, inputs)

    def test_is_rebuilt_from_its_spec(self, box: Box, inputs: Any) -> None:
        """A spec, where there is one, gives a box with the same outputs and answers."""
        _check_spec(box, inputs, self.noisy)


def check_black_box(box: Box, inputs: Any, *, noisy: bool = False, tolerance: float = 1e-4) -> BoxReport:
    """Check all that :class:`BlackBoxContract` tests, at a cost of about 5 n + 3 questions to the box.

    Args:
        box: the black box.
        inputs: a batch of at least 2 inputs that it can take.
        noisy: whether its answers may differ from call to call.
        tolerance: see :class:`BlackBoxContract`.

    Returns:
        What was found, also of a noisy box.

    Raises:
        AssertionError: for what does not hold; the message says what was expected and what came.
    """
    _check_names(box)
    _check_untouched(box, inputs)
    _check_rows(box, inputs)
    _check_empty(box, inputs)
    difference, limit = _batch_difference(box, inputs, tolerance)
    _require(noisy or difference <= limit, _alone(box, difference, limit))
    repeats = _repeats(box, inputs)
    _require(noisy or repeats, _unsteady(box))
    _check_spec(box, inputs, noisy)
    return BoxReport(box.name, box.outputs, batch_length(inputs), repeats, difference, box.spec() is not None)


def _check_names(box: Box) -> None:
    _require(isinstance(box, Box), f"a box needs name, outputs, spec and __call__, but {type(box).__name__} lacks one.")
    _require(isinstance(box.name, str) and bool(box.name), "the name of a box must be text, and not empty.")
    names = box.outputs
    _require(isinstance(names, tuple) and len(names) > 0, "outputs must be a tuple of at least one name.")
    _require(all(isinstance(name, str) and name for name in names), "every output needs a name.")
    _require(len(set(names)) == len(names), "the names of the outputs must be distinct.")


def _check_rows(box: Box, inputs: Any) -> None:
    n = batch_length(inputs)
    _require(n >= 2, "a check needs at least 2 inputs.")
    answer = box(inputs)
    want = (n, len(box.outputs))
    is_array = isinstance(answer, np.ndarray) and answer.dtype == np.float64 and answer.shape == want
    came = f"{answer.dtype} {answer.shape}" if isinstance(answer, np.ndarray) else type(answer).__name__
    _require(is_array, f"{_label(box)} must answer with float64 of shape {want}, but it answered with {came}.")
    _require(
        bool(np.isfinite(answer).all()), f"{_label(box)} answered with NaN or infinity on inputs meant to be good."
    )


def _check_empty(box: Box, inputs: Any) -> None:
    shape = np.shape(box(take(inputs, slice(0, 0))))
    _require(shape == (0, len(box.outputs)), f"{_label(box)} must answer no inputs with no rows, but gave {shape}.")


def _batch_difference(box: Box, inputs: Any, tolerance: float) -> tuple[float, float]:
    together = box(inputs)
    rows = [0, batch_length(inputs) - 1]
    alone = np.concatenate([box(take(inputs, slice(row, row + 1))) for row in rows])
    return _largest(alone - together[rows]), tolerance * max(1.0, _largest(together))


def _repeats(box: Box, inputs: Any) -> bool:
    return bool(np.array_equal(box(inputs), box(inputs)))


def _check_untouched(box: Box, inputs: Any) -> None:
    given = copy.deepcopy(inputs)
    box(given)
    _require(_equal(given, inputs), f"{_label(box)} changed the batch that it was given; it must work on a copy.")


def _check_spec(box: Box, inputs: Any, noisy: bool) -> None:
    spec = box.spec()
    if spec is None:
        return
    rebuilt = box_from_spec(spec)
    _require(rebuilt.outputs == box.outputs, f"{_label(box)} has other outputs when rebuilt from its spec.")
    _require(rebuilt.spec() == spec, f"{_label(box)} has another spec when rebuilt from its spec.")
    _require(noisy or np.array_equal(rebuilt(inputs), box(inputs)), f"{_label(box)} answers otherwise when rebuilt.")


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return all(_equal(a[name], b[name]) for name in b)
    if isinstance(a, tuple):
        return all(_equal(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return bool(a.equals(b)) if hasattr(a, "equals") else bool(a == b)


def _largest(values: NDArray[np.float64]) -> float:
    return float(np.max(np.abs(values), initial=0.0))


def _alone(box: Box, difference: float, limit: float) -> str:
    return (
        f"{_label(box)} answers an input alone otherwise than in a batch: by {difference:g}, at most {limit:g} is "
        "borne. Does it normalise over the batch?"
    )


def _unsteady(box: Box) -> str:
    return f"{_label(box)} answered the same batch in two ways. Fix its seed, or declare it noisy."


def _label(box: Box) -> str:
    return visible(box.name, 60)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise AssertionError(message)
