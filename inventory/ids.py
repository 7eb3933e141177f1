"""What a file gives out and refers to by id or name: doubles are found at once, unknown ids at the end."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from inventory.models import ActivePeriod, Attach
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


class _Attached(NamedTuple):
    tenant: str
    active: ActivePeriod
    line: int


class Ids:
    """The ids of one file by kind (device, link, tenant, circuit, maintenance), and `drivers` by device."""

    def __init__(self) -> None:
        self.drivers: dict[str, str] = {}
        self._given: dict[str, dict[str, Spot]] = defaultdict(dict)
        self._references: list[_Reference] = []
        self._incomplete: set[str] = set()
        self._attached: dict[tuple[str, Attach], list[_Attached]] = defaultdict(list)

    def declare(self, kind: str, name: str, at: Spot) -> None:
        """Note that `name` is the id of something. Raises Wrong where another of that kind has it."""
        given = self._given[kind]
        if name in given:
            raise Wrong(f"id {at.shown} is taken by the {kind} on line {given[name].line}; expected an id of its own")
        given[name] = at

    def refer(self, kind: str, name: str, at: Spot) -> None:
        """Note that the file names something that must exist."""
        self._references.append(_Reference(kind, name, at))

    def attach(self, device: str, where: Attach, tenant: str, active: ActivePeriod, line: int) -> None:
        """Note what a circuit reads. Raises Wrong where another tenant's does on the same days, and so would be seen.

        Several circuits of one tenant may share it, each with an address to ping.
        """
        attached = self._attached[device, where]
        for other in attached:
            if other.tenant != tenant and other.active.overlaps(active):
                wrong = (
                    f"the same {where.kind} of one device as a circuit of another tenant, in service on the same days"
                )
                raise Wrong(f"{wrong}; expected one of its own, not that of line {other.line}")
        attached.append(_Attached(tenant, active, line))

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
