"""Which ids a file gives out and which it refers to: doubles are found at once, unknown ones at the end."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from inventory.problems import Problems, Wrong, one_of, quoted, suggestion


class _Reference(NamedTuple):
    kind: str
    id: str
    line: int
    place: str


class Ids:
    """The ids of one file by kind (device, link, tenant, circuit, maintenance)."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[str, int]] = defaultdict(dict)
        self._references: list[_Reference] = []
        self._incomplete: set[str] = set()

    def declare(self, kind: str, name: str, line: int) -> None:
        """Note that `name` is the id of something. Raises Wrong where another of that kind has it."""
        known = self._lines[kind]
        if name in known:
            raise Wrong(f"id {quoted(name)} is taken by the {kind} on line {known[name]}; expected an id of its own")
        known[name] = line

    def refer(self, kind: str, name: str, line: int, place: str) -> None:
        """Note that the file names something that must exist."""
        self._references.append(_Reference(kind, name, line, place))

    def lose_track(self, *kinds: str) -> None:
        """Something of these kinds could not be read: its id may be any, so unknown ids prove nothing."""
        self._incomplete.update(kinds)

    def report_unknown(self, problems: Problems) -> None:
        """Report each reference to an id that nothing has."""
        for reference in self._references:
            known = self._lines[reference.kind]
            if reference.id in known or reference.kind in self._incomplete:
                continue
            wrong = f"unknown {reference.kind} {quoted(reference.id)}"
            problems.add(reference.line, reference.place, f"{wrong}; {_expected(reference, list(known))}")


def _expected(reference: _Reference, known: list[str]) -> str:
    if close := suggestion(reference.id, known):
        return close
    if not known:
        return f"expected the id of a {reference.kind}, and this file has none"
    return one_of(known) if len(known) <= 10 else f"expected the id of a {reference.kind} of this file"
