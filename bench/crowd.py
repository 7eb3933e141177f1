"""200 devices scraped as Prometheus does, 20 of which then hang, trickle or send noise: what the other 180 notice."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import requests

from bench.common import Row, compared, scrape
from tests.exporter.served import circuit, exporter, routeros, tenant
from tests.simulator.network import network

DEVICES, BAD, QUEUES = 200, 20, 20
FAULTS = ("hang", "trickle", "garbage")
INTERVAL_SECONDS, TIMEOUT_SECONDS, ROUNDS = 10.0, 10.0, 2
WARM_UP_SECONDS = 6.0
PASSWORD = "secret-of-the-router"  # what tests.exporter.served gives the exporter
NAMES = [f"d{number}" for number in range(DEVICES)]


@dataclass(frozen=True)
class Noticed:
    """What the scrapes of the good devices were like: wall seconds of each, and how many were lost."""

    seconds: list[float]
    lost: int

    @property
    def p99(self) -> float:
        """The 99th percentile of the wall seconds."""
        return quantiles(self.seconds, n=100)[-1]


def measure() -> list[Row]:
    """The same devices twice: all of them well, then with the last of them broken."""
    with (
        tempfile.TemporaryDirectory() as folder,
        network(Path(folder), [router(name) for name in NAMES]) as net,
        exporter(Path(folder), **inventory(net.ports)) as served,
        ThreadPoolExecutor(DEVICES) as pool,
    ):
        scraper = Scraper(served.url, pool)
        scraper.round(WARM_UP_SECONDS)
        alone = scraper.measure()
        for name, kind in zip(NAMES[-BAD:], cycle(FAULTS), strict=False):
            net.fault(name, kind=kind)
        beside = scraper.measure()
    return rows(alone, beside)


def rows(alone: Noticed, beside: Noticed) -> list[Row]:
    lost = f"crowd: scrapes lost of {len(beside.seconds)}, {DEVICES - BAD} good devices beside {BAD} bad ones"
    return [
        Row(f"{lost} (peer: all good)", str(beside.lost), str(alone.lost), limit="0", met=beside.lost == 0),
        compared("crowd: scrape of a good device, p50", median(beside.seconds), median(alone.seconds)),
        compared("crowd: scrape of a good device, p99", beside.p99, alone.p99),
    ]


class Scraper:
    """Scrapes every device once an interval, each at its own moment, and does not wait for the slow ones."""

    def __init__(self, url: str, pool: ThreadPoolExecutor) -> None:
        self._url = url
        self._pool = pool
        self._sessions = {name: requests.Session() for name in NAMES}

    def measure(self) -> Noticed:
        """ROUNDS rounds, of which the good devices' answers are looked at."""
        answers = [answer for _ in range(ROUNDS) for answer in self.round(INTERVAL_SECONDS)]
        results = [answer.result() for answer in answers]
        good = [(whole, wall) for name, whole, wall in results if name not in NAMES[-BAD:]]
        return Noticed([wall for _, wall in good], sum(not whole for whole, _ in good))

    def round(self, seconds: float) -> Sequence[Future[tuple[str, bool, float]]]:
        """Begin to scrape every device, evenly over `seconds`."""
        return [self._pool.submit(self._scrape, name) for name in evenly(NAMES, seconds)]

    def _scrape(self, name: str) -> tuple[str, bool, float]:
        """The device's name, whether its answer was whole and in time, and the wall seconds it took."""
        began = time.perf_counter()
        try:
            answer = scrape(self._sessions[name], f"{self._url}/probe?target={name}", TIMEOUT_SECONDS)
        except requests.RequestException:
            return name, False, time.perf_counter() - began
        return name, answer.count("isp_circuit_download_bytes_total{") == QUEUES + 1, answer.wall


def evenly(names: Sequence[str], seconds: float) -> Iterator[str]:
    """The names, each at its moment; returns when `seconds` have passed."""
    began = time.monotonic()
    for number, name in enumerate(names):
        time.sleep(max(0.0, began + number * seconds / len(names) - time.monotonic()))
        yield name
    time.sleep(max(0.0, began + seconds - time.monotonic()))


def router(name: str) -> dict[str, Any]:
    queues = [{"name": f"q{number}", "traffic": {"mean": "10M"}} for number in range(QUEUES)]
    ports = [{"name": "sfp1", "traffic": {"mean": "500M"}}]
    return {"id": name, "users": {"monitor": PASSWORD}, "interfaces": ports, "queues": queues}


def inventory(ports: dict[str, int]) -> dict[str, Any]:
    """A circuit on every queue and port of every device."""
    return {
        "devices": [routeros(name, ports[name]) for name in NAMES],
        "tenants": [tenant(name, *circuits(name)) for name in NAMES],
    }


def circuits(device: str) -> list[dict[str, Any]]:
    queues = [circuit(f"{device}-q{number}", device, {"queue": f"q{number}"}) for number in range(QUEUES)]
    return [circuit(f"{device}-uplink", device, {"interface": "sfp1"}), *queues]
