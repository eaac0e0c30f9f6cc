"""Robust boxes: the expectation over transformations, its draws, its counts and its spec."""

import tomllib

import numpy as np
import pandas as pd
import pytest
import tomli_w

import featviz as fv
from featviz.black_boxes import RobustBox, box_from_spec
from featviz.errors import BoxError, InvalidArgument, RowsFailed, WrongType

PICTURES = np.random.default_rng(0).random((3, 6, 6, 1))


def corner(x):
    return np.stack([x[:, 0, 0, 0], x[:, 0, 0, 0] ** 2], axis=1)


def box(function=corner, **options):
    return fv.black_box(function, outputs=["value", "square"], **options)


def add(inputs, rng):
    return inputs + rng.normal()


def draws_of(seed, key, draws):
    from featviz.random import Streams

    streams = Streams(seed, 0)
    return np.array([streams.at(key * draws + draw).normal() for draw in range(draws)])


@pytest.mark.parametrize(("reduce", "how"), [("mean", np.mean), ("lowest", np.min), ("highest", np.max)])
def test_definition(reduce, how):
    robust = fv.robust(box(), add, draws=5, seed=3, reduce=reduce)
    robust.begin_batch(7)
    moved = PICTURES[None] + draws_of(3, 7, 5)[:, None, None, None, None]
    want = how([corner(x) for x in moved], axis=0)
    np.testing.assert_allclose(robust(PICTURES), want)
    assert robust.outputs == ("value", "square")


def test_the_box_behind_is_asked_once_for_all_draws():
    sizes = []

    def counting(x):
        sizes.append(len(x))
        return corner(x)

    fv.robust(box(counting), fv.jitter(1), draws=4)(PICTURES)
    fv.robust(box(counting, max_batch=5), fv.jitter(1), draws=4)(PICTURES)
    assert sizes == [12, 5, 5, 2]


def test_draws_are_those_of_the_batch_and_its_rows_alike():
    robust = fv.robust(box(), add)
    answers = []
    for key in (1, 2, 1):
        robust.begin_batch(key)
        answers.append(robust(PICTURES))
    np.testing.assert_array_equal(answers[0], answers[2])
    assert (answers[0] != answers[1]).all()
    np.testing.assert_allclose(np.concatenate([robust(PICTURES[[i]]) for i in range(3)]), answers[2])
    twin, other = fv.robust(box(), add), fv.robust(box(), add, seed=1)
    for each in (twin, other):
        each.begin_batch(1)
    np.testing.assert_array_equal(twin(PICTURES), answers[0])
    assert (other(PICTURES) != answers[0]).all()


def test_it_counts_as_noisy_and_no_answer_is_used_again():
    robust = fv.robust(box(), fv.jitter(1))
    assert robust.noisy is True
    from featviz.evaluation import Evaluator

    evaluator = Evaluator(fv.maximise(robust, "value"))
    for key in (0, 20):
        evaluator.evaluate(PICTURES, key=key)
    assert evaluator.ledger.cached == 0
    assert evaluator.ledger.inputs == 2 * 3 * 4


def test_the_ledger_counts_every_query():
    space = fv.ImageSpace(6, 6)
    run = fv.search(
        space, fv.robust(fv.maximise(box(), "value"), fv.jitter(1), draws=3), budget=40, batch_size=20, progress="none"
    )
    assert (run.evaluations, run.ledger["inputs"], run.ledger["calls"]) == (40, 120, 2)
    nested = fv.robust(fv.robust(box(), fv.jitter(1), draws=3), fv.noise(0.1), draws=5)
    assert nested.queries_per_input == 15


def test_a_row_that_fails_under_one_draw_fails_alone():
    def picky(x):
        errors = {i: ValueError("too bright") for i in np.flatnonzero(x[:, 0, 0, 0] > 0.9)}
        outputs = corner(x)
        if errors:
            outputs[list(errors)] = np.nan
            raise RowsFailed("some failed", outputs, errors)
        return outputs

    pictures = np.zeros((3, 2, 2, 1))
    pictures[1, 1, 1] = 1  # at the corner under some shifts only
    robust = fv.robust(box(picky), fv.jitter(1), draws=20)
    with pytest.raises(RowsFailed) as caught:
        robust(pictures)
    assert list(caught.value.errors) == [1]
    np.testing.assert_array_equal(caught.value.outputs[[0, 2]], 0)
    assert np.isnan(caught.value.outputs[1]).all()


def test_of_an_objective_every_box_is_robust_under_the_same_draws():
    one, two = box(name="one"), box(name="two")
    goal = (fv.maximise(one, "value") + fv.disagreement(one, two, "value") - 0.5 * fv.total_variation()).subject_to(
        fv.maximise(two, "square"), at_least=-9
    )
    robust = fv.robust(goal, add, draws=2)
    assert [type(each) for each in robust.boxes] == [RobustBox, RobustBox]
    assert (len(robust.terms), len(robust.penalties), len(robust.constraints)) == (2, 1, 1)
    assert goal.boxes == (one, two)  # as it was
    assert "one under 2 x add" in robust.describe()
    a, b = (each(PICTURES) for each in robust.boxes)
    np.testing.assert_array_equal(a, b)
    scores = robust.score([a, b], PICTURES)
    np.testing.assert_allclose(scores[:, 0], a[:, 0] - 0.5 * fv.total_variation().value(PICTURES))


def test_of_several_objectives_at_once():
    one = box(name="one")
    goal = fv.pareto(fv.maximise(one, "value"), fv.minimise(one, "square"), fv.total_variation())
    robust = fv.robust(goal, fv.jitter(1), draws=2)
    assert [type(each) for each in robust.boxes] == [RobustBox]
    run = fv.search(fv.ImageSpace(6, 6), robust, budget=60, progress="none")
    assert run.ledger["inputs"] == 120
    assert len(run.front) > 1


def test_terms_of_every_kind_move_to_robust_boxes():
    one, two = box(name="one"), box(name="two")
    goal = fv.margin(one, "value") + fv.log_odds(one, "value") + fv.entropy(two) + fv.direction(two, [1, 1])
    robust = fv.robust(goal + fv.boundary(one, "value", "square") + fv.naturalness(), fv.jitter(1))
    assert len(robust.boxes) == 2
    assert all(isinstance(each, RobustBox) for each in robust.boxes)


def test_spec_and_rebuilding():
    inner = fv.black_box("numpy:ravel", outputs=["x"], name="value")
    robust = fv.robust(inner, [fv.noise(0.5, low=-1), fv.time_shift(1)], draws=3, seed=5, reduce="lowest")
    spec = robust.spec()
    assert spec["kind"] == "robust"
    assert spec["transformations"] == [{"kind": "noise", "std": 0.5, "low": -1.0}, {"kind": "time_shift", "samples": 1}]
    again = box_from_spec(tomllib.loads(tomli_w.dumps(spec)))
    assert (again.spec(), again.name, again.outputs) == (spec, robust.name, robust.outputs)
    series = np.random.default_rng(0).random((4, 1, 1))
    np.testing.assert_array_equal(again(series), robust(series))
    assert fv.robust(box(lambda x: x[:, 0, 0]), add).spec() is None
    assert fv.robust(inner, lambda inputs, rng: inputs).spec() is None
    assert fv.robust(inner, "numpy:add").spec()["transformations"] == ["numpy:add"]


def test_it_passes_on_what_the_box_has_to_say(tmp_path):
    heard = []

    class Chatty(fv.BlackBox):
        def answer(self, inputs):
            return np.zeros(len(inputs))

        def begin_batch(self, key):
            heard.append(key)

        def keep_in(self, folder):
            heard.append(folder)

        def usage(self):
            return {"requests": 7}

        def provenance(self):
            return {"version": "3"}

        def close(self):
            heard.append("closed")

    with fv.robust(Chatty(name="chatty", outputs=["x"]), fv.jitter(1)) as robust:
        robust.begin_batch(4)
        robust.keep_in(tmp_path)
        assert (robust.usage(), robust.provenance()) == ({"requests": 7}, {"version": "3"})
    assert heard == [4, tmp_path, "closed"]


@pytest.mark.parametrize("optimiser", ["sep-cma", "ga"])
def test_a_resumed_run_is_the_same_bit_for_bit(tmp_path, optimiser):
    def stop(progress):
        if progress.evaluations >= 40:
            raise fv.StopSearch("enough")

    options = {"budget": 100, "seed": 3, "progress": "none", "optimiser": optimiser, "batch_size": 20}
    space = fv.ImageSpace(6, 6)

    def goal():
        return fv.robust(fv.maximise(box(), "value"), [fv.jitter(2), fv.noise(0.1)])

    whole = fv.search(space, goal(), out=tmp_path / "whole", **options)
    fv.search(space, goal(), out=tmp_path / "parts", callbacks=[stop], **options)
    parts = fv.search(space, goal(), out=tmp_path / "parts", **options)
    np.testing.assert_array_equal(parts.scores, whole.scores)


def test_a_run_is_repeated_from_its_tables(tmp_path):
    from featviz.study.spec import build_search

    inner = fv.black_box("numpy:ravel", outputs=["x"], name="value")
    goal = fv.robust(fv.maximise(inner), [fv.time_shift(1), fv.noise(0.1)], draws=3, seed=9)
    run = fv.search(fv.TimeSeriesSpace(1), goal, budget=40, seed=1, progress="none", out=tmp_path / "run")
    assert run.spec["box"]["kind"] == "robust"
    search = build_search(fv.load(tmp_path / "run").spec, "run.toml")
    again = fv.search(search.space, search.objective, progress="none", **search.arguments)
    np.testing.assert_array_equal(again.scores, run.scores)


@pytest.mark.parametrize(
    ("space", "change", "words"),
    [
        (fv.TokenSpace(5, 4), fv.jitter(1), r"same under jitter\(pixels=1\): jitter is for pictures"),
        (fv.TimeSeriesSpace(5), lambda inputs, rng: inputs[:-1], "must return .* inputs"),
        (fv.TimeSeriesSpace(5), lambda inputs, rng: None, "must return .* inputs"),
        (fv.TimeSeriesSpace(5), lambda inputs, rng: 1 / 0, "failed: ZeroDivisionError"),
        (fv.TimeSeriesSpace(5), fv.jitter, "the transformation jitter of same failed: TypeError"),
    ],
)
def test_a_transformation_that_does_not_fit_ends_the_search(space, change, words):
    same = fv.black_box(lambda batch: np.zeros(len(batch)), name="same")
    with pytest.raises(BoxError, match=words):
        fv.search(space, fv.robust(fv.maximise(same), change), budget=20, progress="none")


def test_tables_and_texts():
    frame = pd.DataFrame({"a": np.linspace(0, 1, 40), "c": ["x", "y"] * 20})
    first = fv.black_box(lambda df: df.a.to_numpy(), name="first")
    run = fv.search(
        fv.TabularSpace.from_dataframe(frame),
        fv.robust(fv.maximise(first), fv.row_noise({"a": 0.1})),
        budget=40,
        progress="none",
    )
    assert run.best.score > 0.8
    reds = fv.black_box(lambda texts: [text.split().count("red") for text in texts], name="reds")
    texts = fv.TokenSpace(["red", "green", "blue"], 6, as_text=True)
    run = fv.search(texts, fv.robust(fv.maximise(reds), fv.token_dropout(0.5)), budget=60, progress="none")
    assert 0 < run.best.score < 6


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: fv.robust(corner, fv.jitter(1)), WrongType, "about a black box or an objective"),
        (lambda: fv.robust(box(), []), InvalidArgument, "at least one transformation"),
        (lambda: fv.robust(box(), 3), WrongType, "a transformation is one such as"),
        (lambda: fv.robust(box(), fv.jitter(1), draws=0), InvalidArgument, "draws"),
        (lambda: fv.robust(box(), fv.jitter(1), reduce="worst"), InvalidArgument, "highest, lowest, mean"),
        (lambda: fv.robust(box(), fv.jitter(1), seed=-1), InvalidArgument, "seed"),
    ],
)
def test_misuse(make, kind, words):
    with pytest.raises(kind, match=words):
        make()
