"""Holds the body of a large answer once for all who are still reading it: what each had for himself would be memory."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

SMALL = 65_536  # bytes; below it a slow reader costs no more than his connection
MOST = 32_000_000  # bytes, in each process: the files a page of Grafana loads, and more than all of ours


class Bodies:
    """May be used from any thread. What was asked for longest ago goes when there are more than `most` bytes."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._size = most, 0
        self._held: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = Lock()

    def one(self, body: bytes) -> bytes:
        """The very object others are sent who were answered the same; uvloop sends from it and copies nothing."""
        if not SMALL < len(body) <= self._most:
            return body
        with self._lock:
            held = self._held.setdefault(body, body)
            self._held.move_to_end(body)
            if held is body:
                self._size += len(body)
            while self._size > self._most:
                self._size -= len(self._held.popitem(last=False)[1])
        return held
