"""Turns counters into bits per second since the last reading, or into nothing where that would be a guess."""

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
        if last is None or last.origin != now.origin or now.at <= last.at:
            return None
        seconds = now.at - last.at
        moved = now.value - last.value
        if now.wraps_below is not None and now.wraps_below * seconds / 8 >= _WRAP:
            return None  # so long ago that it may have gone round more than once
        if moved >= 0:
            return moved * 8 / seconds
        if now.wraps_below is None:
            return None
        wrapped = (moved + _WRAP) * 8 / seconds
        return wrapped if wrapped <= now.wraps_below else None

    def forget(self, series: Series) -> None:
        """The counter was not read this time: the next reading of it is a first one."""
        self._last.pop(series, None)

    def keep_only(self, series: Collection[Series]) -> None:
        """Forget every counter that is not in `series`."""
        self._last = {known: counter for known, counter in self._last.items() if known in series}
