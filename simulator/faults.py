"""What can be wrong with a device, when it begins and when it ends: pure functions of absolute time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

# kind: what a client notices.
KINDS: dict[str, str] = {
    "hang": "accepts connections and never answers",
    "trickle": "answers one byte a second",
    "garbage": "answers random bytes",
    "refuse": "refuses connections and drops the ones there are",
    "close": "accepts connections and closes them at once",
    "reboot": "drops everything; uptime and counters begin anew (away until `until`, if given)",
    "renumber": "every .id and ifIndex changes",
    "cut": "the interface `interface` is down, or the address `ping` does not answer",
    "wrong-password": "no password is right any more",
    "error": "an agent answers all but its system group with genErr",
    "slow-login": "takes `delay` seconds to answer a login",
}


class FaultError(ValueError):
    """A fault that makes no sense; the text says what was expected."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault from `at` until just before `until` (Unix seconds); without `until` it stays.

    `interface` or `ping` says what a `cut` cuts; `delay` (seconds) belongs to `slow-login`.
    """

    kind: str
    at: float
    until: float = math.inf
    interface: str | None = None
    ping: str | None = None
    delay: float = 5.0
    number: int = field(default_factory=itertools.count(1).__next__, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise FaultError(f'unknown fault "{self.kind}"; expected one of {", ".join(KINDS)}')
        if not self.at < self.until:
            raise FaultError("a fault's `until` lies after its `at`")
        if (self.kind == "cut") != ((self.interface is None) != (self.ping is None)):
            raise FaultError("a cut, and only a cut, names either `interface` or `ping`")

    @property
    def instant(self) -> bool:
        """Whether it is over as soon as it happens: a reboot without an end."""
        return self.kind == "reboot" and math.isinf(self.until)

    def active(self, now: float) -> bool:
        """Whether it is in force at `now`."""
        return self.at <= now < self.until and not self.instant

    def as_json(self) -> dict[str, Any]:
        """What the control API shows of it."""
        shown = {
            "number": self.number,
            "kind": self.kind,
            "at": self.at,
            "interface": self.interface,
            "ping": self.ping,
        }
        shown["until"] = self.until if math.isfinite(self.until) else None
        return {name: value for name, value in shown.items() if value is not None}


class Faults:
    """All faults a device has had, has and will have, so that what they changed can be worked out for any moment."""

    def __init__(self, scheduled: Iterable[Fault] = ()) -> None:
        self._all: tuple[Fault, ...] = tuple(scheduled)

    def add(self, fault: Fault) -> None:
        """Let a fault come to pass."""
        self._all = (*self._all, fault)

    def clear(self, now: float, number: int | None = None) -> int:
        """End the fault of that number, or all there are and all to come; answers how many ended."""
        kept: list[Fault] = []
        ended = 0
        for fault in self._all:
            happened = fault.instant and fault.at <= now
            if happened or fault.until <= now or number not in (None, fault.number):
                kept.append(fault)
                continue
            ended += 1
            if fault.at < now:
                kept.append(_ended(fault, now))
        self._all = tuple(kept)
        return ended

    def active(self, now: float) -> tuple[Fault, ...]:
        """What is wrong at `now`."""
        return tuple(fault for fault in self._all if fault.active(now))

    def pending(self, now: float) -> tuple[Fault, ...]:
        """What is still to come."""
        return tuple(fault for fault in self._all if fault.at > now)

    def kinds(self, now: float) -> frozenset[str]:
        """The kinds in force at `now`."""
        return frozenset(fault.kind for fault in self._all if fault.active(now))

    def of_kind(self, kind: str) -> tuple[Fault, ...]:
        """All of one kind, whenever they are."""
        return tuple(fault for fault in self._all if fault.kind == kind)

    def next_change(self, now: float) -> float:
        """When the next one begins or ends; infinity if none does."""
        moments = (moment for fault in self._all for moment in (fault.at, fault.until) if moment > now)
        return min(moments, default=math.inf)

    def booted(self, now: float, first: float) -> float:
        """When the device that first started at `first` last started, seen from `now`."""
        ends = (fault.at if fault.instant else fault.until for fault in self.of_kind("reboot"))
        return max((end for end in ends if end <= now), default=first)

    def outages(self, *interfaces: str) -> list[tuple[float, float]]:
        """When any of these interfaces was, is and will be down; the spans do not overlap."""
        spans = sorted((fault.at, fault.until) for fault in self.of_kind("cut") if fault.interface in interfaces)
        merged: list[tuple[float, float]] = []
        for start, end in spans:
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged


def _ended(fault: Fault, now: float) -> Fault:
    """The same fault, over at `now`."""
    return Fault(fault.kind, fault.at, now, fault.interface, fault.ping, fault.delay, fault.number)
