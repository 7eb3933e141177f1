"""5,000 addresses once a second: CPU and RTT of our pinger against fping's, on loopback, one after the other.

.venv/bin/python -m bench.ping      (as root, or where ICMP sockets are allowed; takes two minutes)
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import asdict, dataclass

import psutil
import structlog

from exporter.exposition import Exposition
from exporter.ping.pinger import Pinger
from inventory.models import Attach, BitsPerSecond, Circuit, Committed

ADDRESSES = [f"127.1.{n // 250}.{n % 250 + 1}" for n in range(5000)]
WARM_UP_SECONDS = 4
SECONDS = 20
SCRAPE_SECONDS = 5


@dataclass(frozen=True)
class Figures:
    """What a pinger did: share of one processor, median and 99th percentile RTT, and what it got done."""

    cpu_percent: float
    median_rtt_us: float
    p99_rtt_us: float
    pings_per_second: float
    lost_percent: float


def main() -> dict[str, dict[str, float]]:
    """Measure, print the table, and return the figures by row."""
    rows = {
        "fping": measure_fping(),
        "Backhaul, pings alone": measure_pinger("alone"),
        f"Backhaul, and /metrics written every {SCRAPE_SECONDS} s": measure_pinger("scraped"),
        "Backhaul, beside a thread that computes without pause (in the CPU)": measure_pinger("busy"),
    }
    peer = rows["fping"].median_rtt_us
    print(f"{len(ADDRESSES)} addresses of 127.0.0.0/8 once a second, {SECONDS} s\n")
    print("| pinger | CPU of one core | median RTT | to fping's | p99 RTT | pings/s | lost |")
    print("|---|---|---|---|---|---|---|")
    for name, row in rows.items():
        print(
            f"| {name} | {row.cpu_percent:.1f} % | {row.median_rtt_us:.1f} us | {row.median_rtt_us - peer:+.1f} us "
            f"| {row.p99_rtt_us:.1f} us | {row.pings_per_second:.0f} | {row.lost_percent:.2f} % |"
        )
    return {name: asdict(row) for name, row in rows.items()}


def measure_fping() -> Figures:
    """Run fping, sending evenly as we do, and read every RTT from its report (`address : 0.012 - 0.009`, ms)."""
    rounds = WARM_UP_SECONDS + SECONDS + 2
    command = ["fping", "-q", "-C", str(rounds), "-p", "1000", "-i", str(1000 / len(ADDRESSES) * 0.95), *ADDRESSES]
    with tempfile.TemporaryFile("w+") as report:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=report)
        cpu_percent = cpu_percent_once_warm(process.pid)
        process.wait()
        report.seek(0)
        words = [word for line in report for word in line.partition(" : ")[2].split()]
    rtts = [float(word) / 1000 for word in words if word != "-"]
    return figures(cpu_percent, rtts, len(words) / rounds, len(rtts) / len(words))


def measure_pinger(mode: str) -> Figures:
    """Run our pinger in a process of its own and ask it for its figures."""
    process = subprocess.Popen([sys.executable, "-m", "bench.ping", mode], stdout=subprocess.PIPE, text=True)
    cpu_percent = cpu_percent_once_warm(process.pid)
    rtts, pings_per_second, received = json.loads(process.communicate()[0])
    return figures(cpu_percent, rtts, pings_per_second, received)


def figures(cpu_percent: float, rtts: list[float], pings_per_second: float, received_ratio: float) -> Figures:
    median, p99 = statistics.median(rtts) * 1e6, statistics.quantiles(rtts, n=100)[-1] * 1e6
    return Figures(cpu_percent, median, p99, pings_per_second, (1 - received_ratio) * 100)


def cpu_percent_once_warm(pid: int) -> float:
    """User and system time of a process over SECONDS, in percent of one core."""
    process = psutil.Process(pid)
    time.sleep(WARM_UP_SECONDS)
    process.cpu_percent()
    time.sleep(SECONDS)
    return process.cpu_percent()


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
    if len(sys.argv) > 1:
        run_pinger(sys.argv[1])
    else:
        main()
