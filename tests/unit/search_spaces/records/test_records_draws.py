"""``Draw``: names, paths, and the errors of a function that asks for what cannot be."""

import numpy as np
import pytest

import featviz as fv
from featviz.errors import InvalidArgument, SpaceError, WrongType


def paths_of(function, seed=0):
    space = fv.RecordSpace(function)
    return [path for path, _ in space.latent.sample(np.random.default_rng(seed), 1).records[0, 0]]


def test_paths_tell_where_a_choice_stands():
    def function(draw):
        draw.real("x")
        draw.list("row", lambda d: d.list("cell", lambda c: c.real("v"), 2, 2), 2, 2)
        draw.scope("left").boolean("on")
        draw.permutation("order", 3)
        draw.optional("maybe", lambda d: d.real("y"), 0.999999)

    assert paths_of(function) == [
        "x", "row/0/cell/0/v", "row/0/cell/1/v", "row/1/cell/0/v", "row/1/cell/1/v",
        "left/on", "order/0", "order/1", "maybe", "maybe/y",
    ]  # fmt: skip


def test_a_name_that_comes_again_is_numbered():
    def function(draw):
        for _ in range(3):
            draw.real("x")
        draw.scope("s").real("x")
        draw.scope("s").real("x")
        draw.list("l", lambda d: d.real("x"), 1, 1)
        draw.list("l", lambda d: d.real("x"), 1, 1)

    assert paths_of(function) == ["x", "x#2", "x#3", "s/x", "s#2/x", "l/0/x", "l#2/0/x"]


def test_one_of_stands_under_the_name_of_the_function():
    def circle(draw):
        return draw.real("radius")

    assert paths_of(lambda draw: draw.one_of("shape", circle)) == ["shape/circle/radius"]
    assert paths_of(lambda draw: draw.one_of("shape", lambda d: d.real("side"))) == ["shape/case0/side"]


def test_what_has_one_value_is_not_recorded():
    assert paths_of(lambda draw: (draw.integer("a", 2, 2), draw.choice("b", ["only"]), draw.real("c"))) == ["c"]


def test_values_have_the_types_of_python():
    @fv.space
    def space(draw):
        numbers = [draw.real("real"), draw.uniform("uniform", 0, 1), draw.log_uniform("log", 1, 2)]
        whole = [draw.integer("integer", 0, 9), draw.boolean("boolean")]
        return [*numbers, *whole, draw.choice("choice", np.array([3.5, 4.5])), draw.permutation("order", "ab")]

    types = [float, float, float, int, bool, np.float64, list]
    assert [type(value) for value in space.sample(np.random.default_rng(0), 1)[0]] == types


def test_choices_may_be_anything():
    options = [None, {"a": 1}, [2], "text"]
    space = fv.RecordSpace(lambda draw: draw.choice("x", options))
    drawn = space.sample(np.random.default_rng(0), 50)
    assert all(any(x is option for option in options) for x in drawn)
    assert all(any(x is option for x in drawn) for option in options)


def test_every_order_has_one_record_and_comes_up_as_often():
    space = fv.RecordSpace(lambda draw: tuple(draw.permutation("order", "abcd")))
    latents = space.latent.sample(np.random.default_rng(0), 2_400)
    orders = space.decode_latents(latents)
    records = dict(zip(orders, latents.records[:, 0], strict=True))
    assert len(records) == 24
    assert len(set(records.values())) == 24
    assert all(records[order] == record for order, record in zip(orders, latents.records[:, 0], strict=True))
    counts = np.unique([orders.index(order) for order in orders], return_counts=True)[1]
    assert counts.min() > 60
    assert counts.max() < 150


def test_a_choice_of_an_order_moves_three_things_at_most():
    space = fv.RecordSpace(lambda draw: draw.permutation("order", 12))
    rng = np.random.default_rng(0)
    latents = space.latent.sample(rng, 200)
    (change,) = [move for move in space.latent.moves if move.name == "change a choice"]
    before, after = (np.array(space.decode_latents(x)) for x in (latents, change.propose(latents, latents, rng)))
    moved = (before != after).sum(axis=1)
    assert moved.min() >= 2
    assert moved.max() <= 3


@pytest.mark.parametrize("name", ["", "a/b", "a#2", "12", "٣"])
def test_names_that_look_like_paths_are_refused(name):
    with pytest.raises(InvalidArgument, match="cannot be called"):
        paths_of(lambda draw: draw.real(name))


@pytest.mark.parametrize(
    ("function", "error", "says"),
    [
        (lambda d: d.real(3), WrongType, "must be text"),
        (lambda d: d.integer("k", 3, 1), InvalidArgument, "choice 'k': low must not be above high"),
        (lambda d: d.uniform("u", [0], 1), WrongType, "choice 'u'"),
        (lambda d: d.uniform("u", 0, np.nan), InvalidArgument, "choice 'u'"),
        (lambda d: d.log_uniform("l", 0, 1), InvalidArgument, "begin above 0"),
        (lambda d: d.choice("c", []), InvalidArgument, "at least one option"),
        (lambda d: d.choice("c", {"a", "b"}), WrongType, "a list or a tuple"),
        (lambda d: d.choice("c", "ab", [0.5, 0.6]), InvalidArgument, "sum 1"),
        (lambda d: d.boolean("b", 2), InvalidArgument, "choice 'b'"),
        (lambda d: d.list("l", lambda e: 0, -1, 2), InvalidArgument, "0 to 100,000 elements"),
        (lambda d: d.list("l", lambda e: 0, 0, 10**9), InvalidArgument, "0 to 100,000 elements"),
        (lambda d: d.one_of("o"), InvalidArgument, "at least one option"),
        (lambda d: d.permutation("p", -1), InvalidArgument, "things"),
        (lambda d: d.space("s", 3), WrongType, "expected a space"),
        (lambda d: d.space("s", fv.ImageSpace), WrongType, "expected a space"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(function, error, says):
    with pytest.raises(error, match=says):
        paths_of(function)


def test_a_function_that_never_ends_is_stopped():
    def forever(draw):
        return draw.one_of("again", forever, forever)

    def long(draw):
        while True:
            draw.real("x")

    with pytest.raises(SpaceError, match="calls itself too deeply"):
        paths_of(forever)
    with pytest.raises(SpaceError, match="100,000 choices"):
        paths_of(long)
