"""Spaces made of other spaces against the contract."""

import numpy as np
import pytest

import featviz as fv
from featviz.batches import batch_length, take_one
from featviz.testing._inputs import same as alike
from featviz.testing.spaces import SpaceContract


class Even(fv.Space):
    """Pairs of whole numbers whose sum is even: a constraint for others to hold inside."""

    variables = {"pair": fv.Integer(0, 9, shape=2)}

    def decode(self, values):
        return values["pair"]

    def encode(self, inputs):
        return {"pair": inputs}

    def valid(self, inputs):
        return inputs.sum(axis=1) % 2 == 0


class Words(fv.Space):
    """Inputs that are no numbers, without encode or distance."""

    variables = {"word": fv.Real()}

    def decode(self, values):
        return [f"word{v:.2f}" for v in values["word"]]


@fv.space
def word(draw):
    """Words of one to four letters, the last of them marked: records, which cannot be encoded."""
    return "".join(draw.list("letter", lambda d: d.choice("of", "xyz"), 1, 4)) + draw.choice("mark", "!?")


NOTE = {"pitch": fv.Choice("CDEFGAB"), "length": fv.Choice([1, 2, 4])}

CATALOGUE = {
    "numbers": lambda: fv.DictSpace({"age": fv.Integer(18, 90), "income": fv.LogUniform(1e3, 1e6)}),
    "picture and columns": lambda: fv.DictSpace(
        {"image": fv.ImageSpace(8, 8), "age": fv.Integer(18, 90), "job": fv.Choice(["clerk", "baker", "poet"])}
    ),
    "one part": lambda: fv.DictSpace({"x": fv.Real(3)}),
    "names of any kind": lambda: fv.DictSpace({"a.b": fv.Real(), "a": fv.DictSpace({"b": fv.Real()}), "\\": fv.Real()}),
    "constants": lambda: fv.DictSpace({"version": fv.Constant(2), "kind": fv.Constant("x"), "v": fv.Uniform(0, 1)}),
    "tuple": lambda: fv.TupleSpace([fv.ImageSpace(4, 4), fv.ImageSpace(4, 4), fv.Choice(3)]),
    "orders": lambda: fv.TupleSpace([fv.Permutation(5), fv.Permutation(3, shape=2)]),
    "numbers in a list": lambda: fv.ListSpace(fv.Uniform(0, 1), 0, 5),
    "labels in a list": lambda: fv.ListSpace(fv.Choice(["a", "b", "c"]), 1, 6),
    "labels of all kinds in a list": lambda: fv.ListSpace(fv.Choice([None, (1, 2), (3, 4)]), 1, 3),
    "list of one length": lambda: fv.ListSpace(fv.Choice(5), 4, 4),
    "pictures in a list": lambda: fv.ListSpace(fv.ImageSpace(5, 4), 0, 3),
    "melody": lambda: fv.DictSpace({"tempo": fv.Integer(60, 180), "notes": fv.ListSpace(fv.DictSpace(NOTE), 4, 12)}),
    "lists in lists": lambda: fv.ListSpace(fv.ListSpace(fv.ListSpace(fv.Integer(0, 9), 0, 2), 0, 3), 0, 3),
    "one of three": lambda: fv.OneOf(
        [fv.Uniform(0, 1), fv.Choice(["p", "q"]), fv.ImageSpace(4, 4)], probabilities=[0.5, 0.3, 0.2]
    ),
    "number or word or nothing": lambda: fv.OneOf([fv.Integer(0, 9), fv.Constant("word"), fv.Constant(7.5)]),
    "optional": lambda: fv.Optional(fv.Uniform(-1, 1), probability=0.7),
    "optional picture": lambda: fv.DictSpace({"photo": fv.Optional(fv.ImageSpace(6, 6, 3)), "name": fv.Choice("xyz")}),
    "constrained": lambda: fv.DictSpace({"pairs": fv.ListSpace(Even(), 2, 8), "other": fv.OneOf([Even(), fv.Real()])}),
    "records": lambda: fv.DictSpace({"word": word, "more": fv.ListSpace(fv.OneOf([word, fv.Real()]), 0, 3)}),
    "words": lambda: fv.TupleSpace([Words(), fv.Optional(Words())]),
    "four deep": lambda: fv.DictSpace(
        {
            "people": fv.ListSpace(
                fv.DictSpace(
                    {
                        "face": fv.Optional(fv.ImageSpace(4, 4)),
                        "pets": fv.ListSpace(
                            fv.OneOf([fv.Choice(["cat", "dog"]), fv.DictSpace({"x": fv.Real(2)})]), 0, 2
                        ),
                    }
                ),
                1,
                3,
            )
        }
    ),
}


@pytest.mark.parametrize("name", CATALOGUE)
class TestComposites(SpaceContract):
    @pytest.fixture
    def space(self, name):
        return CATALOGUE[name]()

    def test_other_process(self, space, name):
        if name in {"four deep", "melody"}:
            assert space.spec() is not None
            super().test_other_process(space)

    def test_moves_give_latents_of_the_space(self, space):
        rng = np.random.default_rng(3)
        parents, mates = space.latent.sample(rng, 40), space.latent.sample(rng, 40)
        kept = parents.copy(), mates.copy()
        for move in space.latent.moves:
            children = move.propose(parents, mates, rng)
            space.latent.check(children)
            assert batch_length(space.decode_latents(children)) == 40
            assert (parents.digest(), mates.digest()) == (kept[0].digest(), kept[1].digest()), move.name

    def test_samples_are_feasible(self, space):
        drawn = space.latent.sample(np.random.default_rng(1), 50)
        assert space.latent.feasible is None or space.latent.feasible(drawn).all()

    def test_saliency_parts(self, space):
        rng = np.random.default_rng(2)
        latents, fill = space.latent.sample(rng, 6), space.latent.sample(rng, 4)
        batch = space.decode_latents(latents)
        for row in range(6):
            x = take_one(batch, row)
            units = space.units(x)
            assert len(set(units)) == len(units) > 0
            kept = space.apply(latents[row : row + 1], units, np.ones((4, len(units)), dtype=bool), fill)
            want = space.decode_latents(latents[[row] * 4])
            assert alike(kept, want)
            replaced = space.apply(latents[row : row + 1], units, np.zeros((4, len(units)), dtype=bool), fill)
            for i in range(4):
                assert space.units(take_one(replaced, i)) is not None
