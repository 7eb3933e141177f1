"""A simulated device at work: what its file says, what is wrong with it now, and what it has counted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain

from simulator.faults import Fault, Faults
from simulator.network import Device, PppSession, Queue
from simulator.traffic import Sum, Traffic, relimited

Clock = Callable[[], float]
# How far a renumbering moves every .id and ifIndex.
RENUMBER_STEP = 64


@dataclass(slots=True)
class Statistics:
    """What clients have done to a device since the simulator started."""

    connections: int = 0
    logins: int = 0
    login_failures: int = 0
    commands: int = 0


class SimulatedDevice:
    """The state all protocols of one device share.

    `booted` is when it last started (Unix seconds); `revision` changes when rows prepared earlier no longer hold.
    """

    def __init__(self, spec: Device, clock: Clock = time.time) -> None:
        self.spec = spec
        self.clock = clock
        self.faults = Faults(spec.faults)
        self.statistics = Statistics()
        self.revision = 0
        self.booted = spec.booted
        self.queues = list(spec.queues)
        self._members: dict[str | None, tuple[str, ...]] = {item.name: item.members for item in spec.interfaces}
        self._parents = {member: trunk for trunk, members in self._members.items() for member in members}
        self._spans = lru_cache(maxsize=None)(self._outages_since_boot)
        self.changed()

    def warm(self) -> None:
        """Work out the week of each traffic now, so that the first client does not wait for it."""
        now = self.clock()
        for interface in self.spec.interfaces:
            self.counter(interface.receive, interface.name, now)
            self.counter(interface.transmit, interface.name, now)
        for user in chain[Queue | PppSession](self.queues, self.spec.ppp):
            self.counter(user.upload, user.interface, now)
            self.counter(user.download, user.interface, now)

    def add_fault(self, fault: Fault) -> None:
        """Let a fault come to pass."""
        self.faults.add(fault)
        self.changed()

    def clear_faults(self, number: int | None = None) -> int:
        """End one fault or all; answers how many ended."""
        ended = self.faults.clear(self.clock(), number)
        self.changed()
        return ended

    def changed(self) -> None:
        """Say that something other than counters differs from now on."""
        now = self.clock()
        self.revision += 1
        self.booted = self.faults.booted(now, self.spec.booted)
        self._spans.cache_clear()
        self._next_change = self.faults.next_change(now)

    def turn(self) -> bool:
        """Take note of faults that began or ended by themselves; whether there were any."""
        if self.clock() < self._next_change:
            return False
        self.changed()
        return True

    def ailing(self, kind: str) -> bool:
        """Whether it has this fault now."""
        return kind in self.faults.kinds(self.clock())

    @property
    def away(self) -> bool:
        """Whether nothing listens: refused by a fault, or between the start and the end of a reboot."""
        return any(fault.kind in ("refuse", "reboot") for fault in self.faults.active(self.clock()))

    @property
    def offset(self) -> int:
        """What renumbering adds to every .id and ifIndex."""
        now = self.clock()
        return RENUMBER_STEP * sum(fault.active(now) for fault in self.faults.of_kind("renumber"))

    def outages(self, interface: str) -> list[tuple[float, float]]:
        """When an interface was, is and will be down by itself or with the trunk it runs on."""
        trunk = self._parents.get(interface)
        return self.faults.outages(interface if trunk is None else trunk, interface)

    def is_cut(self, interface: str | None) -> bool:
        """Whether that interface is down by a fault now."""
        now = self.clock()
        return interface is not None and any(start <= now < end for start, end in self.outages(interface))

    def is_ping_cut(self, address: str) -> bool:
        """Whether that address does not answer by a fault now."""
        now = self.clock()
        return any(fault.ping == address and fault.active(now) for fault in self.faults.of_kind("cut"))

    def counter(self, traffic: Traffic, interface: str | None, now: float) -> int:
        """Octets since the device started, less what did not pass while its interface was cut."""
        if isinstance(traffic, Sum):
            parts = zip(traffic.parts, self._members[interface], strict=True)
            return sum(self.counter(part, member, now) for part, member in parts)
        total = traffic.octets(self.booted, now)
        for start, end in self._spans(interface):
            if start < now:
                total -= traffic.octets(start, min(end, now))
        return total

    def rate(self, traffic: Traffic, interface: str | None, now: float) -> float:
        """Bits per second now: 0 while the interface is cut."""
        if isinstance(traffic, Sum):
            parts = zip(traffic.parts, self._members[interface], strict=True)
            return sum(self.rate(part, member, now) for part, member in parts)
        return 0.0 if self._spans(interface) and self.is_cut(interface) else traffic.rate(now)

    def limit_queue(self, index: int, upload: int, download: int) -> None:
        """Set a queue's limits (bits per second, 0 for none): its rates obey from now on, its counters go on."""
        now, queue = self.clock(), self.queues[index]
        self.queues[index] = replace(
            queue,
            upload_limit=upload,
            download_limit=download,
            upload=relimited(queue.upload, now, upload),
            download=relimited(queue.download, now, download),
        )
        self.changed()

    def _outages_since_boot(self, interface: str | None) -> tuple[tuple[float, float], ...]:
        spans = self.outages(interface) if interface is not None else []
        return tuple((max(start, self.booted), end) for start, end in spans if end > self.booted)
