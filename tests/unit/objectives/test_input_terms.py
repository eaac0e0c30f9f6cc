"""Novelty, naturalness, distances and sparsity: what objectives say of inputs, in every kind of space."""

import tomllib

import numpy as np
import pandas as pd
import pytest
import tomli_w

import featviz as fv
from featviz.errors import InvalidArgument, NameNotFound, WrongType
from featviz.objectives import objective_from_spec

FRAME = pd.DataFrame({"a": np.linspace(0, 1, 40), "n": np.arange(40), "c": ["x", "y"] * 20})


class Rings(fv.Space):
    """A space of one's own, without encode."""

    variables = {"radius": fv.Uniform(0, 1, shape=3)}

    def decode(self, values):
        return values["radius"]


class Words(fv.Space):
    """A space without a distance."""

    variables = {"pick": fv.Choice(["a", "b"])}

    def decode(self, values):
        return [{"word": int(pick)} for pick in values["pick"]]


SPACES = {
    "picture": lambda: fv.ImageSpace(6, 5),
    "series": lambda: fv.TimeSeriesSpace(12, 2),
    "ids": lambda: fv.TokenSpace(9, 6),
    "texts": lambda: fv.TokenSpace(["red", "green", "blue"], 5, as_text=True),
    "table": lambda: fv.TabularSpace.from_dataframe(FRAME),
    "dict": lambda: fv.DictSpace({"picture": fv.ImageSpace(4, 4), "age": fv.Uniform(0, 9)}),
    "own": Rings,
}


def seen(space, n=8, seed=0):
    latents = space.latent.sample(np.random.default_rng(seed), n)
    return space.decode_latents(latents), latents, space


def first(batch, k=1):
    from featviz.batches import take

    return take(batch, slice(0, k))


@pytest.fixture(params=SPACES)
def space(request):
    return SPACES[request.param]()


class TestInEverySpace:
    def test_novelty_is_0_of_what_was_found_and_about_1_of_random_inputs(self, space):
        inputs, latents, _ = seen(space)
        values = fv.novelty(first(inputs)).score([], inputs, latents, space)
        assert values[0] == pytest.approx(0, abs=1e-6)
        assert values.shape == (8,)
        many, more, _ = seen(space, 300, seed=1)
        assert fv.novelty(first(inputs, 8), neighbours=8).score([], many, more, space).mean() == pytest.approx(
            1, abs=0.4
        )

    def test_the_nearest_counts(self, space):
        inputs, latents, _ = seen(space)
        assert fv.novelty(inputs).score([], inputs, latents, space) == pytest.approx(np.zeros(8), abs=1e-6)

    def test_distance_to_one_input(self, space):
        from featviz.batches import take_one

        inputs, latents, _ = seen(space)
        box = fv.black_box(lambda batch: np.zeros(len(batch)), name="zero")
        for reference in (take_one(inputs, 2), first(inputs, 3)):
            goal = fv.maximise(box) - 2 * fv.distance_to(reference)
            values = goal.score([np.zeros((8, 1))], inputs, latents, space)
            assert values[2] == pytest.approx(0, abs=1e-6)
            assert (values <= 0).all()
            assert values.min() < -0.2

    def test_they_are_rebuilt_from_their_specs(self, space):
        inputs, latents, _ = seen(space)
        box = fv.black_box(lambda batch: np.zeros(len(batch)), name="zero")
        goal = fv.maximise(box) + fv.novelty(first(inputs, 2), neighbours=2) - fv.distance_to(first(inputs))
        goal = goal + fv.naturalness()
        again = objective_from_spec(tomllib.loads(tomli_w.dumps(goal.spec())), goal.boxes)
        args = ([np.zeros((8, 1))], inputs, latents, space)
        np.testing.assert_allclose(again.score(*args), goal.score(*args), atol=1e-6)

    def test_naturalness_is_the_prior_a_gene_and_0_on_average(self, space):
        inputs, latents, _ = seen(space, 400)
        values = fv.naturalness().score([], inputs, latents, space)
        assert values.mean() == pytest.approx(0, abs=0.15)
        log_prior = space.latent.log_prior(latents) / space.latent.genes
        np.testing.assert_allclose(values - values[0], log_prior - log_prior[0], atol=1e-9)


class TestNovelty:
    def test_of_a_run_and_of_its_candidates(self):
        space = fv.ImageSpace(6, 6)
        box = fv.black_box(lambda x: x.mean(axis=(1, 2, 3)), name="brightness")
        run = fv.search(space, fv.maximise(box), budget=60, seed=0, progress="none")
        best = run.best.input
        of_run, of_top, of_best = (fv.novelty(what) for what in (run, run.top(9), run.best))
        args = ([], np.stack([best, np.zeros_like(best)]), None, space)
        np.testing.assert_allclose(of_run.score(*args), of_top.score(*args))
        assert of_best.score(*args)[0] == pytest.approx(0, abs=1e-6)
        assert of_run.describe() == of_top.describe() != of_best.describe()
        again = fv.search(space, fv.maximise(box) + 3 * fv.novelty(run), budget=60, seed=0, progress="none")
        assert space.distance(again.best.input[None], best[None]) > 0

    def test_a_table_with_a_column_called_input(self):
        frame = pd.DataFrame({"input": np.linspace(0, 1, 20), "top": np.arange(20)})
        space = fv.TabularSpace.from_dataframe(frame)
        inputs, latents, _ = seen(space)
        assert fv.novelty(inputs).score([], inputs, latents, space) == pytest.approx(np.zeros(8), abs=1e-6)
        assert fv.sparsity(inputs.iloc[[0]]).value(inputs)[0] == 0

    def test_neighbours(self):
        inputs = np.array([[0.0, 0, 0], [1, 1, 1]])
        found = np.array([[0.0, 0, 0], [3, 0, 0], [9, 0, 0]])
        space = Rings()
        one = fv.novelty(found).score([], inputs, None, space)
        two = fv.novelty(found, neighbours=2).score([], inputs, None, space)
        every = fv.novelty(found, neighbours=99).score([], inputs, None, space)
        assert one[0] == 0
        assert two[0] / every[0] == pytest.approx(1.5 / 4)

    @pytest.mark.parametrize("found", [[], np.empty((0, 6, 5, 1)), None, 3, np.mean])
    def test_nothing_found(self, found):
        with pytest.raises((InvalidArgument, WrongType), match="found must"):
            fv.novelty(found)

    def test_inputs_of_another_space(self):
        space = fv.ImageSpace(6, 5)
        inputs, latents, _ = seen(space)
        for found in (np.zeros((2, 7, 5, 1)), ["red"], np.zeros(3)):
            with pytest.raises(InvalidArgument, match="found must hold inputs of the space"):
                fv.novelty(found).score([], inputs, latents, space)
        with pytest.raises(InvalidArgument, match="needs to know the space"):
            fv.novelty(inputs).score([], inputs)

    def test_a_space_without_a_distance_ends_the_search(self):
        box = fv.black_box(lambda batch: np.zeros(len(batch)), name="zero")
        with pytest.raises(InvalidArgument, match="needs the distance of the space"):
            fv.search(Words(), fv.maximise(box) + fv.novelty([{"word": 1}]), budget=20, progress="none")

    def test_many_inputs_are_not_written_down_but_told_apart(self):
        many = np.random.default_rng(0).random((30, 40, 40, 1)).astype(np.float32)
        assert fv.novelty(many).spec() is None
        assert fv.novelty(many).describe() != fv.novelty(many[::-1]).describe()


class TestNaturalness:
    def test_a_function_of_ones_own(self):
        space = fv.ImageSpace(4, 4)
        inputs, latents, _ = seen(space)
        calls = []

        def density(batch):
            calls.append(len(batch))
            return -batch.sum(axis=(1, 2, 3))

        goal = fv.naturalness(density)
        np.testing.assert_allclose(goal.score([], inputs, latents, space), -inputs.sum(axis=(1, 2, 3)), rtol=1e-6)
        assert calls == [8]
        assert (goal.spec(), goal.describe()) == (None, "naturalness(density)")

    def test_by_import_path(self):
        goal = fv.naturalness("numpy:ravel")
        assert goal.spec() == {"terms": [{"kind": "naturalness", "weight": 1.0, "density": "numpy:ravel"}]}
        box = fv.black_box(lambda batch: batch, name="same")
        both = fv.maximise(box) + goal
        again = objective_from_spec(both.spec(), [box])
        assert again.score([np.ones((3, 1))], np.arange(3.0)).tolist() == [1, 2, 3]
        with pytest.raises(NameNotFound):
            fv.naturalness("numpy:no_such_density")

    def test_without_latents_the_inputs_are_encoded(self):
        space = fv.ImageSpace(4, 4)
        inputs, latents, _ = seen(space)
        goal = fv.naturalness()
        np.testing.assert_allclose(
            goal.score([], inputs, None, space), goal.score([], inputs, latents, space), atol=0.05
        )

    def test_misuse(self):
        inputs, latents, space = seen(Rings())
        with pytest.raises(InvalidArgument, match=r"no encode.*density of your own"):
            fv.naturalness().score([], inputs, None, space)
        with pytest.raises(InvalidArgument, match="needs to know the space"):
            fv.naturalness().score([], inputs, latents)
        with pytest.raises(InvalidArgument, match=r"one number an input, shape \(8,\)"):
            fv.naturalness(lambda batch: batch).score([], inputs, latents, space)
        with pytest.raises(WrongType, match="must be a function"):
            fv.naturalness(3)

    def test_what_the_prior_rules_out_has_a_score(self):
        space = fv.TokenSpace(3, 2, banned=[])
        latents = space.latent.sample(np.random.default_rng(0), 4)
        assert np.isfinite(fv.naturalness().score([], space.decode_latents(latents), latents, space)).all()


class TestSparsity:
    def test_pixels_and_moments_of_all_channels(self):
        pictures = np.zeros((2, 4, 5, 3), dtype=np.float32)
        pictures[1, 0, 0] = 1  # one pixel of 20
        pictures[1, 1, 1, 2] = 0.005
        reference = np.zeros((4, 5, 3))
        np.testing.assert_allclose(fv.sparsity(reference).value(pictures), [0, 2 / 20])
        np.testing.assert_allclose(fv.sparsity(reference, tolerance=0.01).value(pictures), [0, 1 / 20])
        np.testing.assert_allclose(fv.sparsity(np.zeros((5, 2))).value(np.ones((1, 5, 2))), [1])

    def test_ids_and_words(self):
        np.testing.assert_allclose(fv.sparsity([1, 2, 3, 4]).value(np.array([[1, 2, 3, 4], [1, 0, 3, 0]])), [0, 0.5])
        texts = ["a b c", "a x c", "a", "", "a b c d"]
        np.testing.assert_allclose(fv.sparsity("a b c").value(texts), [0, 1 / 3, 2 / 3, 1, 1 / 4])
        assert fv.sparsity("").value([""]).tolist() == [0]

    @pytest.mark.parametrize("reference", [{"a": 0.0, "c": "x"}, pd.Series({"a": 0.0, "c": "x"}), FRAME.iloc[[0]]])
    def test_rows_by_the_columns_named(self, reference):
        want = fv.changes(reference).value(FRAME) / len(reference if isinstance(reference, dict) else reference.T)
        np.testing.assert_allclose(fv.sparsity(reference).value(FRAME), want)

    @pytest.mark.parametrize(
        ("reference", "inputs"),
        [
            ("a b", ["a c"]),
            (np.zeros((2, 2, 1)), np.ones((1, 2, 2, 1))),
            ({"a": 1.0}, FRAME),
            ({"a": 1.0, "c": None}, FRAME),
        ],
    )
    def test_it_is_rebuilt(self, reference, inputs):
        box = fv.black_box(lambda batch: np.zeros(len(batch)), name="zero")
        goal = fv.maximise(box) - fv.sparsity(reference, tolerance=0.25)
        again = objective_from_spec(tomllib.loads(tomli_w.dumps(goal.spec())), [box])
        outputs = [np.zeros((len(inputs), 1))]
        np.testing.assert_array_equal(again.score(outputs, inputs), goal.score(outputs, inputs))
        assert again.describe() == goal.describe()

    def test_misuse(self):
        with pytest.raises(InvalidArgument, match="one input, but it holds 2"):
            fv.sparsity(np.zeros((2, 3, 3, 1))).value(np.zeros((4, 3, 3, 1)))
        with pytest.raises(InvalidArgument, match="reference must hold inputs of the space"):
            fv.sparsity(np.zeros((3, 3, 1))).value(np.zeros((4, 5, 3, 1)))
        with pytest.raises(WrongType, match="distance_to"):
            fv.sparsity([(1, 2)]).value([(1, 2)])
        with pytest.raises(WrongType, match="reference must be inputs"):
            fv.sparsity(None)


class TestRoughness:
    def test_definition(self):
        series = np.array([[[0.0], [1], [2], [2], [0]]])
        assert fv.roughness().value(series)[0] == pytest.approx((0 + 1 + 4) / 5)
        picture = np.zeros((1, 3, 3, 1))
        picture[0, 1, 1] = 1
        assert fv.roughness().value(picture)[0] == pytest.approx(8 / 9)

    def test_ramps_cost_nothing(self):
        assert fv.roughness().value(np.linspace(0, 1, 50).reshape(1, 50, 1))[0] == pytest.approx(0, abs=1e-20)
        assert fv.roughness().value(np.zeros((0, 5, 1))).shape == (0,)
        assert fv.roughness().value(np.ones((2, 1, 1, 3))).tolist() == [0, 0]

    def test_total_variation_of_series(self):
        assert fv.total_variation().value(np.array([[[0.0, 0], [1, 0], [0, 0]]]))[0] == pytest.approx(2 / 6)
        assert fv.total_variation(isotropic=True).value(np.array([[[0.0], [1]]]))[0] == 0.5

    def test_misuse(self):
        for inputs in (["text"], np.zeros((2, 5))):
            with pytest.raises((WrongType, InvalidArgument), match=r"roughness is for pictures.*series.*Leave it out"):
                fv.roughness().value(inputs)
