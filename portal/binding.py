"""What an entry of the catalogue is, and the only way a value gets into one: ids alone, put in on the server."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Audience = Literal["tenant", "staff", "platform"]
Unit = Literal[
    "bps", "ratio", "seconds", "celsius", "count", "mixed", "state", "per second", "bytes", "cores", "unix milliseconds"
]

MAX_IDS = 1_000  # in one query: a page has far fewer
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_PLACE = re.compile(r"\$([a-z]+)")


@dataclass(frozen=True, slots=True)
class Query:
    """One entry. `legend` names a line by its labels, as `{{label}}`; `what` is a sentence for people."""

    name: str
    expr: str
    audience: Audience
    unit: Unit
    legend: str
    what: str


def bind(  # noqa: PLR0913 - one keyword for each thing a query can be about
    query: Query,
    *,
    isp: str | None = None,
    tenant: str | None = None,
    circuit: str | None = None,
    link: str | None = None,
    device: str | None = None,
    tenants: Iterable[str] | None = None,
    circuits: Iterable[str] | None = None,
    links: Iterable[str] | None = None,
    devices: Iterable[str] | None = None,
) -> str:
    """The expression of `query` with these ids in it.

    Raises ValueError for anything that is not an id, for no or more than MAX_IDS of several, for one that is missing,
    and for one the query has no place for: a query that binds less than its caller thinks would show too much.
    """
    one = {"isp": isp, "tenant": tenant, "circuit": circuit, "link": link, "device": device}
    several = {"tenants": tenants, "circuits": circuits, "links": links, "devices": devices}
    values = {name: _checked(name, value) for name, value in one.items() if value is not None}
    values |= {name: _alternation(name, ids) for name, ids in several.items() if ids is not None}
    wanted = set(_PLACE.findall(query.expr))
    if wanted != set(values):
        raise ValueError(f"{query.name} takes {sorted(wanted)}, and was given {sorted(values)}")
    return _PLACE.sub(lambda place: values[place[1]], query.expr)


def is_id(value: str) -> bool:
    """Whether `value` is written as an id of the inventory is."""
    return _ID.fullmatch(value) is not None


def _checked(name: str, value: str) -> str:
    if not is_id(value):
        raise ValueError(f"{name}: {value[:80]!r} is not an id")
    return value


def _alternation(name: str, ids: Iterable[str]) -> str:
    """`a|b|c`. PromQL anchors a regular expression at both ends, and nothing in an id has a meaning there."""
    found = sorted({_checked(name, value) for value in ids})
    if not 1 <= len(found) <= MAX_IDS:
        raise ValueError(f"{name}: {len(found)} ids; expected 1 to {MAX_IDS}")
    return "|".join(found)
