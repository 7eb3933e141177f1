"""Turns counters into bits per second since the last reading, or into nothing where that would be a guess.

What is exposed of a counter of 32 bits is put right where it goes round: Prometheus would take that for a reset.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import NamedTuple

from exporter.exposition import Series

# Boot time is the clock less the uptime; whole-second uptimes and the way of the answer move it by a second or
# two. A restart moves it by more than this, since no router starts, is read and starts again within it.
BOOT_TIME_SLACK = 10.0

_WRAP = 1 << 32


class Counter(NamedTuple):
    """One counter as it was read. `at` is monotonic seconds, as close to the device's own reading as we know.

    `origin` is what the count belongs to: while it stays equal (row, discontinuity, width) the counts compare.
    `wraps_below` is the greatest rate, bits per second, a 32-bit counter that went back may mean by it; None for
    64-bit counters, which do not wrap (at 100 Gb/s it takes 46 years).
    """

    value: int
    at: float
    origin: Hashable
    wraps_below: int | None = None


class Rates:
    """The last reading of every counter of one device."""

    def __init__(self) -> None:
        self._last: dict[Series, Counter] = {}
        # A 32-bit counter as it was when it was last seen to have gone round: from there it counts anew.
        self._begun: dict[Series, int] = {}
        self._shown: dict[Series, int] = {}
        self._boot_time: float | None = None

    def begin(self, boot_time: float | None) -> None:
        """Start a new reading of the device; forgets all counters when it restarted since the last one.

        A counter can pass its old value after a restart, so the boot time decides, not the counter. A device that
        does not say when it booted (None) leaves us with what the counters themselves show.
        """
        if boot_time is None:
            return
        if self._boot_time is not None and abs(boot_time - self._boot_time) > BOOT_TIME_SLACK:
            self._last.clear()
        self._boot_time = boot_time

    def bits_per_second(self, series: Series, now: Counter) -> float | None:
        """The rate of `series` since its last reading, which `now` replaces; None when there is nothing to compare."""
        last = self._last.get(series)
        self._last[series] = now
        if last is not None and (last.origin != now.origin or now.at <= last.at):
            last = None
        if now.wraps_below is not None:
            return self._narrow(series, last, now, now.wraps_below)
        if last is None or now.value < last.value:
            return None
        return (now.value - last.value) * 8 / (now.at - last.at)

    def total(self, series: Series, now: Counter) -> int:
        """What to expose of the counter `now`, of which `bits_per_second` was asked: nearly always the counter itself.

        One of 32 bits that went round is shown beyond its end by what it counted, and from there on as begun at 0:
        rate() sees first all that was counted, then a reset that loses nothing. So no total is kept that a restart of
        the exporter would lose, which rate() would take for traffic.
        """
        return now.value if now.wraps_below is None else self._shown[series]

    def _narrow(self, series: Series, last: Counter | None, now: Counter, wraps_below: int) -> float | None:
        """As `bits_per_second`, for 32 bits; `last` is None where it does not compare."""
        begun = self._begun.pop(series, 0)
        self._shown[series] = now.value
        if last is None:
            return None
        seconds = now.at - last.at
        if wraps_below * seconds / 8 >= _WRAP:
            return None  # so long ago that it may have gone round more than once
        moved = now.value - last.value
        if moved < 0:
            moved += _WRAP
            if moved * 8 / seconds > wraps_below:
                return None
            self._shown[series], self._begun[series] = now.value + _WRAP - begun, now.value
        elif begun:
            self._shown[series], self._begun[series] = now.value - begun, begun
        return moved * 8 / seconds

    def forget(self, series: Series) -> None:
        """The counter was not read this time: the next reading of it is a first one."""
        self._last.pop(series, None)

    def keep_only(self, series: Collection[Series]) -> None:
        """Forget every counter that is not in `series`."""
        self._last = {known: counter for known, counter in self._last.items() if known in series}
        self._begun = {known: begun for known, begun in self._begun.items() if known in series}
        self._shown = {known: shown for known, shown in self._shown.items() if known in series}
