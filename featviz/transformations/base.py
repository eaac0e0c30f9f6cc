"""The base of random transformations of batches of inputs."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from featviz.errors import InvalidArgument, InvalidConfig, WrongType
from featviz.protocols import Spec
from featviz.registry import Registry, import_object, import_path
from featviz.text import shown, visible

__all__ = ["TRANSFORMATIONS", "Function", "Transformation", "as_transformations", "label_of", "spec_of"]

# Classes deriving from ``Transformation``, made as ``cls(**options)``.
TRANSFORMATIONS = Registry(
    "transformation",
    "featviz.transformations",
    {
        "jitter": "featviz.transformations.pictures:Jitter",
        "scaling": "featviz.transformations.pictures:Scaling",
        "rotation": "featviz.transformations.pictures:Rotation",
        "noise": "featviz.transformations.arrays:Noise",
        "time_shift": "featviz.transformations.series:TimeShift",
        "token_dropout": "featviz.transformations.tokens:TokenDropout",
        "row_noise": "featviz.transformations.tables:RowNoise",
    },
)

Function = Callable[[Any, np.random.Generator], Any]


class Transformation(ABC):
    """A random change of inputs that ought to make no difference to what they show.

    One draw is made for a whole batch, and does not depend on how many inputs the batch holds: all candidates are
    changed alike and compared fairly, and a batch that is asked for in parts gets the same answers.
    """

    # The name under which the class is registered; left empty, its import path is used in specs.
    kind: ClassVar[str] = ""

    @abstractmethod
    def __call__(self, inputs: Any, rng: np.random.Generator) -> Any:
        """The n inputs changed, in the form in which they came; new ones, the given are left as they are.

        Raises:
            WrongType: when the inputs are of another kind than it is for.
        """

    def options(self) -> Spec:
        """The keyword arguments that rebuild it, as TOML can hold them; none by default."""
        return {}

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.options().items())
        return f"{type(self).kind or type(self).__name__}({options})"


def as_transformations(given: Any) -> tuple[Function, ...]:
    """One or several transformations, functions, import paths or tables of a spec, checked.

    Raises:
        WrongType: for anything else.
        InvalidArgument: when there is none.
        InvalidConfig: for a table that is not one of a transformation.
    """
    several = list(given) if isinstance(given, list | tuple) else [given]
    if not several:
        raise InvalidArgument("there must be at least one transformation, such as featviz.jitter(2).")
    return tuple(_one(entry) for entry in several)


def spec_of(transformations: Sequence[Function]) -> list[Spec | str] | None:
    """Tables that :func:`as_transformations` reads, import paths of functions; None when one cannot be written."""
    specs: list[Spec | str] = []
    for each in transformations:
        if isinstance(each, Transformation):
            kind = type(each).kind or import_path(type(each))
            spec: Spec | str | None = None if kind is None else {"kind": kind, **each.options()}
        else:
            spec = import_path(each)
        if spec is None:
            return None
        specs.append(spec)
    return specs


def label_of(transformation: Function) -> str:
    """What a transformation is called: its formula, or the name of a function."""
    if isinstance(transformation, Transformation):
        return visible(repr(transformation))
    return visible(getattr(transformation, "__name__", type(transformation).__name__))


def _one(entry: Any) -> Function:
    if isinstance(entry, str):
        entry = import_object(entry)
    if isinstance(entry, Mapping):
        if not isinstance(entry.get("kind"), str):
            raise InvalidConfig(f"a transformation must be a table with an entry 'kind', but it is {shown(entry)}.")
        make = TRANSFORMATIONS.get(entry["kind"])
        try:
            entry = make(**{name: value for name, value in entry.items() if name != "kind"})
        except TypeError as error:  # an option of a wrong type, or one that is missing or unknown
            raise InvalidConfig(f"transformation {visible(make.kind or make.__name__)}: {error}") from error
    if not callable(entry) or isinstance(entry, type):
        raise WrongType(
            "a transformation is one such as featviz.jitter(2), or a function of (inputs, rng), "
            f"but this is {shown(entry)}."
        )
    found: Function = entry
    return found
