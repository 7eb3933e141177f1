"""What an entry of the audit says of a write: of what came or went all of it, of a change each field, old and new."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Body = Mapping[str, Any]


def told(before: Body | None, after: Body | None) -> dict[str, Any]:
    """The detail of an entry, out of two bodies of `inventory/bodies.py`; None is a thing that is not there.

    Of a change it is `changes`: a pair of old and new for each field that differs, null for one that is not there, and
    of a list the items alone that are in one of both. Bodies hold no secrets, so no entry does.
    """
    old, new = (None if body is None else _flat(body) for body in (before, after))
    if old is None or new is None:
        return {name: value for name, value in (new or old or {}).items() if name != "id"}
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return {"changes": {name: _pair(old.get(name), new.get(name)) for name in names}}


def told_secrets(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, str]:
    """By name, what became of what may not be shown: set, replaced or removed; without what stayed."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: "set" if name not in before else "replaced" if name in after else "removed" for name in names}


def _flat(body: Body, prefix: str = "") -> dict[str, Any]:
    """`{"sla": {"loss_percent": 1}}` as `{"sla.loss_percent": 1}`, in what JSON has; lists as lists of texts."""
    found: dict[str, Any] = {}
    for key, value in body.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found |= _flat(value, f"{name}.")
        elif isinstance(value, list):
            found[name] = [_item(each) for each in value]
        else:
            found[name] = float(value) if isinstance(value, Decimal) else value
    return found


def _item(value: object) -> str:
    """One of a list on a line: `name NOC, email noc@example.net`."""
    return ", ".join(f"{key} {each}" for key, each in value.items()) if isinstance(value, Mapping) else str(value)


def _pair(old: Any, new: Any) -> list[Any]:
    if not isinstance(old, list) and not isinstance(new, list):
        return [old, new]
    before, after = old or [], new or []
    kept = set(before) & set(after)
    gone, came = ([each for each in items if each not in kept] for items in (before, after))
    return [gone, came] if gone or came else [before, after]  # the same in another order
