"""The circuits that have an interface of their own."""

from __future__ import annotations

from collections.abc import Sequence

from exporter.collectors.base import (
    Collector,
    Scrape,
    each,
    require_counters,
    write_circuit_interface,
    write_circuit_state,
)
from exporter.plan import CircuitPlan


def _collect(scrape: Scrape) -> Sequence[str]:
    interfaces = scrape.reading.interfaces

    def write(circuit: CircuitPlan) -> None:
        interface = interfaces.find(circuit.attached_to)
        write_circuit_state(scrape, circuit, interface.up)
        write_circuit_interface(scrape, circuit, interface, interfaces.at)
        require_counters(interface)

    return each(scrape.plan.circuits["interface"], write)


CIRCUITS = Collector(wanted=lambda plan: bool(plan.circuits["interface"]), collect=_collect)
