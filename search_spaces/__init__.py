"""Search spaces: what inputs there are, how they are drawn, and how an optimiser's genes become inputs.

======================  =====================================================================================
``base``                ``Space``, the class to derive a space of your own from
``variables``           the parts of a space: ``Real``, and what a variable is
``quantities``          numbers in a range: ``Uniform``, ``LogUniform``, ``Integer``
``choices``             ``Choice`` and ``Permutation``
``image``               ``ImageSpace``: pictures of any height, width and number of channels
``decoders``            how genes become pictures: ``dct``, ``pixels``, or a function of your own
``patches``             the parts of a picture that saliency hides
``pictures``            real pictures, from arrays or files, in the form that ``ImageSpace`` works with
``records``             spaces of any shape: one function of ``draw``, its choices recorded
``series``              ``TimeSeriesSpace``: series of any length and number of channels
``tokens``              ``TokenSpace``: sequences of tokens, as ids or as text
``tables``              ``TabularSpace``: rows of a table, from a data frame or column by column
``composites``          spaces made of other spaces: ``DictSpace``, ``TupleSpace``, ``ListSpace``, ``OneOf``...
``adapters``            spaces from Gymnasium spaces and from JSON schemas
``environments``        initial states, observations and action sequences of Gymnasium's environments
``joining``             the latent of a whole from those of its parts
``specs``               spaces by name, and spaces from a table of a TOML file
======================  =====================================================================================
"""

from featviz.search_spaces.adapters import from_gymnasium, from_json_schema
from featviz.search_spaces.base import Space
from featviz.search_spaces.choices import Choice, Permutation
from featviz.search_spaces.composites import (
    Composite,
    Constant,
    DictSpace,
    Difference,
    ListSpace,
    OneOf,
    Optional,
    TupleSpace,
)
from featviz.search_spaces.environments import action_sequences, initial_states, observations
from featviz.search_spaces.image import ImageSpace
from featviz.search_spaces.pictures import load_pictures
from featviz.search_spaces.quantities import Integer, LogUniform, Uniform
from featviz.search_spaces.records import (
    Draw,
    FixedShape,
    RecordSpace,
    from_grammar,
    from_hypothesis,
    from_regex,
    space,
)
from featviz.search_spaces.series import TimeSeriesSpace
from featviz.search_spaces.specs import SEARCH_SPACES, part_from_spec, space_from_spec
from featviz.search_spaces.tables import Boolean, Date, Nullable, Ordered, Quantiles, Rounded, TabularSpace
from featviz.search_spaces.tokens import TokenSpace
from featviz.search_spaces.variables import Real, Variable

__all__ = [  # noqa: RUF022  in the order of a reader
    # for users
    "Boolean",
    "Choice",
    "Date",
    "Draw",
    "Constant",
    "DictSpace",
    "ImageSpace",
    "Integer",
    "ListSpace",
    "LogUniform",
    "Nullable",
    "Ordered",
    "OneOf",
    "Optional",
    "Permutation",
    "Quantiles",
    "Real",
    "Rounded",
    "Space",
    "TabularSpace",
    "TimeSeriesSpace",
    "TokenSpace",
    "TupleSpace",
    "Uniform",
    "action_sequences",
    "from_grammar",
    "from_gymnasium",
    "from_hypothesis",
    "from_json_schema",
    "from_regex",
    "initial_states",
    "load_pictures",
    "observations",
    "space",
    # for authors of spaces and for the layers above
    "SEARCH_SPACES",
    "Composite",
    "Difference",
    "FixedShape",
    "RecordSpace",
    "Variable",
    "part_from_spec",
    "space_from_spec",
]
