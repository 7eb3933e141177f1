"""What the agent of a simulated device holds: SNMPv2-MIB system, IF-MIB, HOST-RESOURCES-MIB, MIKROTIK-MIB queues."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pysnmp.proto.rfc1902 import (
    Counter32,
    Counter64,
    Gauge32,
    Integer32,
    ObjectIdentifier,
    OctetString,
    TimeTicks,
)

from simulator.device import SimulatedDevice
from simulator.network import Interface
from simulator.traffic import Traffic

Oid = tuple[int, ...]
# A value that stays, or what makes the value of a moment (Unix seconds).
Value = Any
Cell = tuple[Oid, Value]

SYSTEM: Oid = (1, 3, 6, 1, 2, 1, 1)
IF_NUMBER: Oid = (1, 3, 6, 1, 2, 1, 2, 1, 0)
IF_ENTRY: Oid = (1, 3, 6, 1, 2, 1, 2, 2, 1)
IF_X_ENTRY: Oid = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
HR_STORAGE_ENTRY: Oid = (1, 3, 6, 1, 2, 1, 25, 2, 3, 1)
HR_STORAGE_RAM: Oid = (1, 3, 6, 1, 2, 1, 25, 2, 1, 2)
HR_PROCESSOR_ENTRY: Oid = (1, 3, 6, 1, 2, 1, 25, 3, 3, 1)
MIKROTIK: Oid = (1, 3, 6, 1, 4, 1, 14988, 1)
QUEUE_ENTRY: Oid = (*MIKROTIK, 1, 2, 1, 1)  # mtxrQueueSimpleEntry

# IANAifType-MIB
IF_TYPES = {"ether": 6, "vlan": 135, "bridge": 209, "pppoe-in": 23, "loopback": 24}
UP, DOWN = 1, 2
PACKET_OCTETS = 800
MEMORY_BYTES = 4227858432


def cells(device: SimulatedDevice) -> list[Cell]:
    """Every object of the device, in the order of the tree."""
    found = [*_system(device), *_interfaces(device), *_host(), *_queues(device)]
    return sorted(found, key=lambda cell: cell[0])


def _system(device: SimulatedDevice) -> Iterator[Cell]:
    yield (*SYSTEM, 1, 0), OctetString(f"RouterOS {device.spec.board}".encode())
    yield (*SYSTEM, 2, 0), ObjectIdentifier(MIKROTIK)
    yield (*SYSTEM, 3, 0), lambda now: TimeTicks(_ticks(now - device.booted))
    yield (*SYSTEM, 4, 0), OctetString(b"noc")
    yield (*SYSTEM, 5, 0), OctetString(_text(device, device.spec.identity))
    yield (*SYSTEM, 6, 0), OctetString(b"simulated")


def _interfaces(device: SimulatedDevice) -> Iterator[Cell]:
    yield IF_NUMBER, Integer32(len(device.spec.interfaces))
    for number, interface in enumerate(device.spec.interfaces, start=1):
        yield from _row(IF_ENTRY, number + device.offset, _if_columns(device, interface, number + device.offset))
        yield from _row(IF_X_ENTRY, number + device.offset, _if_x_columns(device, interface))


def _row(entry: Oid, index: int, columns: Iterable[tuple[int, Value]]) -> Iterator[Cell]:
    for column, value in columns:
        yield (*entry, column, index), value


def _if_columns(device: SimulatedDevice, interface: Interface, index: int) -> Iterator[tuple[int, Value]]:
    running = interface.running and not interface.disabled and not device.is_cut(interface.name)
    yield 1, Integer32(index)
    yield 2, OctetString(_text(device, interface.descr or interface.name))
    yield 3, Integer32(IF_TYPES.get(interface.type, 1))
    yield 4, Integer32(1500)
    yield 5, Gauge32(min(interface.speed, 2**32 - 1))
    yield 6, OctetString(bytes.fromhex(interface.mac.replace(":", "")))
    yield 7, Integer32(DOWN if interface.disabled else UP)
    yield 8, Integer32(UP if running else DOWN)
    yield 9, TimeTicks(_ticks(_last_change(device, interface) - device.booted))
    for column, traffic in ((10, interface.receive), (16, interface.transmit)):
        yield column, _counter(device, interface, traffic, Counter32)
        yield column + 1, _counter(device, interface, traffic, Counter32, PACKET_OCTETS)
        yield column + 3, Counter32(0)  # discards
        yield column + 4, Counter32(0)  # errors


def _if_x_columns(device: SimulatedDevice, interface: Interface) -> Iterator[tuple[int, Value]]:
    yield 1, OctetString(_text(device, interface.name))
    for column, traffic in ((6, interface.receive), (10, interface.transmit)):
        yield column, _counter(device, interface, traffic, Counter64)
        yield column + 1, _counter(device, interface, traffic, Counter64, PACKET_OCTETS)
    yield 15, Gauge32(interface.speed // 1_000_000)
    yield 18, OctetString(_text(device, interface.comment))
    yield 19, TimeTicks(0)


def _counter(
    device: SimulatedDevice, interface: Interface, traffic: Traffic, kind: Callable[[int], Any], per: int = 1
) -> Callable[[float], Any]:
    """Octets, or packets of `per` octets, wrapped where the counter has 32 bits."""
    width = 2**32 if kind is Counter32 else 2**64
    return lambda now: kind(device.counter(traffic, interface.name, now) // per % width)


def _last_change(device: SimulatedDevice, interface: Interface) -> float:
    """When ifOperStatus last changed."""
    now = device.clock()
    edges = (edge for span in device.outages(interface.name) for edge in span)
    return max((edge for edge in edges if device.booted <= edge <= now), default=device.booted)


def _host() -> Iterator[Cell]:
    yield (*HR_STORAGE_ENTRY, 1, 65536), Integer32(65536)
    yield (*HR_STORAGE_ENTRY, 2, 65536), ObjectIdentifier(HR_STORAGE_RAM)
    yield (*HR_STORAGE_ENTRY, 3, 65536), OctetString(b"main memory")
    yield (*HR_STORAGE_ENTRY, 4, 65536), Integer32(1024)
    yield (*HR_STORAGE_ENTRY, 5, 65536), Integer32(MEMORY_BYTES // 1024)
    yield (*HR_STORAGE_ENTRY, 6, 65536), Integer32(277216256 // 1024)
    yield (*HR_PROCESSOR_ENTRY, 1, 1), ObjectIdentifier((0, 0))
    yield (*HR_PROCESSOR_ENTRY, 2, 1), lambda now: Integer32(5 + int(now / 60) % 7)


def _queues(device: SimulatedDevice) -> Iterator[Cell]:
    """mtxrQueueSimpleTable: name, bytes and packets in (upload) and out (download), drops."""
    for number, queue in enumerate(device.queues, start=1):

        def octets(traffic: Traffic, carrier: str | None = queue.interface, per: int = 1) -> Callable[[float], Any]:
            return lambda now: Counter64(device.counter(traffic, carrier, now) // per)

        index = number + device.offset
        yield (*QUEUE_ENTRY, 2, index), OctetString(_text(device, queue.name))
        yield (*QUEUE_ENTRY, 8, index), octets(queue.upload)
        yield (*QUEUE_ENTRY, 9, index), octets(queue.download)
        yield (*QUEUE_ENTRY, 10, index), octets(queue.upload, per=PACKET_OCTETS)
        yield (*QUEUE_ENTRY, 11, index), octets(queue.download, per=PACKET_OCTETS)
        yield (*QUEUE_ENTRY, 14, index), Counter32(0)
        yield (*QUEUE_ENTRY, 15, index), Counter32(0)


def _text(device: SimulatedDevice, text: str) -> bytes:
    return text.encode(device.spec.encoding, "surrogatepass" if device.spec.encoding == "utf-8" else "strict")


def _ticks(seconds: float) -> int:
    """Hundredths of a second, which wrap after 497 days."""
    return int(seconds * 100) % 2**32
