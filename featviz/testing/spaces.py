"""What every search space must do: a function to call, and a class for pytest.

::

    from featviz.testing.spaces import SpaceContract

    class TestRings(SpaceContract):
        @pytest.fixture
        def space(self):
            return Rings()

Each check raises :class:`~featviz.errors.SpaceError` and says what was expected and what came.
"""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import tomli_w

from featviz.batches import batch_length, take
from featviz.blocks import Block
from featviz.errors import LatentShapeError, SpaceError
from featviz.latent import Latents, Record
from featviz.protocols import SearchSpace, Spec
from featviz.search_spaces import ImageSpace, space_from_spec
from featviz.testing._inputs import ROWS, digest, drawn, encoded, expect, near, one, same
from featviz.testing._space_moves import check_moves, check_support
from featviz.testing._space_priors import check_canonical, check_prior, check_samples_are_valid, check_settled
from featviz.testing._space_units import check_units
from featviz.text import first_line

__all__ = ["SpaceContract", "check_space", "digest_of_samples"]

# Records that do not fit, by what is wrong with them.
_DOCTORED: dict[str, Callable[[Record], Any]] = {
    "a choice too many": lambda record: (*record, ("no such choice", 0)),
    "a choice too few": lambda record: record[:-1],
    "another name": lambda record: (("no such choice", 0), *record[1:]),
    "a value that is no number": lambda record: tuple((name, None) for name, _ in record),
    "no record at all": lambda record: None,  # noqa: ARG005  whatever it was
}
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
    latents = drawn(space)
    batch = space.decode_latents(latents)
    expect(batch_length(batch) == ROWS, f"{ROWS} latents gave {batch_length(batch)} inputs.")
    expect(same(batch, space.decode_latents(latents)), "the same latents gave other inputs the second time.")
    if isinstance(space, ImageSpace):
        want = (ROWS, space.height, space.width, space.channels)
        expect(batch.dtype == np.float32, f"pictures must be float32, but they are {batch.dtype}.")
        expect(batch.shape == want, f"pictures must have shape {want}, but they have {batch.shape}.")
        low, high = np.float32(space.low), np.float32(space.high)
        inside = bool((batch >= low).all() and (batch <= high).all())
        expect(inside, f"pictures must be in [{low}, {high}], but they reach {batch.min()} and {batch.max()}.")


def check_rows_are_independent(space: SearchSpace) -> None:
    """A batch of one gives what that row of a larger batch gives, and no rows give no inputs."""
    latents = drawn(space)
    batch = space.decode_latents(latents)
    for row in range(ROWS):
        alone = space.decode_latents(latents[row : row + 1])
        expect(near(alone, take(batch, slice(row, row + 1))), f"row {row} decodes to something else on its own.")
    try:
        nothing = space.decode_latents(latents[:0])
    except Exception as error:
        raise SpaceError(f"a batch of no latents cannot be decoded: {first_line(error)}.") from error
    expect(batch_length(nothing) == 0, "a batch of no latents gave inputs.")


def check_arguments_are_kept(space: SearchSpace) -> None:
    """Neither latents nor inputs are changed by what they are given to."""
    latents = drawn(space)
    before = latents.copy()
    batch = space.decode_latents(latents)
    expect(latents.digest() == before.digest(), "decode_latents changed its latents.")
    kept = digest(batch)
    space.distance(batch, batch)
    space.render(one(batch))
    encoded(space, batch)
    expect(digest(batch) == kept, "distance, render or encode_inputs changed its inputs.")
    again = space.decode_latents(before)
    expect(same(batch, again), "a batch shares memory with something that was changed after.")


def check_wrong_latents_are_refused(space: SearchSpace) -> None:
    """Latents with a gene too many raise ``LatentShapeError``, and so do records that no choices of the space made."""
    good = drawn(space)
    wrong = {"a gene too many": Latents(np.hstack([good.real, np.zeros((ROWS, 1))]), good.categorical, good.records)}
    for what, change in _DOCTORED.items() if space.latent.records else ():
        doctored = good.copy()
        doctored.records[0, 0] = change(doctored.records[0, 0])
        if doctored.records[0, 0] != good.records[0, 0]:
            wrong[what] = doctored
    for what, latents in wrong.items():
        try:
            space.decode_latents(latents)
        except LatentShapeError:
            continue
        raise SpaceError(f"latents with {what} were decoded; call self.latent.check(latents) first.")


def check_distance(space: SearchSpace) -> None:
    """``distance`` has shape (n, m), is zero on the diagonal, symmetric, and not negative."""
    batch = space.decode_latents(drawn(space))
    d = space.distance(batch, take(batch, slice(0, 3)))
    expect(d.shape == (ROWS, 3), f"distance must have shape {(ROWS, 3)}, but it has {d.shape}.")
    square = space.distance(batch, batch)
    expect(bool((np.diag(square) == 0).all()), f"an input is at a distance from itself: {np.diag(square)}.")
    expect(bool(np.allclose(square, square.T, rtol=1e-9, atol=0)), "the distances of a, b and of b, a differ.")
    expect(bool((square >= 0).all()), "a distance is negative or NaN.")


def check_render(space: SearchSpace) -> None:
    """``render`` gives a list of at least one block."""
    blocks = space.render(one(space.decode_latents(drawn(space))))
    good = isinstance(blocks, list) and blocks and all(isinstance(b, Block) for b in blocks)
    kinds = ", ".join(kind.__name__ for kind in get_args(Block))
    expect(bool(good), f"render must return a list of blocks ({kinds}), but it returned {blocks!r:.100}.")


def check_encode(space: SearchSpace) -> None:
    """Encoding what the space has decoded loses nothing; a space without ``encode`` says so."""
    batch = space.decode_latents(drawn(space))
    latents = encoded(space, batch)
    if latents is None:
        return
    space.latent.check(latents)
    expect(len(latents) == ROWS, f"{ROWS} inputs were encoded as {len(latents)} latents.")
    again = space.decode_latents(latents)
    if isinstance(space, ImageSpace):
        # Values next to the bounds are moved inside by 1/512 of the range.
        away = float(np.abs(again.astype(np.float64) - batch).max()) / (space.high - space.low)
        expect(away <= 1 / 512 + 1e-4, f"encoded and decoded pictures differ by {away:.2g} of the range.")
    else:
        expect(near(again, batch, 1e-4), "an input that was encoded and decoded is another.")


def check_spec(space: SearchSpace) -> None:
    """``spec`` survives TOML and rebuilds a space that decodes the same."""
    spec = space.spec()
    if spec is None:
        return
    expect(tomllib.loads(tomli_w.dumps(spec)) == spec, f"the spec is not what TOML gives back: {spec!r:.200}")
    rebuilt = space_from_spec(spec)
    latents = drawn(space)
    genes = rebuilt.latent.genes
    expect(genes == space.latent.genes, f"the space rebuilt from its spec has {genes} genes.")
    same = near(rebuilt.decode_latents(latents), space.decode_latents(latents))
    expect(same, "the space rebuilt from its spec decodes something else.")
    expect(rebuilt.spec() == spec, "the space rebuilt from its spec has another spec.")


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
    expect(ran.returncode == 0, f"another process could not rebuild the space: {ran.stderr[-500:]}")
    # Whatever the module of the space prints as it is imported comes before.
    last = ran.stdout.split()[-1:]
    expect(last == [digest_of_samples(space)], "the same seed gave other inputs in another process.")


def check_frozen(space: SearchSpace) -> None:
    """The space hashes by identity, and its latent stays the same object or an equal one."""
    expect(hash(space) == hash(space) and space == space, "a space must compare and hash by identity.")  # noqa: PLR0124
    expect(space.latent.genes == space.latent.genes, "the latent changes from one look to the next.")
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
    check_samples_are_valid,
    check_prior,
    check_canonical,
    check_settled,
    check_moves,
    check_support,
    check_units,
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

    def test_samples_are_valid(self, space: SearchSpace) -> None:
        """See :func:`check_samples_are_valid`."""
        check_samples_are_valid(space)

    def test_prior(self, space: SearchSpace) -> None:
        """See :func:`check_prior`."""
        check_prior(space)

    def test_canonical(self, space: SearchSpace) -> None:
        """See :func:`check_canonical`."""
        check_canonical(space)

    def test_settled(self, space: SearchSpace) -> None:
        """See :func:`check_settled`."""
        check_settled(space)

    def test_moves(self, space: SearchSpace) -> None:
        """See :func:`check_moves`."""
        check_moves(space)

    def test_support(self, space: SearchSpace) -> None:
        """See :func:`check_support`."""
        check_support(space)

    def test_units(self, space: SearchSpace) -> None:
        """See :func:`check_units`."""
        check_units(space)


def digest_of_samples(space: SearchSpace, seed: int = 0) -> str:
    """A digest of a few inputs drawn from the prior with ``seed``."""
    return digest(space.decode_latents(drawn(space, seed)))


def _print_digest(toml: str) -> None:
    spec: Spec = tomllib.loads(toml)
    found = digest_of_samples(space_from_spec(spec))
    sys.stdout.write(f"\n{found}")
