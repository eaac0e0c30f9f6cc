"""``fv.policy``: functions, boxes and objects with ``predict``."""

import agent_fakes as fakes
import numpy as np
import pytest
from gymnasium import spaces
from sklearn.linear_model import LogisticRegression

import featviz as fv
from featviz.black_boxes import box_from_spec
from featviz.errors import AnswerTypeError, BoxError, InvalidArgument, NameNotFound, RowsFailed, WrongType

SEEN = np.random.default_rng(0).uniform(-0.2, 0.2, (6, 4)).astype(np.float32)
PUSH = fakes.push(SEEN)
CHOSEN = (PUSH.max(axis=1, keepdims=True) == PUSH).astype(float)
SHARES = np.exp(PUSH) / np.exp(PUSH).sum(axis=1, keepdims=True)
BOTH = ["left", "right"]


class TestFunctions:
    @pytest.mark.parametrize(
        ("form", "ask", "function", "wanted"),
        [
            ("logits", None, fakes.push, PUSH),
            ("logits", "probability", fakes.push, SHARES),
            ("logits", "action", fakes.push, CHOSEN),
            ("probabilities", None, lambda x: SHARES[: len(x)], np.log(SHARES)),
            ("probabilities", "probability", lambda x: SHARES[: len(x)], SHARES),
            ("values", None, fakes.push, PUSH),
            ("values", "value", fakes.push, PUSH.max(axis=1, keepdims=True)),
            ("values", "action", fakes.push, CHOSEN),
            ("chosen", None, lambda x: fakes.balance(x).astype(int), CHOSEN),
            ("components", None, lambda x: x[:, :2], SEEN[:, :2]),
        ],
    )
    def test_what_each_form_tells(self, form, ask, function, wanted):
        box = fv.policy(function, actions=BOTH, form=form, ask=ask)
        assert box.outputs == (("value",) if ask == "value" else ("left", "right"))
        assert box(SEEN) == pytest.approx(wanted, abs=1e-6)

    def test_large_logits_have_probabilities_and_probability_zero_has_a_log(self):
        sure = fv.policy(lambda x: np.full((len(x), 2), [2000.0, -2000.0]), actions=BOTH, ask="probability")
        assert sure(SEEN).tolist() == [[1, 0]] * 6
        never = fv.policy(lambda x: np.full((len(x), 2), [1.0, 0.0]), actions=BOTH, form="probabilities")
        assert never(SEEN)[0] == pytest.approx([0, -708.4], abs=0.01)

    def test_names_come_from_the_environment(self):
        assert fv.policy(fakes.push, environment="CartPole-v1").outputs == ("push left", "push right")
        assert fv.policy(fakes.push, environment="CartPole-v1", actions=BOTH).outputs == ("left", "right")
        torque = fv.policy(lambda x: x[:, :1], environment="Pendulum-v1", form="components")
        assert torque.outputs == ("torque",)
        ids = fv.policy(lambda x: np.zeros((len(x), 4)), environment="FrozenLake-v1", form="values")
        assert ids.outputs == ("action 0", "action 1", "action 2", "action 3")
        assert ids(np.arange(3)).shape == (3, 4)

    def test_one_observation_at_a_time(self):
        def pushes(seen):
            if seen[0] > 0.1:
                raise ZeroDivisionError("too far right")
            return fakes.push(seen[None])[0]

        box = fv.policy(pushes, actions=BOTH, per_input=True, ask="probability")
        bad = np.flatnonzero(SEEN[:, 0] > 0.1)
        with pytest.raises(RowsFailed, match="too far right") as caught:
            box(SEEN)
        assert sorted(caught.value.errors) == bad.tolist()
        good = np.setdiff1d(np.arange(6), bad)
        assert 0 < len(bad) < 6
        assert caught.value.outputs[good] == pytest.approx(SHARES[good], abs=1e-6)
        assert np.isnan(caught.value.outputs[bad]).all()

    def test_nan_stays_nan(self):
        for ask in ("preference", "probability", "action"):
            box = fv.policy(lambda x: np.where(x[:, :2] > 0, np.nan, x[:, :2]), actions=BOTH, ask=ask)
            given = np.array([[1.0, 1, 0, 0], [-1, -2, 0, 0]])
            assert np.isnan(box(given)[0]).all()
            assert np.isfinite(box(given)[1]).all()

    def test_a_chosen_action_that_is_none(self):
        box = fv.policy(lambda x: np.arange(len(x)), actions=BOTH, form="chosen")
        with pytest.raises(RowsFailed, match="chose action 2, but the actions are 0 to 1") as caught:
            box(SEEN)
        assert sorted(caught.value.errors) == [2, 3, 4, 5]
        assert caught.value.outputs[:2].tolist() == [[1, 0], [0, 1]]

    def test_of_dict_observations_and_of_actions_that_start_at_one(self):
        batch = {"place": np.ones((3, 2), np.float32), "mode": np.arange(3)}
        box = fv.policy(lambda seen: seen["mode"] % 2 + 1, environment=fakes.Simple, form="chosen")
        assert box.outputs == ("action 1", "action 2")
        assert box(batch).tolist() == [[1, 0], [0, 1], [1, 0]]
        assert box.act({"place": np.ones(2, np.float32), "mode": 1}) == 2
        with pytest.raises(BoxError, match="a dict of mode, place, but an input is no dict"):
            box(np.ones((3, 2)))
        with pytest.raises(BoxError, match="but an input is a dict of place"):
            box({"place": batch["place"]})


class TestBoxes:
    def test_a_box_names_its_actions(self):
        box = fv.policy(fv.black_box(fakes.push, outputs=BOTH), ask="probability")
        assert box.outputs == ("left", "right")
        assert box(SEEN) == pytest.approx(SHARES, abs=1e-6)

    def test_a_classifier_that_copies_an_agent(self):
        copied = LogisticRegression(C=1e6).fit(SEEN, np.where(CHOSEN[:, 1] == 1, "right", "left"))
        box = fv.policy(copied)
        assert box.outputs == ("left", "right")
        assert np.array_equal(np.argmax(box(SEEN), axis=1), CHOSEN[:, 1])

    def test_a_noisy_box_makes_a_noisy_policy(self):
        assert fv.policy(fv.black_box(fakes.push, outputs=BOTH, noisy=True)).noisy is True
        assert fv.policy(fakes.push, actions=BOTH).noisy is None
        assert fv.policy(fakes.push, actions=BOTH, noisy=False).noisy is False


class TestPredict:
    @pytest.mark.parametrize(("ask", "wanted"), [(None, np.log(SHARES)), ("probability", SHARES), ("action", CHOSEN)])
    def test_actor_critic(self, ask, wanted):
        box = fv.policy(fakes.ActorCritic(), ask=ask)
        assert box.outputs == ("action 0", "action 1")
        assert box.name == "ActorCritic"
        assert box.noisy is False
        assert box(SEEN) == pytest.approx(wanted, abs=1e-5)
        assert box(SEEN.astype(np.float64)) == pytest.approx(wanted, abs=1e-5)

    def test_the_value_of_a_state(self):
        box = fv.policy(fakes.ActorCritic(), ask="value")
        assert box.outputs == ("value",)
        assert box(SEEN)[:, 0] == pytest.approx(-np.abs(SEEN).sum(axis=1))

    def test_its_policy_alone(self):
        policy = fakes.ActorCritic().policy
        policy.predict = lambda seen, deterministic: None
        assert fv.policy(policy, actions=BOTH)(SEEN) == pytest.approx(np.log(SHARES), abs=1e-5)

    def test_q_learning(self):
        agent = fakes.QLearner()
        assert fv.policy(agent)(SEEN) == pytest.approx(PUSH - 10, abs=1e-5)
        assert fv.policy(agent, ask="value")(SEEN)[:, 0] == pytest.approx(PUSH.max(axis=1) - 10, abs=1e-5)
        assert fv.policy(agent, ask="action")(SEEN).tolist() == CHOSEN.tolist()
        with pytest.raises(BoxError, match="cannot tell its probability; it tells: preference, action, value"):
            fv.policy(agent, ask="probability")

    def test_continuous_actions_are_their_numbers(self):
        seen = np.array([[1.0, 0.05, 0.0], [1.0, 0.0, -0.3]], np.float32)
        box = fv.policy(fakes.Torquer(), environment="Pendulum-v1")
        assert box.outputs == ("torque",)
        assert box(seen)[:, 0] == pytest.approx([-0.5, 0.6])
        with pytest.raises(
            BoxError, match=r"cannot tell its preference; it tells: action\. Its actions are continuous"
        ):
            fv.policy(fakes.Torquer(), ask="preference")
        with pytest.raises(BoxError, match="cannot tell its value"):
            fv.policy(fakes.Torquer(), ask="value")

    def test_drawn_actions_are_noisy(self):
        agent = fakes.ActorCritic()
        box = fv.policy(agent, ask="action", deterministic=False)
        assert box.noisy is True
        answers = np.mean([box(SEEN[:2]) for _ in range(400)], axis=0)
        assert answers == pytest.approx(SHARES[:2], abs=0.1)

    def test_predict_of_one_observation(self):
        class Single:
            action_space = spaces.Discrete(2)

            def predict(self, seen):
                assert seen.shape == (4,)
                return int(fakes.balance(seen))

        assert fv.policy(Single(), per_input=True)(SEEN).tolist() == CHOSEN.tolist()

    def test_a_recurrent_agent_is_asked_as_at_the_start(self):
        agent = fakes.Counter()
        agent.policy = type("Recurrent", (), {"get_distribution": lambda self, seen, state, start: None})()
        agent.predict = lambda seen, deterministic: (np.zeros(len(seen), int), None)
        assert fv.policy(agent, actions=BOTH)(SEEN).tolist() == [[1, 0]] * 6


class TestSpecs:
    @pytest.mark.parametrize(
        "make",
        [
            lambda: fv.policy(fakes.push, actions=BOTH, ask="probability", name="pusher", max_batch=4),
            lambda: fv.policy("agent_fakes:actor_critic()", environment="CartPole-v1"),
            lambda: fv.policy(fv.black_box(fakes.push, outputs=BOTH, noisy=False)),
            lambda: fv.policy(fakes.modes, form="chosen", environment=fakes.simple),
            lambda: fv.policy(fakes.side, form="chosen", actions=BOTH, per_input=True, noisy=False),
        ],
    )
    def test_round_trip(self, make):
        box = make()
        again = box_from_spec(box.spec())
        assert again.spec() == box.spec()
        assert (again.name, again.outputs, again.noisy) == (box.name, box.outputs, box.noisy)
        places = {"place": np.ones((3, 2), np.float32), "mode": np.arange(3)}
        seen = places if box.spec().get("environment") == "agent_fakes:simple" else SEEN
        assert np.array_equal(again(seen), box(seen))

    def test_what_nobody_finds_again_has_none(self):
        assert fv.policy(lambda x: x[:, :2], actions=BOTH).spec() is None
        assert fv.policy(fakes.ActorCritic()).spec() is None
        assert fv.policy(fakes.push, actions=BOTH, preprocess=lambda x: x).spec() is None

    def test_preprocess_by_import_path(self):
        box = fv.policy(fakes.push, actions=BOTH, preprocess="numpy:negative")
        assert box(SEEN) == pytest.approx(-PUSH)
        assert box_from_spec(box.spec())(SEEN) == pytest.approx(-PUSH)


class Unready:
    """Has neither spaces nor names."""

    def predict(self, seen, deterministic=True):
        return np.zeros(len(seen), int), None


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: fv.policy(fakes.push), BoxError, r"Pass actions=\['left', 'right'\]"),
        (lambda: fv.policy(Unready()), BoxError, "actions are not known"),
        (lambda: fv.policy(fakes.push, actions="left"), WrongType, "list of names"),
        (lambda: fv.policy(fakes.push, actions=["a", "a"]), InvalidArgument, "twice"),
        (lambda: fv.policy(fakes.push, actions=["a"], environment="CartPole-v1"), InvalidArgument, "names 1 .*are 2"),
        (lambda: fv.policy(fakes.push, environment="CartPol-v1"), InvalidArgument, "Did you mean: `CartPole`"),
        (lambda: fv.policy(fakes.push, actions=BOTH, ask="prefrence"), InvalidArgument, "Did you mean 'preference'"),
        (lambda: fv.policy(fakes.push, actions=BOTH, form="logit"), InvalidArgument, "Did you mean 'logits'"),
        (lambda: fv.policy(fakes.push, actions=BOTH, ask="value"), BoxError, "cannot tell its value.*form="),
        (lambda: fv.policy(fakes.push, actions=BOTH, per_input=1), WrongType, "per_input must be True or False"),
        (lambda: fv.policy(fakes.push, actions=BOTH, deterministic=False), InvalidArgument, "agents with predict"),
        (lambda: fv.policy(fakes.ActorCritic(), form="logits"), InvalidArgument, "form= is for functions"),
        (lambda: fv.policy(fakes.ActorCritic(), deterministic="yes"), WrongType, "deterministic must be"),
        (lambda: fv.policy(fakes.push, environment="Pendulum-v1"), InvalidArgument, "continuous.*'components'"),
        (
            lambda: fv.policy(fakes.push, environment="CartPole-v1", form="components"),
            InvalidArgument,
            "discrete.*another than 'components'",
        ),
        (lambda: fv.policy(3, actions=BOTH), WrongType, "a black box is made of"),
        (lambda: fv.policy("agent_fakes:psuh", actions=BOTH), NameNotFound, "Did you mean 'push'"),
        (lambda: fv.policy(fv.policy(fakes.push, actions=BOTH)), InvalidArgument, "a policy already"),
        (lambda: fv.policy(fakes.push, environment=3), WrongType, "CartPole-v1"),
    ],
)
def test_what_is_wrong_is_said(make, error, says):
    with pytest.raises(error, match=says):
        make()


@pytest.mark.parametrize(
    ("function", "inputs", "says"),
    [
        (fakes.push, SEEN[:, :3], r"shown observations of shape \(4,\), but an input has shape \(3,\)"),
        (lambda x: np.zeros((len(x), 3)), SEEN, "gave 3 numbers an observation, but there should be 2"),
        (lambda x: np.zeros(len(x)), SEEN, "gave 1 number an observation"),
        (lambda x: 0.5, SEEN, "per_input=True"),
        (lambda x: np.zeros(2), SEEN, "single row for 6 observations"),
    ],
)
def test_mistakes_that_fail_on_every_batch_end_the_search(function, inputs, says):
    box = fv.policy(function, environment="CartPole-v1")
    with pytest.raises(BoxError, match=says):
        box(inputs)


def test_predict_that_takes_one_at_a_time_is_told_apart():
    class Single:
        action_space = spaces.Discrete(2)

        def predict(self, seen, deterministic=True):
            return np.array(1), None

    with pytest.raises(BoxError, match=r"given 6 observations.*per_input=True"):
        fv.policy(Single())(SEEN)


class TestActing:
    def test_the_best_action(self):
        box = fv.policy(fakes.push, environment="CartPole-v1")
        assert [box.act(seen) for seen in SEEN] == np.argmax(PUSH, axis=1).tolist()
        assert fv.policy(fakes.Torquer()).act(np.array([1, 0.05, 0.0])) == pytest.approx([-0.5])

    def test_nan_is_no_preference(self):
        box = fv.policy(lambda x: np.full((len(x), 2), np.nan), actions=BOTH)
        for rng in (None, np.random.default_rng(0)):
            with pytest.raises(AnswerTypeError, match="answered with NaN"):
                box.act(SEEN[0], rng)
        masked = fv.policy(lambda x: np.full((len(x), 2), [-np.inf, 0.0]), actions=BOTH)
        assert masked.act(SEEN[0]) == masked.act(SEEN[0], np.random.default_rng(0)) == 1

    def test_drawn_by_its_probabilities(self):
        box = fv.policy(fakes.push, environment="CartPole-v1")
        rng = np.random.default_rng(0)
        drawn = np.mean([box.act(SEEN[0], rng) for _ in range(2_000)])
        assert drawn == pytest.approx(SHARES[0, 1], abs=0.03)
        with pytest.raises(BoxError, match="tells no probabilities"):
            fv.policy(fakes.Torquer()).act(np.zeros(3), rng)


def test_what_an_agent_looks_at():
    space = fv.observations("CartPole-v1")
    box = fv.policy(fakes.push, environment="CartPole-v1")
    x = np.array([0.0, 0.0, 0.2, 0.0], np.float32)
    found = fv.saliency(space, fv.maximise(box, "push right"), x, budget=200)
    (name, value), *others = found.ranking
    assert (name, value) == ("pole angle", pytest.approx(5 * 0.2, abs=0.3))
    assert all(abs(other) < 0.5 for _, other in others)
