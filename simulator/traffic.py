"""Traffic as a pure function of absolute time: rates in bits per second and their exact integral in octets.

The same functions serve a device's live counters and a history written in advance, so the two agree.
A rate is linear between 5-minute knots, hence its integral is a closed formula and a call takes microseconds.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Protocol

from simulator.week_curve import MONDAY_OFFSET_SECONDS, SLOT_SECONDS, SLOTS, WEEK_SECONDS, noise, week_curve


class Traffic(Protocol):
    """One direction of one interface or queue."""

    def rate(self, t: float) -> float:
        """Bits per second at the Unix time `t`."""
        ...

    def octets(self, t0: float, t1: float) -> int:
        """Octets carried from `t0` to `t1`: additive over adjoining spans, never negative for t0 <= t1."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """A surge or a dip from `start` to `end` (Unix seconds): `factor` times the usual rate, or `bps` outright.

    The rate moves over `ramp` seconds on both sides. Just one of `factor` and `bps` is given.
    """

    start: float
    end: float
    factor: float | None = None
    bps: float | None = None
    ramp: float = 0.0

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ValueError("an event ends after it starts")
        if (self.factor is None) == (self.bps is None):
            raise ValueError("an event has either a factor or bps")
        if not 0 <= self.ramp <= (self.end - self.start) / 2:
            raise ValueError("an event's two ramps fit between its start and its end")


@dataclass(frozen=True)
class Profile:
    """A day's and a week's rise and fall around a mean.

    `mean` is bits per second averaged over a usual week. `phase` moves the curve later by seconds (the curve is
    local time: for a zone east of UTC subtract its offset). `noise_share` is how far the rate strays from the
    curve, `seed` makes each circuit stray its own way. `weekdays` multiplies Monday to Sunday. `cap` is what the
    rate never exceeds (a queue's max-limit). Events do not overlap.
    """

    mean: float
    seed: str = ""
    phase: float = 0.0
    noise_share: float = 0.1
    weekdays: tuple[float, ...] = (1.0,) * 7
    cap: float | None = None
    events: tuple[Event, ...] = ()

    def __post_init__(self) -> None:
        if self.mean < 0 or not 0 <= self.noise_share <= 1 or len(self.weekdays) != 7 or min(self.weekdays) < 0:
            raise ValueError("mean and weekdays (seven) are not negative, noise_share lies between 0 and 1")
        if any(later.start < earlier.end for earlier, later in pairwise(self._ordered)):
            raise ValueError("events of one profile do not overlap")

    def rate(self, t: float) -> float:
        """Bits per second at the Unix time `t`."""
        if self.events and (event := self._event_at(t)) is not None:
            return event.rate(t)
        return self._usual_rate(t)

    def octets(self, t0: float, t1: float) -> int:
        """Octets carried from `t0` to `t1`, exact: two adjoining spans add up to the whole."""
        return self._total(t1) - self._total(t0)

    @cached_property
    def _knots(self) -> array[float]:
        """The rate at each 5-minute step of the week, and the first one again."""
        curve, strays = week_curve(), noise()
        turn = zlib.crc32(self.seed.encode()) % SLOTS
        scale = [self.mean * factor for factor in self.weekdays for _ in range(SLOTS // 7)]
        share, rotated = self.noise_share, strays[turn:] + strays[:turn]
        rates = [level * value * (1 + share * stray) for level, value, stray in zip(scale, curve, rotated, strict=True)]
        if self.cap is not None:
            rates = [min(rate, self.cap) for rate in rates]
        return array("d", [*rates, rates[0]])

    @cached_property
    def _sums(self) -> array[float]:
        """Octets from the week's start up to each knot."""
        areas = ((left + right) / 2 * SLOT_SECONDS / 8 for left, right in pairwise(self._knots))
        return array("d", accumulate(areas, initial=0.0))

    @cached_property
    def _week_octets(self) -> int:
        return int(self._sums[-1])

    def _place(self, t: float) -> tuple[int, int, float]:
        """Which week, which knot before `t`, how many seconds past it."""
        week, second = divmod(t + MONDAY_OFFSET_SECONDS - self.phase, WEEK_SECONDS)
        slot = int(second // SLOT_SECONDS)
        return int(week), slot, second - slot * SLOT_SECONDS

    def _usual_rate(self, t: float) -> float:
        _, slot, past = self._place(t)
        before, after = self._knots[slot], self._knots[slot + 1]
        return before + (after - before) * past / SLOT_SECONDS

    def _usual_total(self, t: float) -> int:
        """Octets of the usual week since an arbitrary fixed origin."""
        week, slot, past = self._place(t)
        before, after = self._knots[slot], self._knots[slot + 1]
        part = self._sums[slot] + past * (before + (after - before) * past / (2 * SLOT_SECONDS)) / 8
        # No rounding may carry a counter past the knot that follows, else it would step back there.
        return week * self._week_octets + min(int(part), int(self._sums[slot + 1]), self._week_octets)

    def _total(self, t: float) -> int:
        """Octets since an arbitrary fixed origin, events included."""
        if not self.events:
            return self._usual_total(t)
        index = bisect_right(self._starts, t) - 1
        if index < 0:
            return self._usual_total(t)
        if t >= self._pieces[index].end:
            return self._usual_total(t) + self._surplus[index + 1]
        piece = self._pieces[index]
        return self._usual_total(piece.start) + self._surplus[index] + piece.octets(t)

    @cached_property
    def _ordered(self) -> list[Event]:
        return sorted(self.events, key=lambda event: event.start)

    @cached_property
    def _starts(self) -> list[float]:
        return [event.start for event in self._ordered]

    @cached_property
    def _pieces(self) -> list[_Piece]:
        return [self._piece(event) for event in self._ordered]

    @cached_property
    def _surplus(self) -> list[int]:
        """What the events before each one have added to (or taken from) the usual octets."""
        gains = (
            piece.octets(piece.end) - self._usual_total(piece.end) + self._usual_total(piece.start)
            for piece in self._pieces
        )
        return list(accumulate(gains, initial=0))

    def _event_at(self, t: float) -> _Piece | None:
        index = bisect_right(self._starts, t) - 1
        return self._pieces[index] if index >= 0 and t < self._pieces[index].end else None

    def _piece(self, event: Event) -> _Piece:
        first = event.start + event.ramp
        last = max(first, event.end - event.ramp)  # two ramps that meet may cross by a rounding
        steps = range(int(first // SLOT_SECONDS) + 1, int(-(-last // SLOT_SECONDS)))
        inner = [first, *(float(step * SLOT_SECONDS) for step in steps), last]
        times = [event.start, *inner, event.end]
        rates = [self._usual_rate(event.start), *(self._changed(event, t) for t in inner), self._usual_rate(event.end)]
        return _Piece.through(times, rates)

    def _changed(self, event: Event, t: float) -> float:
        rate = event.bps if event.bps is not None else self._usual_rate(t) * (event.factor or 0.0)
        return rate if self.cap is None else min(rate, self.cap)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A rate that is linear between its own knots; two knots at one time are a jump."""

    times: list[float]
    rates: list[float]
    sums: list[float]

    @classmethod
    def through(cls, times: list[float], rates: list[float]) -> _Piece:
        spans = zip(pairwise(times), pairwise(rates), strict=True)
        areas = ((rate0 + rate1) / 2 * (t1 - t0) / 8 for (t0, t1), (rate0, rate1) in spans)
        return cls(times, rates, list(accumulate(areas, initial=0.0)))

    @property
    def start(self) -> float:
        return self.times[0]

    @property
    def end(self) -> float:
        return self.times[-1]

    def _slope(self, t: float) -> tuple[int, float, float]:
        index = min(bisect_right(self.times, t), len(self.times) - 1) - 1
        span = self.times[index + 1] - self.times[index]
        slope = (self.rates[index + 1] - self.rates[index]) / span if span else 0.0
        return index, t - self.times[index], slope

    def rate(self, t: float) -> float:
        index, past, slope = self._slope(t)
        return self.rates[index] + slope * past

    def octets(self, t: float) -> int:
        """Octets from the piece's start to `t`."""
        if t >= self.end:
            return int(self.sums[-1])
        index, past, slope = self._slope(t)
        part = self.sums[index] + past * (self.rates[index] + slope * past / 2) / 8
        return min(int(part), int(self.sums[index + 1]))


@dataclass(frozen=True, slots=True)
class Sum:
    """What a trunk carries: the sum of its VLANs."""

    parts: Sequence[Traffic]

    def rate(self, t: float) -> float:
        """Bits per second at the Unix time `t`."""
        return sum(part.rate(t) for part in self.parts)

    def octets(self, t0: float, t1: float) -> int:
        """Octets carried from `t0` to `t1`."""
        return sum(part.octets(t0, t1) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Spliced:
    """One traffic until `moment`, another from then on: a limit that was changed leaves the past as it was."""

    before: Traffic
    moment: float
    after: Traffic

    def rate(self, t: float) -> float:
        """Bits per second at the Unix time `t`."""
        return (self.before if t < self.moment else self.after).rate(t)

    def octets(self, t0: float, t1: float) -> int:
        """Octets carried from `t0` to `t1`."""
        middle = min(max(self.moment, t0), t1)
        return self.before.octets(t0, middle) + self.after.octets(middle, t1)


def relimited(traffic: Traffic, moment: float, cap: float) -> Traffic:
    """The same traffic with another limit (bits per second, 0 for none) from `moment` on."""
    latest = traffic.after if isinstance(traffic, Spliced) else traffic
    if not isinstance(latest, Profile):
        return traffic
    return Spliced(traffic, moment, replace(latest, cap=cap or None))
