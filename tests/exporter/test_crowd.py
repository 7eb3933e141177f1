"""Two hundred devices of which twenty misbehave: the others lose no scrape, and memory does not grow."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.exporter.misbehaving import KINDS, misbehaving, noisy_agent
from tests.exporter.routers import Router, router
from tests.exporter.served import Exporter, circuit, exporter, routeros, tenant, value

GOOD, OF_EACH_KIND, NOISY = 180, 3, 2
PHASES, ROUNDS = 2, 3
SCRAPE_TIMEOUT = 10.0  # as shipped (prometheus/prometheus.yml)


def good_router(stack: ExitStack) -> Router:
    device = stack.enter_context(router())
    device.interface(1, "sfp1", 1000, 2000)
    for number in range(20):
        device.queue(10 + number, f"q{number}", number, number)
    return device


def bad_devices(stack: ExitStack) -> list[dict[str, Any]]:
    devices = [
        routeros(f"{name}-{n}", stack.enter_context(misbehaving(kind)))
        for name, kind in KINDS.items()
        for n in range(OF_EACH_KIND)
    ]
    agent = {"driver": "snmp", "host": "127.0.0.1", "snmp": {"version": "2c", "community": "public"}}
    noisy = [agent | {"id": f"noisy-{n}", "port": stack.enter_context(noisy_agent())} for n in range(NOISY)]
    return [*devices, *noisy]


def scrape_until(stop: threading.Event, served: Exporter, device: str) -> int:
    """Scrape one device over and over, as Prometheus does; returns how often it was not said to be down."""
    wrong = 0
    while not stop.is_set():
        got = served.probe(device, SCRAPE_TIMEOUT)
        wrong += value(got, "isp_device_up") != 0
        stop.wait(0.2)
    return wrong


@contextmanager
def everywhere_else(pool: ThreadPoolExecutor, served: Exporter, devices: Sequence[str]) -> Iterator[None]:
    """These are scraped too until the block ends, and always said to be down."""
    stop = threading.Event()
    try:
        others = [pool.submit(scrape_until, stop, served, device) for device in devices]
        yield
    finally:
        stop.set()
    assert [other.result() for other in others] == [0] * len(devices)


@pytest.mark.slow
def test_twenty_that_misbehave_cost_the_others_nothing(tmp_path: Path) -> None:
    """Every scrape of the 180 succeeds while the 20 hang, trickle, flood and lie; the process does not grow."""
    with ExitStack() as stack:
        good = {f"good-{n}": good_router(stack) for n in range(GOOD)}
        bad = bad_devices(stack)
        assert len(bad) == 20
        tenants = [
            tenant(name, circuit(f"{name}-i", name, {"interface": "sfp1"}), circuit(f"{name}-q", name, {"queue": "q7"}))
            for name in good
        ]
        devices = [routeros(name, device.port) for name, device in good.items()]
        served = stack.enter_context(exporter(tmp_path, devices=[*devices, *bad], tenants=tenants))
        assert served.process is not None
        process, sizes = psutil.Process(served.process.pid), []
        pool = stack.enter_context(ThreadPoolExecutor(len(bad) + 16))
        for _ in range(PHASES):
            with everywhere_else(pool, served, [device["id"] for device in bad]):
                for _ in range(ROUNDS):
                    lost = [name for name in pool.map(lambda name: lost_scrape(served, name), good) if name]
                    assert not lost, f"{len(lost)} scrapes lost"
                    assert served.reload().status_code == 200  # so that the next round reads anew
            # While nothing is read: what a flood takes until it is cut off is given back.
            sizes.append(process.memory_info().rss)
        assert all(device.logins == 1 for device in good.values()), "nobody was logged in twice"
    # Each of the many threads takes a little when it is first used; beyond that nothing may stay.
    assert max(sizes) - sizes[0] < 40 << 20, f"resident MiB by phase: {[size >> 20 for size in sizes]}"


def lost_scrape(served: Exporter, name: str) -> str:
    """The device's name if its scrape was lost: not in time, not up, or not whole."""
    got = served.probe(name, SCRAPE_TIMEOUT)
    whole = value(got, "isp_circuit_download_bytes_total", circuit=f"{name}-i") == 2000
    whole &= value(got, "isp_circuit_download_bytes_total", circuit=f"{name}-q") == 7
    return "" if whole and value(got, "isp_device_up") == 1 else name
