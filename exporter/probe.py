"""One device between scrapes: its session, what its last counters were, and the answer that close probes share."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import structlog

from devices.session import Deadline, DeviceError, DeviceTimeout, Opener
from exporter import metrics
from exporter.collectors.base import Scrape
from exporter.device_pings import DevicePings
from exporter.exposition import Exposition
from exporter.plan import DevicePlan
from exporter.rates import Rates
from exporter.reading import Reading
from exporter.scrape import ReasonLog, run_collectors
from exporter.sessions import KeptSession
from inventory.models import Device

log = structlog.get_logger()

# Probes closer than this share one reading, so a second Prometheus costs the router nothing.
SHARE_SECONDS = 5.0
# A reading that ran out of time is done again for a probe that has this much more time than it had.
WORTH_ANOTHER_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probe read: the exposition, and its log for whoever asks for `debug`. `began` is monotonic seconds."""

    plan: DevicePlan
    began: float
    up: bool
    body: bytes
    log: tuple[str, ...]


class DeviceProbe:
    """Reads one device, one reading at a time. Lives as long as the device's settings stay the same."""

    def __init__(self, device: Device, open_session: Opener, rates: Rates | None = None) -> None:
        self.device = device
        self._session = KeptSession(device, open_session)
        self.rates = rates or Rates()
        self._pings = DevicePings()
        self._reasons = ReasonLog(device.id)
        self._turn = threading.Condition()
        self._reading = False
        self._retired = False
        self._last: Answer | None = None
        self._too_short: float | None = None  # seconds the last reading had, where they were not enough

    def answer(self, plan: DevicePlan, deadline: Deadline) -> Answer:
        """What the device says now, or said less than SHARE_SECONDS ago. Never raises for what a device does.

        Where a reading is under way, its answer is waited for, until `deadline`.
        """
        began, seconds = time.monotonic(), deadline.at - time.monotonic()
        try:
            shared = self._wait_for_turn(plan, deadline)
        except DeviceTimeout:
            return self._failed(plan, began, "another probe of it was still reading when the time was up")
        if shared is not None:
            return shared
        answer: Answer | None = None
        try:
            answer = self._read(plan, began, deadline)
        finally:
            with self._turn:
                self._reading, self._last = False, answer
                self._too_short = seconds if time.monotonic() >= deadline.at else None
                self._turn.notify_all()
            if self._retired:
                self.retire()
        return answer

    def retire(self) -> None:
        """Close the session, now or as soon as the reading that uses it has ended."""
        self._retired = True
        with self._turn:
            if not self._reading:
                self._session.close()

    def _wait_for_turn(self, plan: DevicePlan, deadline: Deadline) -> Answer | None:
        """A shared answer, or None with our turn to read taken. Raises DeviceTimeout."""
        waited = False
        with self._turn:
            while self._reading:
                waited = True
                self._turn.wait(deadline.remaining())
            last = self._last
            if (
                last is not None
                and last.plan is plan
                and (waited or time.monotonic() - last.began < SHARE_SECONDS)
                and not self._worth_another(deadline)
            ):
                return last
            self._reading = True
        return None

    def _worth_another(self, deadline: Deadline) -> bool:
        """Whether the last reading ran out of time and `deadline` leaves more: another scrape's haste is its own."""
        return self._too_short is not None and deadline.remaining() > self._too_short + WORTH_ANOTHER_SECONDS

    def _read(self, plan: DevicePlan, began: float, deadline: Deadline) -> Answer:
        if self._last is None or self._last.plan is not plan:
            self.rates.keep_only({flow.bandwidth for flow in plan.flows()})
            self._pings.keep_only(plan.pings)
        try:
            reading = self._session.start_reading(deadline)
        except DeviceError as error:
            reason = f"{type(error).__name__}: {error}"
        except Exception as error:  # a reply nobody foresaw must cost this device alone, and this probe alone
            log.exception("a driver broke", device=self.device.id)
            self._session.close()
            reason = f"a fault in Backhaul, {type(error).__name__}: see its log"
        else:
            return self._collect(plan, began, reading)
        self._reasons.note("device", reason)
        return self._failed(plan, began, reason)

    def _collect(self, plan: DevicePlan, began: float, reading: Reading) -> Answer:
        self._reasons.note("device", "")
        out = Exposition()
        outcomes = run_collectors(Scrape(plan, reading, self.rates, self._pings, out))
        if reading.lost is not None:
            self._session.close()
        for outcome in outcomes:
            self._reasons.note(outcome.collector, outcome.reason if outcome.success is False else "")
        lines = (*map(str, outcomes), f"done after {time.monotonic() - began:.3f} s")
        return self._finish(plan, began, out, up=True, lines=lines)

    def _failed(self, plan: DevicePlan, began: float, reason: str) -> Answer:
        lines = (f"failed after {time.monotonic() - began:.3f} s: {reason}",)
        return self._finish(plan, began, Exposition(), up=False, lines=lines)

    def _finish(self, plan: DevicePlan, began: float, out: Exposition, *, up: bool, lines: tuple[str, ...]) -> Answer:
        out.add(metrics.DEVICE_UP, plan.series(metrics.DEVICE_UP), int(up))
        out.add(metrics.DEVICE_LOGINS, plan.series(metrics.DEVICE_LOGINS), self._session.logins)
        return Answer(
            plan, began, up, out.render(), (f"{self.device.id}: {self._session.logins} logins so far", *lines)
        )
