"""The time series in a backup: a snapshot that Prometheus or VictoriaMetrics makes of itself, copied file by file.

A snapshot is a folder of hard links within the store's own data folder, so it costs nothing to make and is copied from
there, by a program that sees that folder. What cannot be had is left out, with a line that says why.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import requests
import structlog

from backhaul.backup.manifest import files_below, private
from inventory.settings import SettingError

log = structlog.get_logger()

# Making a snapshot writes what is in memory to the disk: seconds, of a big store a minute.
TIMEOUT_SECONDS = 300.0

_CHUNK = 1024 * 1024


class LeftOut(Exception):
    """A store's series are not in the backup; the text says why, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Store:
    """Where series are kept: `url` is the program's, `data` its data folder as this program sees it.

    `snapshot` makes one at that address and names it; `forget` takes it away again, given the address and its folder.
    """

    name: str
    url: str | None
    data: Path | None
    snapshot: Callable[[str], str]
    forget: Callable[[str, Path], bool]
    setting: str
    option: str


def copy_snapshot(store: Store, folder: Path) -> dict[str, str]:
    """Copy a new snapshot to `folder`/NAME; returns the SHA-256 of each file by its path below `folder`.

    Raises LeftOut where there is none to be had.
    """
    if store.url is None:
        raise LeftOut(f"{store.setting} is not set")
    if store.data is None:
        raise LeftOut(f"its data folder is not named; name it with {store.option}")
    if not store.data.is_dir():
        raise LeftOut(f"{store.data} is no folder here; {store.option} is its data folder as this program sees it")
    made = store.data / "snapshots" / store.snapshot(store.url)
    try:
        if not made.is_dir():
            raise LeftOut(f"its snapshot is not at {made}; {store.option} is not the data folder of {store.url}")
        return _copied(made, folder / store.name, folder)
    except OSError as error:
        raise LeftOut(f"{made} cannot be copied: {error.strerror}") from None
    finally:
        if not store.forget(store.url, made):  # what it holds on to is not deleted by the store's own retention
            log.warning("a snapshot is left behind, delete it: this program may not", folder=str(made))


def put_back(folder: Path, name: str, data: Path) -> int:
    """Copy the series of a backup into the store's empty data folder; returns how many files. Raises SettingError."""
    files = list(files_below(folder / name))
    try:
        data.mkdir(parents=True, exist_ok=True)
        for path in files:
            target = data / path.relative_to(folder / name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    except OSError as error:
        raise SettingError(
            f"the database is restored, {name} is not: {error.filename or data}: {error.strerror}; empty {data} and"
            " restore once more, or without it"
        ) from None
    return len(files)


def refuse_full(data: Path, option: str) -> None:
    """Raise SettingError unless `data` is empty or not there."""
    try:
        full = data.exists() and (not data.is_dir() or any(path.name != "lost+found" for path in data.iterdir()))
    except PermissionError:
        raise SettingError(f"{option}: user {os.geteuid()}, as whom this program runs, may not read {data}") from None
    if full:
        raise SettingError(f"{option}: {data} is not empty; end the program that uses it and move its content away")


def prometheus_snapshot(url: str) -> str:
    """https://prometheus.io/docs/prometheus/latest/querying/api/#snapshot. Raises LeftOut."""
    answer = _asked("POST", f"{url.rstrip('/')}/api/v1/admin/tsdb/snapshot")
    # 500 in 2.x, 503 in 3.x; a proxy in front may answer otherwise.
    if "admin APIs disabled" in answer.text or answer.status_code in {403, 404}:
        raise LeftOut("its admin API is off; start Prometheus with --web.enable-admin-api")
    return _name(answer, lambda content: content["data"]["name"])


def victoria_snapshot(url: str) -> str:
    """https://docs.victoriametrics.com/single-server-victoriametrics/#how-to-work-with-snapshots. Raises LeftOut."""
    return _name(_asked("GET", f"{url.rstrip('/')}/snapshot/create"), lambda content: content["snapshot"])


def prometheus_forget(_url: str, made: Path) -> bool:
    """Its API makes snapshots and deletes none: the folder is all there is of one."""
    shutil.rmtree(made, ignore_errors=True)
    return not made.exists()


def victoria_forget(url: str, made: Path) -> bool:
    """The folder holds links to folders of parts, which would stay if it went: the store deletes all of it itself."""
    try:
        answer = _asked("GET", f"{url.rstrip('/')}/snapshot/delete?snapshot={made.name}")
    except LeftOut:
        return False
    return answer.ok and '"ok"' in answer.text


def _asked(method: str, url: str) -> requests.Response:
    try:
        return requests.request(method, url, timeout=TIMEOUT_SECONDS)
    except requests.RequestException as error:
        raise LeftOut(f"it does not answer ({type(error).__name__})") from None


def _name(answer: requests.Response, read: Callable[[Mapping[str, dict[str, str]]], object]) -> str:
    try:
        name = str(read(answer.json()))
    except (ValueError, KeyError, TypeError):
        raise LeftOut(f"it made no snapshot (HTTP {answer.status_code})") from None
    if not name or "/" in name or name.startswith("."):
        raise LeftOut("it named no snapshot")
    return name


def _copied(made: Path, target: Path, folder: Path) -> dict[str, str]:
    """Links are followed: VictoriaMetrics' snapshots hold some."""
    sums: dict[str, str] = {}
    for parent, _, names in os.walk(made, followlinks=True):
        into = target / Path(parent).relative_to(made)
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in sorted(names):
            sums[str((into / name).relative_to(folder))] = _copy(Path(parent, name), into / name)
    return sums


def _copy(source: Path, target: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as file, private(target) as descriptor:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            os.write(descriptor, chunk)
    return digest.hexdigest()
