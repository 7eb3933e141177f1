"""What tests share: free ports, waiting for a condition, and real processes that always end."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pytest
import requests

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
FIXTURES = ROOT.parent / "shared" / "fixtures"
_GIVEN: set[tuple[socket.SocketKind, int]] = set()  # the ports of this run
_NOT_THE_SYSTEMS = range(21_000, 32_000)  # Linux gives away 32768 to 60999 (net.ipv4.ip_local_port_range)


def in_ci() -> bool:
    """Whether a missing precondition must fail instead of skip."""
    return bool(os.environ.get("CI"))


def cannot(reason: str) -> NoReturn:
    """Skip the test for something this machine lacks; in CI, where nothing may be left out, fail it."""
    if in_ci():
        pytest.fail(reason)
    pytest.skip(reason)


def fixture_path(relative: str) -> Path:
    """A recording of a real device, read in place."""
    path = FIXTURES / relative
    if not path.exists():
        cannot(f"no recording at {path}: put the shared fixtures beside the project")
    return path


def require_root() -> None:
    """Say that the test makes network namespaces."""
    if os.geteuid() != 0:
        cannot("needs root, to make network namespaces; run the tests with sudo")


def program(*names: str) -> str:
    """The path of the first of `names` that is installed (Debian's servers live in sbin)."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    pytest.fail(f"{names[0]} is not installed: run `make setup`")


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of 127.0.0.1 that nobody listens on now, another one each time: who got one may not listen on it yet.

    Nor is it one that the system gives away meanwhile, to a connection or to who asks for any port.
    """
    while True:
        port = secrets.choice(_NOT_THE_SYSTEMS)
        with socket.socket(socket.AF_INET, kind) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if (kind, port) not in _GIVEN:
                _GIVEN.add((kind, port))
                return port


def run_apart(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it on a loop of its own thread: where a browser was open before, Playwright's goes on in the main one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def wait_until(condition: Callable[[], T | None], what: str, timeout: float = 60.0, interval: float = 0.05) -> T:
    """The first truthy value of `condition`, asked over and over; fails naming `what` when none came in time.

    The time is for a machine with other work: where one is promised, the test says it.
    """
    deadline = time.monotonic() + timeout
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"waited {timeout:g} s in vain for: {what}")
        time.sleep(interval)


def listens(port: int) -> bool:
    """Whether something takes connections on that port of this machine; nothing is asked of it."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


def answers(url: str, status: int = 200) -> bool:
    """Whether a GET of `url` gives `status` now."""
    try:
        return requests.get(url, timeout=2).status_code == status
    except requests.RequestException:
        return False


class Service:
    """A started process with its output in a file."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    @property
    def pid(self) -> int:
        return self.process.pid

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Send the signal to the process and its children, and wait for its end."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, how)
        self.process.wait(timeout=20)


@contextmanager
def service(
    command: Sequence[str | Path],
    log: Path,
    *,
    ready: Callable[[], bool],
    env: Mapping[str, str] | None = None,
    timeout: float = 120.0,
) -> Iterator[Service]:
    """Run `command` until the block ends; yields once `ready()` holds, fails with its output if it never does."""
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            start_new_session=True,
        )
    running = Service(process, log)
    try:

        def up() -> bool:
            if process.poll() is not None:
                pytest.fail(f"{command[0]} ended with {process.returncode}:\n{running.output()}")
            return ready()

        wait_until(up, f"{command[0]} to be ready; its output so far is in {log}", timeout=timeout)
        yield running
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=10)
