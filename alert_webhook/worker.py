"""Keeps the outbox moving: threads that dispatch lanes, sweep, look up what is unknown and wait for confirmations."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from alert_webhook.history import History
from alert_webhook.lanes import Lane, Leases
from alert_webhook.metrics import Metrics
from alert_webhook.reasons import Reason
from alert_webhook.reconcile import Reconciler
from alert_webhook.resolved import Verifier
from alert_webhook.restored import Settler
from alert_webhook.sender import Sender
from alert_webhook.sweeps import Sweeps

log = structlog.get_logger()

# So many recipients are served at once. A provider that takes 2 s for an answer then takes 13 s for a storm of 200: the
# promise is 30 s from the failure, of which Prometheus and Alertmanager may need 15.
SENDERS = 32

# Fresh notices wake the dispatcher; this is how late it notices what only time made due.
TICK = 0.5
# How often what time brings about is looked after, and how often old rows are deleted.
SWEEP_EVERY = 2.0
PRUNE_EVERY = 3600.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What the worker drives; `verifier` is None where Prometheus is not asked."""

    leases: Leases
    sender: Sender
    sweeps: Sweeps
    reconciler: Reconciler
    settler: Settler
    history: History
    verifier: Verifier | None
    metrics: Metrics


class Worker:
    """Runs until stopped. Several processes may run one each on the same database."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stopping = threading.Event()
        self._work = threading.Event()
        self._ends = threading.Event()
        self._free = threading.Semaphore(SENDERS)
        self._pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="sender")
        loops = {"dispatch": self._dispatch_loop, "sweep": self._sweep_loop}
        # Each question to others has its own thread: while Twilio is silent Prometheus is heard, and the reverse.
        loops |= {"verify": self._verify_loop, "look-up": self._look_up_loop}
        self._threads = [threading.Thread(target=loop, name=name, daemon=True) for name, loop in loops.items()]

    def start(self) -> None:
        """Begin, with what a killed process left behind."""
        self._attempt("recover", lambda: self._parts.leases.recover(time.time()))
        self._attempt("settle", lambda: self._parts.settler.begin(time.time()))
        if self._parts.verifier is None:
            self._attempt("release", lambda: self._parts.sweeps.release_held(time.time()))
            self._attempt("believe", lambda: self._parts.history.believe(time.time()))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the messages being sent, begin no new ones."""
        self._stopping.set()
        self._work.set()
        self._ends.set()
        for thread in self._threads:
            thread.join()
        self._pool.shutdown()

    def wake(self) -> None:
        """There is something new."""
        self._work.set()
        self._ends.set()

    def _dispatch_loop(self) -> None:
        while not self._stopping.is_set():
            self._work.wait(TICK)
            self._work.clear()
            self._attempt("dispatch", self._dispatch)

    def _dispatch(self) -> None:
        """Hand every due lane to a free sender; a busy house leaves the rest for the next round."""
        places = 0
        while places < SENDERS and self._free.acquire(blocking=False):
            places += 1
        lanes: list[Lane] = []
        try:
            lanes = self._parts.leases.claim(places, time.time()) if places else []
        finally:
            for _ in range(places - len(lanes)):
                self._free.release()
        for lane in lanes:
            self._pool.submit(self._serve, lane)

    def _serve(self, lane: Lane) -> None:
        try:
            self._attempt("send", lambda: self._parts.sender.serve(lane))
        finally:
            self._free.release()
            self._work.set()  # there is a free sender again

    def _sweep_loop(self) -> None:
        pruned = 0.0
        while not self._stopping.wait(SWEEP_EVERY):
            self._attempt("recover", lambda: self._parts.leases.recover(time.time()))
            self._attempt("mend", lambda: self._parts.sweeps.mend_times(time.time()))
            self._attempt("fall back", lambda: self._parts.metrics.dead(self._parts.sweeps.fall_back(time.time())))
            if time.monotonic() - pruned > PRUNE_EVERY:
                pruned = time.monotonic()
                self._attempt("prune", lambda: self._parts.sweeps.prune(time.time()))
                self._attempt("prune the history", lambda: self._parts.history.prune(time.time()))

    def _verify_loop(self) -> None:
        while not self._stopping.is_set():
            self._ends.wait(1.0)
            self._ends.clear()
            self._attempt("verify", self._verify)

    def _look_up_loop(self) -> None:
        while not self._stopping.wait(1.0):
            self._attempt("reconcile", self._reconcile)
            self._attempt("settle", self._settle)

    def _verify(self) -> None:
        if self._parts.verifier is not None and self._parts.verifier.round(time.time()):
            self._work.set()

    def _reconcile(self) -> None:
        for found in self._parts.reconciler.round(time.time()):
            self._parts.metrics.accepted(found.waiting_since, time.time())
            self._parts.metrics.delivery(found.channel, "accepted", Reason.NONE)

    def _settle(self) -> None:
        if self._parts.settler.round(time.time()):
            self._work.set()

    @staticmethod
    def _attempt(what: str, step: Callable[[], None]) -> None:
        try:
            step()
        except SQLAlchemyError as error:
            log.warning("the database failed; trying again", step=what, error=type(error).__name__)
        except Exception:  # a thread that ends is a webhook that accepts alerts and tells nobody
            log.exception("a step of the worker failed", step=what)
