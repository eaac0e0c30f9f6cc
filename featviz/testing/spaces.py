"""What every search space must do: a function to call, and a class for pytest.

::

    from featviz.testing.spaces import SpaceContract

    class TestRings(SpaceContract):
        @pytest.fixture
        def space(self):
            return Rings()

Each check raises :class:`~featviz.errors.SpaceError` and says what was expected and what came.
"""

import hashlib
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import tomli_w
from numpy.typing import NDArray

from featviz.batches import batch_length, take, take_one
from featviz.blocks import Block
from featviz.errors import FeatvizError, LatentShapeError, SpaceError
from featviz.latent import Latents
from featviz.protocols import SearchSpace, Spec
from featviz.search_spaces import ImageSpace, space_from_spec

__all__ = ["SpaceContract", "check_space", "digest_of_samples"]

_ROWS = 5
# What float32 arithmetic may differ by between a batch and one of its rows, relative to the largest value.
_ROUNDING = 1e-6
_OTHER_PROCESS = "import sys; from featviz.testing.spaces import _print_digest; _print_digest(sys.stdin.read())"


def check_space(space: SearchSpace) -> None:
    """Every check below.

    Raises:
        SpaceError: at the first that fails.
    """
    for check in CHECKS:
        check(space)


def check_decodes(space: SearchSpace) -> None:
    """``decode_latents`` gives one input a latent, and the same ones each time."""
    latents = _latents(space)
    batch = space.decode_latents(latents)
    _expect(batch_length(batch) == _ROWS, f"{_ROWS} latents gave {batch_length(batch)} inputs.")
    _expect(_same(batch, space.decode_latents(latents)), "the same latents gave other inputs the second time.")
    if isinstance(space, ImageSpace):
        want = (_ROWS, space.height, space.width, space.channels)
        _expect(batch.dtype == np.float32, f"pictures must be float32, but they are {batch.dtype}.")
        _expect(batch.shape == want, f"pictures must have shape {want}, but they have {batch.shape}.")
        low, high = np.float32(space.low), np.float32(space.high)
        inside = bool((batch >= low).all() and (batch <= high).all())
        _expect(inside, f"pictures must be in [{low}, {high}], but they reach {batch.min()} and {batch.max()}.")


def check_rows_are_independent(space: SearchSpace) -> None:
    """A batch of one gives what that row of a larger batch gives, and no rows give no inputs."""
    latents = _latents(space)
    batch = space.decode_latents(latents)
    for row in range(_ROWS):
        alone = space.decode_latents(latents[row : row + 1])
        _expect(_near(alone, take(batch, slice(row, row + 1))), f"row {row} decodes to something else on its own.")
    _expect(batch_length(space.decode_latents(latents[:0])) == 0, "a batch of no latents gave inputs.")


def check_arguments_are_kept(space: SearchSpace) -> None:
    """Neither latents nor inputs are changed by what they are given to."""
    latents = _latents(space)
    before = latents.copy()
    batch = space.decode_latents(latents)
    _expect(latents.digest() == before.digest(), "decode_latents changed its latents.")
    kept = _digest(batch)
    space.distance(batch, batch)
    space.render(take_one(batch, 0))
    _encoded(space, batch)
    _expect(_digest(batch) == kept, "distance, render or encode_inputs changed its inputs.")
    again = space.decode_latents(before)
    _expect(_same(batch, again), "a batch shares memory with something that was changed after.")


def check_wrong_latents_are_refused(space: SearchSpace) -> None:
    """Latents with a gene too many raise ``LatentShapeError``."""
    good = _latents(space)
    wide = Latents(np.hstack([good.real, np.zeros((_ROWS, 1))]), good.categorical)
    try:
        space.decode_latents(wide)
    except LatentShapeError:
        return
    raise SpaceError("latents with a gene too many were decoded; call self.latent.check(latents) first.")


def check_distance(space: SearchSpace) -> None:
    """``distance`` has shape (n, m), is zero on the diagonal, symmetric, and not negative."""
    batch = space.decode_latents(_latents(space))
    d = space.distance(batch, take(batch, slice(0, 3)))
    _expect(d.shape == (_ROWS, 3), f"distance must have shape {(_ROWS, 3)}, but it has {d.shape}.")
    square = space.distance(batch, batch)
    _expect(bool((np.diag(square) == 0).all()), f"an input is at a distance from itself: {np.diag(square)}.")
    _expect(bool(np.allclose(square, square.T, rtol=1e-9, atol=0)), "the distances of a, b and of b, a differ.")
    _expect(bool((square >= 0).all()), "a distance is negative or NaN.")


def check_render(space: SearchSpace) -> None:
    """``render`` gives a list of at least one block."""
    blocks = space.render(take_one(space.decode_latents(_latents(space)), 0))
    good = isinstance(blocks, list) and blocks and all(isinstance(b, Block) for b in blocks)
    kinds = ", ".join(kind.__name__ for kind in get_args(Block))
    _expect(bool(good), f"render must return a list of blocks ({kinds}), but it returned {blocks!r:.100}.")


def check_encode(space: SearchSpace) -> None:
    """Encoding what the space has decoded loses nothing; a space without ``encode`` says so."""
    batch = space.decode_latents(_latents(space))
    latents = _encoded(space, batch)
    if latents is None:
        return
    space.latent.check(latents)
    _expect(len(latents) == _ROWS, f"{_ROWS} inputs were encoded as {len(latents)} latents.")
    again = space.decode_latents(latents)
    if isinstance(space, ImageSpace):
        # Values next to the bounds are moved inside by 1/512 of the range.
        away = float(np.abs(again.astype(np.float64) - batch).max()) / (space.high - space.low)
        _expect(away <= 1 / 512 + 1e-4, f"encoded and decoded pictures differ by {away:.2g} of the range.")
    else:
        _expect(_near(again, batch, 1e-4), "an input that was encoded and decoded is another.")


def check_spec(space: SearchSpace) -> None:
    """``spec`` survives TOML and rebuilds a space that decodes the same."""
    spec = space.spec()
    if spec is None:
        return
    _expect(tomllib.loads(tomli_w.dumps(spec)) == spec, f"the spec is not what TOML gives back: {spec!r:.200}")
    rebuilt = space_from_spec(spec)
    latents = _latents(space)
    genes = rebuilt.latent.genes
    _expect(genes == space.latent.genes, f"the space rebuilt from its spec has {genes} genes.")
    same = _near(rebuilt.decode_latents(latents), space.decode_latents(latents))
    _expect(same, "the space rebuilt from its spec decodes something else.")
    _expect(rebuilt.spec() == spec, "the space rebuilt from its spec has another spec.")


def check_other_process(space: SearchSpace) -> None:
    """The same seed gives the same inputs in another process with another PYTHONHASHSEED."""
    spec = space.spec()
    if spec is None:
        return
    environment = os.environ | {"PYTHONHASHSEED": "4321", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    ran = subprocess.run(  # noqa: S603  this interpreter, a constant program
        [sys.executable, "-c", _OTHER_PROCESS],
        input=tomli_w.dumps(spec),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    _expect(ran.returncode == 0, f"another process could not rebuild the space: {ran.stderr[-500:]}")
    _expect(ran.stdout.strip() == digest_of_samples(space), "the same seed gave other inputs in another process.")


def check_frozen(space: SearchSpace) -> None:
    """The space hashes by identity, and its latent stays the same object or an equal one."""
    _expect(hash(space) == hash(space) and space == space, "a space must compare and hash by identity.")  # noqa: PLR0124
    _expect(space.latent.genes == space.latent.genes, "the latent changes from one look to the next.")
    try:
        space.no_such_attribute = 1  # type: ignore[attr-defined]
    except AttributeError:
        return
    raise SpaceError("an attribute could be assigned: a space must not change once it is made.")


CHECKS: tuple[Callable[[SearchSpace], None], ...] = (
    check_decodes,
    check_rows_are_independent,
    check_arguments_are_kept,
    check_wrong_latents_are_refused,
    check_distance,
    check_render,
    check_encode,
    check_spec,
    check_other_process,
    check_frozen,
)


class SpaceContract:
    """The checks as pytest tests. Derive a class whose name starts with Test and give it a fixture ``space``."""

    def test_decodes(self, space: SearchSpace) -> None:
        """See :func:`check_decodes`."""
        check_decodes(space)

    def test_rows_are_independent(self, space: SearchSpace) -> None:
        """See :func:`check_rows_are_independent`."""
        check_rows_are_independent(space)

    def test_arguments_are_kept(self, space: SearchSpace) -> None:
        """See :func:`check_arguments_are_kept`."""
        check_arguments_are_kept(space)

    def test_wrong_latents_are_refused(self, space: SearchSpace) -> None:
        """See :func:`check_wrong_latents_are_refused`."""
        check_wrong_latents_are_refused(space)

    def test_distance(self, space: SearchSpace) -> None:
        """See :func:`check_distance`."""
        check_distance(space)

    def test_render(self, space: SearchSpace) -> None:
        """See :func:`check_render`."""
        check_render(space)

    def test_encode(self, space: SearchSpace) -> None:
        """See :func:`check_encode`."""
        check_encode(space)

    def test_spec(self, space: SearchSpace) -> None:
        """See :func:`check_spec`."""
        check_spec(space)

    def test_other_process(self, space: SearchSpace) -> None:
        """See :func:`check_other_process`."""
        check_other_process(space)

    def test_frozen(self, space: SearchSpace) -> None:
        """See :func:`check_frozen`."""
        check_frozen(space)


def digest_of_samples(space: SearchSpace, seed: int = 0) -> str:
    """A digest of a few inputs drawn from the prior with ``seed``."""
    return _digest(space.decode_latents(_latents(space, seed)))


def _print_digest(toml: str) -> None:
    spec: Spec = tomllib.loads(toml)
    sys.stdout.write(digest_of_samples(space_from_spec(spec)))


def _latents(space: SearchSpace, seed: int = 0) -> Latents:
    return space.latent.sample(np.random.default_rng(seed), _ROWS)


def _encoded(space: SearchSpace, batch: Any) -> Latents | None:
    try:
        return space.encode_inputs(batch)
    except FeatvizError as error:
        if "encode" not in str(error):
            raise SpaceError("a space that cannot encode must say how to give it an encode.") from error
        return None


def _leaves(batch: Any) -> list[Any]:
    if isinstance(batch, dict | tuple):
        parts = [batch[name] for name in sorted(batch)] if isinstance(batch, dict) else batch
        return [leaf for part in parts for leaf in _leaves(part)]
    if isinstance(batch, list) and not all(isinstance(x, str | int | float) for x in batch):
        # Inputs of any shape, each with parts of its own; their number belongs to what is compared.
        return [len(batch), *(leaf for x in batch for leaf in _leaves(x))]
    return [batch.to_numpy() if hasattr(batch, "to_numpy") else batch]


def _digest(batch: Any) -> str:
    h = hashlib.blake2b(digest_size=16)
    for leaf in _leaves(batch):
        array = np.asarray(leaf)
        h.update(f"{array.dtype}{array.shape}".encode())
        h.update(repr(array.tolist()).encode() if array.dtype == object else np.ascontiguousarray(array).tobytes())
    return h.hexdigest()


def _same(a: Any, b: Any) -> bool:
    return _digest(a) == _digest(b)


def _near(a: Any, b: Any, tolerance: float = _ROUNDING) -> bool:
    first, second = _leaves(a), _leaves(b)
    if len(first) != len(second):
        return False
    return all(_near_arrays(np.asarray(x), np.asarray(y), tolerance) for x, y in zip(first, second, strict=True))


def _near_arrays(a: NDArray[Any], b: NDArray[Any], tolerance: float) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype or a.dtype.kind not in "fc":
        return _digest(a) == _digest(b)
    largest = max(1.0, float(np.abs(b).max(initial=0)))
    return bool(np.allclose(a, b, rtol=0, atol=tolerance * largest))


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise SpaceError(message)
