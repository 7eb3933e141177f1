"""The fields of a form and the mapping they stand for: the inventory file's own keys, joined by dots.

`sla.uptime_percent` is the key `uptime_percent` of `sla`, `vlans.0.vlan` that of the first of `vlans`. What was left
blank is absent, and a row of a list that is blank as a whole falls out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from werkzeug.datastructures import MultiDict

# A form of ours is far smaller; more would be somebody trying what happens.
_MOST_FIELDS = 2000
_DEEPEST = 4

# A choice that always has a value: a row with nothing else in it was not filled in.
_NEVER_BLANK = frozenset({"language"})

# A form has text alone; the inventory's parsers want a number to be one. What does not look like it stays text, and
# they say what is wrong with it.
_NUMBERS = frozenset(
    {"vlan", "port", "timeout_seconds", "threshold_mbps", "capacity_mbps", "committed_mbps", "download", "upload"}
    | {"uptime_percent", "latency_ms", "loss_percent"}
)
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,9})(\.[0-9]{1,6})?", re.ASCII)
_FLAGS = frozenset({"enabled", "verify"})

# Keys whose blanks at the ends may be meant: names a router gave, and secrets.
_AS_TYPED = frozenset({"interface", "attach_name", "password", "community", "key"})


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that two versions of one thing do not agree on."""

    name: str
    theirs: str
    yours: str


def nested(form: MultiDict[str, str]) -> dict[str, Any]:
    """The mapping that a form stands for, without its blanks, its token and the names that begin with `_`."""
    tree: dict[str, Any] = {}
    for name, value in list(form.items())[:_MOST_FIELDS]:
        path = name.split(".")
        if name.startswith("_") or name == "csrf" or len(path) > _DEEPEST:
            continue
        typed = value if path[-1] in _AS_TYPED else value.strip()
        if typed.strip():
            _put(tree, path, _value(path[-1], typed))
    return {key: _listed(value) for key, value in tree.items()}


def flat(mapping: Mapping[str, Any]) -> dict[str, str]:
    """The fields a mapping fills: the other way round."""
    return dict(_fields("", mapping))


def differences(theirs: Mapping[str, Any], yours: Mapping[str, Any]) -> list[Difference]:
    """What two people made of the same thing, field by field."""
    left, right = flat(theirs), flat(yours)
    names = [*left, *(name for name in right if name not in left)]
    return [
        Difference(name, left.get(name, ""), right.get(name, ""))
        for name in names
        if left.get(name, "") != right.get(name, "")
    ]


def without_row(form: MultiDict[str, str], row: str) -> MultiDict[str, str]:
    """The form without one row (`vlans.1`) of a list."""
    return MultiDict((name, value) for name, value in form.items(multi=True) if not name.startswith(f"{row}."))


def _value(key: str, text: str) -> Any:
    if key in _NUMBERS and (found := _DECIMAL.fullmatch(text)):
        return float(text) if found[2] else int(text)
    return text == "true" if key in _FLAGS and text in {"true", "false"} else text


def _put(tree: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for part in path[:-1]:
        below = tree.setdefault(part, {})
        if not isinstance(below, dict):  # `sla` and `sla.x` at once: no form of ours
            return
        tree = below
    tree.setdefault(path[-1], value)


def _listed(value: Any) -> Any:
    """A mapping whose keys are all numbers is a list: in their order, without gaps."""
    if not isinstance(value, dict):
        return value
    below = {key: _listed(item) for key, item in value.items()}
    if not all(key.isascii() and key.isdigit() for key in below):
        return below
    rows = [below[key] for key in sorted(below, key=lambda key: (len(key), key))]
    return [row for row in rows if not (isinstance(row, dict) and row.keys() <= _NEVER_BLANK)]


def _fields(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _fields(f"{prefix}.{key}" if prefix else str(key), item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, item in enumerate(value):
            yield from _fields(f"{prefix}.{number}", item)
    elif value is not None:
        yield prefix, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
