"""Spaces made from Gymnasium spaces and JSON schemas: the contract, and whether inputs fit what they were made from."""

import warnings

import numpy as np
import pytest
from gymnasium import spaces

import featviz as fv
from featviz.batches import take_one
from featviz.testing.spaces import SpaceContract, _same

INF = np.inf
DEEP = spaces.OneOf([spaces.Discrete(3), spaces.Sequence(spaces.Box(0, 9, (), int))])

GYMNASIUM = {
    "box": spaces.Box(-1, 1, (3,)),
    "box of float64": spaces.Box(
        np.array([-1.0, -np.inf, 2, -np.inf]), np.array([1, 3.0, np.inf, np.inf]), dtype=np.float64
    ),
    "box with the largest bounds": spaces.Box(-np.finfo(np.float32).max, np.finfo(np.float32).max, (2, 2)),
    "box of one number": spaces.Box(0, 5, ()),
    "box with a constant": spaces.Box(np.array([0, 2], np.float32), np.array([1, 2], np.float32)),
    "box of int8": spaces.Box(-128, 127, (4,), np.int8),
    "box of int64": spaces.Box(-(2**62), 2**62, (3,), np.int64),
    "box of half-bounded int32": spaces.Box(np.array([-5, -(2**31)]), np.array([2**31 - 1, 9]), dtype=np.int32),
    "bytes": spaces.Box(0, 255, (5, 4), np.uint8),
    "picture": spaces.Box(0, 255, (12, 10, 3), np.uint8),
    "discrete": spaces.Discrete(5),
    "discrete from -2": spaces.Discrete(3, start=-2),
    "discrete of very many": spaces.Discrete(1_000_000),
    "multi-discrete": spaces.MultiDiscrete([3, 1, 7]),
    "multi-discrete with two axes": spaces.MultiDiscrete(np.array([[2, 3], [4, 5]])),
    "multi-binary": spaces.MultiBinary((2, 3)),
    "text": spaces.Text(6),
    "text of one letter": spaces.Text(min_length=1, max_length=4, charset="x"),
    "text of one length": spaces.Text(min_length=3, max_length=3, charset="abc"),
    "dict": spaces.Dict({"position": spaces.Box(-1, 1, (2,)), "door": spaces.Discrete(4), "one": spaces.Discrete(1)}),
    "tuple": spaces.Tuple([spaces.Discrete(2), spaces.Text(3), spaces.MultiBinary(2)]),
    "sequence": spaces.Sequence(spaces.Box(0, 1, (2,))),
    "sequence of dicts": spaces.Sequence(spaces.Dict({"a": spaces.Discrete(3), "b": spaces.Text(2)})),
    "stacked sequence": spaces.Sequence(spaces.Box(0, 1, (2,)), stack=True),
    "stacked sequence of choices": spaces.Sequence(spaces.Discrete(4), stack=True),
    "stacked sequence of dicts": spaces.Sequence(
        spaces.Dict({"a": spaces.Discrete(3), "b": spaces.Box(0, 1, (2,))}), stack=True
    ),
    "graph": spaces.Graph(spaces.Box(-1, 1, (3,)), spaces.Discrete(4)),
    "graph of nodes": spaces.Graph(spaces.Discrete(4), None),
    "one of three": spaces.OneOf([spaces.Box(0, 1, (2,)), spaces.Discrete(3), spaces.Discrete(1)]),
    "four deep": spaces.Dict(
        {
            "team": spaces.Sequence(
                spaces.Tuple(
                    [spaces.Text(4), spaces.OneOf([spaces.Discrete(3), spaces.Sequence(spaces.Box(0, 9, (), int))])]
                )
            ),
            "map": spaces.Box(0, 255, (8, 8, 1), np.uint8),
        }
    ),
}


@pytest.mark.parametrize("name", GYMNASIUM)
class TestGymnasium(SpaceContract):
    @pytest.fixture
    def space(self, name):
        return fv.from_gymnasium(GYMNASIUM[name])

    def test_other_process(self, space, name):
        if name in {"graph", "dict"}:
            super().test_other_process(space)

    def test_encode(self, space, name):
        if name not in {"picture", "four deep"}:
            super().test_encode(space)
            return
        # A value next to the bounds is moved inside by 1/512 of the range, which can be the next whole number.
        picture = spaces.Box(0, 255, (12, 10, 3), np.uint8)
        space = fv.from_gymnasium(picture)
        batch = space.sample(np.random.default_rng(0), 4)
        again = space.decode_latents(space.encode_inputs(batch))
        assert np.abs(again.astype(int) - batch).max() <= 1

    def test_inputs_are_members(self, space, name):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Gymnasium warns of a number in place of an array of shape ()
            rng = np.random.default_rng(1)
            batch = space.sample(rng, 60)
            members = [GYMNASIUM[name].contains(take_one(batch, row)) for row in range(60)]
        assert all(members)

    def test_extreme_latents_are_members(self, space, name):
        rng = np.random.default_rng(2)
        latents = space.latent.sample(rng, 20)
        latents.real[:10] = 40.0
        latents.real[10:] = -40.0
        batch = space.decode_latents(latents)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert all(GYMNASIUM[name].contains(take_one(batch, row)) for row in range(20))

    def test_moves_give_members(self, space, name):
        rng = np.random.default_rng(3)
        for move in space.latent.moves:
            batch = space.decode_latents(move.propose(space.latent.sample(rng, 9), space.latent.sample(rng, 9), rng))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert all(GYMNASIUM[name].contains(take_one(batch, row)) for row in range(9))

    def test_saliency_parts(self, space):
        rng = np.random.default_rng(2)
        latents, fill = space.latent.sample(rng, 3), space.latent.sample(rng, 4)
        batch = space.decode_latents(latents)
        for row in range(3):
            units = space.units(take_one(batch, row))
            assert units
            kept = space.apply(latents[row : row + 1], units, np.ones((4, len(units)), dtype=bool), fill)
            assert _same(kept, space.decode_latents(latents[[row] * 4]))
