"""Random transformations of inputs that ought to make no difference to what they show; for ``featviz.robust``.

A new kind derives from ``Transformation`` and is registered under the entry-point group ``featviz.transformations``, or
is any function of ``(inputs, rng)`` that returns inputs.
"""

from featviz.transformations.arrays import noise
from featviz.transformations.base import TRANSFORMATIONS, Transformation, as_transformations, label_of, spec_of
from featviz.transformations.pictures import jitter, rotation, scaling
from featviz.transformations.series import time_shift
from featviz.transformations.tables import row_noise
from featviz.transformations.tokens import token_dropout

__all__ = [
    "TRANSFORMATIONS",  # the registry of transformations, by kind
    "Transformation",  # the base class
    "as_transformations",  # objects, functions, import paths or tables of a spec -> functions
    "jitter",  # pictures moved
    "label_of",  # a transformation in words
    "noise",  # on pictures, series, rows of numbers
    "rotation",  # pictures turned
    "row_noise",  # on columns of a table
    "scaling",  # pictures scaled
    "spec_of",  # transformations -> what as_transformations reads
    "time_shift",  # series moved in time
    "token_dropout",  # tokens or words left out
]
