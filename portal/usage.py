"""What a tenant uses of what it bought, over one circuit and over all of them: for its pages and for the API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from inventory.models import Circuit
from portal.states import CircuitNow, State

_UNKNOWN = CircuitNow()


@dataclass(frozen=True, slots=True)
class Direction:
    """One direction: bits per second used (None: not measured) and bought, and the share."""

    name: str
    used: float | None
    bought: float

    @property
    def ratio(self) -> float | None:
        """Used of bought; None while it is not measured."""
        return self.used / self.bought if self.used is not None and self.bought else None


@dataclass(frozen=True, slots=True)
class Total:
    """All circuits together; unless `complete` what one of them carries is not known and the sums are "at least"."""

    download: Direction
    upload: Direction
    complete: bool
    states: Mapping[State, int]

    @property
    def measured(self) -> bool:
        """Whether there is any figure."""
        return self.download.used is not None or self.upload.used is not None


def of_circuit(circuit: Circuit, now: CircuitNow) -> tuple[Direction, Direction]:
    """Download and upload of one circuit."""
    return (
        Direction("Download", now.download_bps, circuit.committed.download),
        Direction("Upload", now.upload_bps, circuit.committed.upload),
    )


def total(circuits: Iterable[Circuit], now: Mapping[str, CircuitNow]) -> Total:
    """The sums, and how many circuits are in which state."""
    own = [(circuit, now.get(circuit.id, _UNKNOWN)) for circuit in circuits]
    pairs = [of_circuit(circuit, each) for circuit, each in own]
    states = Counter(each.state for _, each in own)
    complete = all(_is_known(each) for _, each in own)
    return Total(
        _sum("Download", (down for down, _ in pairs)), _sum("Upload", (up for _, up in pairs)), complete, states
    )


def _is_known(now: CircuitNow) -> bool:
    """Whether what the circuit carries is known; one that is down carries nothing."""
    return now.state is State.DOWN or (now.download_bps is not None and now.upload_bps is not None)


def _sum(name: str, parts: Iterable[Direction]) -> Direction:
    parts = list(parts)
    known = [part.used for part in parts if part.used is not None]
    return Direction(name, sum(known) if known else None, sum(part.bought for part in parts))
