"""The class that users derive from: its defaults, and the errors that say what to override."""

import numpy as np
import pytest

import featviz as fv
from featviz.blocks import TextBlock
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.latent import MAX_GENES, LatentDescription, Latents, Move
from featviz.search_spaces import space_from_spec


class Coin:
    """A categorical variable, to show that the base class takes any that has the members."""

    latent = LatentDescription(0, (2, 3), (np.array([0.9, 0.1]), np.full(3, 1 / 3)))

    def values(self, latents):
        return latents.categorical

    def genes(self, values):
        return Latents(np.empty((len(values), 0)), np.asarray(values, dtype=np.int64))

    def spec(self):
        return None


class Mixed(fv.Space):
    variables = {"size": fv.Real(), "coin": Coin(), "place": fv.Real((2, 3))}

    def decode(self, values):
        return {"size": values["size"], "coin": values["coin"], "place": values["place"]}

    def encode(self, inputs):
        return inputs


SPACE = Mixed()


class Sized(fv.Space):
    def __init__(self, size):
        self.size = size
        self.variables = {"x": fv.Real(size)}

    def decode(self, values):
        return values["x"]


def space_with(decode, **members):
    return type("Made", (fv.Space,), {"variables": {"x": fv.Real(2)}, "decode": decode, **members})()


def test_latent_follows_the_variables():
    latent = SPACE.latent
    assert (latent.real, latent.options) == (7, (2, 3))
    np.testing.assert_array_equal(latent.probabilities[0], [0.9, 0.1])
    assert SPACE.latent is latent


def test_values_are_split_and_put_together_again():
    latents = SPACE.latent.sample(np.random.default_rng(0), 4)
    values = SPACE.values(latents)
    assert {name: v.shape for name, v in values.items()} == {"size": (4,), "coin": (4, 2), "place": (4, 2, 3)}
    np.testing.assert_array_equal(values["size"], latents.real[:, 0])
    np.testing.assert_array_equal(values["place"].reshape(4, 6), latents.real[:, 1:])
    assert SPACE.encode_inputs(SPACE.decode_latents(latents)).digest() == latents.digest()


def test_cannot_be_changed_after_it_is_made():
    space = Sized(3)
    with pytest.raises(AttributeError, match="make another one"):
        space.size = 4
    assert len({space, space, Sized(3)}) == 2


def test_decode_is_required():
    with pytest.raises(TypeError, match="decode"):
        type("Half", (fv.Space,), {"variables": {"x": fv.Real()}})()


@pytest.mark.parametrize("variables", [None, ["x"], {}])
def test_variables_are_required(variables):
    space = space_with(lambda self, values: values["x"], variables=variables)
    with pytest.raises((InvalidArgument, WrongType), match="variables must"):
        _ = space.latent


@pytest.mark.parametrize(
    ("decode", "message"),
    [
        (lambda self, values: values["x"][:-1], "one input a latent: 3 latents gave 2"),
        (lambda self, values: values["x"] * np.nan, "returned NaN"),
        (lambda self, values: {"a": values["x"], "b": (np.full(3, np.nan),)}, "returned NaN"),
        (lambda self, values: {"a": values["x"], "b": values["x"][:1]}, "one length"),
        (lambda self, values: None, "must have a length"),
        (lambda self, values: 3.0, "must have a length"),
    ],
)
def test_broken_decoders(decode, message):
    with pytest.raises(SpaceError, match=message):
        space_with(decode).sample(np.random.default_rng(0), 3)


def test_decode_of_another_length_for_the_same_n():
    lengths = iter([3, 4])
    space = space_with(lambda self, values: [0] * next(lengths))
    space.sample(np.random.default_rng(0), 3)
    with pytest.raises(SpaceError, match="3 latents gave 4"):
        space.sample(np.random.default_rng(0), 3)


def test_infinite_values_and_lists_pass():
    assert np.isinf(
        space_with(lambda self, values: np.copysign(np.inf, values["x"])).sample(np.random.default_rng(0), 2)
    ).all()
    assert space_with(lambda self, values: [None, None]).sample(np.random.default_rng(0), 2) == [None, None]


def test_without_encode_it_says_what_to_write():
    with pytest.raises(SpaceError, match=r"Give Sized a method encode\(self, inputs\)"):
        Sized(2).encode_inputs([1])


@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        ({}, "must return values of x"),
        ({"X": np.zeros((1, 2))}, "Did you mean 'x'"),
        ({"x": np.zeros((1, 3))}, "expected values of shape"),
        ({"x": [[np.nan, 0]]}, "must be finite"),
        ({"x": 3.0}, "expected values of shape"),
    ],
)
def test_broken_encoders(encoded, message):
    with pytest.raises(SpaceError, match=message):
        space_with(lambda self, values: values["x"], encode=lambda self, inputs: encoded).encode_inputs(None)


def test_encode_of_unequal_lengths():
    bad = {"size": np.zeros(2), "coin": np.zeros((2, 2)), "place": np.zeros((3, 2, 3))}
    with pytest.raises(SpaceError, match="different lengths"):
        SPACE.encode_inputs(bad)


def test_default_render_and_distance():
    space = Sized(2)
    assert space.render((1, 2)) == [TextBlock("(1, 2)")]
    np.testing.assert_allclose(space.distance([[0, 0], [3, 4]], [[0, 0]]), [[0], [5]])
    with pytest.raises(SpaceError, match=r"a method distance\(self, a, b\)"):
        space.distance(["a"], ["b"])


def test_default_spec():
    assert SPACE.spec() == {"type": f"{__name__}:Mixed"}
    assert isinstance(space_from_spec(SPACE.spec()), Mixed)
    assert Sized(2).spec() is None

    class Local(Mixed):
        pass

    assert Local().spec() is None


def test_spec_may_name_a_space_or_take_arguments():
    assert space_from_spec({"type": f"{__name__}:SPACE"}) is SPACE
    assert space_from_spec({"type": f"{__name__}:Sized", "size": 5}).latent.real == 5


def test_wrong_latents_name_the_numbers():
    with pytest.raises(fv.FeatvizError, match="expected latents of 2 real and 0 categorical genes"):
        Sized(2).decode_latents(Latents.of_real(np.zeros(2)[None, :1]))


@pytest.mark.parametrize("shape", [0, -1, (3, 0), 1.5, "ab", None, True, (MAX_GENES, 2), 10**9, (2**40, 2**40)])
def test_shapes_that_make_no_sense(shape):
    with pytest.raises((InvalidArgument, WrongType)):
        fv.Real(shape)


def test_real_shapes():
    assert fv.Real().shape == ()
    assert fv.Real(3).shape == (3,)
    assert fv.Real((2, 3)).latent.real == 6
    assert fv.Real(3) == fv.Real((3,))


def test_its_repr_names_its_variables_and_no_address():
    assert repr(SPACE) == f"Mixed(size=Real(), coin=<{__name__}.Coin object>, place=Real((2, 3)))"
    assert repr(Sized(4)) == "Sized(x=Real(4))"
    for wrong in ({}, None):
        assert repr(type("Wrong", (fv.Space,), {"variables": wrong, "decode": None})()) == "Wrong()"


def test_the_repr_of_a_space_is_kept_with_its_runs():
    box = fv.black_box(lambda values: values[:, 0], name="box")
    run = fv.search(Sized(4), fv.maximise(box), budget=10, progress="none")
    assert run.spec["provenance"]["space"] == "Sized(x=Real(4))"


class Ordered(fv.Space):
    """Two numbers of which the first is the smaller, beside a coin: constraints, moves and a part that is a space."""

    variables = {"pair": fv.Uniform(0, 1, shape=2), "coin": Coin(), "inner": Sized(2)}

    def decode(self, values):
        return np.hstack([values["pair"], values["inner"]])

    def valid(self, inputs):
        return inputs[:, 0] <= inputs[:, 1]

    def moves(self):
        return [Move("flip", lambda parents, mates, rng: Latents(-parents.real, parents.categorical.copy()))]


def test_a_space_may_be_part_of_another():
    space = Ordered()
    assert (space.latent.real, space.latent.options) == (4, (2, 3))
    latents = space.latent.sample(np.random.default_rng(0), 6)
    np.testing.assert_array_equal(space.decode_latents(latents)[:, 2:], latents.real[:, 2:])


def test_samples_are_valid():
    inputs = Ordered().sample(np.random.default_rng(0), 300)
    assert len(inputs) == 300
    assert (inputs[:, 0] <= inputs[:, 1]).all()


def test_a_constraint_that_nothing_satisfies_is_said():
    never = space_with(lambda self, values: values["x"], valid=lambda self, inputs: np.zeros(len(inputs), dtype=bool))
    with pytest.raises(SpaceError, match=r"0 are valid.*Loosen"):
        never.sample(np.random.default_rng(0), 2)
    box = fv.black_box(lambda values: values[:, 0], name="box")
    with pytest.raises(SpaceError, match="0 are valid"):
        fv.search(never, fv.maximise(box), budget=10, progress="none")


def test_valid_must_answer_for_each_input():
    odd = space_with(lambda self, values: values["x"], valid=lambda self, inputs: np.zeros(3))
    with pytest.raises(SpaceError, match="truth values, one an input"):
        odd.sample(np.random.default_rng(0), 2)


def test_invalid_inputs_are_not_shown_to_the_box():
    seen = []
    box = fv.black_box(lambda inputs: (seen.append(inputs), inputs[:, 0])[1], name="box")
    space = space_with(lambda self, values: values["x"], valid=lambda self, inputs: inputs[:, 0] <= inputs[:, 1])
    run = fv.search(space, fv.maximise(box), budget=200, optimiser="sep-cma", progress="none")
    assert all((inputs[:, 0] <= inputs[:, 1]).all() for inputs in seen)
    assert run.failures == {"infeasible": 200 - sum(map(len, seen))}
    assert run.best.input[0] <= run.best.input[1]


def test_moves_of_a_part_leave_the_others_alone():
    whole = space_with(lambda self, values: values["inner"], variables={"x": fv.Real(3), "inner": Ordered()})
    (move,) = whole.latent.moves
    parents = whole.latent.sample(np.random.default_rng(0), 5)
    children = move.propose(parents, parents[::-1], np.random.default_rng(1))
    np.testing.assert_array_equal(children.real[:, :3], parents.real[:, :3])
    np.testing.assert_array_equal(children.real[:, 3:], -parents.real[:, 3:])


def test_units_exchange_whole_variables():
    space = Mixed()
    rng = np.random.default_rng(0)
    x, fill = space.latent.sample(rng, 1), space.latent.sample(rng, 3)
    units = space.units(None)
    assert units == ("size", "coin", "place")
    masks = np.array([[True, True, True], [False, True, True], [True, False, False]])
    found, own, other = space.apply(x, units, masks, fill), space.decode_latents(x), space.decode_latents(fill)
    for name, column in (("size", 0), ("coin", 1), ("place", 2)):
        for row in range(3):
            want = own[name][0] if masks[row, column] else other[name][row]
            np.testing.assert_array_equal(found[name][row], want)
    # Inputs will do where the space can encode them.
    one = {name: part[0] for name, part in own.items()}
    again = space.apply(one, units, masks, other)
    np.testing.assert_array_equal(again["place"], found["place"])


def test_what_is_no_variable_is_said():
    with pytest.raises(WrongType, match="must hold variables or spaces"):
        space_with(lambda self, values: values["x"], variables={"x": 3}).latent  # noqa: B018
