"""Starts the whole of Backhaul on loopback around a simulated network, says where to look, and stops it all."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from backhaul.demo import configuration, history, inventory_file, network_file
from backhaul.demo.ports import Ports, at
from backhaul.demo.programs import Program, Running, StartError, find
from inventory.loader import load_inventory

ACCOUNT_SID = "AC" + "0" * 31 + "1"


@dataclass(frozen=True, slots=True)
class Run:
    """One run's places: its folder, its ports, the moment its story begins (Unix seconds)."""

    data: Path
    ports: Ports
    began: int


def run(data: Path, port_offset: int) -> int:
    """Start all, wait for Ctrl-C (or SIGTERM) or for a program to fail, stop all; returns the exit code."""
    try:
        ports = Ports.with_offset(port_offset)
    except ValueError as error:
        return _fail(str(error))
    if taken := ports.taken():
        listed = "\n".join(f"  port {port} ({name}) is taken" for name, port in taken)
        return _fail(f"{listed}\nEnd what listens there, or move all ports: --port-offset 100")
    print("Backhaul: the whole stack on this machine, with a simulated network\n", flush=True)
    running = Running(data / "logs")
    with _signals_end_it():
        try:
            _start(Run(_emptied(data), ports, int(time.time())), running)
            return _watch(running)
        except StartError as error:
            return _fail(str(error))
        except KeyboardInterrupt:
            print("\nstopping", end="", flush=True)
            return 0
        finally:
            running.stop(lambda name: print(f" {name}", end="", flush=True))
            print("\nstopped", flush=True)


def _fail(text: str) -> int:
    print(f"backhaul demo: {text}", file=sys.stderr)
    return 1


@contextmanager
def _signals_end_it() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end the run as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _emptied(data: Path) -> Path:
    """The folder without what an earlier run left: a new network has new counters, so the old series are no past."""
    for name in ("prometheus", "alertmanager", "network"):
        shutil.rmtree(data / name, ignore_errors=True)
        (data / name).mkdir(parents=True)
    for database in data.glob("backhaul.db*"):
        database.unlink()
    return data


def _start(now: Run, running: Running) -> None:
    inventory = now.data / "inventory.yml"
    devices = network_file.write(now.data / "network", now.ports, now.began)
    inventory_file.write(inventory, now.ports, now.data / "network" / "ca.pem")
    with _step("30 days of history") as say:
        samples = history.load(
            load_inventory(inventory, os.environ), devices, now.began, now.data, now.data / "prometheus" / "data"
        )
        say(f"{samples / 1e6:.1f} million samples")
    for program in _programs(now, inventory):
        with _step(program.name) as say:
            running.start(program)
            say(program.ready.rsplit("/-/", 1)[0])
    print(_where_to_look(now), flush=True)


@contextmanager
def _step(name: str) -> Iterator[Callable[[str], None]]:
    """Show one step's name while it runs; what it says of itself, and its time, when it is done."""
    print(f"  {name:<20}", end="", flush=True)
    began, said = time.monotonic(), [""]
    yield lambda text: said.__setitem__(0, text)
    print(f"{said[0]:<32}{time.monotonic() - began:5.1f} s", flush=True)


def _programs(now: Run, inventory: Path) -> list[Program]:
    """In the order they start: each finds what it needs already there."""
    ports, data = now.ports, now.data
    token, twilio_token = secrets.token_urlsafe(24), secrets.token_hex(16)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("BACKHAUL_", "TWILIO_"))}
    environ |= {
        "BACKHAUL_INVENTORY": str(inventory),
        "BACKHAUL_DATABASE_URL": f"sqlite:///{data.resolve()}/backhaul.db",
        "BACKHAUL_WEBHOOK_TOKEN": token,
        "BACKHAUL_PUBLIC_URL": f"http://{at(ports.webhook)}",
        "PROMETHEUS_URL": f"http://{at(ports.prometheus)}",
        "TWILIO_API_URL": f"http://{at(ports.inbox)}",
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": twilio_token,
        "TWILIO_FROM_NUMBER": "whatsapp:+14155238886",
        "SMTP_URL": f"smtp://{at(ports.smtp)}",
        "MAIL_FROM": "alerts@skylink.example.net",
    }
    addresses = {
        "127.0.0.1:9909": at(ports.exporter),
        "127.0.0.1:9910": at(ports.webhook),
        "127.0.0.1:9090": at(ports.prometheus),
        "127.0.0.1:9093": at(ports.alertmanager),
    }
    prometheus = configuration.write_prometheus(data / "prometheus" / "config", addresses)
    alertmanager = configuration.write_alertmanager(
        data / "alertmanager" / "config",
        {"127.0.0.1:9910": at(ports.webhook), "127.0.0.1:1025": at(ports.smtp)},
        token,
    )
    ours = [sys.executable, "-m", "backhaul"]
    return [
        Program(
            "simulated network",
            [sys.executable, "-m", "simulator", str(data / "network" / "network.yml"), "--control", at(ports.network)],
            f"http://{at(ports.network)}/-/ready",
            environ,
        ),
        Program(
            "simulated inbox",
            [
                sys.executable,
                "-m",
                "simulator.twilio",
                "--listen",
                at(ports.inbox),
                "--account-sid",
                ACCOUNT_SID,
                "--auth-token",
                twilio_token,
            ],
            f"http://{at(ports.inbox)}/-/ready",
            environ,
        ),
        Program(
            "simulated mailbox",
            [sys.executable, "-m", "simulator.mail", "--listen", at(ports.mailbox), "--smtp", at(ports.smtp)],
            f"http://{at(ports.mailbox)}/-/ready",
            environ,
        ),
        Program(
            "webhook",
            [*ours, "webhook", "--listen", at(ports.webhook)],
            f"http://{at(ports.webhook)}/-/ready",
            environ,
        ),
        Program(
            "exporter",
            [*ours, "exporter", "--inventory", str(inventory), "--listen", at(ports.exporter)],
            f"http://{at(ports.exporter)}/-/ready",
            environ,
        ),
        Program(
            "alertmanager",
            [
                find("alertmanager", "prometheus-alertmanager"),
                f"--config.file={alertmanager}",
                f"--storage.path={data}/alertmanager/data",
                f"--web.listen-address={at(ports.alertmanager)}",
                "--cluster.listen-address=",
            ],
            f"http://{at(ports.alertmanager)}/-/ready",
            environ,
        ),
        Program(
            "prometheus",
            [
                find("prometheus"),
                f"--config.file={prometheus}",
                f"--storage.tsdb.path={data}/prometheus/data",
                "--storage.tsdb.retention.time=40d",
                # The first evaluation can come before Prometheus knows its Alertmanager; what it could not send then
                # it sends again after this long, by default only after a minute.
                "--rules.alert.resend-delay=15s",
                f"--web.listen-address={at(ports.prometheus)}",
            ],
            f"http://{at(ports.prometheus)}/-/ready",
            environ,
        ),
    ]


def _where_to_look(now: Run) -> str:
    ports = now.ports
    graph = "graph?g0.expr=link%3Abandwidth_bits_per_second%3Arate5m&g0.tab=0&g0.range_input=2h"
    return f"""
  Everything runs. Where to look:

    the phones        http://{at(ports.inbox)}/
                      within 3 minutes: the link above 950 Mbps, a reseller at 80 %, one at 100 %,
                      a leased line down, and then that each of them is over
    the link's graph  http://{at(ports.prometheus)}/{graph}
    the mailbox       http://{at(ports.mailbox)}/
    alerts now        http://{at(ports.prometheus)}/alerts
    break something   http://{at(ports.network)}/
    one device        http://{at(ports.exporter)}/probe?target=core-1
    files and logs    {now.data}

  Ctrl-C stops all of it.
"""


def _watch(running: Running) -> int:
    while (ended := running.ended()) is None:
        time.sleep(0.5)
    name, code = ended
    return _fail(f"{name} ended by itself with exit code {code}; the end of its log:\n{running.tail(name)}")
