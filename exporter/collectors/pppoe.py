"""The circuits that are PPPoE sessions, each on the interface the router makes for it."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence

from devices.session import PppoeSession
from exporter.collectors.base import (
    Collector,
    Scrape,
    each,
    require_counters,
    write_circuit_interface,
    write_circuit_state,
)
from exporter.interfaces import InterfaceIndex, Missing
from exporter.plan import CircuitPlan

# RouterOS names a session's interface `<pppoe-USER>`, and `<pppoe-USER-1>` while the user has the other one already: it
# keeps that name when the first session ends. The interface of a user called `USER-1` has the same name.
_FURTHER = re.compile(r"<pppoe-((.+)-\d+)>", re.DOTALL)


def _collect(scrape: Scrape) -> Sequence[str]:
    rows, circuits = scrape.reading.table(PppoeSession).rows, scrape.plan.circuits["pppoe"]
    sessions = _by_user(rows)
    further = _further((row.interface for row in rows), {circuit.attached_to for circuit in circuits})
    unclear = {user: names for user, names in further.items() if user not in sessions and len(names) > 1}
    for user, names in further.items():
        if user not in unclear:
            sessions.setdefault(user, [PppoeSession(user, names[0])])

    def write_state(circuit: CircuitPlan) -> None:
        user = circuit.attached_to
        if user in unclear:
            raise Missing(f"user {user!r} may have any of the interfaces {', '.join(unclear[user])}, or none")
        # A user who is not in the list was looked for and is not connected: down, and read to be so.
        write_circuit_state(scrape, circuit, user in sessions)

    problems = each(circuits, write_state)
    connected = [circuit for circuit in circuits if circuit.attached_to in sessions]
    return problems + each(connected, lambda circuit: _write_interface(scrape, circuit, sessions))


def _write_interface(scrape: Scrape, circuit: CircuitPlan, sessions: Mapping[str, Sequence[PppoeSession]]) -> None:
    user, interfaces = circuit.attached_to, scrape.reading.interfaces
    if len(sessions[user]) > 1:
        raise Missing(f"user {user!r} has {len(sessions[user])} sessions, so no one interface")
    interface = interfaces.find(sessions[user][0].interface or _name(user, sessions, interfaces))
    write_circuit_interface(scrape, circuit, interface, interfaces.at)
    require_counters(interface)


def _name(user: str, connected: Container[str], interfaces: InterfaceIndex) -> str:
    """The interface of a connected user whose router does not say which it is."""
    name, start = f"<pppoe-{user}>", f"<pppoe-{user}-"
    if name in interfaces.names:
        return name
    further = _further((other for other in interfaces.names if other.startswith(start)), connected).get(user, ())
    return further[0] if len(further) == 1 else name


def _further(names: Iterable[str | None], users: Container[str]) -> dict[str, list[str]]:
    """The interfaces that are not one of the `users`' own, by the user of whose further session they may be."""
    further: dict[str, list[str]] = {}
    for match in filter(None, map(_FURTHER.fullmatch, filter(None, names))):
        if match[1] not in users:
            further.setdefault(match[2], []).append(match[0])
    return further


def _by_user(sessions: Sequence[PppoeSession]) -> dict[str, list[PppoeSession]]:
    by_user: dict[str, list[PppoeSession]] = {}
    for session in sessions:
        by_user.setdefault(session.user, []).append(session)
    return by_user


PPPOE = Collector(wanted=lambda plan: bool(plan.circuits["pppoe"]), collect=_collect)
