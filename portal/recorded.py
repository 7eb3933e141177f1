"""Prometheus with the store of recorded series beside it (RECORDED_URL), which keeps them for over a year."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from portal.binding import bind
from portal.prometheus import Prometheus, PrometheusAway, Series, count_points
from portal.queries import CATALOGUE

_ASKED_AGAIN = 300.0  # seconds: how often it is asked how far Prometheus goes back
# Prometheus drops whole blocks, and a mean of a day takes in a day: nearer to its beginning it knows a part.
_MARGIN = 86_400.0


class WithRecorded(Prometheus):
    """Points from before Prometheus' memory are the store's, all others are Prometheus'. May be used from any thread.

    The store has recorded series alone: of what was only scraped there is no older past.
    """

    def __init__(self, url: str, recorded: Prometheus, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(url, clock=clock)
        self._recorded = recorded
        self._kept_from: float | None = None
        self._known_until = -math.inf

    def range(self, expr: str, start: float, end: float, step: float) -> list[Series]:
        """As of one Prometheus. While the store is away its points are not there."""
        points = count_points(start, end, step)
        begins = self._begins()
        if begins is None or start >= begins:
            return super().range(expr, start, end, step)
        older = min(math.ceil((begins - start) / step), points)
        past = self._past(expr, start, start + (older - 1) * step, step)
        return past if older == points else _joined(past, super().range(expr, start + older * step, end, step))

    def _begins(self) -> float | None:
        """From when on Prometheus knows all (Unix seconds); None where it does not say. Raises PrometheusAway."""
        if self._clock() >= self._known_until:
            found = self.instant(bind(CATALOGUE["kept-from"]))
            milliseconds = found[0].value if found else None
            self._kept_from = None if milliseconds is None else milliseconds / 1000
            self._known_until = self._clock() + _ASKED_AGAIN
        return None if self._kept_from is None else self._kept_from + _MARGIN

    def _past(self, expr: str, start: float, end: float, step: float) -> list[Series]:
        try:
            return self._recorded.range(expr, start, end, step)
        except PrometheusAway:  # which has been logged; what Prometheus knows is shown all the same
            return []


def _joined(past: Sequence[Series], present: Sequence[Series]) -> list[Series]:
    """One line for what both know. The store leaves a mean the name of its series, Prometheus takes it away."""
    unnamed = bool(present) and not any("__name__" in one.labels for one in present)
    found: dict[frozenset[tuple[str, str]], Series] = {}
    for one in past:
        labels = {name: value for name, value in one.labels.items() if not (unnamed and name == "__name__")}
        found[frozenset(labels.items())] = Series(labels, one.points)
    for one in present:
        before = found.get(frozenset(one.labels.items()))
        points = [*before.points, *one.points] if before else one.points
        found[frozenset(one.labels.items())] = Series(one.labels, points)
    return list(found.values())
