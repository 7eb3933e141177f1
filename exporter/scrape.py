"""Runs the collectors over one reading, each timed and isolated: what fails costs its own series only."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from devices.session import DeviceError
from exporter import metrics
from exporter.collectors import COLLECTORS
from exporter.collectors.base import Collector, NoData, Scrape

log = structlog.get_logger()

# A thousand circuits whose interfaces were renamed are one message, not a page of them.
_PROBLEMS_TOLD = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one collector ended. `success` is None where the device has no data of that kind, which is no failure."""

    collector: str
    seconds: float
    success: bool | None
    reason: str = ""

    def __str__(self) -> str:
        verdict = {True: "success", False: "failed", None: "no data"}[self.success]
        return f"{self.collector}: {verdict} after {self.seconds:.3f} s{self.reason and f': {self.reason}'}"


def run_collectors(scrape: Scrape) -> list[Outcome]:
    """Every collector the plan wants; samples and the outcomes go to `scrape.out`."""
    outcomes = [_run(scrape, name, it) for name, it in COLLECTORS.items() if it.wanted(scrape.plan)]
    for outcome in outcomes:
        _write(scrape, outcome)
    return outcomes


def _run(scrape: Scrape, name: str, collector: Collector) -> Outcome:
    started = time.monotonic()
    success: bool | None
    try:
        problems = collector.collect(scrape)
        success, reason = not problems, _told(problems)
    except NoData as error:
        success, reason = None, str(error)
    except DeviceError as error:
        success, reason = False, f"{type(error).__name__}: {error}"
    except Exception as error:  # our own mistake in one collector must not cost the others their samples
        log.exception("a collector broke", device=scrape.plan.device.id, collector=name)
        success, reason = False, f"a fault in Backhaul, {type(error).__name__}: see its log"
    return Outcome(name, time.monotonic() - started, success, reason)


def _told(problems: Sequence[str]) -> str:
    more = len(problems) - _PROBLEMS_TOLD
    return "; ".join(problems[:_PROBLEMS_TOLD]) + (f"; and {more} more" if more > 0 else "")


def _write(scrape: Scrape, outcome: Outcome) -> None:
    plan, add, name = scrape.plan, scrape.out.add, outcome.collector
    duration, success = metrics.DEVICE_COLLECTOR_DURATION, metrics.DEVICE_COLLECTOR_SUCCESS
    add(duration, plan.series(duration, name), outcome.seconds)
    if outcome.success is not None:
        add(success, plan.series(success, name), int(outcome.success))


class ReasonLog:
    """Logs why a part of a device fails when it begins, changes or ends, not at every scrape."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._reasons: dict[str, str] = {}

    def note(self, part: str, reason: str) -> None:
        """`part` fails because of `reason`, or works when it is empty."""
        if reason == self._reasons.get(part, ""):
            return
        self._reasons[part] = reason
        if reason:
            log.warning("reading a device failed", device=self._device, part=part, reason=reason)
        else:
            log.info("reading a device works again", device=self._device, part=part)
