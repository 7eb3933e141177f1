"""What carries traffic on a simulated router: interfaces, simple queues, PPPoE sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simulator.device import SimulatedDevice
from simulator.network import Interface, PppSession, Queue
from simulator.routeros.rows import Row, Value
from simulator.routeros.shapes import date, duration, flag, pair, parse_version
from simulator.traffic import Traffic

# Octets of an average packet on an access network.
PACKET_OCTETS = 800
# RouterOS gives dynamic entries ids far above those of configured ones.
DYNAMIC_IDS = 0xF00000


def interfaces(device: SimulatedDevice) -> list[Row]:
    """`/interface`: the configured ones and one dynamic per PPPoE session."""
    configured = [_interface(device, index, item) for index, item in enumerate(device.spec.interfaces)]
    return [*configured, *(_session_interface(device, index, item) for index, item in enumerate(device.spec.ppp))]


def interfaces_of(kind: str) -> Callable[[SimulatedDevice], list[Row]]:
    """`/interface/ethernet` and its like: the interfaces of one type."""

    def rows(device: SimulatedDevice) -> list[Row]:
        return [row for row in interfaces(device) if row["type"] == kind]

    return rows


def simple_queues(device: SimulatedDevice) -> list[Row]:
    """`/queue/simple`."""
    return [_queue(device, index, item) for index, item in enumerate(device.queues)]


def ethernet_monitor(device: SimulatedDevice, wanted: str) -> Row | None:
    """`/interface/ethernet/monitor`: one port, by its place in the list, its id or its name."""
    ports = interfaces_of("ether")(device)
    found = (row for place, row in enumerate(ports) if wanted in (str(place), row[".id"], row["name"]))
    port = next(found, None)
    if port is None:
        return None
    up = port["running"] == "true"
    return {"name": port["name"], "status": "link-ok" if up else "no-link"} | (
        {"auto-negotiation": "done", "rate": "1Gbps", "full-duplex": "true"} if up else {}
    )


def ppp_active(device: SimulatedDevice) -> list[Row]:
    """`/ppp/active`."""
    return [
        {
            ".id": _id(device, DYNAMIC_IDS + index),
            "name": session.name,
            "service": "pppoe",
            "caller-id": session.caller_id,
            "address": session.address,
            "uptime": lambda now: duration(now - device.booted),
            "encoding": "",
            "session-id": f"0x{0x81100000 + index:x}",
            "limit-bytes-in": "0",
            "limit-bytes-out": "0",
            "radius": "false",
        }
        for index, session in enumerate(device.spec.ppp)
        if not device.is_cut(session.interface_name)
    ]


def _id(device: SimulatedDevice, number: int) -> str:
    return f"*{number + device.offset:X}"


def _counters(device: SimulatedDevice, carrier: str | None, receive: Traffic, transmit: Traffic) -> Row:
    """The counters of an interface, as both major versions print them."""

    def octets(traffic: Traffic) -> Value:
        return lambda now: str(device.counter(traffic, carrier, now))

    def packets(traffic: Traffic) -> Value:
        return lambda now: str(device.counter(traffic, carrier, now) // PACKET_OCTETS)

    zero = dict.fromkeys(("rx-drop", "tx-drop", "tx-queue-drop", "rx-error", "tx-error"), "0")
    return {
        "rx-byte": octets(receive),
        "tx-byte": octets(transmit),
        "rx-packet": packets(receive),
        "tx-packet": packets(transmit),
        **zero,
        "fp-rx-byte": octets(receive),
        "fp-tx-byte": octets(transmit),
        "fp-rx-packet": packets(receive),
        "fp-tx-packet": packets(transmit),
    }


def _interface(device: SimulatedDevice, index: int, item: Interface) -> Row:
    version = parse_version(device.spec.version)
    running = item.running and not item.disabled and not device.is_cut(item.name)
    row: dict[str, Value] = {".id": _id(device, index + 1), "name": item.name}
    if item.type == "ether":
        row["default-name"] = f"ether{index + 1}"
    row |= {"type": item.type, "mtu": "1500", "actual-mtu": "1500", "l2mtu": "1598"}
    if item.mac:
        row["mac-address"] = item.mac
    row |= dict(_cut_history(device, item.name, version))
    row |= _counters(device, item.name, item.receive, item.transmit)
    if version < (7,):
        row["fast-path"] = "true"
    if item.vlan_id is not None:
        row["vlan-id"] = str(item.vlan_id)
    row |= {"running": flag(running), "disabled": flag(item.disabled)}
    if item.comment:
        row["comment"] = item.comment
    return row


def _cut_history(device: SimulatedDevice, name: str, version: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """When the link last went down and came up, and how often it went down."""
    now = device.clock()
    past = [(start, end) for start, end in device.outages(name) if device.booted <= start <= now]
    ups = [end for _, end in past if end <= now]
    if past:
        yield "last-link-down-time", date(past[-1][0], version)
    yield "last-link-up-time", date(ups[-1] if ups else device.booted, version)
    yield "link-downs", str(len(past))


def _session_interface(device: SimulatedDevice, index: int, session: PppSession) -> Row:
    """A PPPoE session's interface: what the customer uploads is what the router receives."""
    return {
        ".id": _id(device, DYNAMIC_IDS + index),
        "name": session.interface_name,
        "type": "pppoe-in",
        "mtu": "1480",
        "actual-mtu": "1480",
        **_counters(device, session.interface or session.interface_name, session.upload, session.download),
        "running": "true",
        "disabled": "false",
        "dynamic": "true",
    }


def _queue(device: SimulatedDevice, index: int, queue: Queue) -> Row:
    def counted(per: int) -> Value:
        return lambda now: pair(
            device.counter(queue.upload, queue.interface, now) // per,
            device.counter(queue.download, queue.interface, now) // per,
        )

    def rates(per: int) -> Value:
        return lambda now: pair(
            int(device.rate(queue.upload, queue.interface, now)) // per,
            int(device.rate(queue.download, queue.interface, now)) // per,
        )

    row: dict[str, Value] = {
        ".id": _id(device, index + 1),
        "name": queue.name,
        "target": queue.target,
        "parent": "none",
        "packet-marks": "",
        "priority": "8/8",
        "queue": "default-small/default-small",
        "limit-at": "0/0",
        "max-limit": pair(queue.upload_limit, queue.download_limit),
        "burst-limit": "0/0",
        "burst-threshold": "0/0",
        "burst-time": "0s/0s",
        "bucket-size": "0.1/0.1",
        "bytes": counted(1),
        "total-bytes": "0",
        "packets": counted(PACKET_OCTETS),
        "total-packets": "0",
        "dropped": "0/0",
        "total-dropped": "0",
        "rate": rates(1),
        "total-rate": "0",
        "packet-rate": rates(PACKET_OCTETS * 8),
        "total-packet-rate": "0",
        "queued-packets": "0/0",
        "total-queued-packets": "0",
        "queued-bytes": "0/0",
        "total-queued-bytes": "0",
        "invalid": "false",
        "dynamic": "false",
        "disabled": flag(queue.disabled),
    }
    if queue.comment:
        row["comment"] = queue.comment
    return row
