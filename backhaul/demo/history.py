"""Thirty days of history, as if the stack had always run: the simulated network's own counters, written in advance.

Traffic in the simulator is a pure function of time, so what is written here and what the exporter reads later are one
curve. Before the last hour only every fifth minute is kept, and the rates over five minutes are written beside the
counters, since two readings five minutes apart give `rate(...[5m])` nothing to work on.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from backhaul.demo.programs import StartError, find
from backhaul.demo.world import CIRCUITS, ISP_ID
from inventory.models import Circuit, Inventory, Link, Tenant
from simulator.network import Device
from simulator.routeros.system_tables import FREE_MEMORY, TOTAL_MEMORY, cpu_load
from simulator.traffic import Traffic

DAY, HOUR = 86_400, 3_600
DAYS = 30
COARSE_STEP = 300
FINE_STEP = 15  # the interval at which prometheus.yml reads devices
WINDOW = 300  # of the recorded rates

_RTT = {circuit.circuit: circuit.rtt_ms / 1000 for circuit in CIRCUITS}

Labels = Mapping[str, str]
Values = Callable[[int], float]


@dataclass(frozen=True, slots=True)
class Past:
    """One series: its name, its labels, and its value at a Unix time."""

    name: str
    labels: Labels
    value: Values


def load(inventory: Inventory, devices: Mapping[str, Device], end: int, scratch: Path, storage: Path) -> int:
    """Fill Prometheus' `storage` with the 30 days before `end` (Unix seconds); returns the number of samples.

    Raises StartError where promtool does not accept them.
    """
    source = scratch / "history.om"
    try:
        with source.open("w", encoding="ascii") as sink:
            samples = _write(sink, list(_pasts(inventory, devices)), _times(end))
        _create_blocks(source, storage)
    finally:
        source.unlink(missing_ok=True)
    return samples


def _create_blocks(source: Path, storage: Path) -> None:
    # The flag (described in Prometheus' storage documentation) makes 14 blocks of 360. promtool reads the whole
    # source anew for each block, so this is 25 times faster.
    command = [find("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=72h"]
    done = subprocess.run([*command, str(source), str(storage)], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        shutil.rmtree(storage, ignore_errors=True)
        raise StartError(f"promtool did not take the history:\n{done.stdout}{done.stderr}")


def _times(end: int) -> list[int]:
    fine_from = end - HOUR
    return [*range(end - DAYS * DAY, fine_from, COARSE_STEP), *range(fine_from, end + 1, FINE_STEP)]


def _write(sink: TextIO, pasts: list[Past], times: list[int]) -> int:
    for past in pasts:
        labels = ",".join(f'{name}="{value}"' for name, value in past.labels.items())
        head, value = f"{past.name}{{{labels}}}", past.value
        sink.writelines(f"{head} {_number(value(time))} {time}\n" for time in times)
    sink.write("# EOF\n")
    return len(pasts) * len(times)


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def _pasts(inventory: Inventory, devices: Mapping[str, Device]) -> Iterator[Past]:
    isp = inventory.isp.id
    for device in inventory.devices:
        yield from _device(isp, device, inventory.devices[device].driver)
    for link in inventory.links.values():
        yield from _link(isp, link, devices)
    for tenant in inventory.tenants.values():
        for circuit in tenant.circuits:
            yield from _circuit(isp, circuit, devices[circuit.device])
        if tenant.kind == "reseller":
            yield from _reseller(isp, tenant, devices)


def _device(isp: str, device: str, driver: str) -> Iterator[Past]:
    labels = {**_probed(device), "isp": isp, "device": device}
    yield Past("isp_device_up", labels, _constant(1))
    if driver == "routeros":
        yield Past("isp_device_cpu_ratio", labels, lambda time: cpu_load(time) / 100)
        yield Past("isp_device_memory_used_bytes", labels, _constant(TOTAL_MEMORY - FREE_MEMORY))
        yield Past("isp_device_memory_total_bytes", labels, _constant(TOTAL_MEMORY))


def _link(isp: str, link: Link, devices: Mapping[str, Device]) -> Iterator[Past]:
    rates: dict[str, list[Values]] = {"receive": [], "transmit": []}
    for vlan in link.vlans:
        device = devices[vlan.device]
        interface = next(one for one in device.interfaces if one.name == vlan.interface)
        labels = {"isp": isp, "link": link.id, "vlan": str(vlan.vlan), "device": vlan.device}
        yield Past("isp_vlan_up", {**_probed(vlan.device), **labels}, _constant(1))
        for direction, traffic in (("receive", interface.receive), ("transmit", interface.transmit)):
            total = _counter(traffic, device)
            yield Past(f"isp_vlan_{direction}_bytes_total", {**_probed(vlan.device), **labels}, total)
            yield Past(f"vlan:{direction}_bits_per_second:rate5m", labels, _rate(traffic))
            rates[direction].append(_rate(traffic))
    labels = {"isp": isp, "link": link.id}
    greater = _greater(*(_sum(parts) for parts in rates.values()))
    yield Past("link:bandwidth_bits_per_second:rate5m", labels, greater)
    yield Past("link:vlans_reporting:count", labels, _constant(len(link.vlans)))


def _circuit(isp: str, circuit: Circuit, device: Device) -> Iterator[Past]:
    labels = {"isp": isp, "tenant": circuit.tenant, "circuit": circuit.id}
    probed = {**_probed(circuit.device), **labels, "device": circuit.device}
    for direction, traffic in _directions(circuit, device).items():
        yield Past(f"isp_circuit_{direction}_bytes_total", probed, _counter(traffic, device))
        yield Past(f"circuit:{direction}_bits_per_second:rate5m", labels, _rate(traffic))
    for direction, bought in (("download", circuit.committed.download), ("upload", circuit.committed.upload)):
        yield Past("circuit:committed_bits_per_second:max", {**labels, "direction": direction}, _constant(bought))
    yield Past("circuit:utilization:ratio_rate5m", labels, _utilization([circuit], {circuit.device: device}))
    yield Past("circuit:up:avg5m", labels, _constant(1))
    yield Past("circuit:ping_rtt_seconds:mean5m", labels, _constant(_RTT[circuit.id]))
    yield Past("circuit:ping_loss:ratio_rate5m", labels, _constant(0))


def _reseller(isp: str, tenant: Tenant, devices: Mapping[str, Device]) -> Iterator[Past]:
    labels = {"isp": isp, "tenant": tenant.id}
    for direction in ("download", "upload"):
        rate = _sum([_rate(_directions(circuit, devices[circuit.device])[direction]) for circuit in tenant.circuits])
        yield Past("reseller:bandwidth_bits_per_second:rate5m", {**labels, "direction": direction}, rate)
    yield Past("reseller:utilization:ratio_rate5m", labels, _utilization(tenant.circuits, devices))


def _directions(circuit: Circuit, device: Device) -> dict[str, Traffic]:
    """A circuit's traffic as its tenant sees it."""
    if circuit.attach.kind == "interface":
        interface = next(one for one in device.interfaces if one.name == circuit.attach.name)
        return {"download": interface.transmit, "upload": interface.receive}
    carriers = device.queues if circuit.attach.kind == "queue" else device.ppp
    carrier = next(one for one in carriers if one.name == circuit.attach.name)
    return {"download": carrier.download, "upload": carrier.upload}


def _probed(device: str) -> Labels:
    """The labels prometheus.yml gives to what it reads of a device."""
    return {"job": "backhaul-devices", "instance": device, "target_isp": ISP_ID}


def _constant(value: float) -> Values:
    return lambda _: value


def _counter(traffic: Traffic, device: Device) -> Values:
    return lambda time: traffic.octets(device.booted, time)


def _rate(traffic: Traffic) -> Values:
    return lambda time: traffic.octets(time - WINDOW, time) * 8 / WINDOW


def _sum(parts: Sequence[Values]) -> Values:
    return lambda time: sum(part(time) for part in parts)


def _greater(one: Values, other: Values) -> Values:
    return lambda time: max(one(time), other(time))


def _utilization(circuits: Sequence[Circuit], devices: Mapping[str, Device]) -> Values:
    shares = []
    for direction in ("download", "upload"):
        rate = _sum([_rate(_directions(circuit, devices[circuit.device])[direction]) for circuit in circuits])
        committed = sum(getattr(circuit.committed, direction) for circuit in circuits)
        shares.append(_share(rate, committed))
    return _greater(*shares)


def _share(rate: Values, committed: int) -> Values:
    return lambda time: rate(time) / committed
