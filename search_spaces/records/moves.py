"""Search operators on records. Each changes some values by their paths; one replay makes a valid record of the result.

What a change calls for and nobody gives (a longer list, another branch) is drawn from the prior in that replay.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from featviz.latent import Latents, Move, Record
from featviz.search_spaces.records.domains import Domain, Value
from featviz.search_spaces.records.structure import (
    Values,
    elements_of,
    lists_of,
    rearranged,
    spans_of,
    unit_of,
    within,
)
from featviz.search_spaces.records.tapes import Edit

__all__ = ["Complete", "record_moves"]

# A record from values by path, what they lack drawn with the generator, and some of them edited.
Complete = Callable[[Values, np.random.Generator, dict[str, Edit]], Record]
# What a move makes of the values of a parent and of a mate; None where it has nothing to work on.
Change = Callable[[Values, Values, np.random.Generator], tuple[Values, dict[str, Edit]] | None]
_Changed = tuple[Values, dict[str, Edit]] | None


def record_moves(complete: Complete) -> tuple[Move, ...]:
    """The moves of a space whose records ``complete`` makes."""
    weights: dict[str, tuple[Change, float]] = {
        "change a choice": (_change, 1.0),
        "step": (_step, 1.0),
        "redraw a part": (_redraw, 0.5),
        "insert": (_insert, 0.5),
        "delete": (_delete, 0.5),
        "duplicate": (_duplicate, 0.5),
        "swap": (_swap, 0.5),
        "shift a block": (_shift, 0.5),
        "exchange a part": (_exchange, 1.0),
        "graft": (_graft, 0.5),
        "transplant an element": (_transplant, 0.5),
        "splice lists": (_splice, 0.5),
        "mix": (_mix, 0.5),
    }
    return tuple(_move(name, change, weight, complete) for name, (change, weight) in weights.items())


def _move(name: str, change: Change, weight: float, complete: Complete) -> Move:
    def child(parent: Record, mate: Record, rng: np.random.Generator) -> Record:
        if not parent:
            return parent
        values = dict(parent)
        # Where there is no list, or the mate has nothing else, something must change all the same.
        changed, edits = change(values, dict(mate), rng) or _change(values, values, rng)
        made = complete(changed, rng, edits)
        if made != parent:
            return made
        changed, edits = _change(values, values, rng)
        return complete(changed, rng, edits)

    def propose(parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
        rows = zip(parents.records[:, 0], mates.records[:, 0], strict=True)
        return Latents.of_records([child(parent, mate, rng) for parent, mate in rows])

    return Move(name, propose, weight)


def _other(domain: Domain, value: Value, rng: np.random.Generator) -> Value:
    return domain.other(value, rng)


def _near(domain: Domain, value: Value, rng: np.random.Generator) -> Value:
    return domain.near(value, rng)


def _change(values: Values, mate: Values, rng: np.random.Generator) -> tuple[Values, dict[str, Edit]]:  # noqa: ARG001
    """Another value of one choice."""
    return values, {_picked(list(values), rng): _other}


def _step(values: Values, mate: Values, rng: np.random.Generator) -> _Changed:  # noqa: ARG001  a mate is not needed
    """A neighbour of one value."""
    return values, {_picked(list(values), rng): _near}


def _redraw(values: Values, mate: Values, rng: np.random.Generator) -> _Changed:  # noqa: ARG001  a mate is not needed
    """A part drawn anew: a list element, or all that stands under a name."""
    parts = spans_of(_picked(list(values), rng))[:-1]
    if not parts:
        return None
    part = _picked(parts, rng)
    return {path: value for path, value in values.items() if not path.startswith(part + "/")}, {}


def _insert(values: Values, mate: Values, rng: np.random.Generator) -> _Changed:  # noqa: ARG001  a mate is not needed
    """A new list element."""
    return _with_list(values, rng, lambda elements: elements.insert(_below(len(elements) + 1, rng), {}))


def _delete(values: Values, mate: Values, rng: np.random.Generator) -> _Changed:  # noqa: ARG001  a mate is not needed
    """One list element less."""
    return _with_list(values, rng, lambda elements: elements.pop(_below(len(elements), rng)))


def _duplicate(values: Values, mate: Values, rng: np.random.Generator) -> _Changed:  # noqa: ARG001
    """A list element, or a run of them, once more, behind itself or in place of others."""

    def copy(elements: list[Values]) -> None:
        begin, end = _block(len(elements), rng)
        place = _below(len(elements) + 1, rng)
        if rng.random() < 0.5:
            elements[place:place] = elements[begin:end]
        else:
            elements[place : place + end - begin] = elements[begin:end]

    return _with_list(values, rng, copy)


def _swap(values: Values, mate: Values, rng: np.random.Generator) -> _Changed:  # noqa: ARG001  a mate is not needed
    """Two list elements in each other's place."""

    def swap(elements: list[Values]) -> None:
        first, second = _below(len(elements), rng), _below(len(elements), rng)
        elements[first], elements[second] = elements[second], elements[first]

    return _with_list(values, rng, swap)


def _shift(values: Values, mate: Values, rng: np.random.Generator) -> _Changed:  # noqa: ARG001  a mate is not needed
    """A run of list elements moved to another place."""

    def shift(elements: list[Values]) -> None:
        begin, end = _block(len(elements), rng)
        block = elements[begin:end]
        del elements[begin:end]
        place = _below(len(elements) + 1, rng)
        elements[place:place] = block

    return _with_list(values, rng, shift)


def _exchange(values: Values, mate: Values, rng: np.random.Generator) -> _Changed:
    """A part in which the mate differs, from the mate: a choice, a list element, a list, or more."""
    differing = [path for path, value in mate.items() if values.get(path) != value]
    if not differing:
        return None
    part = _picked(spans_of(_picked(differing, rng)), rng)
    kept = {path: value for path, value in values.items() if not within(path, part)}
    return kept | {path: value for path, value in mate.items() if within(path, part)}, {}


def _graft(values: Values, mate: Values, rng: np.random.Generator) -> _Changed:
    """A part of the mate in place of another part that bears the same name: subtree crossover (Koza 1992)."""
    source = _picked(spans_of(_picked(list(mate), rng)), rng)
    name = _kind(source)
    targets = [part for part in dict.fromkeys(s for path in values for s in spans_of(path)) if _kind(part) == name]
    if not targets:
        return None
    target = _picked(targets, rng)
    kept = {path: value for path, value in values.items() if not within(path, target)}
    moved = {target + path[len(source) :]: value for path, value in mate.items() if within(path, source)}
    return kept | moved, {}


def _kind(part: str) -> str:
    """The name of a part without its place: of a list element that of the list."""
    steps = part.split("/")
    below = "" if not steps[-1].isdecimal() else "/"
    name = steps[-2] if below and len(steps) > 1 else steps[-1]
    return name.partition("#")[0] + below


def _transplant(values: Values, mate: Values, rng: np.random.Generator) -> _Changed:
    """An element, or a run of them, of a list of the mate, in any place of the same list."""
    theirs = lists_of(mate)
    common = [name for name in lists_of(values) if name in theirs]
    if not common:
        return None
    name = _picked(common, rng)
    own, foreign = _elements(values, name), _elements(mate, name)
    begin, end = _block(len(foreign), rng)
    place = _below(len(own) + 1, rng)
    replaced = 0 if rng.random() < 0.5 else end - begin
    own[place : place + replaced] = foreign[begin:end]
    return rearranged(values, name, own), {}


def _splice(values: Values, mate: Values, rng: np.random.Generator) -> _Changed:
    """The beginning of a list, and the end of the mate's: crossover at the borders of elements."""
    theirs = lists_of(mate)
    common = [name for name in lists_of(values) if name in theirs]
    if not common:
        return None
    name = _picked(common, rng)
    own, foreign = _elements(values, name), _elements(mate, name)
    cut = _below(len(own) + 1, rng)
    # At the same place as often as anywhere: lengths are kept, and what fits together stays together.
    other = min(cut, len(foreign)) if rng.random() < 0.5 else _below(len(foreign) + 1, rng)
    return rearranged(values, name, own[:cut] + foreign[other:]), {}


def _mix(values: Values, mate: Values, rng: np.random.Generator) -> _Changed:
    """Each part from either parent (uniform crossover); one that only one of them has from that one."""
    own, theirs = ({unit_of(path) for path in source} for source in (values, mate))
    # In the order of the paths, which a set does not have.
    units = dict.fromkeys(unit_of(path) for path in (*values, *mate))
    from_mate = {unit: rng.random() < 0.5 if unit in own and unit in theirs else unit in theirs for unit in units}
    mixed = {path: value for path, value in values.items() if not from_mate[unit_of(path)]}
    mixed |= {path: value for path, value in mate.items() if from_mate[unit_of(path)]}
    return None if mixed == values else (mixed, {})


def _with_list(values: Values, rng: np.random.Generator, change: Callable[[list[Values]], Any]) -> _Changed:
    lists = [name for name, count in lists_of(values).items() if count]
    if not lists:
        return None
    name = _picked(lists, rng)
    elements = _elements(values, name)
    change(elements)
    changed = rearranged(values, name, elements)
    return None if changed == values else (changed, {})


def _elements(values: Values, name: str) -> list[Values]:
    found = elements_of(values, name)
    return [found.get(place, {}) for place in range(lists_of(values)[name])]


def _block(count: int, rng: np.random.Generator) -> tuple[int, int]:
    """Begin and end of a run of elements; short ones are the most likely."""
    length = min(1 + _below(1 + _below(count, rng), rng), count)
    begin = _below(count - length + 1, rng)
    return begin, begin + length


def _picked(things: list[str], rng: np.random.Generator) -> str:
    return things[_below(len(things), rng)]


def _below(count: int, rng: np.random.Generator) -> int:
    return int(count * rng.random())
