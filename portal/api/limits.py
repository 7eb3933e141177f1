"""How often one may ask: per token (or logged-in user) and per address, counted in this process.

Each process counts by itself, so with N workers at most N times the limit passes. That is meant: counting in the
database would cost every request a write, to be exact about a limit that is there against loops and guessing.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_MAX_KEYS = 50_000  # about 10 MB; beyond it who has been quiet longest is forgotten


@dataclass(frozen=True, slots=True)
class Verdict:
    """`remaining` requests are left at once; `reset` seconds until all are; `retry_after` is None if this one may."""

    limit: int
    remaining: int
    reset: int
    retry_after: int | None

    def headers(self) -> dict[str, str]:
        """RateLimit headers (draft-ietf-httpapi-ratelimit-headers), and Retry-After for who has to wait."""
        found = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }
        if self.retry_after is not None:
            found["Retry-After"] = str(self.retry_after)
        return found


class Limiter:
    """At most `per_minute` requests a minute for each key, all of them at once if need be (GCRA). Thread-safe."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        if per_minute < 1:
            raise ValueError("a limit is at least one request a minute")
        self.per_minute = per_minute
        self._clock = clock
        self._interval = 60 / per_minute
        self._full_at: OrderedDict[str, float] = OrderedDict()  # when all requests of a key are there again
        self._lock = threading.Lock()

    def take(self, key: str) -> Verdict:
        """Count one request of `key`, if it may pass."""
        with self._lock:
            now = self._clock()
            full_at = max(self._full_at.pop(key, now), now)
            allowed = full_at + self._interval - now <= 60 + 1e-9
            retry_after = None if allowed else max(1, math.ceil(full_at + self._interval - now - 60))
            if allowed:
                full_at += self._interval
            self._full_at[key] = full_at
            while len(self._full_at) > _MAX_KEYS:
                self._full_at.popitem(last=False)
        left = max(0, int((60 - (full_at - now)) / self._interval + 1e-9))
        return Verdict(self.per_minute, left, math.ceil(full_at - now), retry_after)
