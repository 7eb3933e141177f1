"""The circuits that are PPPoE sessions, each on the interface the router makes for it."""

from __future__ import annotations

from collections.abc import Sequence

from devices.session import PppoeSession
from exporter.collectors.base import (
    Collector,
    Scrape,
    each,
    require_counters,
    write_circuit_interface,
    write_circuit_state,
)
from exporter.interfaces import Missing
from exporter.plan import CircuitPlan


def _collect(scrape: Scrape) -> Sequence[str]:
    sessions, circuits = _by_user(scrape.reading.table(PppoeSession).rows), scrape.plan.circuits["pppoe"]
    for circuit in circuits:
        # A user who is not in the list was looked for and is not connected: down, and read to be so.
        write_circuit_state(scrape, circuit, circuit.attached_to in sessions)
    connected = [circuit for circuit in circuits if circuit.attached_to in sessions]
    return each(connected, lambda circuit: _write_interface(scrape, circuit, sessions[circuit.attached_to]))


def _write_interface(scrape: Scrape, circuit: CircuitPlan, sessions: Sequence[PppoeSession]) -> None:
    if len(sessions) > 1:
        raise Missing(f"user {circuit.attached_to!r} has {len(sessions)} sessions, so no one interface")
    # RouterOS names the interface of a PPPoE session so.
    name = sessions[0].interface or f"<pppoe-{circuit.attached_to}>"
    interfaces = scrape.reading.interfaces
    interface = interfaces.find(name)
    write_circuit_interface(scrape, circuit, interface, interfaces.at)
    require_counters(interface)


def _by_user(sessions: Sequence[PppoeSession]) -> dict[str, list[PppoeSession]]:
    by_user: dict[str, list[PppoeSession]] = {}
    for session in sessions:
        by_user.setdefault(session.user, []).append(session)
    return by_user


PPPOE = Collector(wanted=lambda plan: bool(plan.circuits["pppoe"]), collect=_collect)
