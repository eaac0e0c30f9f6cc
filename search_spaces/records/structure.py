"""What the paths of a record say of its shape: its lists, their elements, and the parts that people would name."""

from collections.abc import Mapping, Sequence

from featviz.search_spaces.records.domains import Value

__all__ = ["Values", "elements_of", "lists_of", "rearranged", "spans_of", "unit_of", "within"]

Values = dict[str, Value]


def within(path: str, node: str) -> bool:
    """Whether ``path`` is ``node`` or stands below it."""
    return path == node or path.startswith(node + "/")


def spans_of(path: str) -> list[str]:
    """Every part that ``path`` belongs to, from the widest to itself."""
    cuts = [place for place, character in enumerate(path) if character == "/"]
    return [*(path[:cut] for cut in cuts), path]


def unit_of(path: str) -> str:
    """The part of an input that a reader would point at: a list element, a shuffle, a variable, or a single choice."""
    steps = path.split("/")
    for place, step in enumerate(steps):
        if step.isdecimal():
            last = place == len(steps) - 1
            return "/".join(steps[:place] if last else steps[: place + 1])
    return path


def lists_of(values: Mapping[str, Value]) -> dict[str, int]:
    """The number of elements of each list that has any with choices in them, by the path of the list."""
    found: dict[str, int] = {}
    for path in values:
        steps = path.split("/")
        for place in range(1, len(steps) - 1):
            if steps[place].isdecimal():
                name = "/".join(steps[:place])
                found[name] = max(found.get(name, 0), int(steps[place]) + 1)
    # The recorded length counts elements without choices too.
    return {name: max(count, int(values.get(name, 0))) for name, count in found.items()}


def elements_of(values: Mapping[str, Value], name: str) -> dict[int, Values]:
    """The choices of each element of a list, by what follows the element's path."""
    found: dict[int, Values] = {}
    begin = len(name) + 1
    for path, value in values.items():
        if path.startswith(name + "/"):
            place, slash, rest = path[begin:].partition("/")
            if slash and place.isdecimal():
                found.setdefault(int(place), {})[rest] = value
    return found


def rearranged(values: Mapping[str, Value], name: str, elements: Sequence[Values]) -> Values:
    """``values`` with these elements in the list ``name``; an empty one is to be drawn."""
    kept = {path: value for path, value in values.items() if not path.startswith(name + "/")}
    if name in kept:
        kept[name] = len(elements)
    for place, element in enumerate(elements):
        kept |= {f"{name}/{place}/{rest}": value for rest, value in element.items()}
    return kept
