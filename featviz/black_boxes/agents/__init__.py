"""Agents as black boxes: what a policy makes of an observation, and how the episodes go that it plays.

``policy`` asks an agent for its preferences, probabilities, value or chosen action; ``rollout`` plays episodes in a
Gymnasium environment and measures them.

======================  =====================================================================================
``actions``             what an agent can do: names, one-hot rows, and the form in which a step takes an action
``asking``              the ways in which an agent is asked: a function, a policy with ``predict``
``policies``            ``policy``
``acting``              an agent in an episode, step by step
``makers``              where the environments of rollouts come from
``episodes``            one episode, and what is measured of it
``settings``            what an input sets: the state, the actions, the options, the seed, the parameters
``rollouts``            ``rollout``
======================  =====================================================================================
"""

from featviz.black_boxes.agents.episodes import Trajectory
from featviz.black_boxes.agents.policies import PolicyBox, policy
from featviz.black_boxes.agents.rollouts import RolloutBox, rollout

__all__ = ["PolicyBox", "RolloutBox", "Trajectory", "policy", "rollout"]
