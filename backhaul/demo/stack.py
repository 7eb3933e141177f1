"""Starts the whole of Backhaul on loopback around a simulated network, says where to look, and stops it all."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from types import FrameType

import requests

from backhaul.demo import history, inventory_file, network_file, registry
from backhaul.demo.network_file import Times
from backhaul.demo.ports import Ports, at
from backhaul.demo.programs import Running, StartError
from backhaul.demo.services import Run, programs
from inventory.loader import load_inventory
from inventory.vault import Vault, new_key

MOVE_PORTS = '--port-offset 100, as in `make run ARGS="--port-offset 100"`'
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LATER = 3600  # seconds: longer than loading the history can take
MARKER = "emptied-by-backhaul-demo"  # a file that says of a folder that it is the demo's to empty


def run(data: Path, port_offset: int) -> int:
    """Start all, wait for Ctrl-C (or SIGTERM) or for a program to fail, stop all; returns the exit code."""
    try:
        ports = Ports.with_offset(port_offset)
    except ValueError as error:
        return _fail(str(error))
    if taken := ports.taken():
        listed = "\n".join(f"port {port} ({name}) is taken" for name, port in taken)
        return _fail(f"{listed}\nEnd what listens there, or move all ports: {MOVE_PORTS}")
    data = data.resolve()  # the programs run in it, so that no .env beside the caller is read by them
    try:
        running = Running(_claimed(data) / "logs")
    except (StartError, OSError) as error:
        return _fail(str(error))
    with _signals_end_it() as asked:
        try:
            _say("Backhaul: the whole stack on this machine, with a simulated network. It starts in about 20 s.\n\n")
            _start(Run(_emptied(data), ports, int(time.time()), new_key()), running, asked)
            return _watch(running, asked)
        except KeyboardInterrupt:
            _say("\nstopping:")
            return 0
        except (StartError, OSError) as error:
            return _fail(str(error))
        finally:
            _stop(running)


def _stop(running: Running) -> None:
    """End all programs; whoever presses Ctrl-C a second time waits no longer than whoever does not."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    running.stop(lambda name: _say(f" {name}"))
    _say("\nstopped\n")


def _say(text: str) -> None:
    """Tell the person at the terminal; one that is closed must not keep us from ending what we started."""
    with suppress(OSError):
        print(text, end="", flush=True)


def _fail(text: str) -> int:
    print(f"backhaul demo: {text}", file=sys.stderr)
    return 1


@contextmanager
def _signals_end_it() -> Iterator[Event]:
    """Let SIGTERM and a closed terminal end the run as Ctrl-C does.

    Ctrl-C's own signal too: a shell script starts what it puts into the background with SIGINT ignored.
    The event is set as well, since an exception that is raised while Python runs a finalizer is lost.
    """
    asked = Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        asked.set()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in ENDING}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _claimed(data: Path) -> Path:
    """The folder, marked as the demo's. Raises StartError where it holds what the demo did not make."""
    data.mkdir(parents=True, exist_ok=True)
    if not (data / MARKER).exists() and any(data.iterdir()):
        raise StartError(
            f"{data} holds files and was not made by the demo, which empties its folder at each start.\n"
            "Name an empty or a new folder (--data DIR), or delete this one if it is an older demo's."
        )
    (data / MARKER).touch()
    return data


def _emptied(data: Path) -> Path:
    """The folder without what an earlier run left: a new network has new counters, so the old series are no past."""
    for name in ("prometheus", "alertmanager", "network"):
        shutil.rmtree(data / name, ignore_errors=True)
        (data / name).mkdir(parents=True)
    for database in data.glob("backhaul.db*"):
        database.unlink()
    return data


def _start(now: Run, running: Running, asked: Event) -> None:
    file, network = now.data / "inventory.yml", now.data / "network"
    devices = network_file.write(network, now.ports, Times(now.began, story=now.began + LATER))
    inventory_file.write(file, now.ports, network / "ca.pem")
    inventory = load_inventory(file, os.environ)
    with _step("30 days of history") as say:
        samples = history.load(inventory, devices, now.began, now.data, now.data / "prometheus" / "data")
        say(f"{samples / 1e6:.1f} million samples")
    network_file.write(network, now.ports, Times(now.began, story=int(time.time())))
    with _step("registry") as say:
        password = registry.fill(
            now.database_url, inventory, Vault.from_settings({"BACKHAUL_SECRET_KEY": now.secret_key})
        )
        say(f"{len(registry.LOGINS)} logins")
    for program in programs(now):
        _end_if(asked)
        with _step(program.name) as say:
            running.start(program)
            say(program.ready.rsplit("/-/", 1)[0])
    _say(_where_to_look(now, password) + _without_pings(now))


def _end_if(asked: Event) -> None:
    if asked.is_set():
        raise KeyboardInterrupt


@contextmanager
def _step(name: str) -> Iterator[Callable[[str], None]]:
    """Show one step's name while it runs; what it says of itself, and its time, when it is done."""
    _say(f"  {name:<20}")
    began, said = time.monotonic(), [""]
    yield lambda text: said.__setitem__(0, text)
    _say(f"{said[0]:<32}{time.monotonic() - began:5.1f} s\n")


def _where_to_look(now: Run, password: str) -> str:
    ports = now.ports
    logins = "\n".join(f"      {login.email:<32}{login.sees}" for login in registry.LOGINS)
    graph = "graph?g0.expr=link%3Abandwidth_bits_per_second%3Arate5m&g0.tab=0&g0.range_input=2h"
    return f"""
  Everything runs. Where to look:

    the portal        http://{at(ports.portal)}/      password of all: {password}
{logins}

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


def _without_pings(now: Run) -> str:
    """What to do where the system lets this user send no pings; empty where it does."""
    metrics = requests.get(f"http://{at(now.ports.exporter)}/metrics", timeout=10).text
    if 'backhaul_pinger_socket_up{family="ipv4"} 0' not in metrics:
        return ""
    return """
  This system does not let you send pings, so circuits pinged from here stay unknown (all else works). To allow it:
    sudo sysctl -w net.ipv4.ping_group_range="0 2147483647"
"""


def _watch(running: Running, asked: Event) -> int:
    while (ended := running.ended()) is None:
        _end_if(asked)
        time.sleep(0.5)
    name, code = ended
    return _fail(f"{name} ended by itself with exit code {code}; the end of its log:\n{running.tail(name)}")
