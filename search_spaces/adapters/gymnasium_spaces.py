"""``from_gymnasium``: the space of inputs that a Gymnasium space describes."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.batches import stack, unstack
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.protocols import Spec
from featviz.search_spaces.adapters.arrays import BoundedArray, ChoiceArray
from featviz.search_spaces.adapters.converted import Converted
from featviz.search_spaces.adapters.texts import AlphabetText
from featviz.search_spaces.base import Space
from featviz.search_spaces.composites import Constant, DictSpace, ListSpace, OneOf, TupleSpace
from featviz.search_spaces.composites.parts import part_of
from featviz.search_spaces.image import ImageSpace
from featviz.search_spaces.quantities import Uniform
from featviz.text import shown, visible

__all__ = ["Graphs", "Pictures", "Sequences", "from_gymnasium"]

# From so many values on a number of Discrete is drawn as one in a range, by one real gene.
_MOST_OPTIONS = 10_000
_SMALLEST_PICTURE = 8


def from_gymnasium(space: Any, *, max_length: int = 8) -> Space:
    """The space of inputs that a Gymnasium space describes; each of them is a member of it (``space.contains``).

    Args:
        space: Box, Discrete, MultiDiscrete, MultiBinary, Text, Dict, Tuple, Sequence, Graph or OneOf, nested in any
            way. The elements of Sequence and the nodes and edges of Graph are Box or Discrete where they are stacked.
        max_length: the most elements of a Sequence, and nodes and edges of a Graph, which have no bound of their own.

    Returns:
        A space with arrays of the space's dtype for batches of Box, Discrete, MultiDiscrete and MultiBinary; dicts and
        tuples of batches for Dict and Tuple; lists of n inputs for the others. A Box of uint8 from 0 to 255 of shape
        (height, width, 1, 3 or 4 channels) is searched as pictures are.

    Raises:
        WrongType: if it is no Gymnasium space.
        InvalidArgument: if it is of another kind, or has one member only.
    """
    longest = checks.integer("max_length", max_length, 1)
    from gymnasium import spaces  # noqa: PLC0415  an optional dependency; whoever has a space has it

    if not isinstance(space, spaces.Space):
        raise WrongType(f"expected a Gymnasium space, but it is {shown(space)}.")
    found = _part(space, longest)
    if isinstance(found, Constant):
        raise InvalidArgument(f"{visible(space, 100)} has one member only: there is nothing to search.")
    return found  # type: ignore[no-any-return]  # a maker gives a space or a constant


def _part(space: Any, longest: int) -> Any:
    """A Gymnasium space as a part of a space."""
    for cls in type(space).__mro__:
        if cls.__name__ in _MAKERS and cls.__module__.startswith("gymnasium.spaces"):
            return _MAKERS[cls.__name__](space, longest)
    raise InvalidArgument(f"{visible(type(space).__name__)} cannot be searched. Known are: {', '.join(_MAKERS)}.")


def _box(space: Any, longest: int) -> Any:  # noqa: ARG001  all makers take it
    pictures = space.dtype == np.uint8 and (space.low == 0).all() and (space.high == 255).all()
    if pictures and len(space.shape) == 3 and space.shape[2] in {1, 3, 4} and min(space.shape[:2]) >= _SMALLEST_PICTURE:
        return Pictures(*space.shape)
    if not space.shape or (space.low < space.high).any():
        return BoundedArray(space.low, space.high, space.shape, str(space.dtype))
    return Constant(space.low.copy())


def _discrete(space: Any, longest: int) -> Any:  # noqa: ARG001  as above
    count, start = int(space.n), int(space.start)
    if count == 1:
        return Constant(space.dtype.type(start))
    if count > _MOST_OPTIONS:
        return BoundedArray(start, start + count - 1, (), str(space.dtype))
    return ChoiceArray(count, start, (), str(space.dtype))


def _choices(counts: Any, start: Any, space: Any) -> Any:
    if (np.asarray(counts) == 1).all():
        return Constant(np.broadcast_to(start, space.shape).astype(space.dtype))
    return ChoiceArray(counts, start, space.shape, str(space.dtype))


def _text(space: Any, longest: int) -> Any:  # noqa: ARG001  as above
    letters = sorted(space.character_set)
    if space.max_length == 0 or (len(letters) == 1 and space.min_length == space.max_length):
        return Constant((letters or [""])[0] * space.max_length)
    return AlphabetText(letters, space.min_length, space.max_length)


def _dict(space: Any, longest: int) -> Any:
    parts = {name: _part(part, longest) for name, part in space.spaces.items()}
    if all(isinstance(part, Constant) for part in parts.values()):
        return Constant({name: part.value for name, part in parts.items()})
    return DictSpace(parts)


def _tuple(space: Any, longest: int) -> Any:
    parts = [_part(part, longest) for part in space.spaces]
    if all(isinstance(part, Constant) for part in parts):
        return Constant(tuple(part.value for part in parts))
    return TupleSpace(parts)


def _one_of(space: Any, longest: int) -> Any:
    # A member of OneOf is the place of an option and a member of it.
    parts = []
    for i, option in enumerate(space.spaces):
        part = _part(option, longest)
        parts.append(Constant((i, part.value)) if isinstance(part, Constant) else TupleSpace([Constant(i), part]))
    return OneOf(parts) if len(parts) > 1 else parts[0]


def _sequence(space: Any, longest: int) -> Any:
    element = _part(space.feature_space, longest)
    if isinstance(element, Constant):
        raise InvalidArgument("the elements of a Sequence have one value only: there is nothing to search.")
    return Sequences(element, longest, stacked=bool(space.stack))


def _graph(space: Any, longest: int) -> Any:
    node = _part(space.node_space, longest)
    edge = None if space.edge_space is None else _part(space.edge_space, longest)
    if not isinstance(node, BoundedArray | ChoiceArray) or not isinstance(edge, BoundedArray | ChoiceArray | None):
        raise InvalidArgument("the nodes and edges of a Graph must be a Box or Discrete with more than one value.")
    return Graphs(node, edge, longest)


_MAKERS: dict[str, Callable[[Any, int], Any]] = {
    "Box": _box,
    "Discrete": _discrete,
    "MultiDiscrete": lambda space, _: _choices(space.nvec, space.start, space),
    "MultiBinary": lambda space, _: ChoiceArray(2, 0, space.shape, str(space.dtype)),
    "Text": _text,
    "Dict": _dict,
    "Tuple": _tuple,
    "Sequence": _sequence,
    "Graph": _graph,
    "OneOf": _one_of,
}


class Pictures(Converted):
    """Pictures of bytes, uint8 of shape (n, height, width, channels), searched as :class:`ImageSpace` does.

    Args:
        height: in pixels.
        width: in pixels.
        channels: how many there are.
    """

    def __init__(self, height: int, width: int, channels: int = 1) -> None:
        self._given = {"height": int(height), "width": int(width), "channels": int(channels)}
        self._part = part_of("pictures", ImageSpace(height, width, channels, low=0, high=255))
        self.variables = {"picture": self._part.given}

    def _to_form(self, inputs: Any) -> NDArray[np.uint8]:
        rounded: NDArray[np.uint8] = np.rint(inputs).astype(np.uint8)
        return rounded

    def _from_form(self, inputs: Any) -> Any:
        return np.asarray(inputs)

    def spec(self) -> Spec:
        """The size."""
        return {"type": self._kind, **self._given}


class Sequences(Converted):
    """Tuples of any length of members of one space, or their stacked batch.

    Args:
        space: of an element.
        max_length: the most elements.
        stacked: whether an input is the batch of its elements (an array, a dict or tuple of arrays).

    A batch is a list of n of them.
    """

    def __init__(self, space: Any, max_length: int, stacked: bool = False) -> None:
        self._max_length, self._stacked = max_length, stacked
        self._list = ListSpace(space, 0, max_length)
        self._part = part_of("sequence", self._list)
        self._element = part_of("space", space)
        self.variables = {"element": self._element.given}

    def _to_form(self, inputs: Any) -> list[Any]:
        if not self._stacked:
            return [tuple(unstack(row)) for row in inputs]
        none = self._element.decode(self._element.neutral[:0])
        return [stack(unstack(row)) if len(row) else none for row in inputs]

    def _from_form(self, inputs: Any) -> list[Any]:
        return [unstack(row) if self._stacked else list(row) for row in unstack(inputs)]

    def spec(self) -> Spec | None:
        """The element's own, the length, and whether they are stacked."""
        spec = self._element.spec()
        given = {"space": spec, "max_length": self._max_length, "stacked": self._stacked}
        return None if spec is None else {"type": self._kind, **given}


class Graphs(Converted):
    """Graphs as Gymnasium's ``GraphInstance``: nodes, edges, and between which nodes an edge goes.

    Args:
        node: the space of a node.
        edge: the space of an edge; None for graphs of nodes alone.
        most: the most nodes, and the most edges.

    A batch is a list of n graphs. An edge may go from any node to any, itself included.
    """

    def __init__(self, node: Any, edge: Any = None, most: int = 8) -> None:
        self._most = most
        self._node, self._edge = part_of("node", node), None if edge is None else part_of("edge", edge)
        parts = {"nodes": ListSpace(node, 1, most)}
        if edge is not None:
            ends = {"from": Uniform(0, 1), "to": Uniform(0, 1), "edge": edge}
            parts["edges"] = ListSpace(DictSpace(ends), 0, most)
        self._part = part_of("graph", DictSpace(parts))
        self.variables = {name: part.variables["element"] for name, part in parts.items()}

    def _to_form(self, inputs: Any) -> list[Any]:
        from gymnasium.spaces import GraphInstance  # noqa: PLC0415  an optional dependency

        if self._edge is None:
            return [GraphInstance(nodes, None, None) for nodes in inputs["nodes"]]
        none = self._edge.decode(self._edge.neutral[:0])
        found = []
        for nodes, edges in zip(inputs["nodes"], inputs["edges"], strict=True):
            ends = np.array([[edge["from"], edge["to"]] for edge in edges]).reshape(-1, 2)
            links = np.minimum((ends * len(nodes)).astype(np.int64), len(nodes) - 1)
            found.append(GraphInstance(nodes, stack([edge["edge"] for edge in edges]) if edges else none, links))
        return found

    def _from_form(self, inputs: Any) -> dict[str, Any]:
        graphs = inputs if isinstance(inputs, list) else unstack(inputs)
        nodes = [graph[0] for graph in graphs]
        if self._edge is None:
            return {"nodes": nodes}
        edges = []
        for graph in graphs:
            if graph[1] is None or len(graph[1]) != len(graph[2]):
                raise SpaceError("a graph must have one link an edge.")
            ends = (np.asarray(graph[2], dtype=np.float64) + 0.5) / len(graph[0])
            rows = zip(unstack(graph[1]), ends.tolist(), strict=True)
            edges.append([{"from": start, "to": end, "edge": edge} for edge, (start, end) in rows])
        return {"nodes": nodes, "edges": edges}

    def spec(self) -> Spec | None:
        """The spaces of nodes and edges, and how many there may be."""
        edge = {} if self._edge is None else {"edge": self._edge.spec()}
        return {"type": self._kind, "node": self._node.spec(), **edge, "most": self._most}
