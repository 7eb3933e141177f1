"""Whose turn it is to be pinged: everyone once a second, spread evenly over it, without drift. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T")

SLOTS = 64  # of a second, so a turn is at most 16 ms from its even place; a power of two for the order below
LATE_TICKS = SLOTS // 5  # a turn 0.2 s late is skipped: catching up further would be a burst
MAX_MISSED_TICKS = 60 * SLOTS  # after a longer stop there is nothing left to forget: one window of pings is gone


def _bit_reversed(number: int) -> int:
    return int(f"{number:0{SLOTS.bit_length() - 1}b}"[::-1], 2)


# The slots in the order they are filled (0, 32, 16, 48, ...): however many there are, they lie evenly.
_ORDER = [_bit_reversed(number) for number in range(SLOTS)]


class Wheel(Generic[T]):
    """Items with a place in the second each. An item keeps its place while others come and go.

    Time is in ticks of 1/SLOTS s since any fixed moment.
    """

    def __init__(self) -> None:
        self._slots: list[dict[int, T]] = [{} for _ in range(SLOTS)]
        self._vacant: list[int] = []  # a heap of places below `_end` that were given up
        self._end = 0
        self._next_tick: int | None = None

    def add(self, item: T) -> int:
        """Give the item a place and return it, for `remove`."""
        if self._vacant:
            place = heappop(self._vacant)
        else:
            place = self._end
            self._end += 1
        self._slots[_ORDER[place % SLOTS]][place] = item
        return place

    def remove(self, place: int) -> None:
        """Free the place of an item."""
        del self._slots[_ORDER[place % SLOTS]][place]
        heappush(self._vacant, place)

    def due(self, tick: int) -> Iterator[tuple[T, bool]]:
        """Each item whose turn came since the last call, up to and with `tick`, and whether the turn is too late."""
        first = tick if self._next_tick is None else max(self._next_tick, tick - MAX_MISSED_TICKS)
        self._next_tick = max(first, tick + 1)
        for turn in range(first, tick + 1):
            late = tick - turn > LATE_TICKS
            for item in self._slots[turn % SLOTS].values():
                yield item, late

    def next_tick(self, tick: int, limit: int) -> int:
        """The first tick after `tick` that has a turn, or `tick + limit` when none comes before."""
        for turn in range(tick + 1, tick + limit):
            if self._slots[turn % SLOTS]:
                return turn
        return tick + limit
