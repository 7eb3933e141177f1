"""The circuits that are pinged from the device itself: a few pings a probe, in the time the counters left over."""

from __future__ import annotations

import time
from collections.abc import Sequence

from devices.session import BadReply
from exporter.collectors.base import Collector, Scrape
from exporter.ping.stats import STREAK
from exporter.plan import PingPlan

# As many as it takes to be sure, so that one probe can tell up from down.
_PINGS = STREAK

# Seconds a device may need for them where no answer comes. With less no ping is begun: running into the deadline
# would cost the session.
_WORST_CASE = 2.5

# Of the time that is left, so that a probe with many circuits to ping is still answered early.
_SHARE_OF_TIME = 0.5


def _collect(scrape: Scrape) -> Sequence[str]:
    reading = scrape.reading
    problems = []
    try:
        stop_at = time.monotonic() + reading.deadline.remaining() * _SHARE_OF_TIME
        for plan in scrape.pings.longest_waiting_first(scrape.plan.pings):
            if time.monotonic() > stop_at or reading.deadline.remaining() < _WORST_CASE:
                break
            problems += _ping(scrape, plan)
    finally:
        for plan, stats in scrape.pings.known(scrape.plan.pings):
            plan.series.write(scrape.out, stats)
    return problems


def _ping(scrape: Scrape, plan: PingPlan) -> list[str]:
    try:
        scrape.pings.record(plan, scrape.reading.ping(plan.address, _PINGS, scrape.reading.deadline))
    except BadReply as error:
        scrape.pings.skip(plan, _PINGS)
        return [f"{plan.name}: {error}"]
    return []


PINGS = Collector(wanted=lambda plan: bool(plan.pings), collect=_collect)
