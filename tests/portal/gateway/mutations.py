"""Expressions a hair from the catalogue: what somebody would try who knows it."""

from __future__ import annotations

import random

from portal.queries import CATALOGUE
from tests.portal.world import SKY

_CIRCUITS = ("sky-r1-main", "sky-r1-backup", "sky-r2-main", "del-r1-main", "sky-nowhere", ".*", "$circuit")
_PIECES = (
    '"',
    "'",
    "{",
    "}",
    "(",
    ")",
    " or up",
    " # ",
    "\n",
    "\u200b",
    ",",
    "=~",
    "!=",
    "[5m]",
    "\\",
    "$",
    "\0",
    "|.*",
)
_ENTRIES = [query.expr for query in CATALOGUE.values()]


def made_up() -> str:
    """An entry with ids in its places, changed in up to three places; one in ten is left as it is."""
    expr = random.choice(_ENTRIES)
    for place, values in (("circuit", _CIRCUITS), ("link", (SKY.link, "del-nttn")), ("device", (SKY.device, "x"))):
        expr = expr.replace(f"${place}", random.choice(values))
    for _ in range(random.choice((0, 1, 1, 1, 1, 2, 2, 2, 3, 3))):
        expr = _changed(expr)
    return expr


def _changed(expr: str) -> str:
    at = random.randrange(len(expr) + 1)
    until = min(len(expr), at + random.choice((1, 1, 2, 5, 20)))
    rest = {
        "cut": expr[until:],
        "put in": random.choice(_PIECES) + expr[at:],
        "put in place": random.choice(_PIECES) + expr[until:],
        "repeat": expr[at:until] + expr[at:],
        "go on as another": random.choice(_ENTRIES)[at:],
        "a letter": chr(random.choice((0x20, 0xA0, 0x456, 0x2028, 0x1F600, random.randrange(32, 127)))) + expr[at:],
    }
    if random.random() < 0.1:
        return expr.replace("$tenant", random.choice(("sky-r2", "sky-r1", ".*", "")))
    return expr[:at] + rest[random.choice(tuple(rest))]


def is_own(sent: str, asked: str) -> bool:
    """Whether that is an entry of the tenants with sky-r1's own in it, and was sent as that to the letter."""
    for query in CATALOGUE.values():
        for circuit in ("sky-r1-main", "sky-r1-backup"):
            filled = query.expr.replace("$circuit", circuit)
            own = filled.replace("$isp", "skylink").replace("$tenant", "sky-r1")
            if query.audience == "tenant" and sent == filled and asked == own:
                return True
    return False
