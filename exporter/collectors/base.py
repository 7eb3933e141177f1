"""What a collector is, and the samples that several of them write the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devices.session import DeviceError, Interface
from exporter import metrics
from exporter.device_pings import DevicePings
from exporter.exposition import Exposition
from exporter.interfaces import Missing
from exporter.plan import CircuitPlan, DevicePlan, Flow
from exporter.rates import Counter, KeptBack, Rates
from exporter.reading import Reading


@dataclass(frozen=True, slots=True)
class Scrape:
    """One scrape of one device: what is wanted, where it is read, what is remembered, where samples go."""

    plan: DevicePlan
    reading: Reading
    rates: Rates
    pings: DevicePings
    out: Exposition


@dataclass(frozen=True, slots=True)
class Collector:
    """`wanted` says whether the inventory asks for anything here; `collect` reads it and writes samples.

    `collect` returns what is missing, a line each, and still writes all the rest. It raises NoData where the
    device has no such thing and nobody said it should, DeviceError where nothing could be read at all.
    """

    wanted: Callable[[DevicePlan], bool]
    collect: Callable[[Scrape], Sequence[str]]


class NoData(DeviceError):
    """The device has nothing of this kind, which is no failure."""


def write_flow(scrape: Scrape, flow: Flow, counter: Counter | None) -> str | None:
    """One direction's byte counter and bandwidth; a counter that was not read writes nothing.

    Returns why the total of one that was read is kept back, for `require_totals` when all else is written.
    """
    if counter is None:
        scrape.rates.forget(flow.bandwidth)
        return None
    rate, kept_back = scrape.rates.bits_per_second(flow.bandwidth, counter), None
    try:
        scrape.out.add(flow.counter, flow.total, scrape.rates.total(flow.bandwidth, counter))
    except KeptBack as error:
        kept_back = str(error)
    if rate is not None:
        scrape.out.add(flow.gauge, flow.bandwidth, rate)
    return kept_back


def require_totals(*kept_back: str | None) -> None:
    """Raises Missing where one of them says why a total is kept back."""
    for why in kept_back:
        if why is not None:
            raise Missing(why)


def received(interface: Interface, at: float, plausible: int) -> Counter | None:
    """The counter of the bytes an interface received, None where it was not read."""
    return _octets("receive", interface.receive_bytes, interface, at, plausible)


def transmitted(interface: Interface, at: float, plausible: int) -> Counter | None:
    """The counter of the bytes an interface sent, None where it was not read."""
    return _octets("transmit", interface.transmit_bytes, interface, at, plausible)


def _octets(way: str, value: int | None, interface: Interface, at: float, plausible: int) -> Counter | None:
    if value is None:
        return None
    # With the way: a circuit that is told to face the other side has its series swapped, not its bytes.
    origin = (interface.key, way, interface.discontinuity, interface.counter_bits)
    return Counter(value, at, origin, plausible, interface.counter_bits)


def write_circuit_interface(scrape: Scrape, circuit: CircuitPlan, interface: Interface, at: float) -> None:
    """Bytes, bandwidth, errors and drops of the interface that carries a circuit.

    Raises Missing, all else written, where a total is kept back.
    """
    bytes_in, bytes_out = received(interface, at, circuit.plausible), transmitted(interface, at, circuit.plausible)
    directions = (
        (circuit.receive, bytes_in, interface.receive_errors, interface.receive_drops),
        (circuit.transmit, bytes_out, interface.transmit_errors, interface.transmit_drops),
    )
    kept_back = []
    for direction, counter, errors, drops in directions:
        kept_back.append(write_flow(scrape, direction.flow, counter))
        if errors is not None:
            scrape.out.add(metrics.CIRCUIT_ERRORS, direction.errors, errors)
        if drops is not None:
            scrape.out.add(metrics.CIRCUIT_DROPS, direction.drops, drops)
    require_totals(*kept_back)


def require_counters(interface: Interface) -> None:
    """Raises Missing where the interface has no byte counters, which nobody else would tell the reader."""
    if interface.receive_bytes is None or interface.transmit_bytes is None:
        raise Missing(f"the device does not count the bytes of interface {interface.name or interface.descr!r}")


def write_circuit_state(scrape: Scrape, circuit: CircuitPlan, up: bool | None) -> None:  # noqa: FBT001 - it is a value
    """The circuit's state on the device, which is also whether it is up where nothing pings it."""
    if up is None:
        return
    scrape.out.add(metrics.CIRCUIT_OPER_UP, circuit.oper_up, int(up))
    if circuit.up is not None:
        scrape.out.add(metrics.CIRCUIT_UP, circuit.up, int(up))


def each(circuits: Sequence[CircuitPlan], write: Callable[[CircuitPlan], None]) -> list[str]:
    """Write every circuit by itself; returns the problems of those that have something missing."""
    problems = []
    for circuit in circuits:
        try:
            write(circuit)
        except Missing as error:
            problems.append(f"{circuit.name}: {error}")
    return problems
