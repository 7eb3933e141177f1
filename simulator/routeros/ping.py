"""`/ping`: replies of the simulated addresses, in each version's shape."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from simulator.device import SimulatedDevice
from simulator.network import PingTarget
from simulator.routeros.command import BAD_VALUE, Trap
from simulator.routeros.shapes import Version, parse_duration, round_trip


@dataclass(frozen=True, slots=True)
class PingRequest:
    """What a client asked for; `count` 0 is until it is cancelled, `interval` is seconds."""

    address: str
    count: int
    interval: float
    size: int


def parse_ping(arguments: Mapping[str, str]) -> PingRequest:
    """The arguments of `/ping`. Raises Trap as the router words it."""
    if "address" not in arguments:
        raise Trap("missing value(s) of argument(s) address", BAD_VALUE)
    try:
        address = str(ip_address(arguments["address"]))
    except ValueError:
        raise Trap("invalid value for argument address", BAD_VALUE) from None
    try:
        interval = parse_duration(arguments.get("interval", "1s"))
        count, size = int(arguments.get("count", "0")), int(arguments.get("size", "56"))
    except ValueError:
        raise Trap("invalid value for argument interval, count or size", BAD_VALUE) from None
    return PingRequest(address, count, max(interval, 0.01), size)


def round_trip_seconds(device: SimulatedDevice, address: str, now: float) -> float | None:
    """How long the answer to a ping sent at `now` takes; None if none comes. The same for the same moment."""
    target = next((target for target in device.spec.pings if target.address == address), None)
    if target is None or device.is_ping_cut(address) or device.is_cut(target.interface):
        return None
    rtt_ms, loss = _state(target, now)
    chance = random.Random(f"{address} {now:.3f}")  # noqa: S311 - repeatable on purpose
    if chance.random() < loss:
        return None
    return max(rtt_ms + target.jitter_ms * chance.uniform(-1, 1), 0.01) / 1000


def _state(target: PingTarget, now: float) -> tuple[float, float]:
    """Mean round trip in milliseconds and loss ratio at `now`."""
    rtt_ms, loss = target.rtt_ms, target.loss
    for event in target.events:
        if event.start <= now < event.end:
            rtt_ms = rtt_ms if event.rtt_ms is None else event.rtt_ms
            loss = loss if event.loss is None else event.loss
    return rtt_ms, loss


@dataclass(slots=True)
class PingReport:
    """What `/ping` prints after each probe: the probe, then the figures so far."""

    request: PingRequest
    version: Version
    times: list[float] = field(default_factory=list)
    sent: int = 0

    def reply(self, seconds: float | None) -> dict[str, str]:
        """The row for the next probe: answered after `seconds`, or timed out."""
        row = {"seq": str(self.sent), "host": self.request.address}
        self.sent += 1
        if seconds is None:
            row["status"] = "timeout"
        else:
            self.times.append(seconds)
            row |= {"size": str(self.request.size), "ttl": "64", "time": round_trip(seconds, self.version)}
        return row | self._summary()

    def _summary(self) -> dict[str, str]:
        lost = 100 * (self.sent - len(self.times)) // self.sent
        figures = {"sent": str(self.sent), "received": str(len(self.times)), "packet-loss": str(lost)}
        if self.times:
            mean = sum(self.times) / len(self.times)
            for name, value in (("min-rtt", min(self.times)), ("avg-rtt", mean), ("max-rtt", max(self.times))):
                figures[name] = round_trip(value, self.version)
        return figures
