"""Nested spaces: the form of batches, paths, saliency, what changed, alternatives, lists, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

import featviz as fv
from featviz.batches import take_one
from featviz.blocks import ImageBlock, TableBlock
from featviz.errors import FeatvizError, InvalidArgument, SpaceError, WrongType
from featviz.latent import Latents
from featviz.search_spaces import space_from_spec

NOTE = fv.DictSpace({"pitch": fv.Choice("CDE"), "length": fv.Uniform(0, 1)})


def rng(seed=0):
    return np.random.default_rng(seed)


def test_a_batch_of_a_dict_holds_arrays_and_the_options_themselves():
    space = fv.DictSpace({"image": fv.ImageSpace(3, 2), "age": fv.Integer(1, 5), "job": fv.Choice(["a", "b"])})
    batch = space.sample(rng(), 50)
    assert batch["image"].shape == (50, 3, 2, 1)
    assert batch["image"].dtype == np.float32
    assert batch["age"].dtype == np.int64
    assert set(batch["job"]) == {"a", "b"}
    assert list(batch) == ["image", "age", "job"]


def test_a_batch_of_a_tuple_is_a_tuple():
    batch = fv.TupleSpace([fv.Uniform(0, 1), fv.Choice(3)]).sample(rng(), 4)
    assert isinstance(batch, tuple)
    assert [part.shape for part in batch] == [(4,), (4,)]


@pytest.mark.parametrize(
    ("element", "kind"),
    [
        (fv.Uniform(0, 1), np.ndarray),
        (fv.Choice(5), np.ndarray),
        (fv.ImageSpace(2, 2), np.ndarray),
        (fv.Choice(["a", "b"]), list),
        (NOTE, list),
        (fv.TupleSpace([fv.Real(), fv.Real()]), list),
        (fv.ListSpace(fv.Real(), 0, 2), list),
        (fv.Optional(fv.Real()), list),
    ],
)
def test_elements_that_are_numbers_stay_an_array_and_others_become_a_list(element, kind):
    batch = fv.ListSpace(element, 0, 3).sample(rng(), 40)
    assert isinstance(batch, list)
    assert all(isinstance(row, kind) for row in batch)
    assert {len(row) for row in batch} == {0, 1, 2, 3}


def test_all_lengths_and_options_follow_their_probabilities():
    lists = fv.ListSpace(fv.Real(), 2, 5).sample(rng(), 4_000)
    assert np.abs(np.bincount([len(row) for row in lists], minlength=6)[2:] / 4_000 - 0.25).max() < 0.03
    options = fv.OneOf([fv.Constant("a"), fv.Constant("b")], probabilities=[0.9, 0.1]).sample(rng(), 4_000)
    assert abs(options.count("a") / 4_000 - 0.9) < 0.02
    there = [x is not None for x in fv.Optional(fv.Real(), probability=0.3).sample(rng(), 4_000)]
    assert abs(np.mean(there) - 0.3) < 0.03


def test_a_constrained_option_is_drawn_as_often_as_it_should_be():
    class Rare(fv.Space):
        variables = {"x": fv.Uniform(0, 1)}

        def decode(self, values):
            return values["x"]

        def valid(self, inputs):
            return inputs < 0.05

    space = fv.OneOf([Rare(), fv.Constant("other")])
    drawn = space.sample(rng(), 2_000)
    assert abs(drawn.count("other") / 2_000 - 0.5) < 0.05
    assert all(x == "other" or x < 0.05 for x in drawn)
    lists = fv.ListSpace(Rare(), 6, 6).sample(rng(), 20)
    assert np.max(lists) < 0.05


def test_paths_name_the_parts_of_an_input():
    space = fv.DictSpace(
        {
            "applicant": fv.DictSpace({"age": fv.Integer(18, 90), "e.mail": fv.Optional(fv.Choice("xy"))}),
            "notes": fv.ListSpace(NOTE, 0, 4),
            "photo": fv.ImageSpace(2, 2),
        }
    )
    x = {
        "applicant": {"age": 30, "e.mail": "x"},
        "notes": [{"pitch": "C", "length": 0.5}, {"pitch": "D", "length": 1.0}],
        "photo": np.full((2, 2, 1), 0.5, dtype=np.float32),
    }
    units = space.units(x)
    assert units[:6] == (
        "applicant.age",
        "applicant.e\\.mail",
        "notes.0.pitch",
        "notes.0.length",
        "notes.1.pitch",
        "notes.1.length",
    )
    assert units[6:] == tuple(f"photo.{unit}" for unit in fv.ImageSpace(2, 2).units(x["photo"]))
    table, picture = space.render(x)
    assert isinstance(table, TableBlock)
    assert ("applicant.age", "30") in table.rows
    assert ("notes.1.pitch", "D") in table.rows
    assert isinstance(picture, ImageBlock)
    assert picture.caption == "photo"


def test_differences_are_a_table_of_what_changed():
    space = fv.DictSpace(
        {"age": fv.Integer(0, 9), "notes": fv.ListSpace(NOTE, 0, 3), "pet": fv.Optional(fv.Choice("cd"))}
    )
    a = {"age": 3, "notes": [{"pitch": "C", "length": 0.5}], "pet": None}
    b = {"age": 3, "notes": [{"pitch": "D", "length": 0.5}, {"pitch": "E", "length": 0.25}], "pet": "c"}
    assert space.differences(a, a) == []
    assert space.differences(a, b) == [
        ("notes.0.pitch", "C", "D"),
        ("pet", "none", "c"),
        ("notes.1.pitch", "-", "E"),
        ("notes.1.length", "-", "0.25"),
    ]
    TableBlock(("part", "before", "after"), tuple(space.differences(a, b)))


def test_hidden_parts_are_taken_from_the_fill_and_the_others_kept():
    space = fv.DictSpace({"age": fv.Integer(0, 99), "notes": fv.ListSpace(NOTE, 2, 4), "pet": fv.Choice("cdefg")})
    latents = space.latent.sample(rng(1), 1)
    fill = space.latent.sample(rng(2), 30)
    x, other = take_one(space.decode_latents(latents), 0), space.decode_latents(fill)
    units = space.units(x)
    masks = np.ones((30, len(units)), dtype=bool)
    masks[:, [units.index("age"), units.index("notes.1.pitch")]] = False
    made = space.apply(latents, units, masks, fill)
    assert (made["age"] == other["age"]).all()
    assert set(made["pet"]) == {x["pet"]}
    assert {len(notes) for notes in made["notes"]} == {len(x["notes"])}
    for notes, theirs in zip(made["notes"], other["notes"], strict=True):
        assert notes[1]["pitch"] == theirs[1]["pitch"]
        assert notes[1]["length"] == x["notes"][1]["length"]
        assert notes[0] == x["notes"][0]
    # Inputs in place of latents give the same, and one input stands for all.
    again = space.apply(x, units, masks[:1], take_one_batch(other, 0))
    assert again["age"][0] == other["age"][0]
    assert again["notes"][0][1]["pitch"] == other["notes"][0][1]["pitch"]


def take_one_batch(batch, row):
    return {name: part[row : row + 1] for name, part in batch.items()}


def test_a_hidden_whole_may_change_its_option():
    space = fv.Optional(fv.Choice("ab"))
    absent = space.encode_inputs([None])
    fill = space.encode_inputs(["a", None, "b"])
    assert space.units(None) == ("(whole)",)
    assert space.apply(absent, ("(whole)",), np.zeros((3, 1), dtype=bool), fill) == ["a", None, "b"]
    assert space.apply(None, ("(whole)",), np.ones((3, 1), dtype=bool), ["a", None, "b"]) == [None] * 3


def test_encoding_takes_the_first_option_that_gives_an_input_back():
    space = fv.OneOf(
        [fv.Uniform(0, 1), fv.Choice([True, False]), fv.Integer(0, 9), fv.Uniform(5, 6), fv.Constant(None)]
    )
    given = [0.5, True, 3, 5.5, None, 9]
    options = [space.option_of(x) for x in given]
    assert options == [0, 1, 2, 3, 4, 2]
    again = space.decode_latents(space.encode_inputs(given))
    assert again == pytest.approx(given)
    # What none has exactly is of the option that comes nearest.
    assert space.option_of(6.2) == 3
    with pytest.raises(SpaceError, match="none of the options"):
        space.encode_inputs(["text"])


def test_moves_of_a_list_keep_its_elements():
    space = fv.ListSpace(fv.Integer(0, 999_999), 2, 6)
    parents, mates = space.latent.sample(rng(1), 300), space.latent.sample(rng(2), 300)
    ours, theirs = space.decode_latents(parents), space.decode_latents(mates)
    found = {m.name: space.decode_latents(m.propose(parents, mates, rng(3))) for m in space.latent.moves}
    for before, mate, swapped, moved, deleted, inserted, doubled, tails, mixed in zip(
        ours,
        theirs,
        *(
            found[name]
            for name in (
                "swap two elements",
                "move an element",
                "delete an element",
                "insert an element",
                "duplicate an element",
                "exchange tails",
                "exchange elements",
            )
        ),
        strict=True,
    ):
        assert sorted(swapped) == sorted(moved) == sorted(before)
        assert set(deleted) <= set(before)
        assert len(deleted) == max(2, len(before) - 1)
        assert len(inserted) == min(6, len(before) + 1)
        assert len(set(before) - set(inserted)) <= (len(before) == 6)
        assert len(doubled) == min(6, len(before) + 1)
        assert set(doubled) <= set(before)
        assert len(mixed) == len(before)
        assert all(x in (a, b) for x, a, b in zip(mixed, before, mate, strict=False))
        assert 2 <= len(tails) <= 6
    changed = sum(not np.array_equal(a, b) for a, b in zip(ours, found["exchange tails"], strict=True))
    assert changed > 200


def test_moves_reach_every_length_and_option():
    lists, either = fv.ListSpace(fv.Integer(0, 3), 0, 5), fv.OneOf([fv.Real(), fv.Choice("ab"), fv.Constant("c")])
    for space, kinds in ((lists, len), (either, type)):
        latents = space.latent.sample(rng(0), 1)[[0] * 300]
        seen = set()
        for step in range(8):
            for move in space.latent.moves:
                latents = move.propose(latents, latents[::-1], rng(step))
                seen |= {kinds(x) for x in space.decode_latents(latents)}
        assert seen == ({0, 1, 2, 3, 4, 5} if kinds is len else {np.float64, str})


def test_a_move_within_an_option_leaves_the_others_genes_alone():
    inner = fv.ListSpace(fv.Integer(0, 9), 1, 4)
    space = fv.OneOf([inner, inner])
    parents, mates = space.latent.sample(rng(1), 100), space.latent.sample(rng(2), 100)
    within = next(move for move in space.latent.moves if move.name == "within the option")
    children = within.propose(parents, mates, rng(3))
    second = parents.categorical[:, 0] == 1
    assert (children.categorical[:, 0] == parents.categorical[:, 0]).all()
    assert (children.real[second, :4] == parents.real[second, :4]).all()
    assert (children.real[~second, 4:] == parents.real[~second, 4:]).all()
    assert (children.real != parents.real).any()


def test_latents_that_differ_where_it_does_not_matter_have_one_canonical_form():
    space = fv.DictSpace({"notes": fv.ListSpace(fv.Uniform(0, 1), 0, 4), "x": fv.Optional(fv.Real(2))})
    latents = space.encode_inputs({"notes": [np.array([0.5])] * 2, "x": [None] * 2})
    other = Latents(latents.real.copy(), latents.categorical.copy())
    other.real[1, 2:] = 7
    assert len(set(other.keys())) == 2
    assert len(set(space.latent.canonical(other).keys())) == 1
    other.real[1, 0] += 1
    assert len(set(space.latent.canonical(other).keys())) == 2


def test_each_part_settles_as_it_does_alone():
    picture = fv.ImageSpace(6, 5)
    space = fv.DictSpace({"picture": picture, "x": fv.Real(2), "pixels": fv.ImageSpace(4, 4, decoder="pixels")})
    latents = Latents.of_real(20 * np.random.default_rng(0).standard_normal((3, 48)))
    settled = space.latent.settled(latents).real
    np.testing.assert_array_equal(settled[:, :30], picture.latent.settled(Latents.of_real(latents.real[:, :30])).real)
    np.testing.assert_array_equal(settled[:, 30:32], latents.real[:, 30:32])
    assert np.abs(settled[:, 32:]).max() == 3
    assert fv.DictSpace({"x": fv.Real(2), "y": fv.Real()}).latent.settled is None


def test_no_part_dominates_a_distance():
    space = fv.DictSpace({"income": fv.Uniform(0, 1e9), "share": fv.Uniform(0, 1)})
    batch = {"income": np.array([0, 0, 1e9]), "share": np.array([0.0, 1.0, 0.0])}
    distances = space.distance(batch, batch)
    assert distances[0, 1] == pytest.approx(distances[0, 2], rel=0.3)
    lists = fv.ListSpace(fv.Uniform(0, 1), 0, 3)
    found = lists.distance([np.array([0.5]), np.array([]), np.array([0.5, 0.5])], [np.array([0.5])])
    assert found[:, 0] == pytest.approx([0, 1, 0.5])
    assert fv.Optional(fv.Real()).distance([None, 1.0], [None, 1.0]) == pytest.approx(np.array([[0, 2], [2, 0]]))


def test_a_space_of_ones_own_may_rule_out_combinations_of_parts():
    class Ordered(fv.DictSpace):
        def valid(self, inputs):
            return inputs["low"] < inputs["high"]

    space = Ordered({"low": fv.Integer(0, 9), "high": fv.Integer(0, 9)})
    batch = space.sample(rng(), 200)
    assert (batch["low"] < batch["high"]).all()


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: fv.DictSpace([fv.Real()]), WrongType, "dict"),
        (lambda: fv.DictSpace({}), InvalidArgument, "at least one"),
        (lambda: fv.DictSpace({1: fv.Real()}), WrongType, "text"),
        (lambda: fv.DictSpace({"": fv.Real()}), InvalidArgument, "1 to"),
        (lambda: fv.DictSpace({"a\u202e": 3}), WrongType, "u202e"),
        (lambda: fv.DictSpace({"x": fv.Constant(1)}), InvalidArgument, "nothing to search"),
        (lambda: fv.TupleSpace([]), InvalidArgument, "empty"),
        (lambda: fv.TupleSpace("ab"), WrongType, "list"),
        (lambda: fv.TupleSpace([fv.Real]), WrongType, "part 0"),
        (lambda: fv.ListSpace(fv.Real(), 3, 2), InvalidArgument, "min_length"),
        (lambda: fv.ListSpace(fv.Real(), 0, 0), InvalidArgument, "max_length"),
        (lambda: fv.ListSpace(fv.Real(), -1, 2), InvalidArgument, "min_length"),
        (lambda: fv.ListSpace(fv.Real(100_000), 0, 1_000), InvalidArgument, "genes"),
        (lambda: fv.ListSpace(fv.Constant(1), 0, 2), InvalidArgument, "constant"),
        (lambda: fv.OneOf([fv.Real()]), InvalidArgument, "at least 2"),
        (lambda: fv.OneOf([fv.Real(), 3]), WrongType, "part 1"),
        (lambda: fv.OneOf([fv.Real(), fv.Real()], probabilities=[0.5, 0.6]), InvalidArgument, "sum"),
        (lambda: fv.OneOf([fv.Real(), fv.Real()], probabilities=[0.5]), InvalidArgument, "2 probabilities"),
        (lambda: fv.Optional(fv.Real(), probability=1), InvalidArgument, "probability"),
        (lambda: fv.Optional(fv.Real(), probability=float("nan")), InvalidArgument, "finite"),
    ],
)
def test_wrong_arguments_are_refused(make, error, says):
    with pytest.raises(error, match=says):
        make()


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"age": np.array([3])}, "'job' is missing"),
        ({"age": np.array([3]), "jobs": ["a"]}, "'job' is missing"),
        ({"age": np.array([3]), "job": ["a"], "jbo": [1]}, "Did you mean 'job'"),
        ({"age": np.array([3]), "job": ["c"]}, "job: .*no option"),
        ({"age": np.array([3, 4]), "job": ["a"]}, "one length"),
        ([1, 2], "expected a dict"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(inputs, says):
    space = fv.DictSpace({"age": fv.Integer(0, 9), "job": fv.Choice(["a", "b"])})
    with pytest.raises(SpaceError, match=says):
        space.encode_inputs(inputs)


@pytest.mark.parametrize("inputs", [[np.zeros(5)], [3], [np.array([])]])
def test_lists_that_do_not_fit_are_refused(inputs):
    with pytest.raises(SpaceError, match="list"):
        fv.ListSpace(fv.Real(), 1, 4).encode_inputs(inputs)


def test_saliency_refuses_masks_that_do_not_fit():
    space = fv.DictSpace({"a": fv.Real(), "b": fv.Real()})
    x = {"a": 0.0, "b": 0.0}
    with pytest.raises(FeatvizError, match="truth value"):
        space.apply(x, ("a", "b"), np.ones((2, 3), dtype=bool), space.sample(rng(), 2))
    with pytest.raises(FeatvizError, match="masks need"):
        space.apply(x, ("a", "b"), np.ones((2, 2), dtype=bool), space.sample(rng(), 3))


def test_what_cannot_be_written_down_has_no_spec():
    class Own(fv.Space):
        variables = {"x": fv.Real()}

        def decode(self, values):
            return values["x"]

    assert fv.DictSpace({"x": Own()}).spec() is None
    assert fv.ListSpace(Own(), 0, 2).spec() is None
    assert fv.OneOf([Own(), fv.Real()]).spec() is None
    assert fv.DictSpace({"x": fv.Real(), "y": fv.Constant((1, 2))}).spec() is None


def test_a_spec_by_hand_is_read():
    letters = {"type": "Choice", "options": ["a", "b"]}
    space = space_from_spec(
        {
            "type": "DictSpace",
            "parts": {
                "notes": {
                    "type": "ListSpace",
                    "space": letters,
                    "min_length": 0,
                    "max_length": 2,
                },
                "type": {"type": "Constant", "value": 3},
            },
        }
    )
    batch = space.sample(rng(), 5)
    assert list(batch["type"]) == [3] * 5
    with pytest.raises(InvalidArgument, match="max_length"):
        space_from_spec({"type": "ListSpace", "space": {"type": "Real"}, "min_length": 0})


def test_records_stand_inside():
    @fv.space
    def word(draw):
        return draw.list("letter", lambda d: d.choice("of", "xyz"), 1, 4)

    space = fv.DictSpace({"word": word, "more": fv.ListSpace(fv.Optional(word), 0, 2)})
    latents = space.latent.sample(rng(), 20)
    batch = space.decode_latents(latents)
    assert set(batch["word"][0]) <= set("xyz")
    for move in space.latent.moves:
        space.decode_latents(move.propose(latents, latents[::-1], rng(1)))
    x = take_one(batch, 0)
    units = space.units(x)
    assert units[0] == "word"
    kept = space.apply(latents[:1], units, np.ones((2, len(units)), dtype=bool), latents[:2])
    assert kept["word"] == [x["word"]] * 2
    run = fv.search(space, fv.maximise(fv.black_box(lambda b: [len(w) for w in b["word"]])), budget=60, progress="none")
    assert run.best.score == 4


def test_the_genetic_algorithm_does_not_ask_for_one_input_twice():
    from featviz.optimisers.genetic import GeneticAlgorithm

    # Half of the prior are two inputs, under as many latents as there are lists.
    space = fv.TupleSpace([fv.OneOf([fv.Choice([True, False]), fv.ListSpace(fv.Choice(20), 3, 3)])])
    ga = GeneticAlgorithm(space.latent, seed=0, budget=60)
    asked = []
    for _ in range(8):
        latents = ga.ask(5)
        asked += map(str, space.decode_latents(latents)[0])
        ga.tell(latents, np.arange(5.0))
    # Where a few rounds of proposals bring nothing new it takes what the prior gives.
    assert len(set(asked)) >= 38
    blind = GeneticAlgorithm(replace(space.latent, canonical=None), seed=0, budget=60)
    assert len(set(map(str, space.decode_latents(blind.ask(40))[0]))) < 34


@fv.space
def pair(draw):
    return {"a": draw.integer("a", 0, 9), "b": draw.choice("b", ["x", "y"])}


@fv.space(distance=lambda a, b: np.array([[abs(x[0] - y[0]) for y in b] for x in a]))
def point(draw):
    return draw.uniform("x", 0, 1), draw.uniform("y", 0, 1)


class Cards(fv.Space):
    """A list of dicts, which no other space should make columns of."""

    variables = {"rank": fv.Integer(1, 13), "suit": fv.Choice("CDHS")}

    def decode(self, values):
        suits = self.variables["suit"].labels(values["suit"])
        return [{"rank": rank, "suit": suit} for rank, suit in zip(values["rank"].tolist(), suits, strict=True)]

    def encode(self, inputs):
        suits = self.variables["suit"].places([x["suit"] for x in inputs])
        return {"rank": [x["rank"] for x in inputs], "suit": suits}

    def distance(self, a, b):
        return np.array([[abs(x["rank"] - y["rank"]) for y in b] for x in a], dtype=float)


@pytest.mark.parametrize("inner", [pair, point, Cards()], ids=["dicts", "tuples", "own class"])
@pytest.mark.parametrize(
    "around",
    [
        lambda inner: fv.OneOf([inner, fv.Uniform(0, 1)]),
        lambda inner: fv.ListSpace(inner, 0, 4),
        lambda inner: fv.ListSpace(fv.DictSpace({"p": inner, "q": fv.Real()}), 1, 3),
        lambda inner: fv.Optional(fv.TupleSpace([inner, fv.Real()])),
    ],
    ids=["one of", "list", "list of dicts", "optional tuple"],
)
def test_lists_of_inputs_of_several_parts_can_be_compared_inside_others(inner, around):
    space = around(inner)
    batch = space.sample(np.random.default_rng(0), 12)
    found = space.distance(batch, batch)
    assert found.shape == (12, 12)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.diag(found), 0)
    np.testing.assert_allclose(found, found.T)
    assert found.max() > 0


@pytest.mark.parametrize(
    "space",
    [
        Cards(),
        fv.OneOf([Cards(), fv.Uniform(0, 1)]),
        fv.ListSpace(Cards(), 1, 4),
        fv.DictSpace({"hand": fv.ListSpace(fv.DictSpace({"card": Cards()}), 1, 3), "lead": Cards()}),
    ],
    ids=repr,
)
def test_lists_of_inputs_of_several_parts_come_back_and_are_taken_apart(space):
    batch = space.sample(np.random.default_rng(1), 6)
    assert str(space.decode_latents(space.encode_inputs(batch))) == str(batch)
    x = take_one(batch, 0)
    units = space.units(x)
    masks = np.ones((6, len(units)), dtype=bool)
    kept = space.apply(x, units, masks, batch)
    assert [str(take_one(kept, i)) for i in range(6)] == [str(x)] * 6
