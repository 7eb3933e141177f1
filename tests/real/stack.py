"""The whole of Backhaul on free ports: exporter, Prometheus, Alertmanager, webhook, and a Twilio to send to."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from backhaul.demo.configuration import write_alertmanager, write_prometheus
from tests.harness import BIN, answers, free_port, program, service
from tests.prometheus.daemons import SHIPPED

ACCOUNT_SID, AUTH_TOKEN, WEBHOOK_TOKEN = "AC" + "5" * 32, "a-token-for-tests", "a-webhook-token"


@dataclass(frozen=True)
class Stack:
    """A running stack; what it is asked is what an operator could ask."""

    directory: Path
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in (*SHIPPED, "twilio", "mail")})

    def url(self, name: str) -> str:
        """The base URL of a service."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def query(self, promql: str) -> list[dict[str, Any]]:
        """What Prometheus answers to an instant query."""
        answer = requests.get(f"{self.url('prometheus')}/api/v1/query", params={"query": promql}, timeout=10)
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result

    def value(self, promql: str) -> float | None:
        """The value of the only series of a query; None when there is none."""
        found = self.query(promql)
        assert len(found) < 2, f"{promql}: {found}"
        return float(found[0]["value"][1]) if found else None

    def firing(self, alert: str) -> list[dict[str, str]]:
        """The labels of each alert of that name that fires now."""
        return [each["metric"] for each in self.query(f'ALERTS{{alertname="{alert}",alertstate="firing"}}')]

    def first_sample(self, selector: str, since: float, meets: Callable[[float], bool]) -> float | None:
        """When Prometheus first stored a value of `selector` after `since` that meets the condition (Unix seconds)."""
        series = self.query(f"{selector}[10m]")
        times = [at for each in series for at, value in each["values"] if at >= since and meets(float(value))]
        return min(times, default=None)

    def messages(self, *words: str, since: float = 0.0) -> list[dict[str, Any]]:
        """The messages that Twilio accepted after `since` and that hold all the words, oldest first."""
        inbox = requests.get(f"{self.url('twilio')}/inbox.json", timeout=10).json()["messages"]
        return [each for each in inbox if each["accepted_at"] >= since and all(word in each["body"] for word in words)]

    def probe(self, device: str) -> str:
        """A device's metrics, read now."""
        return requests.get(f"{self.url('exporter')}/probe", params={"target": device}, timeout=15).text


def window(rules: Path, short: str) -> None:
    """Shorten the rules' 5-minute windows to `short`, as text; everything else stays as it is shipped.

    "The window is whole" is told by a reading 4 to 5 minutes ago; it becomes one from its first half.
    """
    seconds = int(short.removesuffix("s"))
    texts = {path: path.read_text(encoding="utf-8") for path in rules.glob("*.yml")}
    for written in ("[5m]", "[1m] offset 4m"):
        assert any(written in text for text in texts.values()), f"no rule writes {written}, which is to be shortened"
    for path, text in texts.items():
        shorter = text.replace("[1m] offset 4m", f"[{seconds // 2}s] offset {seconds // 2}s")
        path.write_text(shorter.replace("[5m]", f"[{short}]"), encoding="utf-8")


@contextmanager
def stack(directory: Path, inventory: Path, short_window: str | None = None) -> Iterator[Stack]:
    """Start everything for `inventory`, wait until each part is ready, and end it all afterwards."""
    made = Stack(directory)
    with ExitStack() as running:

        def start(name: str, command: list[str], ready: str, **environ: str) -> None:
            whole = {**_environ(made, inventory), **environ}
            log = directory / f"{name}.log"
            running.enter_context(
                service(command, log, ready=lambda: answers(f"{made.url(name)}{ready}"), env=whole, timeout=60)
            )

        listen = {name: f"127.0.0.1:{port}" for name, port in made.ports.items()}
        account = ["--account-sid", ACCOUNT_SID, "--auth-token", AUTH_TOKEN, "--listen", listen["twilio"]]
        start("twilio", [sys.executable, "-m", "simulator.twilio", *account], "/-/ready")
        backhaul = str(BIN / "backhaul")
        start(
            "exporter",
            [backhaul, "exporter", "--inventory", str(inventory), "--listen", listen["exporter"]],
            "/-/ready",
        )
        start("alertmanager", _alertmanager(made), "/-/ready")
        start("prometheus", _prometheus(made, short_window), "/-/ready")
        start("webhook", [backhaul, "webhook", "--listen", listen["webhook"]], "/-/ready")
        yield made


def _addresses(made: Stack, *names: str) -> dict[str, str]:
    return {f"127.0.0.1:{SHIPPED[name]}": f"127.0.0.1:{made.ports[name]}" for name in names}


def _prometheus(made: Stack, short_window: str | None) -> list[str]:
    """The shipped configuration with this run's addresses, and with a shorter window where one is asked for."""
    directory = made.directory / "prometheus"
    configuration = write_prometheus(directory, _addresses(made, *SHIPPED))
    if short_window is not None:
        window(directory / "rules", short_window)
    listen = f"--web.listen-address=127.0.0.1:{made.ports['prometheus']}"
    data = f"--storage.tsdb.path={made.directory / 'tsdb'}"
    return [program("prometheus"), f"--config.file={configuration}", data, listen]


def _alertmanager(made: Stack) -> list[str]:
    addresses = _addresses(made, "webhook") | {"127.0.0.1:1025": f"127.0.0.1:{made.ports['mail']}"}
    configuration = write_alertmanager(made.directory / "alertmanager", addresses, WEBHOOK_TOKEN)
    listen = f"--web.listen-address=127.0.0.1:{made.ports['alertmanager']}"
    data = f"--storage.path={made.directory / 'nflog'}"
    alone = "--cluster.listen-address="  # no peers to gossip with
    names = ("prometheus-alertmanager", "alertmanager")
    return [program(*names), f"--config.file={configuration}", data, listen, alone]


def _environ(made: Stack, inventory: Path) -> dict[str, str]:
    return {
        **os.environ,
        "BACKHAUL_INVENTORY": str(inventory),
        "BACKHAUL_DATABASE_URL": f"sqlite:///{made.directory / 'outbox.db'}",
        "BACKHAUL_WEBHOOK_TOKEN": WEBHOOK_TOKEN,
        "BACKHAUL_PUBLIC_URL": made.url("webhook"),
        "PROMETHEUS_URL": made.url("prometheus"),
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_FROM_NUMBER": "whatsapp:+14155238886",
        "TWILIO_API_URL": made.url("twilio"),
        "SMTP_URL": "none",
    }
