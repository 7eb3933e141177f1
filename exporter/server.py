"""Serves the exporter over HTTP to Prometheus, and to the person who looks."""

from __future__ import annotations

import resource
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
import waitress.server
from flask import Flask

from devices import open_session
from exporter.ping.pinger import Pinger
from exporter.registry_source import RegistrySource, start_following
from exporter.self_metrics import disks_from
from exporter.service import Exporter
from exporter.views import create_app
from inventory.loader import InventoryError, load_inventory
from inventory.settings import Address, SettingError
from inventory.shards import WHOLE, Shard

log = structlog.get_logger()

# Threads for the devices an inventory may get by a reload, and for /metrics, /sd and people.
_SPARE_THREADS = 32
_MOST_THREADS = 1024
_DEVICES_TO_COME = 100


def serve(inventory: str, listen: Address, environ: Mapping[str, str], shard: Shard = WHOLE) -> None:
    """Run the exporter until SIGTERM or SIGINT; SIGHUP reads the inventory anew.

    `inventory` is the path of a file, or the URL of the registry, whose changes are followed. Of its devices those of
    `shard` are read.
    Raises InventoryError when the inventory is not good, SettingError when the address cannot be listened on or a
    disk of BACKHAUL_DISKS cannot be measured.
    """
    disks = disks_from(environ)
    registry = RegistrySource(inventory, environ) if "://" in inventory else None
    load = registry.load if registry else lambda: load_inventory(Path(inventory), environ)
    exporter = Exporter(load, Pinger(), open_session, shard, disks)
    devices = len(exporter.targets)
    # A registry may grow while it is followed; a file is one that somebody has finished.
    threads = _threads(max(devices, _DEVICES_TO_COME) if registry else devices)
    _allow_open_files()
    server = _listen(create_app(exporter), listen, threads)
    _handle_signals(exporter)
    exporter.start()
    if registry:
        start_following(exporter, registry)
    log.info("listening", host=listen.host, port=listen.port, threads=threads, shard=str(shard), devices=devices)
    try:
        server.run()
    finally:
        server.close()
        exporter.close()


def _listen(app: Flask, listen: Address, threads: int) -> Any:
    try:
        return waitress.server.create_server(
            app,
            host=listen.host,
            port=listen.port,
            threads=threads,
            # Each Prometheus keeps a connection for each device open; a refused one would be a lost scrape.
            connection_limit=2 * threads + 100,
            # select() ends the process at file descriptor 1,024, and every device session is one.
            asyncore_use_poll=True,
            max_request_body_size=1 << 16,
            ident=None,
        )
    except ValueError:  # waitress' word for a name that has no address
        raise SettingError(f'cannot listen on "{listen.host}": it is no address of this machine') from None
    except OSError as error:
        where = f"{listen.host} port {listen.port}"
        raise SettingError(f"cannot listen on {where}: {error.strerror}; give --listen another address") from error


def _threads(devices: int) -> int:
    """Threads so that no device waits for another: one that hangs holds its thread until the deadline.

    Two for each device, since a second Prometheus waits for the reading of the first, so that even with every
    device hanging the rest is served at once. An idle thread costs some 50 kB.
    """
    return min(2 * devices + _SPARE_THREADS, _MOST_THREADS)


def _allow_open_files() -> None:
    """Take all the open files the system allows us: the usual soft limit of 1,024 is there for select()."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _handle_signals(exporter: Exporter) -> None:
    def stop(*_: object) -> None:
        raise SystemExit

    def reload() -> None:
        try:
            exporter.reload()
        except InventoryError:
            return  # it was logged, and a metric says so

    # The handler runs in the thread that moves all requests, which must not wait for a file.
    signal.signal(signal.SIGHUP, lambda *_: threading.Thread(target=reload, name="reload").start())
    signal.signal(signal.SIGTERM, stop)
