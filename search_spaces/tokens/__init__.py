"""Sequences of tokens: vocabularies and tokenizers, what texts are like, and moves that suit them.

==============  =============================================================================================
``space``       ``TokenSpace``
``vocabulary``  the tokens by id, which are allowed, and what a person calls them
``tokenizers``  what featviz needs of somebody else's tokenizer
``bigrams``     which token follows which, learnt from examples: the prior
``rows``        rows of ids of different lengths in one array
``moves``       substitution, swap, block shift, insertion, deletion, transplant
==============  =============================================================================================
"""

from featviz.search_spaces.tokens.space import TokenSpace

__all__ = ["TokenSpace"]
