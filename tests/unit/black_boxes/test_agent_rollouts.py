"""``fv.rollout``: what inputs set, what is measured, and what a failure costs."""

import agent_fakes as fakes
import gymnasium
import numpy as np
import pytest

import featviz as fv
from featviz.black_boxes import box_from_spec
from featviz.errors import (
    BoxError,
    InvalidArgument,
    InvalidConfig,
    MissingDependency,
    NameNotFound,
    RowsFailed,
    WrongType,
)

NEAR = {"pole angle": (-0.05, 0.05), "cart velocity": (-0.3, 0.3), "pole angular velocity": (-0.3, 0.3)}
STATES = fv.initial_states("CartPole-v1", ranges={**NEAR, "cart position": (-0.5, 0.5)})
BEGUN = STATES.sample(np.random.default_rng(0), 4)
FALLING = np.array([[0.0, 0.0, 0.2, 2.0]])


def by_hand(env_id, seed, act, discount=1.0):
    """Return and length of an episode, played without featviz."""
    env = gymnasium.make(env_id)
    seen, _ = env.reset(seed=seed)
    total, steps, over = 0.0, 0, False
    while not over:
        seen, reward, terminated, truncated, _ = env.step(act(seen, steps))
        total += reward * discount**steps
        steps += 1
        over = terminated or truncated
    env.close()
    return [total, steps, float(terminated)]


class TestInputs:
    @pytest.mark.parametrize(
        ("env_id", "agent"),
        [
            ("CartPole-v1", lambda seen: int(seen[2] > 0)),
            ("MountainCar-v0", lambda seen: 2 * int(seen[1] > 0)),
            ("Acrobot-v1", lambda seen: int(seen[4] > 0) * 2),
            ("Pendulum-v1", lambda seen: [-2 * np.sign(seen[2])]),
        ],
    )
    def test_a_seed_plays_what_the_environment_plays(self, env_id, agent):
        box = fv.rollout(env_id, agent, inputs="seed", discount=0.99)
        wanted = [by_hand(env_id, seed, lambda seen, _: agent(seen), 0.99) for seed in (3, 11)]
        assert box(np.array([3, 11])) == pytest.approx(np.array(wanted))
        assert box({"seed": np.array([3, 11])}) == pytest.approx(np.array(wanted))

    def test_states(self):
        box = fv.rollout("CartPole-v1", fakes.balance, steps=100)
        assert box.outputs == ("return", "length", "terminated")
        assert box(BEGUN).tolist() == [[100, 100, 0]] * 4
        fallen = box(FALLING)[0]
        assert fallen[0] == fallen[1] < 10
        assert fallen[2] == 1
        assert box(np.array([[0, 0, 0.3, 0.0]])).tolist() == [[1, 1, 1]]  # begun beyond the limit

    def test_a_space_or_any_object_puts_the_environment_into_a_state(self):
        by_space = fv.rollout("CartPole-v1", fakes.balance, inputs=STATES, steps=100)
        assert np.array_equal(by_space(BEGUN), fv.rollout("CartPole-v1", fakes.balance, steps=100)(BEGUN))

        class Gear:
            def begin(self, env, state, *, seed):
                env.reset(seed=seed)
                env.unwrapped.bonus = float(state)
                return {"place": np.zeros(2, np.float32), "mode": 0}

        box = fv.rollout(fakes.Simple, lambda seen: 1, inputs=Gear())
        assert box([0.0, 10.0])[:, 0].tolist() == [15, 65]

    def test_discrete_actions(self):
        actions = fv.action_sequences("MountainCar-v0", 40).sample(np.random.default_rng(1), 3)
        box = fv.rollout("MountainCar-v0")
        assert box(actions).tolist() == [[-40, 40, 0]] * 3
        assert fv.rollout("MountainCar-v0", steps=10)(actions)[:, 1].tolist() == [10] * 3

    def test_continuous_actions(self):
        actions = fv.action_sequences("Pendulum-v1", 200).sample(np.random.default_rng(1), 2)
        box = fv.rollout("Pendulum-v1", seed=5)
        (seed,) = box._seeds
        wanted = [by_hand("Pendulum-v1", seed, lambda _, step, a=a: a[step]) for a in actions]
        assert box(actions) == pytest.approx(np.array(wanted))

    def test_parameters_of_the_constructor_and_numbers_of_the_environment(self):
        physics = fv.DictSpace({"gravity": fv.Uniform(5, 20), "masspole": fv.Uniform(0.1, 1)})
        batch = physics.sample(np.random.default_rng(0), 3)
        agent = lambda seen: int(seen[2] > 0)  # noqa: E731
        box = fv.rollout("CartPole-v1", agent, inputs="options", seed=4)
        wanted = []
        for gravity, mass in zip(batch["gravity"], batch["masspole"], strict=True):
            env = gymnasium.make("CartPole-v1")
            base = env.unwrapped
            base.gravity, base.masspole = gravity, mass
            base.total_mass, base.polemass_length = mass + base.masscart, mass * base.length
            wanted.append(len(box_like(env, agent, box._seeds[0])))
        assert box(batch)[:, 1].tolist() == wanted
        assert len(set(wanted)) > 1
        pendulum = fv.rollout("Pendulum-v1", lambda seen: [0.0], inputs="options")
        light, heavy = pendulum({"g": np.array([0.0, 30.0])})[:, 0]  # an argument of the constructor
        assert light != heavy

    def test_parameters_of_a_function_that_makes_one(self):
        box = fv.rollout(fakes.Simple, lambda seen: 1, inputs="options")
        batch = {"bonus": np.array([0.0, 2.0]), "gears": np.array([4.0, 5.0])}
        assert box(batch)[:, 0].tolist() == [15, 25]
        frame = pytest.importorskip("pandas").DataFrame({"bonus": [0.0, 2.0]})
        assert box(frame)[:, 0].tolist() == [15, 25]

    def test_what_a_task_computes_can_be_set_by_name(self):
        box = fv.rollout("CartPole-v1", fakes.balance, inputs="options")
        env = box._stage.maker.with_parameters({"masspole": 0.5, "total_mass": 9.0})
        assert (env.unwrapped.total_mass, env.unwrapped.polemass_length) == (9.0, 0.25)

    def test_parameters_of_a_policy(self):
        box = fv.rollout("CartPole-v1", lambda w: lambda seen: seen @ w > 0, inputs="parameters", steps=100)
        good, bad = fakes.CART["weights"], -fakes.CART["weights"]
        lengths = box(np.array([good, bad]))[:, 1]
        assert lengths[0] == 100
        assert lengths[1] < 20

    def test_preprocess_makes_inputs_of_others(self):
        box = fv.rollout("CartPole-v1", fakes.balance, steps=50, preprocess=lambda x: x[:, None] * [0, 0, 1, 0])
        assert box(np.array([0.0, 0.19]))[0, 1] == 50


def box_like(env, agent, seed):
    """The rewards of an episode in an environment that was made by hand."""
    seen, _ = env.reset(seed=seed)
    rewards, over = [], False
    while not over:
        seen, reward, terminated, truncated, _ = env.step(int(agent(seen)))
        rewards.append(reward)
        over = terminated or truncated
    return rewards


class TestAgents:
    def test_an_object_with_predict_and_its_policy_box_play_alike(self):
        agent = fakes.ActorCritic()
        plain = fv.rollout("CartPole-v1", agent, steps=60)
        boxed = fv.rollout("CartPole-v1", fv.policy(agent), steps=60)
        network = fv.rollout("CartPole-v1", fv.policy(fakes.push, environment="CartPole-v1"), steps=60)
        begun = np.concatenate([BEGUN, FALLING])
        assert np.array_equal(plain(begun), boxed(begun))
        assert np.array_equal(plain(begun), network(begun))

    def test_a_black_box_of_preferences_plays(self):
        box = fv.rollout("CartPole-v1", fv.black_box(fakes.push, outputs=["left", "right"]), steps=60)
        assert np.array_equal(box(BEGUN), fv.rollout("CartPole-v1", fakes.balance, steps=60)(BEGUN))

    def test_a_recurrent_agent_keeps_its_state_within_an_episode(self):
        agent = fakes.Counter()
        box = fv.rollout(fakes.Simple, lambda x: agent, inputs="parameters", measures={"last": last_action})
        agent.predict, inner = shifted(agent), agent.predict
        assert inner is not agent.predict
        assert box([0, 0])[:, 3].tolist() == [1, 1]  # the fifth action of 1, 2, 1, 2, 1
        assert agent.starts == [True, False, False, False, False] * 2

    def test_continuous_ones(self):
        states = fv.initial_states("Pendulum-v1", ranges={"angle": (0.1, 0.2), "angular velocity": (-0.5, 0.5)})
        states = states.sample(np.random.default_rng(0), 3)
        held = fv.rollout("Pendulum-v1", fakes.Torquer())(states)[:, 0]
        limp = fv.rollout("Pendulum-v1", lambda seen: [0.0])(states)[:, 0]
        assert (held > limp + 100).all()

    def test_actions_drawn_from_probabilities_are_the_same_again(self):
        agent = fv.policy(fakes.push, environment="CartPole-v1")
        box = fv.rollout("CartPole-v1", agent, deterministic=False, episodes=3, steps=50)
        assert box.noisy is False
        assert np.array_equal(box(BEGUN), box(BEGUN))
        assert box(BEGUN)[:, 3].max() > 0
        other = fv.rollout("CartPole-v1", agent, deterministic=False, episodes=3, steps=50, seed=1)
        assert not np.array_equal(box(BEGUN), other(BEGUN))

    def test_an_agent_that_draws_by_itself_is_noisy(self):
        assert fv.rollout("CartPole-v1", fakes.ActorCritic(), deterministic=False).noisy is True
        assert fv.rollout("CartPole-v1", fakes.ActorCritic()).noisy is False
        assert fv.rollout("CartPole-v1", fakes.ActorCritic(), noisy=True).noisy is True


def last_action(episode):
    return episode.actions[-1]


def shifted(agent):
    """Its predict, for actions that begin at 1."""
    inner = agent.predict

    def predict(observation, state=None, episode_start=None, deterministic=True):
        action, state = inner(observation, state, episode_start, deterministic)
        return action + 1, state

    return predict


class TestMeasures:
    def test_functions_and_entries_of_info(self):
        box = fv.rollout(
            fakes.Simple,
            lambda seen: 2,
            inputs="seed",
            discount=0.5,
            measures={
                "success": "is_success",
                "drag": lambda e: e.observations[0]["place"][1],
                "steps": fakes.longest,
                "last info": lambda e: e.infos[-1]["action"] + len(e.infos),
            },
        )
        assert box.outputs == ("return", "length", "terminated", "success", "drag", "steps", "last info")
        weighed = sum((i + 1) * 0.5**i for i in range(5))
        assert box(np.arange(2)).tolist() == [[weighed, 5, 1, 1, 0.5, 5, 7]] * 2
        assert fv.rollout(fakes.Simple, lambda seen: 2, inputs="seed", discount=0)(np.arange(1))[0, 0] == 1

    def test_means_and_spread_over_episodes_with_common_seeds(self):
        box = fv.rollout("CartPole-v1", lambda seen: int(seen[2] > 0), inputs="options", episodes=4, seed=9)
        assert box.outputs == ("return", "length", "terminated", "return_std")
        wanted = [by_hand("CartPole-v1", seed, lambda seen, _: int(seen[2] > 0))[0] for seed in box._seeds]
        assert len(set(box._seeds)) == 4
        rows = box({"gravity": np.array([9.8, 9.8])})
        assert rows[0, 0] == np.mean(wanted)
        assert rows[0, 3] == pytest.approx(np.std(wanted, ddof=1))
        assert np.array_equal(rows[0], rows[1])
        more = fv.rollout("CartPole-v1", fakes.balance, inputs="options", episodes=6, seed=9)
        assert more._seeds[:4] == box._seeds

    def test_usage_and_trajectories(self):
        box = fv.rollout("CartPole-v1", fakes.balance, steps=20)
        box(BEGUN)
        assert box.usage() == {"episodes": 4, "steps": 80}
        assert box.configured(max_batch=2).usage()["steps"] == 80
        (episode,) = box.trajectories(BEGUN[0])
        assert (len(episode), len(episode.observations), len(episode.actions), len(episode.infos)) == (20, 21, 20, 20)
        assert episode.observations[0] == pytest.approx(BEGUN[0], abs=1e-6)
        assert episode.terminated is False
        assert box.provenance() == {"environment": "CartPole-v1", "gymnasium": gymnasium.__version__}


class Fragile(fakes.Simple):
    """Fails in its third step with one bonus, and pays what is no number with another."""

    def step(self, action):
        seen, reward, *rest = super().step(action)
        if self.bonus == 1 and self.steps == 3:
            raise RuntimeError("the gear broke")
        if self.bonus == 2:
            reward = float("nan")
        if self.bonus == 3:
            reward = None
        return seen, reward, *rest


class TestFailures:
    def test_an_environment_that_raises_costs_its_input_alone(self):
        box = fv.rollout(Fragile, lambda seen: 1, inputs="options")
        with pytest.raises(RowsFailed, match="the gear broke") as caught:
            box({"bonus": np.array([0.0, 1.0, 4.0, 3.0])})
        assert sorted(caught.value.errors) == [1, 3]
        assert "reward of step 1 must be a number, but it is None" in str(caught.value.errors[3])
        assert caught.value.outputs[[0, 2], 0].tolist() == [15, 35]
        assert np.isnan(caught.value.outputs[[1, 3]]).all()

    def test_a_search_goes_on_and_says_what_failed(self):
        box = fv.rollout(Fragile, lambda seen: 1, inputs="options")
        space = fv.DictSpace({"bonus": fv.Integer(0, 5)})
        run = fv.search(space, fv.maximise(box, "return"), budget=40, optimiser="ga", progress="none")
        assert run.best.input["bonus"] == 5
        assert set(run.failures) == {"exception", "nonfinite", "type"}
        assert any("the gear broke (test_agent_rollouts.py:" in reason for reason in run.failure_reasons)
        assert run.ledger["episodes"] >= 4

    def test_a_reward_that_is_nan_is_left_to_the_judge(self):
        box = fv.rollout(Fragile, lambda seen: 1, inputs="options")
        row = box({"bonus": np.array([2.0])})[0]
        assert np.isnan(row[0])
        assert row[1:].tolist() == [5, 1]

    def test_after_a_failure_the_environment_is_made_anew(self):
        made = []

        def make():
            made.append(Fragile(bonus=1))
            return made[-1]

        box = fv.rollout(make, lambda seen: 1, inputs="seed")
        with pytest.raises(RowsFailed):
            box(np.arange(3))
        assert len(made) == 3

    def test_an_agent_and_a_measure_that_raise(self):
        def agent(seen):
            if seen[2] > 0.02:
                raise ZeroDivisionError("frightened")
            return fakes.balance(seen)

        begun = np.zeros((3, 4))
        begun[1, 2] = 0.1
        with pytest.raises(RowsFailed, match="frightened") as caught:
            fv.rollout("CartPole-v1", agent, steps=1)(begun)
        assert list(caught.value.errors) == [1]
        box = fv.rollout("CartPole-v1", fakes.balance, steps=2, measures={"angle": lambda e: 1 / e.observations[0][2]})
        with pytest.raises(RowsFailed) as caught, np.errstate(divide="raise"):
            box(begun)
        assert list(caught.value.errors) == [0, 2]

    @pytest.mark.parametrize(
        ("measure", "says"),
        [
            (lambda e: None, "must be a number, but it is None"),
            (lambda e: "3.5", "must be a number"),
            (lambda e: e.rewards, "must be one number"),
            ("is_sucess", "last info of the environment has no 'is_sucess'; it has: is_success, action"),
        ],
    )
    def test_measures_that_are_no_number(self, measure, says):
        box = fv.rollout(fakes.Simple, lambda seen: 1, inputs="seed", measures={"m": measure})
        with pytest.raises(RowsFailed, match=says):
            box(np.arange(2))

    @pytest.mark.parametrize(
        ("action", "says"),
        [(5, "chose action 5, but the actions are 1 to 2"), (1.5, "chose action 1.5"), ("up", "of numbers")],
    )
    def test_an_action_that_is_none(self, action, says):
        with pytest.raises(RowsFailed, match=says):
            fv.rollout(fakes.Simple, lambda seen: action, inputs="seed")(np.arange(2))
        with pytest.raises(RowsFailed, match="must be finite"):
            fv.rollout("Pendulum-v1", lambda seen: np.array([np.nan]), inputs="seed")(np.arange(2))

    def test_an_endless_environment_is_ended(self):
        class Endless(fakes.Simple):
            def step(self, action):
                return super().step(action)[0], 1.0, False, False, {}

        box = fv.rollout(Endless, lambda seen: 1, inputs="seed")
        assert box(np.arange(1)).tolist() == [[1000, 1000, 0]]

    def test_a_limit_beyond_the_environment_s_own(self):
        box = fv.rollout("MountainCar-v0", lambda seen: 1, inputs="seed", steps=250)
        assert box(np.arange(1))[0, 1] == 250


class TestEnvironments:
    def test_one_that_is_there_already_is_used_and_left_open(self):
        env = gymnasium.make("CartPole-v1")
        box = fv.rollout(env, fakes.balance, steps=30)
        assert np.array_equal(box(BEGUN), fv.rollout("CartPole-v1", fakes.balance, steps=30)(BEGUN))
        box.close()
        env.reset()
        assert box.spec() is None

    def test_close_and_ask_again(self):
        box = fv.rollout("CartPole-v1", fakes.balance, steps=30)
        first = box(BEGUN)
        box.close()
        assert np.array_equal(box(BEGUN), first)

    def test_options_for_all_inputs(self):
        box = fv.rollout("Pendulum-v1", lambda seen: [0.0], inputs="seed", options={"g": 0.0})
        assert box(np.arange(1))[0, 0] != fv.rollout("Pendulum-v1", lambda s: [0.0], inputs="seed")(np.arange(1))[0, 0]

    def test_what_a_wrapper_shows_is_what_the_agent_sees(self):
        seen = []

        def make():
            doubled = lambda x: x * 2  # noqa: E731
            return gymnasium.wrappers.TransformObservation(gymnasium.make("CartPole-v1"), doubled, None)

        fv.rollout(make, lambda x: seen.append(x) or 0, steps=1)(BEGUN)
        assert np.array(seen) == pytest.approx(BEGUN * 2, abs=1e-6)


class OldReset(fakes.Simple):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=seed)[0]


class OldStep(fakes.Simple):
    def step(self, action):
        return super().step(action)[1:]


class TestSpecs:
    @pytest.mark.parametrize(
        "make",
        [
            lambda: fv.rollout("CartPole-v1", fakes.balance, steps=20, seed=3, measures={"n": fakes.longest}),
            lambda: fv.rollout("CartPole-v1", "agent_fakes:actor_critic()", steps=20, name="fear", episodes=2),
            lambda: fv.rollout("CartPole-v1", fv.policy(fakes.push, actions=["a", "b"]), discount=0.9, steps=20),
        ],
    )
    def test_round_trip(self, make):
        box = make()
        again = box_from_spec(box.spec())
        assert again.spec() == box.spec()
        assert (again.name, again.outputs, again.noisy) == (box.name, box.outputs, box.noisy)
        assert np.array_equal(again(BEGUN), box(BEGUN))

    def test_a_slip_in_a_spec(self):
        spec = {"kind": "rollout", "environment": "CartPole-v1", "agent": "agent_fakes:balance"}
        with pytest.raises(InvalidConfig, match=r"box of kind rollout.*no option 'stepz'.*Did you mean 'steps'"):
            box_from_spec({**spec, "stepz": 3})
        with pytest.raises(InvalidConfig, match="steps must be a whole number"):
            box_from_spec({**spec, "steps": "x"})
        with pytest.raises(InvalidConfig, match="missing"):
            box_from_spec({"kind": "rollout"})

    def test_of_an_environment_of_one_s_own(self):
        box = fv.rollout(fakes.simple, fakes.longest, inputs="seed", options=None, measures={"won": "is_success"})
        assert box.spec() == {
            "kind": "rollout",
            "environment": "agent_fakes:simple",
            "agent": "agent_fakes:longest",
            "inputs": "seed",
            "measures": {"won": "is_success"},
        }
        assert box_from_spec(box.spec())(np.arange(2))[:, 3].tolist() == [1, 1]

    def test_what_nobody_finds_again_has_none(self):
        assert fv.rollout("CartPole-v1", lambda seen: 0).spec() is None
        assert fv.rollout("CartPole-v1", fakes.balance, inputs=STATES).spec() is None
        assert fv.rollout("CartPole-v1", fakes.balance, measures={"a": lambda e: 0}).spec() is None
        assert fv.rollout(lambda: fakes.Simple(bonus=1), fakes.balance, inputs="seed").spec() is None


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: fv.rollout("CartPol-v1", fakes.balance), InvalidArgument, "Did you mean: `CartPole`"),
        (lambda: fv.rollout("<img src=x>", fakes.balance), InvalidArgument, "cannot make '<img src=x>'"),
        (lambda: fv.rollout("nowhere_at_all:Env-v0", fakes.balance), InvalidArgument, "No module named"),
        (lambda: fv.rollout("nowhere_at_all:make", fakes.balance), NameNotFound, "no module 'nowhere_at_all'"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance, options={"gee": 1}), InvalidArgument, "options.*gee"),
        (lambda: fv.rollout(3, fakes.balance), WrongType, "id of one such as 'CartPole-v1'"),
        (lambda: fv.rollout(lambda: 3, fakes.balance, inputs="seed"), WrongType, "has no reset"),
        (
            lambda: fv.rollout(lambda: gymnasium.make_vec("CartPole-v1"), fakes.balance),
            WrongType,
            "several environments",
        ),
        (lambda: fv.rollout("CartPole-v1", 3), WrongType, "a function from an observation to an action"),
        (lambda: fv.rollout("CartPole-v1", fakes.ActorCritic), WrongType, "a function from an observation"),
        (lambda: fv.rollout("CartPole-v1", inputs="state"), InvalidArgument, "an agent is needed"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance, inputs="actions"), InvalidArgument, "leave agent= out"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance, inputs="states"), InvalidArgument, "Did you mean 'state'"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance, inputs=3), WrongType, "object with begin"),
        (lambda: fv.rollout("FrozenLake-v1", fakes.balance), InvalidArgument, "not known.*inputs='seed'"),
        (lambda: fv.rollout(fakes.Simple, fakes.balance), InvalidArgument, "object with begin"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance, episodes=0), InvalidArgument, "episodes must be between"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance, steps=0), InvalidArgument, "steps must be between"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance, seed=-1), InvalidArgument, "seed must be between"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance, discount=1.1), InvalidArgument, r"discount must be in \[0"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance, deterministic=1), WrongType, "deterministic must be"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance, options=[1]), WrongType, "options must be a dict"),
        (lambda: fv.rollout(fakes.Simple(), None, options={"a": 1}), InvalidArgument, "made here"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance, measures=["m"]), WrongType, "a dict of names"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance, measures={"m": 3}), WrongType, "measure 'm' must be"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance, measures={"return": len}), InvalidArgument, "always"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance, inputs="seed", episodes=2), InvalidArgument, "episodes=1"),
        (lambda: fv.rollout("CartPole-v1", 3, inputs="parameters"), WrongType, "from an input to an agent"),
    ],
)
def test_what_is_wrong_is_said(make, error, says):
    with pytest.raises(error, match=says):
        make()


@pytest.mark.parametrize(
    ("box", "inputs", "says"),
    [
        (lambda: fv.rollout("CartPole-v1", fakes.balance), BEGUN[:, :3], r"has 4 numbers \(cart position"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance), {"angle": np.ones(2)}, r"has 4 numbers .* but an input is"),
        (lambda: fv.rollout("CartPole-v1", fakes.push_one), BEGUN, r"of shape \(2,\).*fv.policy"),
        (lambda: fv.rollout("Pendulum-v1", lambda s: [1, 2]), np.zeros((2, 2)), r"of shape \(1,\): Box"),
        (lambda: fv.rollout("CartPole-v1"), np.zeros(3), "a sequence of actions"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance, inputs="seed"), np.zeros(3), "a whole number"),
        (lambda: fv.rollout("CartPole-v1", fakes.balance, inputs="options"), np.zeros(3), "a dict of parameters"),
        (
            lambda: fv.rollout("CartPole-v1", fakes.balance, inputs="options"),
            {"gravty": np.ones(2)},
            "no parameter 'gravty'.*Did you mean 'gravity'",
        ),
        (
            lambda: fv.rollout(OldReset, lambda s: 1, inputs="seed"),
            np.arange(2),
            r"reset must return \(observation, info",
        ),
        (
            lambda: fv.rollout(OldStep, lambda s: 1, inputs="seed"),
            np.arange(2),
            "step must return .* returned 4 things",
        ),
        (lambda: fv.rollout("CartPole-v1", lambda w: 3, inputs="parameters"), np.zeros((2, 4)), "makes an agent"),
        (lambda: fv.rollout(fakes.Simple(), fakes.balance, inputs="options"), {"bonus": np.ones(2)}, "made already"),
    ],
)
def test_mistakes_that_fail_on_every_input_end_the_search(box, inputs, says):
    with pytest.raises(BoxError, match=says):
        box()(inputs)


def test_which_variable_of_a_state_an_episode_hangs_on():
    box = fv.rollout("CartPole-v1", fakes.balance, steps=60)
    states = fv.initial_states("CartPole-v1", ranges={**NEAR, "pole angular velocity": (-0.3, 3)})
    found = fv.saliency(states, fv.minimise(box, "return"), np.array([0.1, 0.1, 0.0, 3.0]), budget=80)
    name, value = found.ranking[0]
    assert name == "pole angular velocity"
    assert value > 20  # it is why the episode is so much shorter


def test_without_gymnasium_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gymnasium", None)
    with pytest.raises(MissingDependency, match=r"featviz\[rl\]"):
        fv.rollout("CartPole-v1", fakes.balance)
