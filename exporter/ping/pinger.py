"""Pings every circuit that asks for it once a second from this server, in one thread, and exposes what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from exporter.exposition import Exposition
from exporter.ping.sender import Sender
from exporter.ping.series import PingSeries
from exporter.ping.sockets import IPV4, IPV6
from exporter.ping.target import Target
from exporter.ping.wheel import SLOTS, Wheel
from inventory.models import Circuit

_STALE_SECONDS = 3.0  # when the thread has not come round for so long, what it last knew is no longer true
_LONGEST_SLEEP_TICKS = SLOTS // 20  # replies are read and close() is noticed within 50 ms

CircuitKey = tuple[str, str]  # isp, circuit


@dataclass(frozen=True, slots=True)
class _Pinged:
    """A circuit in the wheel: `place` is where."""

    tenant: str
    target: Target
    series: PingSeries
    place: int


class Pinger:
    """The pings of all circuits.

    One lock guards what the thread and its callers share; nobody holds it while waiting or writing. The other
    threads of the process delay the thread, but not what it measures: the kernel notes when a reply arrives, and
    the time of sending is taken right before the send. What is left in an RTT is the send call itself, some 5 us,
    and the rare ping the system preempts in between.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._senders = {family.number: Sender(family) for family in (IPV4, IPV6)}
        self._circuits: dict[CircuitKey, _Pinged] = {}
        self._by_cookie: dict[int, Target] = {}
        self._wheel: Wheel[Target] = Wheel()
        self._thread = threading.Thread(target=self._run, name="pinger", daemon=True)
        self._closing = False
        self._last_round = 0.0

    def start(self) -> None:
        """Begin to ping."""
        self._last_round = time.monotonic()
        self._thread.start()

    def close(self) -> None:
        """Stop pinging and let go of the sockets."""
        self._closing = True
        if self._thread.is_alive():
            self._thread.join()
        for sender in self._senders.values():
            sender.close()

    def set_circuits(self, isp_id: str, circuits: Iterable[Circuit]) -> None:
        """Ping these circuits of that ISP, and no others of it, from now on.

        Those without an address, or pinged by their device, are passed over. One that was pinged before at the same
        address for the same tenant goes on with its numbers and its place in the second. A socket the system
        refused before is tried again. One thread at a time may call this.
        """
        wanted = {
            (isp_id, circuit.id): circuit for circuit in circuits if circuit.ping and circuit.ping_from == "server"
        }
        for key in [key for key in self._circuits if key[0] == isp_id]:
            if not _same(self._circuits[key], wanted.get(key)):
                self._forget(key)
        for key, circuit in wanted.items():
            if key not in self._circuits:
                self._take_up(key, circuit)
        with self._lock:
            self._open_sockets()

    def write(self, exposition: Exposition) -> None:
        """Add the metrics of all circuits, each as it stood at one moment; what is unknown is left out."""
        with self._lock:
            alive = time.monotonic() - self._last_round < _STALE_SECONDS
            snapshot = [(pinged.series, pinged.target.stats.copy()) for pinged in self._circuits.values()]
        for sender in self._senders.values():
            sender.write(exposition, alive=alive)
        if alive:
            for series, stats in snapshot:
                series.write(exposition, stats)

    def _take_up(self, key: CircuitKey, circuit: Circuit) -> None:
        assert circuit.ping is not None
        target = Target(circuit.ping)
        series = PingSeries(key[0], circuit.tenant, circuit.id, "server")
        with self._lock:
            self._by_cookie[target.cookie] = target
            self._circuits[key] = _Pinged(circuit.tenant, target, series, self._wheel.add(target))

    def _forget(self, key: CircuitKey) -> None:
        with self._lock:
            pinged = self._circuits.pop(key)
            del self._by_cookie[pinged.target.cookie]
            self._wheel.remove(pinged.place)

    def _open_sockets(self) -> None:
        needed = {target.family for target in self._by_cookie.values()}
        for number, sender in self._senders.items():
            sender.wanted = number in needed
            if sender.wanted:
                sender.open()

    def _run(self) -> None:
        while not self._closing:
            with self._lock:
                # First, so that an answer still in the socket's buffer is not taken for lost.
                self._read_replies()
                now = self._last_round = time.monotonic()
                tick = int(now * SLOTS)
                self._take_turns(tick, now)
                wake = self._wheel.next_tick(tick, _LONGEST_SLEEP_TICKS) / SLOTS
            time.sleep(max(0.0, wake - time.monotonic()))

    def _read_replies(self) -> None:
        for sender in self._senders.values():
            for sequence, cookie, source, received_unix_ns, now in sender.replies():
                target = self._by_cookie.get(cookie)
                if target is not None:
                    target.answered(sequence, source, received_unix_ns, now)

    def _take_turns(self, tick: int, now: float) -> None:
        for target, late in self._wheel.due(tick):
            sender = self._senders[target.family]
            if late:
                sender.pass_over(target)
            else:
                sender.ask(target, now)


def _same(pinged: _Pinged, circuit: Circuit | None) -> bool:
    return circuit is not None and (pinged.target.address, pinged.tenant) == (circuit.ping, circuit.tenant)
