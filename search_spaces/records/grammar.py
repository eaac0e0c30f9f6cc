"""``from_grammar``: the texts of a context-free grammar, as a space."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from featviz import checks
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.search_spaces.records.draws import Draw
from featviz.search_spaces.records.record_space import RecordSpace
from featviz.text import shown, visible

__all__ = ["from_grammar"]

_REFERENCE = re.compile(r"(<[A-Za-z_][\w. -]*>)")
# Each level is two calls of Python, whose stack has a thousand.
_DEEPEST = 200
# Characters of one text: a grammar that doubles at each level would fill the memory.
_LONGEST = 1_000_000

# The parts of an alternative: a name of a rule with True, or a text with False.
_Alternative = tuple[tuple[str, bool], ...]


def from_grammar(rules: Mapping[str, Sequence[str] | str], start: str, max_depth: int = 8) -> RecordSpace:
    """The texts that a context-free grammar derives; a batch is a list of n of them.

    ::

        fv.from_grammar(
            {"sum": ["<term>", "<term> + <sum>"], "term": ["<digit>", "(<sum>)"], "digit": list("0123456789")}, "sum"
        )

    Args:
        rules: for each name the alternatives, all equally likely. In an alternative ``<name>`` stands for a rule, and
            anything else for itself. (A rule such as ``"lt": ["<"]`` writes what looks like one.)
        start: the rule of a whole text.
        max_depth: rules within rules at most. Near it, only alternatives that end in time are taken.

    Raises:
        WrongType, InvalidArgument: if a rule is missing or can never end, or no text ends within ``max_depth``.
    """
    parsed = _parsed(rules)
    if not isinstance(start, str) or start not in parsed:
        raise InvalidArgument(f"there is no rule {visible(start)!r} to start from.{checks.did_you_mean(start, parsed)}")
    deepest = checks.integer("max_depth", max_depth, 1, _DEEPEST)
    least = _depths(parsed)
    if least[start] > deepest:
        raise InvalidArgument(
            f"the shallowest text from {visible(start)!r} has {least[start]:,} rules within each other: make "
            f"max_depth, which is {deepest}, larger."
        )
    needs = {name: [_depth_of(alternative, least) for alternative in parsed[name]] for name in parsed}

    def write(draw: Draw, name: str, depth: int) -> str:
        ends = [needed <= depth for needed in needs[name]]
        # All alternatives keep their places, so that a record means the same at every depth.
        p = None if all(ends) else [ok / sum(ends) for ok in ends]
        case, inside = draw.branch(name, len(ends), p)
        text = "".join([write(inside, part, depth - 1) if rule else part for part, rule in parsed[name][case]])
        if len(text) > _LONGEST:
            raise SpaceError(f"a text has more than {_LONGEST:,} characters: make max_depth smaller.")
        return text

    listed = {name: [given] if isinstance(given, str) else list(given) for name, given in rules.items()}
    return RecordSpace(
        lambda draw: write(draw, start, deepest),
        name=f"from_grammar({visible(start, 60)})",
        spec={"type": "from_grammar", "rules": listed, "start": start, "max_depth": deepest},
    )


def _parsed(rules: Any) -> dict[str, list[_Alternative]]:
    if not isinstance(rules, Mapping) or not rules:
        raise WrongType(f"rules must be a dict of names with lists of alternatives, but they are {shown(rules)}.")
    found: dict[str, list[_Alternative]] = {}
    for name, given in rules.items():
        if not isinstance(name, str) or not _REFERENCE.fullmatch(f"<{name}>"):
            raise InvalidArgument(f"a rule cannot be called {shown(name)}: use letters, digits, '_', '-', '.', blanks.")
        alternatives = [given] if isinstance(given, str) else given
        if not isinstance(alternatives, Sequence) or not all(isinstance(a, str) for a in alternatives):
            raise WrongType(f"the rule {visible(name)!r} must be a list of texts, but it is {shown(given)}.")
        if not alternatives:
            raise InvalidArgument(f"the rule {visible(name)!r} has no alternative; for nothing at all write [''].")
        found[name] = [_split(alternative, rules, name) for alternative in alternatives]
    return found


def _split(alternative: str, rules: Mapping[str, Any], of: str) -> _Alternative:
    parts = []
    for place, part in enumerate(_REFERENCE.split(alternative)):
        is_rule = place % 2 == 1
        text = part[1:-1] if is_rule else part
        if is_rule and text not in rules:
            raise InvalidArgument(
                f"the rule {visible(of)!r} needs a rule {visible(text)!r}, which is not there."
                f"{checks.did_you_mean(text, [n for n in rules if isinstance(n, str)])} To write '<{visible(text)}>' "
                "itself, add a rule 'lt': ['<'] and use '<lt>'."
            )
        if text:
            parts.append((text, is_rule))
    return tuple(parts)


def _depths(parsed: Mapping[str, list[_Alternative]]) -> dict[str, int]:
    """For each rule the number of rules within each other in its shallowest text."""
    # Level by level: an alternative ends one level above the last of its rules, and a rule with the first that ends.
    missing: dict[tuple[str, int], int] = {}
    users: dict[str, list[tuple[str, int]]] = {name: [] for name in parsed}
    for name, alternatives in parsed.items():
        for place, alternative in enumerate(alternatives):
            needed = {part for part, is_rule in alternative if is_rule}
            missing[name, place] = len(needed)
            for part in needed:
                users[part].append((name, place))
    least: dict[str, int] = {}
    ending = [name for (name, _), count in missing.items() if not count]
    depth = 0
    while ending:
        depth += 1
        new = [name for name in dict.fromkeys(ending) if name not in least]
        least |= dict.fromkeys(new, depth)
        ending = []
        for user in (user for name in new for user in users[name]):
            missing[user] -= 1
            if not missing[user]:
                ending.append(user[0])
    endless = [name for name in parsed if name not in least]
    if endless:
        raise InvalidArgument(
            f"the rule {visible(endless[0])!r} can never end: each of its alternatives leads back to it. Give it one "
            "that does not."
        )
    return least


def _depth_of(alternative: _Alternative, least: Mapping[str, int]) -> int:
    return 1 + max((least[part] for part, is_rule in alternative if is_rule), default=0)
