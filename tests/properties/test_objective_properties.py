"""Laws of the algebra of objectives, over random objectives and outputs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import featviz as fv
from featviz.evaluation import Evaluator, Status
from featviz.objectives import objective_from_spec

OUTPUTS = ("a", "b", "c")
BOXES = tuple(fv.black_box(lambda batch: batch, outputs=OUTPUTS, name=name) for name in ("one", "two"))
finite = st.floats(-1e6, 1e6, allow_subnormal=False)
weights = st.floats(-100, 100, allow_subnormal=False)
terms = st.builds(
    lambda kind, box, output: kind(box, output),
    st.sampled_from([fv.maximise, fv.minimise, fv.margin, fv.log_odds]),
    st.sampled_from(BOXES),
    st.sampled_from(OUTPUTS),
)
objectives = st.recursive(
    terms,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: a - b, inner, inner),
        st.builds(lambda w, a: w * a, weights, inner),
        st.builds(lambda a: -a, inner),
    ),
    max_leaves=6,
)
batches = st.integers(1, 4).flatmap(lambda n: st.tuples(*[arrays(np.float64, (n, 3), elements=finite) for _ in BOXES]))
few = settings(max_examples=60, deadline=None)


def value(objective, batch):
    return objective.score([batch[BOXES.index(box)] for box in objective.boxes], None)


def close(a, b, batch):
    scale = 1 + max(np.abs(part).max() for part in batch)
    np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6 * scale * 100)


@few
@given(objectives, objectives, batches)
def test_sums_are_sums(a, b, batch):
    close(value(a + b, batch), value(a, batch) + value(b, batch), batch)
    close(value(a - b, batch), value(a, batch) - value(b, batch), batch)


@few
@given(objectives, weights, batches)
def test_weights_are_factors(a, weight, batch):
    close(value(weight * a, batch), weight * value(a, batch), batch)
    np.testing.assert_array_equal(value(a * weight, batch), value(weight * a, batch))
    np.testing.assert_array_equal(value(-a, batch), -value(a, batch))


@few
@given(objectives, batches)
def test_a_spec_rebuilds_the_same_bits(a, batch):
    rebuilt = objective_from_spec(a.spec(), a.boxes)
    assert (rebuilt.spec(), rebuilt.describe(), rebuilt.boxes) == (a.spec(), a.describe(), a.boxes)
    np.testing.assert_array_equal(value(rebuilt, batch), value(a, batch))


@few
@given(objectives)
def test_each_box_is_there_once(a):
    assert len({id(box) for box in a.boxes}) == len(a.boxes) <= 2


@few
@given(terms, batches)
def test_the_order_of_rows_does_not_matter(a, batch):
    np.testing.assert_array_equal(value(a, tuple(part[::-1] for part in batch)), value(a, batch)[::-1])


@few
@given(arrays(np.float64, st.tuples(st.integers(1, 3), *[st.integers(1, 6)] * 3), elements=st.floats(0, 1)))
@pytest.mark.parametrize("isotropic", [False, True])
def test_total_variation(isotropic, pictures):
    tv = fv.total_variation(isotropic=isotropic)
    values = tv.value(pictures)
    assert ((values >= 0) & (values <= 2)).all()
    np.testing.assert_allclose(tv.value(pictures + 3), values, atol=1e-9)
    np.testing.assert_allclose(tv.value(2 * pictures), 2 * values, atol=1e-9)
    np.testing.assert_allclose(tv.value(pictures.transpose(0, 2, 1, 3)), values, atol=1e-9)
    assert (tv.value(np.ones_like(pictures)) == 0).all()
    assert (fv.total_variation(isotropic=True).value(pictures) <= fv.total_variation().value(pictures) + 1e-12).all()


number = st.floats(allow_nan=True, allow_infinity=True)
things = st.one_of(number, st.none(), st.booleans(), st.text(max_size=3), st.just(10**400), st.complex_numbers())


@few
@given(st.lists(things, min_size=1, max_size=30))
def test_whatever_is_answered_each_row_is_judged_on_its_own(answers):
    box = fv.black_box(lambda batch: [answers[int(i)] for i in batch[:, 0]])
    outcome = Evaluator(fv.maximise(box)).evaluate(np.arange(len(answers), dtype=float)[:, None])
    for row, answer in enumerate(answers):
        good = isinstance(answer, float) and np.isfinite(answer)
        assert (outcome.statuses[row] == Status.OK) == good
        assert (row in outcome.reasons) == (not good)
        assert outcome.scores[row] == answer if good else np.isnan(outcome.scores[row])
