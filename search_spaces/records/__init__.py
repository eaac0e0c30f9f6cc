"""Spaces of any shape: one function of ``draw``, its choices recorded and replayed.

======================  =====================================================================================
``record_space``        ``space``, the decorator, and the ``RecordSpace`` that it makes
``draws``               ``Draw``: what such a function asks for its choices
``domains``             what one choice may be, with its prior and its near neighbours
``tapes``               where choices come from: the replay of a record, or values completed by random draws
``nested``              spaces with a fixed number of genes inside such a function
``structure``           lists, elements and parts, as the paths of a record tell them
``moves``               search operators on records
``comparing``           inputs of any shape as flat tables; the distance between two
``regex``               ``from_regex``: the texts that match a regular expression (``regex_nodes``: its parts)
``grammar``             ``from_grammar``: the texts of a context-free grammar
``hypothesis_strategies`` ``from_hypothesis``: what a Hypothesis strategy generates
``fixed_view``          ``FixedShape``: the same with a fixed number of genes, where all inputs have the same choices
======================  =====================================================================================
"""

from featviz.search_spaces.records.draws import Draw
from featviz.search_spaces.records.fixed_view import FixedShape
from featviz.search_spaces.records.grammar import from_grammar
from featviz.search_spaces.records.hypothesis_strategies import from_hypothesis
from featviz.search_spaces.records.record_space import RecordSpace, space
from featviz.search_spaces.records.regex import from_regex

__all__ = ["Draw", "FixedShape", "RecordSpace", "from_grammar", "from_hypothesis", "from_regex", "space"]
