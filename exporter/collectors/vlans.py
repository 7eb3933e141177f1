"""The VLANs of the upstream links, each by the interface that carries it."""

from __future__ import annotations

from collections.abc import Sequence

from exporter import metrics
from exporter.collectors.base import (
    Collector,
    Scrape,
    received,
    require_counters,
    require_totals,
    transmitted,
    write_flow,
)
from exporter.interfaces import InterfaceIndex, Missing
from exporter.plan import VlanPlan


def _collect(scrape: Scrape) -> Sequence[str]:
    interfaces = scrape.reading.interfaces
    problems = []
    for vlan in scrape.plan.vlans:
        try:
            _write(scrape, vlan, interfaces)
        except Missing as error:
            problems.append(f"{vlan.name}: {error}")
    return problems


def _write(scrape: Scrape, vlan: VlanPlan, interfaces: InterfaceIndex) -> None:
    interface, at = interfaces.find(vlan.interface), interfaces.at
    kept_back = (
        write_flow(scrape, vlan.receive, received(interface, at, vlan.plausible)),
        write_flow(scrape, vlan.transmit, transmitted(interface, at, vlan.plausible)),
    )
    if interface.up is not None:
        scrape.out.add(metrics.VLAN_UP, vlan.up, int(interface.up))
    require_counters(interface)
    require_totals(*kept_back)


VLANS = Collector(wanted=lambda plan: bool(plan.vlans), collect=_collect)
