"""Spaces from what people already have: Gymnasium spaces and JSON schemas.

======================  =====================================================================================
``gymnasium_spaces``    ``from_gymnasium``
``json_schema``         ``from_json_schema``
``arrays``              arrays of numbers of any type in bounds, and arrays of choices
``texts``               texts of letters of an alphabet
``converted``           a space whose inputs are those of another space in another form
======================  =====================================================================================
"""

from featviz.search_spaces.adapters.arrays import BoundedArray, ChoiceArray
from featviz.search_spaces.adapters.gymnasium_spaces import from_gymnasium
from featviz.search_spaces.adapters.texts import AlphabetText

__all__ = ["AlphabetText", "BoundedArray", "ChoiceArray", "from_gymnasium"]
