"""Turns counters into bits per second since the last reading, or into nothing where that would be a guess.

What is exposed of a counter of 32 bits is put right where it goes round: Prometheus would take that for a reset. What
Prometheus would take for traffic, the difference to another counter, is kept back until no rate can span both.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import NamedTuple

from exporter.exposition import Series

# Boot time is the clock less the uptime; whole-second uptimes and the way of the answer move it by a second or
# two. A restart moves it by more than this, since no router starts, is read and starts again within it.
BOOT_TIME_SLACK = 10.0

# The rules' rates look back 5 minutes. A sample has the time its scrape began: up to a timeout, 10 s, before the device
# was read, and where two share a reading up to 5 s after it.
RATE_SECONDS = 300.0 + 10.0 + 5.0

_WRAP = 1 << 32

_TOO_FAST = (
    "its 32-bit counters may have gone round more than once since they were last read; "
    "where that goes on, the device needs 64-bit counters (SNMP 2c or 3)"
)
_ANOTHER = (
    "its bytes come from another counter than before, and the difference is no traffic; "
    "they are shown 5 minutes after the last of the old ones"
)


class Counter(NamedTuple):
    """One counter as it was read. `at` is monotonic seconds, as close to the device's own reading as we know.

    `origin` is what the count belongs to: while it stays equal (row, way, discontinuity, width) the counts compare.
    `plausible` is the greatest rate, bits per second, that is believed where the counts alone do not tell traffic from
    a reset or from another counter. `bits` is 32 or 64; 64 do not wrap (at 100 Gb/s it takes 46 years).
    """

    value: int
    at: float
    origin: Hashable
    plausible: int
    bits: int = 64


class KeptBack(Exception):
    """A total would mislead rate(); the text says why, and what to do where something can be done."""


class Rates:
    """The last reading of every counter of one device. `exposed` is what Prometheus has of them already."""

    def __init__(self, exposed: Mapping[Series, Counter] | None = None) -> None:
        self._last: dict[Series, Counter] = {}
        # A 32-bit counter as it was when it was last seen to have gone round: from there it counts anew.
        self._begun: dict[Series, int] = {}
        # What to expose of one of 32 bits; none where it may have gone round more than once.
        self._shown: dict[Series, int] = {}
        # What was last exposed, and the origin that was not since. Not forgotten with `_last`: Prometheus has it still.
        self._exposed = dict(exposed or {})
        self._refused: dict[Series, Hashable] = {}
        self._boot_time: float | None = None

    def handed_on(self) -> Rates:
        """What a probe of the same device with other settings begins with: it may be another machine."""
        unknown, exposed = object(), dict(self._exposed)  # in one step: a last reading may be under way
        return Rates({series: counter._replace(origin=unknown) for series, counter in exposed.items()})

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
        if now.bits == 32:
            return self._narrow(series, last, now)
        if last is None or now.value < last.value:
            return None
        return (now.value - last.value) * 8 / (now.at - last.at)

    def total(self, series: Series, now: Counter) -> int:
        """What to expose of the counter `now`, of which `bits_per_second` was asked: nearly always the counter itself.

        One of 32 bits that went round is shown beyond its end by what it counted, and from there on as begun at 0:
        rate() sees first all that was counted, then a reset that loses nothing. So no total is kept that a restart of
        the exporter would lose, which rate() would take for traffic.

        Raises KeptBack for a 32-bit counter that may have gone round more than once, and for a counter of another
        origin that cannot have counted since the last total what rate() would take it to have: the other one's next
        total, or as much time as no rate looks back, ends that.
        """
        shown = now.value if now.bits == 64 else self._shown.get(series)
        if shown is None:
            raise KeptBack(_TOO_FAST)
        last = self._exposed.get(series)
        if last is not None and last.origin != now.origin and self._misleads(series, last, now, shown):
            self._refused[series] = now.origin
            raise KeptBack(_ANOTHER)
        self._refused.pop(series, None)
        self._exposed[series] = now if now.bits == 64 else now._replace(value=shown)
        return shown

    def _misleads(self, series: Series, last: Counter, now: Counter, shown: int) -> bool:
        """Whether rate() would take `shown`, of another origin than `last`, for traffic that was none.

        What did so goes on doing so: with the time that passes, any difference would come to be plausible.
        """
        if now.at - last.at >= RATE_SECONDS:
            return False
        return self._refused.get(series) == now.origin or not _may_follow(last, now, shown)

    def _narrow(self, series: Series, last: Counter | None, now: Counter) -> float | None:
        """As `bits_per_second`, for 32 bits; `last` is None where it does not compare."""
        begun = self._begun.pop(series, 0)
        self._shown[series] = now.value
        if last is None:
            return None
        seconds = now.at - last.at
        if now.plausible * seconds / 8 >= _WRAP:
            del self._shown[series]
            return None  # so long ago that it may have gone round more than once
        moved = now.value - last.value
        if moved < 0:
            moved += _WRAP
            if moved * 8 / seconds > now.plausible:
                return None
            self._shown[series], self._begun[series] = now.value + _WRAP - begun, now.value
        elif begun:
            self._shown[series], self._begun[series] = now.value - begun, begun
        return moved * 8 / seconds

    def forget(self, series: Series) -> None:
        """The counter was not read this time: the next reading of it is a first one."""
        self._last.pop(series, None)

    def keep_only(self, series: Collection[Series]) -> None:
        """Forget every counter that is not in `series`, and what was exposed of it as soon as no rate sees it."""
        self._last = {known: counter for known, counter in self._last.items() if known in series}
        self._begun = {known: begun for known, begun in self._begun.items() if known in series}
        self._shown = {known: shown for known, shown in self._shown.items() if known in series}
        self._refused = {known: origin for known, origin in self._refused.items() if known in series}
        newest = max((counter.at for counter in self._exposed.values()), default=0.0)
        self._exposed = {
            known: counter
            for known, counter in self._exposed.items()
            if known in series or newest - counter.at < RATE_SECONDS
        }


def _may_follow(last: Counter, now: Counter, shown: int) -> bool:
    """Whether `shown` after `last` is no more than may have been counted between them, as rate() takes it.

    A PPPoE session or a queue that was made anew begins near 0. Two widths never follow each other: the low half of a
    counter says nothing.
    """
    counted = shown - last.value if shown >= last.value else shown
    return last.bits == now.bits and counted * 8 <= now.plausible * (now.at - last.at)
