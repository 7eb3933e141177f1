"""Starts programs, waits until each is ready, and leaves none behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import requests

START_SECONDS = 60.0
STOP_SECONDS = 10.0


class StartError(Exception):
    """A program did not start; the text holds the end of what it said."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to start in which folder, and the address that answers 200 once it is ready."""

    name: str
    command: Sequence[str]
    ready: str
    environ: Mapping[str, str]
    folder: Path


def find(*names: str) -> str:
    """The path of the first of `names` that is installed. Raises StartError where none is."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    raise StartError(f"{names[0]} is not installed: run `make setup`, or put it on PATH")


class Running:
    """The programs of this run, in the order they were started."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._processes: list[tuple[str, subprocess.Popen[bytes]]] = []
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, program: Program) -> float:
        """Start `program`; returns the seconds it took to be ready. Raises StartError."""
        began = time.monotonic()
        with (self._logs / f"{program.name}.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
                [*_dies_with_us(), *program.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(program.environ),
                cwd=program.folder,
                # Ctrl-C goes to the terminal's foreground group. They are not in it, so that we end them in order.
                start_new_session=True,
            )
        self._processes.append((program.name, process))
        while not _answers(program.ready):
            if process.poll() is not None:
                raise StartError(f"{program.name} ended at once:\n{self.tail(program.name)}")
            if time.monotonic() - began > START_SECONDS:
                raise StartError(f"{program.name} was not ready in {START_SECONDS:g} s:\n{self.tail(program.name)}")
            time.sleep(0.05)
        return time.monotonic() - began

    def ended(self) -> tuple[str, int] | None:
        """Name and exit code of a program that ended by itself."""
        for name, process in self._processes:
            if (code := process.poll()) is not None:
                return name, code
        return None

    def tail(self, name: str, lines: int = 15) -> str:
        """The end of a program's log."""
        text = (self._logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def stop(self, tell: Callable[[str], None] = lambda _: None) -> None:
        """End all, the last started first; a program that does not listen is killed."""
        for name, process in reversed(self._processes):
            if process.poll() is None:
                tell(name)
                _end(process)
        self._processes.clear()


def _dies_with_us() -> list[str]:
    """Words put before a command so that the kernel ends it when we are gone, even by kill -9."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    for how, patience in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return
