"""What the benchmarks share: what a process costs, scrapes as Prometheus sends them, and the table of results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median

import requests

from tests.harness import ROOT

PEERS = ROOT / ".venv-peers" / "bin"

# An answer is shared by all probes of one device for 5 s after it was begun; later than this it is read anew.
READ_ANEW_SECONDS = 5.2
_AFTERMATH_SECONDS = 0.25


@dataclass(frozen=True)
class Row:
    """One line of the table. `met` says whether the limit holds, None where the line is there to be read only."""

    what: str
    ours: str
    peer: str
    ratio: str = ""
    limit: str = ""
    met: bool | None = None


@dataclass(frozen=True)
class Cost:
    """Processor seconds (user and system) and wall seconds of one thing done."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Scrape:
    """One answer: its exposition, the bytes that travelled, and the wall seconds until the last of them."""

    text: str
    wire_bytes: int
    wall: float

    @property
    def series(self) -> int:
        """How many samples it holds."""
        return sum(1 for line in self.text.splitlines() if line and not line.startswith("#"))

    def count(self, start: str) -> int:
        """How many samples begin with `start`."""
        return sum(1 for line in self.text.splitlines() if line.startswith(start))


def scrape(session: requests.Session, url: str, timeout: float = 10.0) -> Scrape:
    """GET `url` as Prometheus does: compressed, on a kept connection, with its timeout told."""
    headers = {"Accept-Encoding": "gzip", "X-Prometheus-Scrape-Timeout-Seconds": f"{timeout:g}"}
    began = time.perf_counter()
    answer = session.get(url, headers=headers, timeout=timeout)
    wall = time.perf_counter() - began
    answer.raise_for_status()
    return Scrape(answer.text, int(answer.headers.get("Content-Length", 0)), wall)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, by all its threads, those that have ended too.

    Its CPU clock counts nanoseconds where /proc counts ticks of 10 ms. The clock's number is made of the pid
    as clock_getcpuclockid(3) makes it: CPUCLOCK_SCHED is 2 (linux/posix-timers.h).
    """
    return time.clock_gettime((~pid << 3) | 2)


def cpu_rate(pid: int, seconds: float) -> float:
    """Processor seconds a second that a process takes, over `seconds` from now."""
    before = cpu_seconds(pid)
    time.sleep(seconds)
    return (cpu_seconds(pid) - before) / seconds


@dataclass
class Scraped:
    """A process that is scraped: its answers, and what each cost beyond what the process takes when idle."""

    name: str
    url: str
    pid: int
    idle: float = 0.0
    answers: list[Scrape] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)

    def warm_up(self, session: requests.Session) -> None:
        """Scrape once without counting, so that it has logged in."""
        scrape(session, self.url)

    def scrape(self, session: requests.Session) -> None:
        """Scrape once, and wait for what it does after the answer."""
        before, began = cpu_seconds(self.pid), time.monotonic()
        answer = scrape(session, self.url)
        time.sleep(_AFTERMATH_SECONDS)
        cpu = cpu_seconds(self.pid) - before - self.idle * (time.monotonic() - began)
        self.answers.append(answer)
        self.costs.append(Cost(cpu, answer.wall))

    @property
    def cpu(self) -> float:
        """Processor seconds of a scrape, the median."""
        return median(cost.cpu for cost in self.costs)

    @property
    def wall(self) -> float:
        """Wall seconds of a scrape, the least: whatever else the machine does can only add to it."""
        return min(cost.wall for cost in self.costs)


def scrape_in_turns(session: requests.Session, sides: Sequence[Scraped], times: int) -> None:
    """Scrape every side `times` times, so far apart that each answer is read anew, and one after the other.

    Who goes first changes, since a device that keeps its tables for some seconds makes the first one wait for them.
    """
    for side in sides:
        side.warm_up(session)
        time.sleep(_AFTERMATH_SECONDS)
        side.idle = cpu_rate(side.pid, READ_ANEW_SECONDS)
    for turn in range(times):
        for side in sides if turn % 2 else reversed(sides):
            side.scrape(session)
        time.sleep(READ_ANEW_SECONDS)  # from now: the last of this turn is the first of the next


def own_cpu(work: Callable[[], object], times: int) -> float:
    """Processor seconds of `work` in this process, the median of `times` after one that does not count."""
    work()
    seconds = []
    for _ in range(times):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return median(seconds)


def run(command: Sequence[str]) -> Cost:
    """What a command costs that runs to its end, its output thrown away. Raises CalledProcessError."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # it is reaped: Popen must not wait for it
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - began)


def inside_namespace(module: str) -> list[Row]:
    """The rows a module of ours measures in a network namespace that ends with it; it prints them as JSON.

    Needs root, for the namespace.
    """
    command = ["unshare", "--net", sys.executable, "-m", module]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [Row(**row) for row in json.loads(done.stdout)]


def print_json(rows: Iterable[Row]) -> None:
    """What `inside_namespace` reads."""
    print(json.dumps([asdict(row) for row in rows]))


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def whole(number: float) -> str:
    return f"{number:,.0f}"


def compared(
    what: str,
    ours: float,
    theirs: float,
    show: Callable[[float], str] = milliseconds,
    at_most: float | None = None,
) -> Row:
    """Two figures and their ratio, which a limit holds to `at_most`."""
    ratio = ours / theirs
    if at_most is None:
        return Row(what, show(ours), show(theirs), f"{ratio:.2f}")
    return Row(what, show(ours), show(theirs), f"{ratio:.3f}", f"at most {at_most:g}", ratio <= at_most)


def markdown(rows: Iterable[Row]) -> str:
    """The rows as one table."""
    lines = ["| measured | Backhaul | peer | ratio | limit | held |", "|---|---|---|---|---|---|"]
    verdict = {True: "yes", False: "**no**", None: ""}
    lines += [
        f"| {row.what} | {row.ours} | {row.peer} | {row.ratio} | {row.limit} | {verdict[row.met]} |" for row in rows
    ]
    return "\n".join(lines)
