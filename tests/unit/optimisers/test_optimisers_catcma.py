"""CatCma and its parts: the paper written out, ties, repeats, priors, forbidden latents, states, options."""

import dataclasses
import math

import numpy as np
import pytest

from featviz.errors import IncompatibleOptimiser, InvalidArgument, LatentShapeError, RunDamaged, WrongType
from featviz.latent import LatentDescription, Latents, Move
from featviz.optimisers import make_optimiser
from featviz.optimisers._answers import Answers, OptionKeys
from featviz.optimisers._categorical import Categoricals
from featviz.optimisers._rank_weights import rank_weights
from featviz.optimisers.catcma import CatCma

RAGGED = (np.array([0.5, 0.5]), np.array([0.2, 0.0, 0.3, 0.5]), np.array([0.0, 1.0]), np.full(5, 0.2))


def options_only(*options):
    return LatentDescription(0, options)


def agreement(target):
    return lambda latents: (latents.categorical == target).sum(axis=1).astype(float)


def climb(own, score, evaluations, size=None):
    """The best score within so many evaluations, and all latents asked for."""
    asked, scores = [], []
    while sum(map(len, asked)) < evaluations:
        asked.append(own.ask(size or own.batch_size))
        scores.append(score(asked[-1]))
        own.tell(asked[-1], scores[-1])
    return float(np.concatenate(scores).max()), Latents.concatenate(asked)


class Plain:
    """Hamano et al. 2024 and Akimoto et al. 2019 (algorithm 1, appendix B), one gene and one option at a time."""

    def __init__(self, probabilities):
        self.q = [[float(x) for x in p if x > 0] for p in probabilities]
        self.options = [[k for k, x in enumerate(p) if x > 0] for p in probabilities]
        self.least = [(1 - 0.73 ** (1 / len(self.q))) / max(len(q) - 1, 1) for q in self.q]
        self.parameters = sum(len(q) - 1 for q in self.q)
        self.path, self.gamma, self.caution = [0.0] * self.parameters, 0.0, 1.0
        self.correct()

    def learn(self, rows, weights):
        gradient = []
        for gene, q in enumerate(self.q):
            chosen = [self.options[gene].index(row[gene]) for row in rows]
            gradient.append(
                [sum(w * ((c == k) - q[k]) for c, w in zip(chosen, weights, strict=True)) for k in range(len(q))]
            )
        scaled = []
        for q, g in zip(self.q, gradient, strict=True):
            others = sum(g[:-1]) / (q[-1] + math.sqrt(q[-1]))
            scaled += [g[k] / math.sqrt(q[k]) + math.sqrt(q[k]) * others for k in range(len(q) - 1)]
        length = math.sqrt(sum(s * s for s in scaled))
        if length < 1e-10:  # ours: no step where all rows are the same
            return
        step = 1 / self.caution
        self.q = [
            [a + step / length * b for a, b in zip(q, g, strict=True)] for q, g in zip(self.q, gradient, strict=True)
        ]
        beta = step / math.sqrt(self.parameters)
        move = math.sqrt(beta * (2 - beta))
        self.path = [(1 - beta) * p + move * s / length for p, s in zip(self.path, scaled, strict=True)]
        self.gamma = (1 - beta) ** 2 * self.gamma + beta * (2 - beta)
        self.caution *= math.exp(beta * (self.gamma - sum(p * p for p in self.path) / 1.5))
        self.caution = max(self.caution, 1 / math.sqrt(self.parameters))  # ours: rates beyond 1 are none
        self.correct()

    def correct(self):
        for gene, least in enumerate(self.least):
            if len(self.q[gene]) == 1:
                continue
            raised = [max(x, least) for x in self.q[gene]]
            total, above = sum(raised), sum(raised) - least * len(raised)
            self.q[gene] = [x + (1 - total) * (x - least) / above for x in raised]


def test_equals_the_paper_written_out():
    own, plain = Categoricals(RAGGED), Plain(RAGGED)
    rng = np.random.default_rng(0)
    weights = [math.log(5.5) - math.log(k) for k in range(1, 6)]
    weights = np.array(weights) / sum(weights)
    for _ in range(60):
        rows = own.draw(rng, 10)
        best = rows[np.argsort(-(rows == [1, 2, 1, 4]).sum(axis=1), kind="stable")[:5]]
        own.learn(best, weights)
        plain.learn(best.tolist(), weights.tolist())
        for mine, theirs in zip(own.probabilities, plain.q, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-9)
    assert own.probabilities[0].argmax() == 1


def test_a_generation_of_both_kinds_is_the_paper_with_centred_weights():
    probabilities = (np.full(2, 0.5), np.full(3, 1 / 3), np.full(4, 0.25))
    own, plain = CatCma(options := LatentDescription(3, (2, 3, 4)), 1, population=11), Plain(probabilities)
    raw = [max(0.0, math.log(6) - math.log(k)) for k in range(1, 12)]
    weights = [r / sum(raw) - 1 / 11 for r in raw]
    for _ in range(30):
        asked = own.ask(11)
        scores = -((asked.real - 1) ** 2).sum(axis=1) - (asked.categorical != 1).sum(axis=1)
        order = np.argsort(-scores)
        own.tell(asked, scores)
        plain.learn(asked.categorical[order].tolist(), weights)
        for mine, theirs in zip(own.probabilities, plain.q, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-7)
    assert options.genes == 6
    assert own.restarts == 0


def test_draws_have_the_probabilities_and_no_impossible_option():
    own = Categoricals(RAGGED, margin=1e-6)
    rows = own.draw(np.random.default_rng(1), 20_000)
    for gene, p in enumerate(RAGGED):
        seen = np.bincount(rows[:, gene], minlength=len(p)) / len(rows)
        np.testing.assert_allclose(seen, p, atol=0.02)
        assert (seen[p == 0] == 0).all()


def test_draws_of_many_genes_stay_within_their_options():
    own = Categoricals([np.full(2, 0.5)] * 20_000)
    rows = own.draw(np.random.default_rng(2), 20)
    assert set(np.unique(rows)) == {0, 1}
    assert abs(rows.mean() - 0.5) < 0.01


def test_no_probability_falls_below_the_margin_and_all_at_theirs_are_the_likeliest_row_in_73_of_100():
    own = Categoricals([np.full(3, 1 / 3)] * 4)
    for _ in range(200):
        own.learn(np.zeros((1, 4), dtype=np.int64), np.ones(1))
    q = np.array(own.probabilities)
    np.testing.assert_allclose(q.sum(axis=1), 1)
    assert q.min() >= (1 - 0.73**0.25) / 2 - 1e-12
    assert np.prod(q.max(axis=1)) == pytest.approx(0.73)
    assert own.likeliest().tolist() == [0, 0, 0, 0]


def test_the_likeliest_options_are_those_that_can_be_drawn():
    assert Categoricals(RAGGED).likeliest().tolist() == [0, 3, 1, 0]


def test_an_option_without_probability_teaches_its_gene_nothing():
    own = Categoricals(RAGGED)
    before = own.probabilities
    own.learn(np.array([[1, 1, 0, 0]]), np.ones(1))
    after = own.probabilities
    np.testing.assert_allclose(after[1], before[1])
    assert after[0][1] > before[0][1]


def test_weights_are_equal_for_equal_scores():
    plain = rank_weights(np.array([9.0, 8, 7, 6, 5]), 5)
    expected = np.array([math.log(3) - math.log(k) for k in (1, 2, 3)] + [0, 0])
    np.testing.assert_allclose(plain, expected / expected.sum())
    tied = rank_weights(np.array([9.0, 8, 8, 8, 5]), 5)
    np.testing.assert_allclose(tied, [plain[0], *[(plain[1] + plain[2] + plain[3]) / 3] * 3, 0])
    np.testing.assert_allclose(rank_weights(np.ones(7), 7), np.full(7, 1 / 7))


@pytest.mark.parametrize(("n", "scored"), [(1, 1), (2, 2), (9, 3), (9, 1), (4, 0)])
def test_weights_of_what_has_no_score_are_nothing(n, scored):
    ranked = np.concatenate([-np.arange(scored, dtype=float), np.full(n - scored, -np.inf)])
    weights = rank_weights(ranked, scored)
    assert (weights[scored:] == 0).all()
    assert weights.sum() == pytest.approx(1.0 if scored else 0.0)


def test_keys_are_equal_for_equal_rows_only():
    keys = OptionKeys((2, 3, 4))
    rows = np.stack(np.meshgrid(range(2), range(3), range(4), indexing="ij"), axis=-1).reshape(-1, 3)
    assert len(np.unique(keys(rows))) == 24
    np.testing.assert_array_equal(keys(rows[::-1]), OptionKeys((2, 3, 4))(rows)[::-1])


def test_the_older_half_of_the_answers_is_forgotten():
    answers = Answers(4)
    answers.learn([1, 2, 3, 4], [0.1, 0.2, 0.3, 0.4])
    answers.learn([5], [0.5])
    assert len(answers) == 2
    assert 4 in answers
    np.testing.assert_array_equal(answers.of([3, 4, 5]), [np.nan, 0.4, 0.5])


def test_finds_a_planted_row_of_any_options_without_asking_twice():
    target = np.array([1, 0, 4, 2, 3, 1, 0, 6, 1, 2])
    latent = options_only(2, 3, 5, 4, 4, 2, 2, 7, 2, 3)
    best, asked = climb(CatCma(latent, 0), agreement(target), 600)
    assert best == 10
    assert len(set(asked.keys())) == len(asked)


def test_finds_options_and_numbers_that_depend_on_each_other():
    centre = np.array([[-1.0, 1.0], [1.0, -1.0], [0.5, 0.5]])

    def score(latents):
        chosen = latents.categorical[:, 0]
        return (
            -((latents.real - centre[chosen]) ** 2).sum(axis=1) - 2.0 * (chosen != 1) - (latents.categorical[:, 1] != 3)
        )

    found = [climb(CatCma(LatentDescription(2, (3, 4)), seed), score, 1_500)[0] for seed in range(3)]
    assert min(found) > -1e-3


@pytest.mark.parametrize("latent", [LatentDescription(5), options_only(2), options_only(2, 2)])
def test_one_kind_of_genes_or_one_gene_is_enough(latent):
    own = CatCma(latent, 0)
    best, _ = climb(own, lambda x: x.categorical.sum(axis=1) - ((x.real - 1) ** 2).sum(axis=1), 400)
    assert best > len(latent.options) - 1e-2


def test_a_space_that_is_used_up_is_asked_again():
    own = CatCma(options_only(2, 3), 0)
    _, asked = climb(own, agreement(np.array([1, 2])), 40)
    assert len(set(asked.keys())) == 6


@pytest.mark.parametrize("latent", [options_only(2, 3, 2, 4), LatentDescription(2, (3, 3))])
def test_the_order_of_rows_does_not_matter_where_scores_are_equal(latent):
    own, other = CatCma(latent, 4), CatCma(latent, 4)
    for turn in range(12):
        asked, again = own.ask(own.batch_size), other.ask(other.batch_size)
        np.testing.assert_array_equal(asked.categorical, again.categorical)
        scores = (asked.categorical == 1).sum(axis=1) // 2 - (asked.real**2).sum(axis=1)
        own.tell(asked, scores)
        order = np.random.default_rng(turn).permutation(len(again))
        other.tell(again[order], scores[order])
    np.testing.assert_array_equal(own.probabilities[0], other.probabilities[0])


def test_scores_of_rows_that_it_never_asked_for_are_learnt():
    own = CatCma(options_only(3, 3, 3, 3), 0)
    rows = np.stack(np.meshgrid(*[range(3)] * 4), axis=-1).reshape(-1, 4)
    foreign = Latents(np.empty((81, 0)), rows)
    for _ in range(10):
        own.tell(foreign, agreement(np.array([2, 2, 2, 2]))(foreign))
    assert min(p[2] for p in own.probabilities) > 0.6


def test_flat_scores_move_nothing_and_begin_again_at_last():
    own = CatCma(options_only(3, 4), 0)
    before = own.probabilities
    for turn in range(20):
        asked = own.ask(own.batch_size)
        own.tell(asked, np.full(len(asked), -0.1))
        if turn == 10:
            np.testing.assert_array_equal(own.probabilities[1], before[1])
    assert own.restarts == 1
    assert own.batch_size == 2 * CatCma(options_only(3, 4)).batch_size
    still = CatCma(options_only(3, 4), 0, restart_when_stuck=False)
    climb(still, lambda x: np.zeros(len(x)), 400)
    assert still.restarts == 0


def test_begins_at_the_prior():
    rare = np.array([0.9, 0.05, 0.05, 0.0])
    own = CatCma(LatentDescription(0, (4,) * 200, (rare,) * 200), 0)
    asked = own.ask(50).categorical
    assert abs((asked == 0).mean() - 0.9) < 0.02
    assert (asked != 3).all()


class Twins:
    """Two genes that are always equal."""

    def sample(self, rng, n):
        return Latents(np.empty((n, 0)), np.repeat(rng.integers(50, size=(n, 1)), 2, axis=1))

    def log_density(self, latents):
        return np.where(latents.categorical[:, 0] == latents.categorical[:, 1], -math.log(50), -np.inf)


def test_the_first_generation_comes_from_a_joint_prior():
    own = CatCma(LatentDescription(0, (50, 50), prior=Twins()), 0)
    first = own.ask(own.batch_size)
    assert (first.categorical[:, 0] == first.categorical[:, 1]).all()
    own.tell(first, first.categorical[:, 0].astype(float))
    second = own.ask(20).categorical
    assert (second[:, 0] != second[:, 1]).any()


def test_a_start_is_half_of_where_it_begins():
    latent = LatentDescription(2, (4, 10))
    start = Latents(np.array([[3.0, -3.0]]), np.array([[2, 7]]))
    own = CatCma(latent, 0, start=start)
    assert own.probabilities[1][7] == pytest.approx(0.55)
    asked = own.ask(500)
    np.testing.assert_allclose(asked.real.mean(axis=0), [3, -3], atol=0.1)
    assert abs((asked.categorical[:, 1] == 7).mean() - 0.55) < 0.1
    impossible = LatentDescription(0, (2,), (np.array([1.0, 0.0]),))
    chosen = CatCma(impossible, start=Latents(np.empty((1, 0)), np.array([[1]])))
    assert chosen.probabilities[0].tolist() == [0.5, 0.5]


def test_forbidden_latents_are_never_asked_for():
    def allowed(latents):
        return latents.categorical.sum(axis=1) % 7 == 0

    own = CatCma(dataclasses.replace(options_only(6, 6, 6), feasible=allowed), 0)
    best, asked = climb(own, lambda x: x.categorical.sum(axis=1).astype(float), 60)
    assert allowed(asked).all()
    assert best == 14
    assert allowed(own.recommend()).all()


def test_equal_inputs_are_evaluated_once():
    def canonical(latents):
        options = latents.categorical.copy()
        options[options[:, 0] == 0, 1] = 0
        return Latents(latents.real, options)

    own = CatCma(dataclasses.replace(options_only(2, 30, 3), canonical=canonical), 0)
    _, asked = climb(own, lambda x: -x.categorical.sum(axis=1).astype(float), 60)
    assert len(set(canonical(asked).keys())) == len(asked)


@pytest.mark.parametrize("latent", [options_only(2, 2, 3, 2), LatentDescription(3, (4, 2))])
def test_goes_on_bit_for_bit_from_a_state_taken_anywhere(latent):
    def score(latents):
        return (latents.categorical == 1).sum(axis=1) - (latents.real**2).sum(axis=1)

    own = CatCma(latent, 3)
    for turn in range(60):
        out = own.ask(3)
        other = CatCma(latent, 3)
        other.load_state_dict(own.state_dict())
        own.tell(out, score(out))
        other.tell(out, score(out))
        assert own.ask(5).digest() == other.ask(5).digest(), turn
    assert own.state_dict().keys() == other.state_dict().keys()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("asks", "many"),
        ("asks", -1),
        ("remembers", 1),
        ("waiting_categorical", np.array([[9, 0]])),
        ("waiting_scores", np.zeros(2)),
        ("options.q", np.zeros(6)),
        ("options.q", np.full(5, 0.2)),
        ("options.caution", 0.0),
        ("options.signal", "none"),
        ("repeats", np.zeros((3, 2))),
        ("elites", np.array([[-1, 0]])),
        ("answers", np.zeros(4)),
        ("before", np.zeros(3)),
        ("numbers.mean", np.zeros(4)),
    ],
)
def test_a_damaged_state_is_refused(key, value):
    own = CatCma(LatentDescription(3, (4, 2)), 0)
    own.tell(asked := own.ask(1), np.zeros(len(asked)))
    state = own.state_dict()
    CatCma(LatentDescription(3, (4, 2)), 0).load_state_dict(state)
    if key == "elites":
        state["elites_scores"] = np.zeros(1)
    with pytest.raises(RunDamaged):
        own.load_state_dict({**state, key: value})
    with pytest.raises(RunDamaged):
        own.load_state_dict({k: v for k, v in state.items() if k != key})


def test_what_is_noisy_is_asked_again_and_not_remembered():
    own = CatCma(options_only(2, 2), 0)
    climb(own, agreement(np.array([1, 1])), 4, size=2)
    own.expect_noise(0.0, 100)
    assert own.state_dict()["remembers"] == 1
    own.expect_noise(0.3, 100)
    assert len(own.state_dict()["answered"]) == 0
    _, asked = climb(own, agreement(np.array([1, 1])), 100)
    assert (asked.categorical == 1).all(axis=1).mean() > 0.5
    assert own.recommend().categorical.tolist() == [[1, 1]]
    other = CatCma(options_only(2, 2), 0)
    other.load_state_dict(own.state_dict())
    assert other.ask(9).digest() == own.ask(9).digest()


def test_recommends_the_middle_of_both_distributions():
    own = CatCma(LatentDescription(2, (3, 3)), 0, restart_when_stuck=False)
    climb(own, lambda x: -((x.real - 1) ** 2).sum(axis=1) - (x.categorical != 2).sum(axis=1), 400)
    recommended = own.recommend()
    assert recommended.categorical.tolist() == [[2, 2]]
    np.testing.assert_allclose(recommended.real, [[1, 1]], atol=0.1)
    assert own.recommend().digest() == recommended.digest()


def test_batches_of_any_size_and_options():
    assert CatCma(options_only(*[2] * 50)).batch_size == 4 + math.floor(3 * math.log(50))
    assert CatCma(LatentDescription(10, (3,) * 5)).batch_size == 4 + math.floor(8 * math.log(15))
    assert CatCma(options_only(2, 2, 2), batch_size=30).batch_size == 30
    assert CatCma(options_only(*[2] * 50), batch_size=2).batch_size == 15
    assert CatCma(options_only(2, 2), population=9, batch_size=50).batch_size == 9
    made = make_optimiser("catcma", options_only(2, 2), margin=0.1)
    assert made.name == "catcma"
    best, _ = climb(CatCma(options_only(*[2] * 12)), lambda x: x.categorical.sum(axis=1) * 1.0, 300, size=1)
    assert best == 12


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"population": 1}, InvalidArgument),
        ({"batch_size": 0}, InvalidArgument),
        ({"margin": 0.0}, InvalidArgument),
        ({"margin": 0.9}, InvalidArgument),
        ({"sigma": -1.0}, InvalidArgument),
        ({"budget": 0}, InvalidArgument),
        ({"restart_when_stuck": 1}, WrongType),
    ],
)
def test_bad_options_are_refused(options, error):
    with pytest.raises(error):
        CatCma(LatentDescription(2, (2, 3)), **options)


def test_bad_latents_and_scores_are_refused():
    own = CatCma(LatentDescription(2, (2, 3)), 0)
    asked = own.ask(4)
    with pytest.raises(InvalidArgument, match="finite"):
        own.tell(Latents(np.full((4, 2), np.nan), asked.categorical), np.zeros(4))
    with pytest.raises(InvalidArgument, match="one a latent"):
        own.tell(asked, np.zeros(3))
    with pytest.raises(LatentShapeError):
        own.tell(Latents.of_real(asked.real), np.zeros(4))
    with pytest.raises(LatentShapeError):
        own.tell(Latents(asked.real, asked.categorical + 2), np.zeros(4))


def test_records_are_refused():
    moves = (Move("none", lambda parents, mates, rng: parents),)
    latent = LatentDescription(0, (2,), records=1, prior=Twins(), moves=moves)
    with pytest.raises(IncompatibleOptimiser, match="ga"):
        make_optimiser("catcma", latent)
    with pytest.raises(IncompatibleOptimiser):
        CatCma(latent)
