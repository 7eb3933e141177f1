"""5,000 addresses once a second: CPU and RTT of our pinger against fping's, on loopback, one after the other.

Needs root, or a system that allows ICMP sockets. `python -m bench.ping MODE` is one pinger, as `measure` starts it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from statistics import median, quantiles

import structlog

from bench.common import Row, compared, cpu_rate, whole
from exporter.exposition import Exposition
from exporter.ping.pinger import Pinger
from inventory.models import Attach, BitsPerSecond, Circuit, Committed

ADDRESSES = [f"127.1.{n // 250}.{n % 250 + 1}" for n in range(5000)]
WARM_UP_SECONDS = 4
SECONDS = 8
TURNS = 2
SCRAPE_SECONDS = 5
MOST_RTT_OFF = 50e-6


@dataclass(frozen=True)
class Figures:
    """What a pinger did: processor seconds a second, RTT in seconds, and what it got done (`lost` is a ratio)."""

    cpu: float
    median_rtt: float
    p99_rtt: float
    pings_per_second: float
    lost: float


def measure() -> list[Row]:
    """Ping the same addresses with fping and with ours, in turns, and with ours in two more situations."""
    turns = [(measure_fping(), measure_pinger("alone")) for _ in range(TURNS)]
    peer, alone = (min(runs, key=lambda run: run.cpu) for runs in zip(*turns, strict=True))  # the least disturbed
    scraped, busy = measure_pinger("scraped"), measure_pinger("busy")
    modes = {
        "": alone,
        f", /metrics written every {SCRAPE_SECONDS} s": scraped,
        ", beside a thread that computes without pause": busy,
    }
    return [
        compared(f"ping: CPU, {len(ADDRESSES):,} a second (peer: fping)", alone.cpu, peer.cpu, percent, at_most=1),
        compared(f"ping: CPU, /metrics written every {SCRAPE_SECONDS} s", scraped.cpu, peer.cpu, percent),
        *(
            median_row(f"ping: median RTT{name}", figures.median_rtt, peer.median_rtt)
            for name, figures in modes.items()
        ),
        *(
            compared(f"ping: p99 RTT{name}", figures.p99_rtt, peer.p99_rtt, microseconds)
            for name, figures in modes.items()
        ),
        compared("ping: pings a second", alone.pings_per_second, peer.pings_per_second, whole),
        Row("ping: lost", percent(alone.lost), percent(peer.lost)),
    ]


def median_row(what: str, ours: float, theirs: float) -> Row:
    """The limit is a difference, not a ratio: fping's RTT is the system's, and ours may add this much."""
    row = compared(what, ours, theirs, microseconds)
    more = ours - theirs
    return replace(row, ratio=f"{more * 1e6:+.1f} us", limit="within 50 us", met=abs(more) <= MOST_RTT_OFF)


def percent(ratio: float) -> str:
    return f"{ratio * 100:.2f} %"


def microseconds(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} us"


def measure_fping() -> Figures:
    """Run fping, sending evenly as we do, and read every RTT from its report (`address : 0.012 - 0.009`, ms)."""
    rounds = WARM_UP_SECONDS + SECONDS + 2
    command = ["fping", "-q", "-C", str(rounds), "-p", "1000", "-i", str(1000 / len(ADDRESSES) * 0.95), *ADDRESSES]
    with tempfile.TemporaryFile("w+") as report:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=report)
        cpu = cpu_once_warm(process.pid)
        process.wait()
        report.seek(0)
        words = [word for line in report for word in line.partition(" : ")[2].split()]
    rtts = [float(word) / 1000 for word in words if word != "-"]
    return figures(cpu, rtts, len(words) / rounds, len(rtts) / len(words))


def measure_pinger(mode: str) -> Figures:
    """Run our pinger in a process of its own and ask it for its figures."""
    process = subprocess.Popen([sys.executable, "-m", "bench.ping", mode], stdout=subprocess.PIPE, text=True)
    cpu = cpu_once_warm(process.pid)
    rtts, pings_per_second, received = json.loads(process.communicate()[0])
    return figures(cpu, rtts, pings_per_second, received)


def figures(cpu: float, rtts: list[float], pings_per_second: float, received: float) -> Figures:
    return Figures(cpu, median(rtts), quantiles(rtts, n=100)[-1], pings_per_second, 1 - received)


def cpu_once_warm(pid: int) -> float:
    """Processor seconds a second of a process, over SECONDS."""
    time.sleep(WARM_UP_SECONDS)
    return cpu_rate(pid, SECONDS)


def run_pinger(mode: str) -> None:
    """Ping for the window and some, then print all last RTTs of four seconds, pings a second, share received."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    pinger = Pinger()
    pinger.set_circuits("bench", [circuit(number, address) for number, address in enumerate(ADDRESSES)])
    if mode == "busy":
        threading.Thread(target=compute, daemon=True).start()
    began = time.monotonic()
    pinger.start()
    while time.monotonic() - began < WARM_UP_SECONDS + SECONDS:
        time.sleep(SCRAPE_SECONDS)
        if mode == "scraped":
            write(pinger)
    rtts: list[float] = []
    for _ in range(4):
        time.sleep(1)
        rtts += read(pinger)["isp_circuit_ping_last_rtt_seconds"]
    values, seconds = read(pinger), time.monotonic() - began
    sent, received = (sum(values[f"isp_circuit_ping_{what}_total"]) for what in ("sent", "received"))
    print(json.dumps([rtts, sent / seconds, received / sent]))
    pinger.close()


def circuit(number: int, address: str) -> Circuit:
    rate = BitsPerSecond(1_000_000)
    where = Attach("queue", f"q{number}")
    return Circuit(f"c{number}", "a circuit", "r1", "core-1", where, Committed(rate, rate), ping=address)


def read(pinger: Pinger) -> dict[str, list[float]]:
    """All values /metrics would give, by metric."""
    values = defaultdict[str, list[float]](list)
    for line in write(pinger).decode().splitlines():
        if not line.startswith("#"):
            values[line.partition("{")[0]].append(float(line.rpartition(" ")[2]))
    return values


def write(pinger: Pinger) -> bytes:
    """What a scrape of the pinger costs."""
    exposition = Exposition()
    pinger.write(exposition)
    return exposition.render()


def compute() -> None:
    while True:
        sum(range(1000))


if __name__ == "__main__":
    run_pinger(sys.argv[1])
