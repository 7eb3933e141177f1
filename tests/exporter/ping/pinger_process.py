"""A pinger in a process of its own, in a network namespace or as another user, told what to do over its stdin.

Each line in is a JSON object of circuit ids and addresses to ping, or `null` to ask for the metrics; each line out
is the exposition as a JSON string.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import structlog
from prometheus_client.parser import text_string_to_metric_families

from exporter.exposition import Exposition
from exporter.ping.pinger import Pinger
from inventory.models import Attach, BitsPerSecond, Circuit, Committed, PingFrom
from tests.harness import BIN, ROOT, wait_until


def circuit(name: str, ping: str | None, ping_from: PingFrom = "server", tenant: str = "r1") -> Circuit:
    rate = BitsPerSecond(1_000_000)
    return Circuit(
        name, name, tenant, "core-1", Attach("queue", name), Committed(rate, rate), ping=ping, ping_from=ping_from
    )


class Reading:
    """One exposition, asked by circuit."""

    def __init__(self, text: str) -> None:
        families = text_string_to_metric_families(text)
        self._samples = [sample for family in families for sample in family.samples]

    def value(self, name: str, circuit: str) -> float | None:
        """The one sample of that name and circuit; None where it is absent."""
        return self._only(name, "circuit", circuit)

    def family_value(self, name: str, family: str) -> float | None:
        """The one sample of that name and address family; None where it is absent."""
        return self._only(name, "family", family)

    def up(self, circuit: str) -> float | None:
        return self.value("isp_circuit_up", circuit)

    def names(self, circuit: str) -> set[str]:
        return {sample.name for sample in self._samples if sample.labels.get("circuit") == circuit}

    def _only(self, name: str, label: str, value: str) -> float | None:
        found = [s.value for s in self._samples if s.name == name and s.labels.get(label) == value]
        assert len(found) <= 1, f"{name} of {value} is there {len(found)} times"
        return found[0] if found else None


def read(pinger: Pinger) -> Reading:
    exposition = Exposition()
    pinger.write(exposition)
    return Reading(exposition.render().decode())


def wait_for_verdicts(ask: Callable[[], Reading], **verdicts: float | None) -> Reading:
    """The first reading in which each named circuit is up (1), down (0) or unknown (None) as said."""

    def reached() -> Reading | None:
        reading = ask()
        return reading if all(reading.up(name) == verdict for name, verdict in verdicts.items()) else None

    return wait_until(reached, f"the verdicts {verdicts}", interval=0.1)


class PingerProcess:
    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log

    def set_circuits(self, addresses: Mapping[str, str]) -> None:
        self._tell(addresses)

    def read(self) -> Reading:
        self._tell(None)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the pinger ended:\n{self.log()}"
        return Reading(json.loads(line))

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def _tell(self, what: Mapping[str, str] | None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()


@contextmanager
def pinger_process(log: Path, *wrapper: str) -> Iterator[PingerProcess]:
    """Run a pinger behind `wrapper` (`ip netns exec ...`) until the block ends."""
    with log.open("w") as sink:
        process = subprocess.Popen(
            [*wrapper, str(BIN / "python"), "-m", "tests.exporter.ping.pinger_process"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
        )
    try:
        yield PingerProcess(process, log)
    finally:
        process.communicate(timeout=20)  # the end of its stdin ends it


def main() -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    pinger = Pinger()
    pinger.start()
    for line in sys.stdin:
        addresses = json.loads(line)
        if addresses is None:
            exposition = Exposition()
            pinger.write(exposition)
            print(json.dumps(exposition.render().decode()), flush=True)  # noqa: T201 - the answer to the test
        else:
            pinger.set_circuits("skylink", [circuit(name, address) for name, address in addresses.items()])
    pinger.close()


if __name__ == "__main__":
    main()
