"""What the pings sent by one device add up to, and whose turn it is where a probe has no time for all."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from exporter.ping.stats import PingStats
from exporter.plan import PingPlan

# A verdict older than this says nothing about now. Prometheus itself looks back as long (its lookback delta).
STALE_SECONDS = 300.0


@dataclass(slots=True)
class _Pinged:
    stats: PingStats = field(default_factory=PingStats)
    at: float | None = None


class DevicePings:
    """The pings of one device's circuits, kept from probe to probe."""

    def __init__(self) -> None:
        self._pinged: dict[tuple[str, str], _Pinged] = {}

    def longest_waiting_first(self, plans: Sequence[PingPlan]) -> list[PingPlan]:
        """The circuits in the order they are due."""
        return sorted(plans, key=lambda plan: self._of(plan).at or 0.0)

    def record(self, plan: PingPlan, round_trips: Sequence[float | None]) -> None:
        """Count pings of one circuit that were sent just now."""
        pinged = self._of(plan)
        for round_trip in round_trips:
            pinged.stats.record(round_trip)
        pinged.at = time.monotonic()

    def skip(self, plan: PingPlan, count: int) -> None:
        """The circuit had its turn, but the device could not send `count` pings."""
        pinged = self._of(plan)
        for _ in range(count):
            pinged.stats.skip()
        pinged.at = time.monotonic()

    def known(self, plans: Sequence[PingPlan]) -> Iterator[tuple[PingPlan, PingStats]]:
        """The circuits that were pinged not too long ago."""
        now = time.monotonic()
        for plan in plans:
            pinged = self._of(plan)
            if pinged.at is not None and now - pinged.at < STALE_SECONDS and pinged.stats.sent:
                yield plan, pinged.stats

    def keep_only(self, plans: Sequence[PingPlan]) -> None:
        """Forget the circuits that are not in `plans`."""
        keys = {plan.key for plan in plans}
        self._pinged = {key: pinged for key, pinged in self._pinged.items() if key in keys}

    def _of(self, plan: PingPlan) -> _Pinged:
        return self._pinged.setdefault(plan.key, _Pinged())
