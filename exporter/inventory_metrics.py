"""The metrics that come from the inventory alone: commitments, thresholds, names, and maintenance now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from exporter import metrics
from exporter.exposition import Exposition, Metric, Series
from inventory.models import Circuit, Inventory, Link, Tenant

_Sample = tuple[Metric, Series, float]


def fixed_samples(days: Iterable[tuple[Inventory, date]]) -> bytes:
    """The exposition of all that stays the same until an inventory or its day changes."""
    out = Exposition()
    for inventory, today in days:
        for link in inventory.links.values():
            for sample in _link_samples(inventory.isp.id, link):
                out.add(*sample)
        for tenant in inventory.tenants.values():
            for sample in _tenant_samples(inventory, tenant, today):
                out.add(*sample)
    return out.render()


def _link_samples(isp: str, link: Link) -> Iterator[_Sample]:
    yield metrics.LINK_THRESHOLD, metrics.LINK_THRESHOLD.series(isp, link.id), link.threshold
    yield metrics.LINK_VLANS, metrics.LINK_VLANS.series(isp, link.id), len(link.vlans)
    yield metrics.LINK_INFO, metrics.LINK_INFO.series(isp, link.id, link.measure, link.name), 1
    for vlan in link.vlans:
        series = metrics.VLAN_CAPACITY.series(isp, link.id, str(vlan.vlan), vlan.device)
        yield metrics.VLAN_CAPACITY, series, vlan.capacity


def _tenant_samples(inventory: Inventory, tenant: Tenant, today: date) -> Iterator[_Sample]:
    isp = inventory.isp.id
    yield metrics.TENANT_INFO, metrics.TENANT_INFO.series(isp, tenant.id, tenant.kind, tenant.name), 1
    for circuit in tenant.circuits:
        if circuit.active.contains(today):
            yield from _circuit_samples(isp, tenant, circuit, inventory.devices[circuit.device].driver)


def _circuit_samples(isp: str, tenant: Tenant, circuit: Circuit, driver: str) -> Iterator[_Sample]:
    labels = (isp, tenant.id, circuit.id)
    info = metrics.CIRCUIT_INFO.series(*labels, circuit.device, tenant.kind, circuit.name)
    yield metrics.CIRCUIT_INFO, info, 1
    pinged_from = circuit.ping_from if circuit.ping else ""
    watch = metrics.CIRCUIT_WATCH_INFO.series(*labels, circuit.attach.kind, driver, pinged_from)
    yield metrics.CIRCUIT_WATCH_INFO, watch, 1
    committed = metrics.CIRCUIT_COMMITTED
    yield committed, committed.series(*labels, "download"), circuit.committed.download
    yield committed, committed.series(*labels, "upload"), circuit.committed.upload
    promised = (
        (metrics.CIRCUIT_SLA_UPTIME, circuit.sla.uptime_ratio),
        (metrics.CIRCUIT_SLA_LATENCY, circuit.sla.latency_seconds),
        (metrics.CIRCUIT_SLA_LOSS, circuit.sla.loss_ratio),
    )
    for metric, value in promised:
        if value is not None:
            yield metric, metric.series(*labels), value


class MaintenanceSeries:
    """Whether each circuit and link is in a maintenance window, with the labels escaped once."""

    def __init__(self, inventory: Inventory, today: date) -> None:
        isp, self._windows = inventory.isp.id, inventory.maintenance
        self._links = [(link, metrics.LINK_MAINTENANCE.series(isp, link)) for link in inventory.links]
        self._circuits = [
            (circuit.id, metrics.CIRCUIT_MAINTENANCE.series(isp, circuit.tenant, circuit.id))
            for circuit in inventory.circuits()
            if circuit.active.contains(today)
        ]

    def write(self, out: Exposition, now: datetime) -> None:
        """One sample each: 1 inside a window at `now`, else 0."""
        open_now = [window for window in self._windows if window.covers(now)]
        circuits = {circuit for window in open_now for circuit in window.circuits}
        links = {link for window in open_now for link in window.links}
        for link, series in self._links:
            out.add(metrics.LINK_MAINTENANCE, series, int(link in links))
        for circuit, series in self._circuits:
            out.add(metrics.CIRCUIT_MAINTENANCE, series, int(circuit in circuits))
