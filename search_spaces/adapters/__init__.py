"""Spaces from what people already have: Gymnasium spaces and JSON schemas.

======================  =====================================================================================
``gymnasium_spaces``    ``from_gymnasium``
``json_schema``         ``from_json_schema``; the forms of its values are in ``json_values``, the check of a value
                        against a schema in ``json_validation``
``arrays``              arrays of numbers of any type in bounds, and arrays of choices
``texts``               texts of letters of an alphabet
``converted``           a space whose inputs are those of another space in another form
======================  =====================================================================================
"""

from featviz.search_spaces.adapters.arrays import BoundedArray, ChoiceArray
from featviz.search_spaces.adapters.gymnasium_spaces import from_gymnasium
from featviz.search_spaces.adapters.json_schema import JsonSpace, from_json_schema
from featviz.search_spaces.adapters.texts import AlphabetText

__all__ = ["AlphabetText", "BoundedArray", "ChoiceArray", "JsonSpace", "from_gymnasium", "from_json_schema"]
