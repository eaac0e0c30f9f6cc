"""``fv.space``: replay, JSON, priors, nesting, constraints, saliency, and records that do not fit."""

import json
import subprocess
import sys

import numpy as np
import pytest

import featviz as fv
from featviz.errors import LatentShapeError, SpaceError, WrongType
from featviz.latent import Latents
from featviz.search_spaces import space_from_spec


@fv.space
def melody(draw):
    """A tempo and notes."""
    return {
        "tempo": draw.integer("tempo", 60, 180),
        "notes": draw.list("note", lambda d: (d.choice("pitch", "CDE"), d.uniform("length", 0, 1)), 1, 4),
    }


def drawn(space, n=20, seed=0):
    return space.latent.sample(np.random.default_rng(seed), n)


def test_a_record_is_names_and_values():
    latents = Latents.of_records([(("tempo", 90), ("note", 1), ("note/0/pitch", 2), ("note/0/length", 0.5))])
    assert melody.decode_latents(latents) == [{"tempo": 90, "notes": [("E", 0.5)]}]
    assert melody.latent.log_prior(latents) == pytest.approx(-np.log(121 * 4 * 3))


def test_decorated_with_and_without_arguments():
    @fv.space(name="loud", valid=lambda x: x > 0, render=lambda x: [fv.TextBlock(f"{x}!")])
    def number(draw):
        return draw.integer("x", -1, 1)

    assert repr(number) == "RecordSpace(loud)"
    assert repr(melody) == "RecordSpace(melody)"
    assert melody.__doc__ == "A tempo and notes."
    assert number.render(1) == [fv.TextBlock("1!")]
    assert number.sample(np.random.default_rng(0), 20) == [1] * 20


@pytest.mark.parametrize("thing", [3, "melody", fv.ImageSpace, None])
def test_what_is_no_function_cannot_be_a_space(thing):
    with pytest.raises(WrongType, match="must be a function"):
        fv.space()(thing)


def test_json_keeps_every_bit():
    latents = drawn(melody)
    text = melody.to_json(latents)
    assert melody.from_json(text).digest() == latents.digest()
    assert json.loads(text)[0][0] == list(latents.records[0, 0][0])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not json", "list of records"),
        ("[[[1, 2]]]", "list of records"),
        ('[[["tempo", "90"]]]', "list of records"),
        ('[[["tempo", NaN]]]', "list of records"),
        ('[[["tempo", 90]]]', "ends after 1 choices"),
        ('[[["tempo", 59], ["note", 1]]]', "'tempo' is 59"),
        ('[[["tempo", 90.0], ["note", 1]]]', "'tempo' is 90.0"),
        ('[[["tempo", 90], ["tempo#2", 1]]]', "the record has 'tempo#2'"),
        ('[[["tempo", 90], ["note", 1], ["note/0/pitch", 0], ["note/0/length", 0.5], ["x", 1]]]', "the next is 'x'"),
    ],
)
def test_records_that_do_not_fit_say_where(text, says):
    with pytest.raises(LatentShapeError, match=says):
        melody.from_json(text)


def test_records_that_are_none_are_refused():
    for record in (None, 3, [("tempo", 90)], (("tempo",),), ("tempo", 90)):
        with pytest.raises(LatentShapeError, match="record 0 of melody"):
            melody.decode_latents(Latents.of_records([record]))


def test_a_function_that_was_changed_is_noticed():
    changed = fv.RecordSpace(lambda draw: draw.integer("speed", 60, 180), name="melody")
    with pytest.raises(LatentShapeError, match="Was the function changed since"):
        changed.decode_latents(drawn(melody))


def test_an_input_does_not_tell_its_record_but_can_be_found():
    latents = drawn(melody)
    inputs = melody.decode_latents(latents)
    with pytest.raises(SpaceError, match="cannot encode"):
        melody.encode_inputs(inputs)
    assert melody.encode_inputs(latents) is latents
    assert melody.match(inputs[7], latents).digest() == latents[[7]].digest()
    with pytest.raises(SpaceError, match="none of these 5 latents"):
        melody.match(inputs[7], latents[:5])


def test_units_are_choices_and_list_elements():
    latents = Latents.of_records([tuple(drawn(melody, 1).records[0, 0])])
    count = len(melody.decode_latents(latents)[0]["notes"])
    assert melody.units(latents) == ("tempo", "note", *(f"note/{i}" for i in range(count)))


def test_hidden_units_come_from_the_fill():
    one = (
        ("tempo", 90),
        ("note", 2),
        ("note/0/pitch", 0),
        ("note/0/length", 0.1),
        ("note/1/pitch", 0),
        ("note/1/length", 0.2),
    )
    two = (("tempo", 70), ("note", 1), ("note/0/pitch", 2), ("note/0/length", 0.9))
    x, fill = Latents.of_records([one]), Latents.of_records([two])
    units = melody.units(x)
    assert units == ("tempo", "note", "note/0", "note/1")
    masks = ~np.eye(4, dtype=bool)
    tempo, length, first, second = melody.apply(x, units, masks, fill)
    assert tempo == {"tempo": 70, "notes": [("C", 0.1), ("C", 0.2)]}
    assert length == {"tempo": 90, "notes": [("C", 0.1)]}
    assert first == {"tempo": 90, "notes": [("E", 0.9), ("C", 0.2)]}
    # What neither has is drawn, the same each time.
    assert second["notes"][0] == ("C", 0.1)
    assert second == melody.apply(x, units, masks, fill)[3]


def test_nested_spaces_keep_their_constraint_through_every_move():
    inner = fv.space(lambda d: d.integer("k", 0, 9), valid=lambda k: k % 5 == 0)

    class Low(fv.Space):
        variables = {"level": fv.Uniform(0, 1)}

        def decode(self, values):
            return values["level"]

        def valid(self, inputs):
            return inputs < 0.1

    low = Low()
    space = fv.RecordSpace(lambda draw: (draw.list("k", lambda d: d.space("k", inner), 1, 3), draw.space("low", low)))
    rng = np.random.default_rng(0)
    latents = space.latent.sample(rng, 30)
    for move in space.latent.moves:
        latents = move.propose(latents, latents[::-1], rng)
        for ks, level in space.decode_latents(latents):
            assert all(k % 5 == 0 for k in ks)
            assert level < 0.1


def test_a_constraint_that_nothing_satisfies_is_said():
    never = fv.space(lambda d: d.real("x"), name="never", valid=lambda x: False)
    with pytest.raises(SpaceError, match="0 are valid"):
        never.sample(np.random.default_rng(0), 1)
    with pytest.raises(SpaceError, match="inputs of never none is valid"):
        fv.RecordSpace(lambda draw: draw.space("n", never)).sample(np.random.default_rng(0), 1)


def test_valid_must_give_a_truth_value():
    odd = fv.space(lambda d: d.real("x"), name="odd", valid=lambda x: "yes")
    with pytest.raises(SpaceError, match="valid of odd must return True or False"):
        odd.sample(np.random.default_rng(0), 1)


def test_a_space_with_records_inside_cannot_be_nested():
    class Pair(fv.Space):
        variables = {"song": melody}

        def decode(self, values):
            return values["song"]

    with pytest.raises(SpaceError, match="has a function of draw among its parts"):
        fv.RecordSpace(lambda draw: draw.space("pair", Pair())).sample(np.random.default_rng(0), 1)


def test_the_joint_prior_of_a_nested_space_counts():
    class Tied:
        def sample(self, rng, n):
            return Latents.of_real(np.repeat(rng.standard_normal((n, 1)), 2, axis=1))

        def log_density(self, latents):
            return -0.5 * latents.real[:, 0] ** 2

    class Twins(fv.Space):
        variables = {"x": fv.Real(2)}

        def decode(self, values):
            return values["x"]

        def prior(self):
            return Tied()

    twins = Twins()
    space = fv.RecordSpace(lambda draw: (draw.space("twins", twins), draw.boolean("b")))
    latents = drawn(space, 10)
    for (a, b), _ in space.decode_latents(latents):
        assert a == b
    genes = np.array([dict(record)["twins/x/0"] for record in latents.records[:, 0]])
    np.testing.assert_allclose(space.latent.log_prior(latents), -0.5 * genes**2 - np.log(2))


def test_it_is_written_down_where_it_can_be_imported():
    assert melody.spec() == {"type": f"{__name__}:melody"}
    assert space_from_spec(melody.spec()) is melody
    assert fv.RecordSpace(lambda draw: draw.real("x")).spec() is None
    assert fv.space(melody).spec() is None


def test_a_function_of_a_script_has_no_spec(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import featviz as fv\n@fv.space\ndef f(draw):\n    return draw.real('x')\nprint(f.spec())\n", encoding="utf-8"
    )
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "None"


def test_it_cannot_be_changed():
    with pytest.raises(AttributeError, match="cannot be changed"):
        melody.name = "other"


def test_inputs_are_shown_as_text_or_tables():
    (block,) = melody.render({"tempo": 90, "notes": [("C", 0.25)], "of": {"who": "Ann", "age": 3.0}})
    assert block.rows == (("tempo", "90"), ("notes/0", "C, 0.25"), ("of/who", "Ann"), ("of/age", "3"))
    assert melody.render("words") == [fv.TextBlock("words")]
    assert melody.render({}) == [fv.TextBlock("{}")]
    assert melody.render(object()) == [fv.TextBlock("<object object>")]
    assert melody.render(list(range(100)))[0].text.startswith("[0, 1, 2")


def test_a_search_is_stored_and_read_back(tmp_path):
    box = fv.black_box(lambda x: len(x["notes"]) + x["tempo"] / 1000, per_input=True)
    run = fv.search(melody, fv.maximise(box), budget=400, out=tmp_path / "run", progress="none")
    again = fv.load(tmp_path / "run")
    assert again.best.input == run.best.input
    assert again.best.latents.digest() == run.best.latents.digest()
    assert melody.decode_latents(again.best.latents) == [run.best.input]
    assert run.best.score > 4.17


def test_a_function_that_depends_on_something_else_is_told_so():
    lengths = iter([3, 1, 3, 1, 3, 1])

    @fv.space
    def impure(draw):
        return [draw.integer(f"x{place}", 0, 3) for place in range(next(lengths))]

    latents = impure.latent.sample(np.random.default_rng(0), 1)
    with pytest.raises(LatentShapeError, match="depends on something else than what it draws"):
        impure.decode_latents(latents)
