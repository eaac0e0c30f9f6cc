"""featviz: which inputs does a black box respond to most? Feature visualisation without gradients.

The public names are loaded when first used, so that ``import featviz`` stays light.
"""

import importlib
from typing import TYPE_CHECKING, Any

from featviz.version import VERSION

if TYPE_CHECKING:
    from featviz import errors as errors
    from featviz import testing as testing
    from featviz.black_boxes import BlackBox as BlackBox
    from featviz.black_boxes import black_box as black_box
    from featviz.black_boxes import robust as robust
    from featviz.black_boxes.agents import policy as policy
    from featviz.black_boxes.agents import rollout as rollout
    from featviz.black_boxes.commands import folder_box as folder_box
    from featviz.black_boxes.human import human as human
    from featviz.blocks import ImageBlock as ImageBlock
    from featviz.blocks import SeriesBlock as SeriesBlock
    from featviz.blocks import TableBlock as TableBlock
    from featviz.blocks import TextBlock as TextBlock
    from featviz.blocks import TokensBlock as TokensBlock
    from featviz.errors import FeatvizError as FeatvizError
    from featviz.errors import FeatvizWarning as FeatvizWarning
    from featviz.errors import StopSearch as StopSearch
    from featviz.explain import Explanation as Explanation
    from featviz.explain import saliency as saliency
    from featviz.gallery import build_gallery as build_gallery
    from featviz.latent import LatentDescription as LatentDescription
    from featviz.latent import Latents as Latents
    from featviz.latent import Move as Move
    from featviz.objectives import Objective as Objective
    from featviz.objectives import Pareto as Pareto
    from featviz.objectives import Penalty as Penalty
    from featviz.objectives import boundary as boundary
    from featviz.objectives import changes as changes
    from featviz.objectives import direction as direction
    from featviz.objectives import disagreement as disagreement
    from featviz.objectives import distance_to as distance_to
    from featviz.objectives import entropy as entropy
    from featviz.objectives import log_odds as log_odds
    from featviz.objectives import margin as margin
    from featviz.objectives import maximise as maximise
    from featviz.objectives import minimise as minimise
    from featviz.objectives import naturalness as naturalness
    from featviz.objectives import novelty as novelty
    from featviz.objectives import pareto as pareto
    from featviz.objectives import roughness as roughness
    from featviz.objectives import sparsity as sparsity
    from featviz.objectives import target_value as target_value
    from featviz.objectives import total_variation as total_variation
    from featviz.search_spaces import Boolean as Boolean
    from featviz.search_spaces import Choice as Choice
    from featviz.search_spaces import Constant as Constant
    from featviz.search_spaces import Date as Date
    from featviz.search_spaces import DictSpace as DictSpace
    from featviz.search_spaces import Draw as Draw
    from featviz.search_spaces import ImageSpace as ImageSpace
    from featviz.search_spaces import Integer as Integer
    from featviz.search_spaces import ListSpace as ListSpace
    from featviz.search_spaces import LogUniform as LogUniform
    from featviz.search_spaces import Nullable as Nullable
    from featviz.search_spaces import OneOf as OneOf
    from featviz.search_spaces import Optional as Optional
    from featviz.search_spaces import Ordered as Ordered
    from featviz.search_spaces import Permutation as Permutation
    from featviz.search_spaces import Quantiles as Quantiles
    from featviz.search_spaces import Real as Real
    from featviz.search_spaces import RecordSpace as RecordSpace
    from featviz.search_spaces import Rounded as Rounded
    from featviz.search_spaces import Space as Space
    from featviz.search_spaces import TabularSpace as TabularSpace
    from featviz.search_spaces import TimeSeriesSpace as TimeSeriesSpace
    from featviz.search_spaces import TokenSpace as TokenSpace
    from featviz.search_spaces import TupleSpace as TupleSpace
    from featviz.search_spaces import Uniform as Uniform
    from featviz.search_spaces import action_sequences as action_sequences
    from featviz.search_spaces import from_grammar as from_grammar
    from featviz.search_spaces import from_gymnasium as from_gymnasium
    from featviz.search_spaces import from_hypothesis as from_hypothesis
    from featviz.search_spaces import from_json_schema as from_json_schema
    from featviz.search_spaces import from_regex as from_regex
    from featviz.search_spaces import initial_states as initial_states
    from featviz.search_spaces import observations as observations
    from featviz.search_spaces import space as space
    from featviz.study import Ensemble as Ensemble
    from featviz.study import Run as Run
    from featviz.study import Study as Study
    from featviz.study import load as load
    from featviz.study import search as search
    from featviz.study import search_ensemble as search_ensemble
    from featviz.transformations import jitter as jitter
    from featviz.transformations import noise as noise
    from featviz.transformations import rotation as rotation
    from featviz.transformations import row_noise as row_noise
    from featviz.transformations import scaling as scaling
    from featviz.transformations import time_shift as time_shift
    from featviz.transformations import token_dropout as token_dropout

__version__ = VERSION

_HOMES = {
    "featviz.black_boxes": ("BlackBox", "black_box", "robust"),
    "featviz.black_boxes.agents": ("policy", "rollout"),
    "featviz.black_boxes.commands": ("folder_box",),
    "featviz.black_boxes.human": ("human",),
    "featviz.explain": ("Explanation", "saliency"),
    "featviz.gallery": ("build_gallery",),
    "featviz.objectives": (
        "Objective",
        "Pareto",
        "Penalty",
        "boundary",
        "changes",
        "direction",
        "disagreement",
        "distance_to",
        "entropy",
        "log_odds",
        "margin",
        "maximise",
        "minimise",
        "naturalness",
        "novelty",
        "pareto",
        "roughness",
        "sparsity",
        "target_value",
        "total_variation",
    ),
    "featviz.search_spaces": (
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
        "RecordSpace",
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
        "observations",
        "space",
    ),
    "featviz.transformations": (
        "jitter",
        "noise",
        "rotation",
        "row_noise",
        "scaling",
        "time_shift",
        "token_dropout",
    ),
    "featviz.study": ("Ensemble", "Run", "Study", "load", "search", "search_ensemble"),
    "featviz.errors": ("FeatvizError", "FeatvizWarning", "StopSearch"),
    "featviz.latent": ("LatentDescription", "Latents", "Move"),
    "featviz.blocks": ("ImageBlock", "SeriesBlock", "TableBlock", "TextBlock", "TokensBlock"),
}
# Loaded when first used as well. Not in __all__: ``from featviz import *`` is for names to search with.
_MODULES = ("errors", "testing")
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME_OF)]  # noqa: PLE0604  strings, computed from the table above


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"featviz.{name}")
    home = _HOME_OF.get(name)
    if home is None:
        from featviz.checks import did_you_mean  # noqa: PLC0415  only a misspelt name needs it

        raise AttributeError(f"module 'featviz' has no attribute {name!r}.{did_you_mean(name, _HOME_OF)}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES})
