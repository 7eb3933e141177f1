"""What the pings of one circuit add up to: totals, histogram, last RTT, jitter, loss, and whether it is up. No I/O."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

# Upper bounds of the RTT histogram, seconds. 1-2-5 steps from a metro link to the timeout, so that the limits
# contracts name (10, 20, 50, 100 ms) are bounds themselves and a share below them is exact, not interpolated.
RTT_BUCKETS: tuple[float, ...] = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

WINDOW = 60  # pings that loss is counted over
STREAK = 3  # pings in a row that make a circuit up, down, or (not sent) unknown

_MARK = 1 << WINDOW


class PingStats:
    """The pings of one circuit from one vantage point.

    `sent`, `received`, `rtt_sum` (seconds) only grow. `up` is None while unknown, else the last verdict:
    STREAK answers in a row make it True, STREAK failures False, STREAK pings that could not be sent None.
    `last_rtt` and `jitter` are seconds, None when none of the last WINDOW pings came back.

    `jitter` is RFC 3550's estimator (section 6.4.1, code in A.8), J += (|D| - J) / 16, on the difference D of
    consecutive round trips; it starts at the first |D| instead of 0, which would claim a calm not measured.
    """

    __slots__ = ("_counts", "_skipped", "_streak", "_window", "jitter", "last_rtt", "received", "rtt_sum", "sent", "up")

    def __init__(self) -> None:
        self.sent = 0
        self.received = 0
        self.rtt_sum = 0.0
        self.up: bool | None = None
        self.last_rtt: float | None = None
        self.jitter: float | None = None
        self._counts = [0] * (len(RTT_BUCKETS) + 1)
        self._streak = 0  # answers in a row, or failures in a row as a negative number
        self._skipped = 0  # pings in a row that were not sent
        # The last WINDOW pings, newest in bit 0, 1 where an answer came, under a 1 that marks how many there are.
        self._window = 1

    @property
    def loss(self) -> float | None:
        """Share of the last WINDOW pings that failed, 0 to 1; None before the first."""
        pings = self._window.bit_length() - 1
        return 1 - (self._window.bit_count() - 1) / pings if pings else None

    def cumulative_buckets(self) -> list[int]:
        """Answers at or below each of RTT_BUCKETS, then all of them (`+Inf`)."""
        return list(accumulate(self._counts))

    def copy(self) -> PingStats:
        """These stats as they stand now; later pings do not change the copy."""
        copied = PingStats.__new__(PingStats)
        for name in PingStats.__slots__:
            setattr(copied, name, getattr(self, name))
        copied._counts = self._counts.copy()  # noqa: SLF001 - our own class
        return copied

    def record(self, rtt: float | None) -> None:
        """Count one ping that was sent: its round trip in seconds, or None where no answer came in time."""
        self.sent += 1
        self._skipped = 0
        window = self._window << 1 | (rtt is not None)
        self._window = window if window < 2 * _MARK else window & _MARK - 1 | _MARK
        if rtt is None:
            self._record_failure()
        else:
            self._record_answer(rtt)

    def skip(self) -> None:
        """Note one ping that could not be sent: it counts nowhere, but what is known grows old."""
        self._skipped += 1
        if self._skipped == STREAK:
            self.up = None
            self._streak = 0
        elif self._skipped == WINDOW:
            self._window = 1
            self.last_rtt = self.jitter = None

    def _record_failure(self) -> None:
        self._streak = min(self._streak, 0) - 1
        if self._streak <= -STREAK:
            self.up = False
        if self._window.bit_count() == 1:  # only the marker is left: nothing came back
            self.last_rtt = self.jitter = None

    def _record_answer(self, rtt: float) -> None:
        self._streak = self._streak + 1 if self._streak > 0 else 1
        if self._streak >= STREAK:
            self.up = True
        self.received += 1
        self.rtt_sum += rtt
        self._counts[bisect_left(RTT_BUCKETS, rtt)] += 1
        if self.last_rtt is not None:
            difference = abs(rtt - self.last_rtt)
            self.jitter = difference if self.jitter is None else self.jitter + (difference - self.jitter) / 16
        self.last_rtt = rtt
