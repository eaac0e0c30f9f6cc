"""Spaces for agents: where an episode begins, what an agent is shown, and what it does.

======================  =====================================================================================
``states``              ``initial_states`` and ``observations``
``actions``             ``action_sequences``, discrete and continuous
======================  =====================================================================================
"""

from featviz.search_spaces.environments.actions import ContinuousActions, DiscreteActions, action_sequences
from featviz.search_spaces.environments.states import InitialStates, Observations, initial_states, observations

__all__ = [
    "ContinuousActions",
    "DiscreteActions",
    "InitialStates",
    "Observations",
    "action_sequences",
    "initial_states",
    "observations",
]
