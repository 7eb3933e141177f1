"""Faults on demand: which request goes wrong, how, and how often."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

# What can go wrong, and the fields each kind needs. "before" and "after" say whether the message was accepted.
KINDS: dict[str, tuple[str, ...]] = {
    "status": ("status",),  # answered with that HTTP status, and with Retry-After where `retry_after` says so
    "error": ("code",),  # refused at once with that Twilio code
    "undelivered": ("code",),  # accepted, and later `message_status` (undelivered, failed) with that code
    "timeout_before": (),  # no answer for `seconds`, then a reset
    "timeout_after": (),
    "reset_before": (),  # a TCP reset at once
    "reset_after": (),
    "slow": ("seconds",),  # accepted, and told after `seconds`
}


class BadFault(ValueError):
    """A fault that cannot be understood; the text says what was expected."""


@dataclass(slots=True)
class Fault:
    """One fault. `times` None is for ever; `to` is part of the recipient's address; `seconds` how long to hold."""

    kind: str
    times: int | None = 1
    to: str = ""
    freeform_only: bool = False
    status: int = 500
    retry_after: float | None = None
    code: int = 63016
    message_status: str = "undelivered"
    seconds: float = 60.0
    used: int = 0

    def matches(self, to: str, *, template: bool) -> bool:
        """Whether this fault befalls a message to `to` now."""
        left = self.times is None or self.used < self.times
        return left and self.to in to and not (self.freeform_only and template)


def parse_fault(request: object) -> Fault:
    """The fault a control request describes. Raises BadFault."""
    if not isinstance(request, Mapping):
        raise BadFault("expected a JSON object with a kind")
    kind = request.get("kind")
    if kind not in KINDS:
        raise BadFault(f"unknown kind {kind!r}; expected one of {', '.join(KINDS)}")
    known = {item.name for item in fields(Fault)} - {"used"}
    if unknown := set(request) - known:
        raise BadFault(f"unknown field {', '.join(sorted(unknown))}; expected {', '.join(sorted(known))}")
    if missing := [name for name in KINDS[kind] if name not in request]:
        raise BadFault(f"kind {kind} needs {', '.join(missing)}")
    for name, value in request.items():
        if not _fits(name, value):
            raise BadFault(f"{name} cannot be {value!r}")
    return Fault(**request)


def _fits(name: str, value: object) -> bool:
    """Whether a field may have this value; a bool is a number to Python, but to nobody else."""
    match name:
        case "kind" | "to" | "message_status":
            return isinstance(value, str)
        case "freeform_only":
            return isinstance(value, bool)
        case "times" | "retry_after" if value is None:
            return True
        case _:
            return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


class FaultBox:
    """The faults that are set now, in the order they were set; the first that matches is used."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self.released = threading.Event()

    def add(self, fault: Fault) -> None:
        """Set one more fault."""
        with self._lock:
            self._faults.append(fault)

    def take(self, to: str, *, template: bool) -> Fault | None:
        """The fault that befalls a message to `to`, counted as used; None when all is well."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.matches(to, template=template)), None)
            if fault is not None:
                fault.used += 1
            return fault

    def clear(self) -> None:
        """Forget all faults and let go of the requests they hold."""
        with self._lock:
            self._faults.clear()
            self.released.set()
            self.released = threading.Event()

    def hold(self, seconds: float) -> None:
        """Keep a request waiting that long, or until the faults are cleared."""
        self.released.wait(seconds)

    def state(self) -> list[dict[str, Any]]:
        """Every fault that is set, with how often it was used."""
        with self._lock:
            return [{item.name: getattr(fault, item.name) for item in fields(fault)} for fault in self._faults]
