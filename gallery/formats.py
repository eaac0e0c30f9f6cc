"""Dates, values of a description and names of pages in the wording that the gallery uses."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from featviz.display.formats import count, number

__all__ = ["date", "flat", "page_name"]

_SLUG_LENGTH = 40


def date(value: Any) -> str:
    """A moment, as TOML gives it (text or a datetime), to the minute: ``2026-11-23 06:43``."""
    text = str(value) if value is not None else ""
    match = re.match(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d))?", text)
    return " ".join(part for part in match.groups() if part) if match else text


def flat(value: Any) -> str:
    """A value of a TOML file as one line of text, without brackets and quotes."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {flat(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(flat(part) for part in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value)
    return number(value) if isinstance(value, float) else str(value)


def page_name(name: str, identity: Any) -> str:
    """A file name for the page of a run: safe on every file system, and the same at every build.

    Args:
        name: the run's name; foreign text, of which only ASCII letters and digits are kept.
        identity: what tells this run from others of its name; anything that JSON or ``str`` can write.
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:_SLUG_LENGTH].strip("-") or "run"
    text = json.dumps([name, identity], sort_keys=True, default=str)  # ASCII: surrogates become escapes
    return f"{slug}-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"
