"""``from_regex``: the texts that match a regular expression, as a space."""

import importlib
import re
from typing import Any

from featviz import checks
from featviz.errors import InvalidArgument, WrongType
from featviz.search_spaces.records.record_space import RecordSpace
from featviz.search_spaces.records.regex_nodes import (
    Branches,
    Characters,
    Group,
    Node,
    Nothing,
    Repeats,
    Room,
    Sequence,
)
from featviz.text import first_line, visible

__all__ = ["from_regex"]

_PRINTABLE = "".join(map(chr, range(32, 127)))
_LONGEST = 10_000
# Of all classes of an expression together; Unicode has 1,114,112. A class of six characters can stand for all of them.
_MOST_CHARACTERS = 2_000_000
# Characters that a class of its own kind stands for, whatever the alphabet.
_CATEGORIES = {
    "CATEGORY_DIGIT": (r"\d", "0123456789"),
    "CATEGORY_NOT_DIGIT": (r"\D", ""),
    "CATEGORY_SPACE": (r"\s", " \t\n\r\f\v"),
    "CATEGORY_NOT_SPACE": (r"\S", ""),
    "CATEGORY_WORD": (r"\w", "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz0123456789"),
    "CATEGORY_NOT_WORD": (r"\W", ""),
}
_REFUSED = {
    "ASSERT": "a look-ahead or look-behind",
    "ASSERT_NOT": "a negative look-ahead or look-behind",
    "GROUPREF": "a reference to a group",
    "GROUPREF_EXISTS": "a condition on a group",
}


def from_regex(pattern: str, max_length: int = 64, *, alphabet: str = _PRINTABLE) -> RecordSpace:
    r"""The texts of which the whole matches a regular expression; a batch is a list of n of them.

    Args:
        pattern: in the syntax of ``re``, such as ``r"[a-z]+@[a-z]+\.(com|org)"``; without look-arounds and references
            to groups.
        max_length: characters of a text at most. All numbers of repeats for which there is room are equally likely.
        alphabet: what ``.``, ``[^...]``, ``\D``, ``\S`` and ``\W`` stand for: printable ASCII when left out.

    Raises:
        WrongType, InvalidArgument: if the pattern is none, cannot be written out, or has no text so short.
    """
    if not isinstance(pattern, str) or not isinstance(alphabet, str):
        raise WrongType(f"pattern and alphabet must be text, but they are {visible(pattern)} and {visible(alphabet)}.")
    longest = checks.integer("max_length", max_length, 0, _LONGEST)
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidArgument(f"{visible(pattern, 80)!r} is no regular expression: {first_line(error)}") from None
    reader = _Reader(alphabet, compiled.flags)
    root = reader.sequence(importlib.import_module("re._parser").parse(pattern), compiled.flags)
    if root.least > longest:
        raise InvalidArgument(
            f"the shortest text that matches {visible(pattern, 80)!r} has {root.least:,} characters: make max_length, "
            f"which is {longest:,}, larger."
        )
    options: dict[str, Any] = {"pattern": pattern, "max_length": longest}
    if alphabet != _PRINTABLE:
        options["alphabet"] = alphabet
    return RecordSpace(
        lambda draw: root.write(draw, Room(longest - root.least)),
        name=f"from_regex({visible(pattern, 60)!r})",
        valid=(lambda text: compiled.fullmatch(text) is not None) if reader.unsure else None,
        spec={"type": "from_regex", **options},
    )


class _Reader:
    """Makes nodes of what Python's own parser of expressions returns.

    Attributes:
        unsure: whether a text may be written that does not match, as anchors in odd places and possessive repeats do.
    """

    def __init__(self, alphabet: str, flags: int) -> None:
        self._alphabet = "".join(sorted(set(alphabet)))
        self._count = 0
        self._looked_at = 0
        self.unsure = bool(flags & re.IGNORECASE)

    def sequence(self, parsed: Any, flags: int) -> Node:
        """A node for several parsed parts."""
        parts = [self._part(str(op), argument, flags) for op, argument in parsed]
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts)) if parts else Nothing()

    def _part(self, op: str, argument: Any, flags: int) -> Node:
        if op in _REFUSED:
            raise InvalidArgument(f"the expression has {_REFUSED[op]}, which cannot be written out. Use valid= for it.")
        if op in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            return self._characters(op, argument, flags)
        if op == "AT":
            self.unsure = True
            return Nothing()
        if op == "BRANCH":
            name = self._named("case")
            return Branches(tuple(self.sequence(part, flags) for part in argument[1]), name)
        if op in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            self.unsure |= op == "POSSESSIVE_REPEAT"
            low, high, part = argument
            unbounded = str(high) == "MAXREPEAT"
            name = self._named("repeat")
            return Repeats(self.sequence(part, flags), int(low), None if unbounded else int(high), name)
        if op == "ATOMIC_GROUP":
            self.unsure = True
            return self.sequence(argument, flags)
        if op == "SUBPATTERN":
            _, added, removed, part = argument
            self.unsure |= bool(added & re.IGNORECASE)
            return Group(self.sequence(part, (flags | added) & ~removed), self._named("group"))
        raise InvalidArgument(f"the expression has {visible(op)}, which cannot be written out here.")

    def _characters(self, op: str, argument: Any, flags: int) -> Characters:
        if op == "ANY":
            pool = self._alphabet
            found = pool if flags & re.DOTALL else pool.replace("\n", "")
        elif op == "NOT_LITERAL":
            found = self._of_class([("NEGATE", None), ("LITERAL", argument)], flags)
        else:
            found = self._of_class([("LITERAL", argument)] if op == "LITERAL" else argument, flags)
        if not found:
            raise InvalidArgument(
                "a class of the expression has no character: give alphabet= what it should draw from."
            )
        return Characters(found, self._named("character"))

    def _of_class(self, items: Any, flags: int) -> str:
        negated, members = False, set[str]()
        for op, argument in ((str(op), argument) for op, argument in items):
            if op == "NEGATE":
                negated = True
            elif op == "LITERAL":
                members.add(chr(argument))
            elif op == "RANGE":
                self._look_at(argument[1] - argument[0] + 1)
                members.update(map(chr, range(argument[0], argument[1] + 1)))
            else:
                written, own = _CATEGORIES[str(argument)]
                self._look_at(len(own) or len(self._alphabet))
                matches = re.compile(written, flags & re.ASCII).fullmatch
                members.update(own or [c for c in self._alphabet if matches(c)])
        if flags & re.IGNORECASE:
            members |= {swapped for c in members if len(swapped := c.swapcase()) == 1}
        if negated:
            self._look_at(len(self._alphabet))
        return "".join(c for c in self._alphabet if c not in members) if negated else "".join(sorted(members))

    def _look_at(self, count: int) -> None:
        self._looked_at += count
        if self._looked_at > _MOST_CHARACTERS:
            raise InvalidArgument(
                f"the classes of the expression hold more than {_MOST_CHARACTERS:,} characters in all: write narrower "
                "ones."
            )

    def _named(self, kind: str) -> str:
        self._count += 1
        return f"{kind} {self._count}"
