"""What one device is read for, worked out once per inventory and day: its VLANs and circuits with their series.

Labels come from the inventory alone, so the bytes of every series are prepared here and reused by each probe.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from exporter import metrics
from exporter.exposition import Metric, Series
from exporter.ping.series import PingSeries
from inventory.models import AttachKind, Circuit, Device, Inventory, Link, Vlan

# A 32-bit counter that went back either wrapped or was reset. It is taken as wrapped up to this many times the
# rate that was bought: above it a reset is the likelier story, as another counter is where a count begins anew.
_PLAUSIBLE_TIMES_BOUGHT = 2


@dataclass(frozen=True, slots=True)
class Flow:
    """One direction of a VLAN or circuit: its byte counter and its bandwidth, each with the family it is in."""

    counter: Metric
    total: Series
    gauge: Metric
    bandwidth: Series


@dataclass(frozen=True, slots=True)
class VlanPlan:
    """One VLAN of a link on this device. `plausible` is bits per second, see `Counter.plausible`."""

    interface: str
    name: str
    plausible: int
    receive: Flow
    transmit: Flow
    up: Series


@dataclass(frozen=True, slots=True)
class CircuitFlow:
    """One direction of a circuit, with what the device may count besides bytes."""

    flow: Flow
    errors: Series
    drops: Series
    limit: Series


@dataclass(frozen=True, slots=True)
class CircuitPlan:
    """One circuit on this device. `up` is None where pings decide whether the circuit is up."""

    attached_to: str
    name: str
    plausible: int
    download: CircuitFlow
    upload: CircuitFlow
    receive: CircuitFlow
    transmit: CircuitFlow
    oper_up: Series
    up: Series | None


@dataclass(frozen=True, slots=True)
class PingPlan:
    """One circuit the device itself pings. `key` tells its pings from those to another address."""

    key: tuple[str, str]
    name: str
    address: str
    series: PingSeries


@dataclass(frozen=True)
class DevicePlan:
    """All that one device is read for. `circuits` are by what they are attached to."""

    isp: str
    device: Device
    vlans: tuple[VlanPlan, ...]
    circuits: dict[AttachKind, tuple[CircuitPlan, ...]]
    pings: tuple[PingPlan, ...]

    def series(self, metric: Metric, *labels: str) -> Series:
        """A series of this device: `labels` follow isp and device."""
        return metric.series(self.isp, self.device.id, *labels)

    def flows(self) -> Iterator[Flow]:
        """Every direction a rate is kept for."""
        for vlan in self.vlans:
            yield from (vlan.receive, vlan.transmit)
        for circuits in self.circuits.values():
            for circuit in circuits:
                yield from (circuit.download.flow, circuit.upload.flow)


def device_plan(inventory: Inventory, device: Device, today: date) -> DevicePlan:
    """The plan of `device` for the circuits in service `today` (a day in the isp's time zone)."""
    isp = inventory.isp.id
    active = [circuit for circuit in inventory.circuits_on(device.id) if circuit.active.contains(today)]
    kinds: tuple[AttachKind, ...] = ("interface", "queue", "pppoe")
    return DevicePlan(
        isp=isp,
        device=device,
        vlans=tuple(_vlan_plan(isp, link, vlan) for link, vlan in inventory.vlans_on(device.id)),
        circuits={kind: tuple(_circuit_plan(isp, c) for c in active if c.attach.kind == kind) for kind in kinds},
        pings=tuple(
            PingPlan((c.id, c.ping), f"circuit {c.id}", c.ping, PingSeries(isp, c.tenant, c.id, "device"))
            for c in active
            if c.ping is not None and c.ping_from == "device"
        ),
    )


def _vlan_plan(isp: str, link: Link, vlan: Vlan) -> VlanPlan:
    labels = (isp, link.id, str(vlan.vlan), vlan.device)

    def flow(counter: Metric, direction: str) -> Flow:
        gauge = metrics.VLAN_BANDWIDTH
        return Flow(counter, counter.series(*labels), gauge, gauge.series(*labels, direction))

    return VlanPlan(
        interface=vlan.interface,
        name=f"link {link.id} vlan {vlan.vlan}",
        plausible=_PLAUSIBLE_TIMES_BOUGHT * vlan.capacity,
        receive=flow(metrics.VLAN_RECEIVE_BYTES, "receive"),
        transmit=flow(metrics.VLAN_TRANSMIT_BYTES, "transmit"),
        up=metrics.VLAN_UP.series(*labels),
    )


def _circuit_plan(isp: str, circuit: Circuit) -> CircuitPlan:
    identity = (isp, circuit.tenant, circuit.id)
    labels = (*identity, circuit.device)
    download = _circuit_flow(metrics.CIRCUIT_DOWNLOAD_BYTES, labels, "download")
    upload = _circuit_flow(metrics.CIRCUIT_UPLOAD_BYTES, labels, "upload")
    # What the device sends out of a port that faces the customer is what the customer downloads.
    receive, transmit = (upload, download) if circuit.faces == "customer" else (download, upload)
    return CircuitPlan(
        attached_to=circuit.attach.name,
        name=f"circuit {circuit.id}",
        plausible=_PLAUSIBLE_TIMES_BOUGHT * max(circuit.committed.download, circuit.committed.upload),
        download=download,
        upload=upload,
        receive=receive,
        transmit=transmit,
        oper_up=metrics.CIRCUIT_OPER_UP.series(*labels),
        up=metrics.CIRCUIT_UP.series(*identity) if circuit.ping is None else None,
    )


def _circuit_flow(counter: Metric, labels: tuple[str, str, str, str], direction: str) -> CircuitFlow:
    gauge = metrics.CIRCUIT_BANDWIDTH
    return CircuitFlow(
        flow=Flow(counter, counter.series(*labels), gauge, gauge.series(*labels, direction)),
        errors=metrics.CIRCUIT_ERRORS.series(*labels, direction),
        drops=metrics.CIRCUIT_DROPS.series(*labels, direction),
        limit=metrics.CIRCUIT_LIMIT.series(*labels, direction),
    )
