"""featviz.latent: batches of genes, their digest, and the prior."""

import numpy as np
import pytest

from featviz.errors import InvalidArgument, LatentShapeError, SpaceError
from featviz.latent import MAX_GENES, LatentDescription, Latents

MIXED = LatentDescription(2, (3, 2), (np.array([0.5, 0.25, 0.25]), np.array([0.0, 1.0])))


def batch(n=4, real=2, options=(3, 2)):
    rng = np.random.default_rng(0)
    columns = [rng.integers(0, k, n) for k in options]
    categorical = np.column_stack(columns) if columns else np.empty((n, 0), dtype=np.int64)
    return Latents(rng.standard_normal((n, real)), categorical)


def test_of_real_shares_memory_and_has_no_categorical_genes():
    real = np.zeros((3, 5))
    latents = Latents.of_real(real)
    assert latents.real is real
    assert latents.categorical.shape == (3, 0)
    assert latents.categorical.dtype == np.int64
    assert len(latents) == 3


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (slice(1, 3), [1, 2]),
        ([2, 0], [2, 0]),
        ((2, 0), [2, 0]),
        (np.array([3, 3]), [3, 3]),
        (np.array([True, False, False, True]), [0, 3]),
        ([], []),
        ([-1], [3]),
    ],
    ids=["slice", "list", "tuple", "array", "mask", "empty", "negative"],
)
def test_rows_are_taken_as_a_batch(rows, expected):
    latents = batch()
    taken = latents[rows]
    assert taken.real.tolist() == [latents.real[i].tolist() for i in expected]
    assert taken.categorical.tolist() == [latents.categorical[i].tolist() for i in expected]
    assert taken.real.shape == (len(expected), 2)


def test_iterating_gives_batches_of_one():
    latents = batch()
    rows = list(latents)
    assert [len(row) for row in rows] == [1] * 4
    assert Latents.concatenate(rows).digest() == latents.digest()


def test_a_copy_shares_no_memory():
    latents = batch()
    copied = latents.copy()
    assert copied.digest() == latents.digest()
    assert not np.shares_memory(copied.real, latents.real)
    assert not np.shares_memory(copied.categorical, latents.categorical)


class TestDigest:
    def test_is_sixteen_bytes_and_does_not_depend_on_memory_layout(self):
        latents = batch(6)
        fortran = Latents(np.asfortranarray(latents.real), np.asfortranarray(latents.categorical))
        strided = Latents(np.repeat(latents.real, 2, axis=0)[::2], np.repeat(latents.categorical, 2, axis=1)[:, ::2])
        narrow = Latents(latents.real, latents.categorical.astype(np.int8))
        swapped = Latents(latents.real.astype(">f8"), latents.categorical.astype(">i8"))
        assert len(latents.digest()) == 16
        assert {x.digest() for x in (fortran, strided, narrow, swapped)} == {latents.digest()}

    def test_tells_shapes_with_equal_bytes_apart(self):
        zeros = [
            (1, 6, 0),
            (2, 3, 0),
            (3, 2, 0),
            (6, 1, 0),
            (1, 5, 1),
            (1, 0, 6),
            (2, 0, 3),
            (0, 6, 0),
            (0, 0, 6),
            (6, 0, 0),
        ]
        digests = {Latents(np.zeros((n, r)), np.zeros((n, c), dtype=np.int64)).digest() for n, r, c in zeros}
        assert len(digests) == len(zeros)

    def test_tells_values_that_compare_equal_apart(self):
        signs = {Latents.of_real(np.array([[z]])).digest() for z in (0.0, -0.0)}
        assert len(signs) == 2

    def test_is_pinned(self):
        # It is compared with what an earlier version wrote.
        latents = Latents(np.array([[1.5, -2.0]]), np.array([[3]]))
        assert latents.digest().hex() == "03dbd412575e73bbd55bcb801bb560fe"


class TestDescription:
    def test_counts_and_kinds(self):
        assert (MIXED.genes, MIXED.kinds) == (4, {"real", "categorical"})
        assert LatentDescription(3).kinds == {"real"}
        assert LatentDescription(0, (2,)).kinds == {"categorical"}

    def test_probabilities_are_uniform_when_left_out_and_shared(self):
        description = LatentDescription(0, (4, 2, 4))
        assert [p.tolist() for p in description.probabilities] == [[0.25] * 4, [0.5] * 2, [0.25] * 4]
        assert description.probabilities[0] is description.probabilities[2]

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            ((0,), "at least one gene"),
            ((-1, (2, 2)), "at least one gene"),
            ((10**9,), "10,000,000 genes at most, but 1,000,000,000"),
            ((MAX_GENES, (2,)), "10,000,000 genes at most"),
            ((0, (0,)), "from 2 to"),
            ((0, (1,)), "from 2 to"),
            ((0, (3, -1)), "from 2 to"),
            ((0, (10**12,)), "from 2 to 10,000,000 options"),
            ((0, (2, 2), (np.array([0.5, 0.5]),)), "1 came for 2 genes"),
            ((1, (), (np.array([1.0]),)), "1 came for 0 genes"),
            ((0, (2,), (np.array([0.5, 0.25, 0.25]),)), "one non-negative number an option"),
            ((0, (2,), (np.array([[0.5, 0.5]]),)), "one non-negative number an option"),
            ((0, (2,), (np.array([0.5, 0.4]),)), "with sum 1"),
            ((0, (2,), (np.array([1.5, -0.5]),)), "non-negative"),
            ((0, (2,), (np.array([np.nan, 1.0]),)), "non-negative"),
            ((0, (2,), (np.array([np.inf, 0.0]),)), "with sum 1"),
        ],
    )
    def test_refuses(self, arguments, says):
        with pytest.raises(InvalidArgument, match=says):
            LatentDescription(*arguments)

    def test_accepts_probabilities_that_sum_to_one_but_for_rounding(self):
        LatentDescription(0, (10,), (np.full(10, 0.1),))
        LatentDescription(0, (49,), (np.full(49, 1 / 49),))


class TestCheck:
    @pytest.mark.parametrize(
        "latents",
        [
            batch(real=3),
            batch(options=(3,)),
            batch(options=(3, 2, 2)),
            Latents(np.zeros(2), np.zeros((1, 2), dtype=np.int64)),
            Latents(np.zeros((1, 2)), np.zeros(2, dtype=np.int64)),
            Latents(np.zeros((1, 1, 2)), np.zeros((1, 2), dtype=np.int64)),
            Latents(np.zeros((3, 2)), np.zeros((2, 2), dtype=np.int64)),
            Latents(np.zeros((1, 2)), np.array([[3, 0]])),
            Latents(np.zeros((1, 2)), np.array([[0, 2]])),
            Latents(np.zeros((1, 2)), np.array([[-1, 0]])),
        ],
        ids=range(10),
    )
    def test_refuses(self, latents):
        with pytest.raises(LatentShapeError):
            MIXED.check(latents)
        with pytest.raises(LatentShapeError):
            MIXED.log_prior(latents)

    def test_says_what_was_expected_and_what_came(self):
        with pytest.raises(LatentShapeError, match=r"2 real and 2 categorical.*\(4, 3\) and \(4, 2\)"):
            MIXED.check(batch(real=3))

    def test_accepts_what_fits_and_no_rows_at_all(self):
        MIXED.check(batch())
        MIXED.check(batch(0))
        LatentDescription(1).check(Latents.of_real(np.zeros((0, 1))))


class TestPrior:
    def test_samples_have_the_documented_shapes_and_types(self):
        latents = MIXED.sample(np.random.default_rng(0), 7)
        MIXED.check(latents)
        assert (latents.real.shape, latents.categorical.shape) == ((7, 2), (7, 2))
        assert (latents.real.dtype, latents.categorical.dtype) == (np.float64, np.int64)
        assert len(MIXED.sample(np.random.default_rng(0), 0)) == 0

    def test_an_option_without_probability_is_never_drawn(self):
        assert (MIXED.sample(np.random.default_rng(0), 1000).categorical[:, 1] == 1).all()

    def test_the_highest_draw_falls_on_the_last_option_that_has_a_probability(self):
        class Highest:
            def standard_normal(self, shape):
                return np.zeros(shape)

            def random(self, n):
                return np.full(n, np.nextafter(1, 0))

        # Ten times 0.1 adds up to just under 1, and the eleventh option must not get the rest.
        p = np.array([0.1] * 10 + [0.0])
        assert LatentDescription(0, (11,), (p,)).sample(Highest(), 1).categorical.tolist() == [[9]]

    def test_real_genes_are_standard_normal(self):
        from scipy import stats

        real = LatentDescription(3).sample(np.random.default_rng(1), 4000).real
        for gene in real.T:
            assert stats.kstest(gene, "norm").pvalue > 1e-3
        assert np.abs(np.corrcoef(real.T) - np.eye(3)).max() < 4 / np.sqrt(4000)

    def test_categorical_genes_follow_their_probabilities(self):
        from scipy import stats

        p = (np.array([0.7, 0.1, 0.2]), np.array([0.01, 0.09, 0.4, 0.5]))
        drawn = LatentDescription(1, (3, 4), p).sample(np.random.default_rng(2), 5000).categorical
        for gene, expected in zip(drawn.T, p, strict=True):
            counts = np.bincount(gene, minlength=len(expected))
            assert stats.chisquare(counts, expected * 5000).pvalue > 1e-3
        table = np.histogram2d(drawn[:, 0], drawn[:, 1], bins=(3, 4))[0]
        assert stats.chi2_contingency(table).pvalue > 1e-3

    def test_log_prior_agrees_with_scipy(self):
        from scipy import stats

        latents = MIXED.sample(np.random.default_rng(3), 20)
        expected = stats.norm.logpdf(latents.real).sum(axis=1)
        for gene, p in enumerate(MIXED.probabilities):
            expected = expected + stats.rv_discrete(values=(np.arange(len(p)), p)).logpmf(latents.categorical[:, gene])
        np.testing.assert_allclose(MIXED.log_prior(latents), expected, rtol=1e-12)

    def test_log_prior_of_the_impossible_is_minus_infinity_without_a_warning(self, recwarn):
        latents = Latents(np.zeros((1, 2)), np.array([[0, 0]]))
        assert MIXED.log_prior(latents).tolist() == [-np.inf]
        assert not recwarn.list


@pytest.mark.parametrize("wanted", [1, 20, 100])
def test_where_one_in_a_thousand_is_valid_any_number_is_found(wanted):
    latent = LatentDescription(1, feasible=lambda latents: latents.real[:, 0] > 3.09)
    drawn = latent.sample(np.random.default_rng(0), wanted)
    assert len(drawn) == wanted
    assert (drawn.real > 3.09).all()


def test_where_hardly_any_is_valid_it_ends_with_what_was_seen():
    latent = LatentDescription(1, feasible=lambda latents: latents.real[:, 0] > 6.5)
    with pytest.raises(SpaceError, match=r"of 19,2\d\d random inputs of this space, 0 are valid"):
        latent.sample(np.random.default_rng(0), 20)


@pytest.mark.parametrize("scales", [np.ones(2), np.array([1.0, 0.0, 1.0]), np.array([1.0, np.nan, 1.0])])
def test_scales_that_make_no_sense(scales):
    with pytest.raises(InvalidArgument, match="scales must be one finite number above 0"):
        LatentDescription(3, scales=scales)
