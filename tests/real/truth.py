"""The true average bandwidth of the lab's VLANs, from the kernel's own counters, apart from all we test."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.real.network import Lab, Octets
from tests.real.traffic import Way

_INTERVAL = 0.5  # seconds between two readings


class Truth:
    """The byte counters over time. Times are Unix seconds."""

    def __init__(self) -> None:
        self.readings: list[tuple[float, dict[int, Octets]]] = []

    def crossed(self, vlans: Sequence[int], window: float, bits_per_second: float, since: float) -> float | None:
        """When the average of `window` seconds over `vlans`, once below the rate, first reached it; None if never."""
        below = False
        for now, average in self._averages(vlans, window):
            if now >= since:
                if below and average >= bits_per_second:
                    return now
                below = average < bits_per_second
        return None

    def average(self, vlan: int, way: Way, begin: float, end: float) -> float:
        """Bits per second from the reading next to `begin` to the one next to `end`."""
        first, last = (min(self.readings, key=lambda reading: abs(reading[0] - at)) for at in (begin, end))
        moved = getattr(last[1][vlan], way) - getattr(first[1][vlan], way)
        return float(8 * moved / (last[0] - first[0]))

    def covers(self, window: float) -> bool:
        """Whether the readings are as long as a window."""
        return bool(self.readings) and self.readings[-1][0] - self.readings[0][0] >= window

    def _averages(self, vlans: Sequence[int], window: float) -> Iterator[tuple[float, float]]:
        """(time, bits per second over the window that ends then), from the first whole window on."""
        times = [at for at, _ in self.readings]
        totals = [sum(counts[vlan].receive for vlan in vlans) for _, counts in self.readings]
        for number, now in enumerate(times):
            if (start := bisect_right(times, now - window) - 1) >= 0:
                yield now, 8 * (totals[number] - totals[start]) / (now - times[start])


@contextmanager
def watching(lab: Lab) -> Iterator[Truth]:
    """Read the counters until the block ends."""
    truth, over = Truth(), threading.Event()

    def read() -> None:
        while not over.wait(_INTERVAL):
            counts = lab.counted()
            truth.readings.append((time.time(), counts))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield truth
    finally:
        over.set()
        reader.join()
