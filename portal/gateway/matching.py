"""Which entry of the catalogue a text is: to the letter, but for the ids in its open places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from portal.binding import Query
from portal.queries import CATALOGUE

# What Grafana puts in itself, from a dashboard's variable. Everything else is put in by us, from the registry.
OPEN_PLACES = ("circuit", "link", "device")
_OURS = frozenset({"isp", "tenant"})

MAX_LENGTH = 2_000  # characters; the longest entry has half of it
_PLACE = re.compile(r"\$([a-z]+)")
_ID = "[a-z0-9][a-z0-9-]{0,62}"


@dataclass(frozen=True, slots=True)
class Matched:
    """An entry, and what stood in its open places. Whose that is nobody has asked yet."""

    query: Query
    places: Mapping[str, str]


class Matcher:
    """Knows the texts of `queries`; those with a place for several ids are no panel's, and never match."""

    def __init__(self, queries: Iterable[Query]) -> None:
        self._patterns = [
            (query, re.compile(_pattern(query.expr)))
            for query in queries
            if set(_PLACE.findall(query.expr)) <= _OURS.union(OPEN_PLACES)
        ]

    def match(self, text: str) -> Matched | None:
        """The entry `text` is; None for everything else."""
        if len(text) > MAX_LENGTH:
            return None
        for query, pattern in self._patterns:
            found = pattern.fullmatch(text)
            if found is not None:
                return Matched(query, MappingProxyType(found.groupdict()))
        return None


def written(matched: Matched) -> str:
    """The text again, from the entry and not from what was sent."""
    return _PLACE.sub(lambda place: matched.places.get(place[1], place[0]), matched.query.expr)


def _pattern(expr: str) -> str:
    """A second mention of a place is the same id as the first."""
    parts, seen, at = [], set(), 0
    for place in _PLACE.finditer(expr):
        name = place[1]
        parts.append(re.escape(expr[at : place.start()]))
        if name not in OPEN_PLACES:
            parts.append(re.escape(place[0]))
        else:
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{_ID})")
            seen.add(name)
        at = place.end()
    return "".join([*parts, re.escape(expr[at:])])


CATALOGUE_MATCHER = Matcher(CATALOGUE.values())
