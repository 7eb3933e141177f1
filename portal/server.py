"""Runs the portal: a port, a few processes behind it, and an orderly end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import wait as wait_for

import structlog
import uvicorn
from sqlalchemy.exc import OperationalError
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from inventory.database import open_database
from inventory.registry.schema import prepare
from inventory.settings import Address, SettingError
from inventory.vault import Vault
from portal.metrics import MULTIPROCESS_DIRECTORY
from portal.protocol import BoundedProtocol
from portal.settings import Settings, read_settings

log = structlog.get_logger(__name__)

WORKERS = 2

# Pages are answered in milliseconds and streams are ended by us; what is still open then hangs.
END_SECONDS = 5
# Longer than a browser is quiet between two clicks, so most come without a new connection.
KEEP_ALIVE_SECONDS = 30
# What the kernel keeps for each who reads slowly counts as memory of ours: by itself it takes 4 MB.
SEND_BYTES = 131_072


def serve(
    listen: Address, environ: Mapping[str, str], *, workers: int = WORKERS, start_logs: Callable[[], None] | None = None
) -> None:
    """Serve until SIGTERM or Ctrl-C, and leave no process behind.

    `start_logs` is called in each process; it can be pickled, as can `environ`. Raises SettingError for missing or
    wrong settings, for an address that cannot be listened on, and for a database that was not migrated.
    """
    settings = read_settings(environ, listen)
    Vault.from_settings(environ)
    _prepare_database(settings)
    sock = _bind(listen)
    with tempfile.TemporaryDirectory(prefix="backhaul-portal-") as metrics:
        os.environ[MULTIPROCESS_DIRECTORY] = metrics
        host, port = sock.getsockname()[:2]
        # uvicorn takes the factory as an object too, where its own command line wants text: it is only pickled.
        config = _config(settings, partial(_worker, listen, dict(environ), start_logs), workers)
        if settings.https and not settings.trusted_proxies:
            log.warning(
                "BACKHAUL_TRUSTED_PROXIES is not set: everybody counts as coming from the proxy's address, and is held"
                " to one limit of failed logins"
            )
        log.info("portal listens", host=host, port=port, url=settings.public_url, workers=workers)
        try:
            supervisor = _Supervisor(config, [sock])
            supervisor.run()
        finally:
            sock.close()
            del os.environ[MULTIPROCESS_DIRECTORY]
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise SettingError("the portal could not start; the reason stands above")
    log.info("portal ended")


class _Supervisor(Multiprocess):
    """Ctrl-C reaches all processes at once: one that is about to start hears of it when it can act on it."""

    def init_processes(self) -> None:
        with _held_back():
            super().init_processes()

    def keep_subprocess_alive(self) -> None:
        with _held_back():
            super().keep_subprocess_alive()


@contextmanager
def _held_back() -> Iterator[None]:
    """Ctrl-C waits until the end, and in a process made meanwhile until `_worker`: it would end in a traceback."""
    resource_tracker.ensure_running()  # a process of multiprocessing's own; when it starts one it lets signals in
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _config(settings: Settings, factory: Callable[[], object], workers: int) -> uvicorn.Config:
    return uvicorn.Config(
        factory,
        factory=True,
        workers=workers,
        http=BoundedProtocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # Without a list it would believe everybody on this machine.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=END_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )


def _worker(listen: Address, environ: Mapping[str, str], start_logs: Callable[[], None] | None) -> object:
    """In a process of its own, which uvicorn has made ready for signals: the application."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if start_logs is not None:
        start_logs()
    _end_with_parent()
    try:
        from portal.asgi import Portal  # noqa: PLC0415 - the parent serves nothing, and needs none of it
        from portal.wiring import build  # noqa: PLC0415

        return Portal(build(read_settings(environ, listen), environ))
    except Exception:  # whatever keeps it from starting is said once, in place of starting it for ever
        log.exception("a process of the portal could not start")
        sys.exit(STARTUP_FAILURE)  # which tells the supervisor not to try again and again


def _end_with_parent() -> None:
    """A parent that was killed cannot tell its children: they watch for it."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait_for([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _bind(listen: Address) -> socket.socket:
    where = f"{listen.host} port {listen.port}"
    try:
        family = socket.getaddrinfo(listen.host, listen.port, type=socket.SOCK_STREAM)[0][0]
    except OSError:
        raise SettingError(f'cannot listen on "{listen.host}": it is no address of this machine') from None
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
    try:
        sock.bind((listen.host, listen.port))
        sock.listen(2048)
    except OSError as error:
        sock.close()
        raise SettingError(f"cannot listen on {where}: {error.strerror}; give --listen another address") from error
    return sock


def _prepare_database(settings: Settings) -> None:
    engine = open_database(settings.database_url)
    try:
        prepare(engine)
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[:1]
        raise SettingError(f"BACKHAUL_DATABASE_URL: the database does not answer: {''.join(reason)}") from None
    finally:
        engine.dispose()
