"""Which ids a file gives out and which it refers to: doubles are found at once, unknown ones at the end."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from inventory.problems import Problems, Wrong, closest, one_of


class Spot(NamedTuple):
    """Where an id stands: its line, its place, and the text as written, quoted."""

    line: int
    place: str
    shown: str


class _Reference(NamedTuple):
    kind: str
    id: str
    at: Spot


class Ids:
    """The ids of one file by kind (device, link, tenant, circuit, maintenance), and `drivers` by device."""

    def __init__(self) -> None:
        self.drivers: dict[str, str] = {}
        self._given: dict[str, dict[str, Spot]] = defaultdict(dict)
        self._references: list[_Reference] = []
        self._incomplete: set[str] = set()

    def declare(self, kind: str, name: str, at: Spot) -> None:
        """Note that `name` is the id of something. Raises Wrong where another of that kind has it."""
        given = self._given[kind]
        if name in given:
            raise Wrong(f"id {at.shown} is taken by the {kind} on line {given[name].line}; expected an id of its own")
        given[name] = at

    def refer(self, kind: str, name: str, at: Spot) -> None:
        """Note that the file names something that must exist."""
        self._references.append(_Reference(kind, name, at))

    def lose_track(self, *kinds: str) -> None:
        """Something of these kinds could not be read: its id may be any, so unknown ids prove nothing."""
        self._incomplete.update(kinds)

    def report_unknown(self, problems: Problems) -> None:
        """Report each reference to an id that nothing has."""
        for reference in self._references:
            if reference.kind in self._incomplete or reference.id in self._given[reference.kind]:
                continue
            wrong = f"unknown {reference.kind} {reference.at.shown}"
            problems.add(reference.at.line, reference.at.place, f"{wrong}; {self._expected(reference)}")

    def _expected(self, reference: _Reference) -> str:
        given = self._given[reference.kind]
        if not given:
            return f"expected the id of a {reference.kind}, and this file has none"
        if close := closest(reference.id, list(given)):
            return f"did you mean {given[close].shown}?"
        if len(given) <= 10:
            return "expected " + one_of(at.shown.strip('"') for at in given.values())
        return f"expected the id of a {reference.kind} of this file"
