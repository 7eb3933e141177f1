"""The time series in a backup: a snapshot that Prometheus or VictoriaMetrics makes of itself, copied file by file.

A snapshot is a folder of hard links within the store's own data folder, so it costs nothing to make and is copied from
there, by a program that sees that folder. What cannot be had is left out, with a line that says why. Blocks and parts
never change once they are written, so a backup shares with the one before it, by hard links, what is the same in both.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import requests
import structlog

from backhaul.backup.manifest import files_below, private
from inventory.settings import SettingError

log = structlog.get_logger()

# Making a snapshot writes what is in memory to the disk: seconds, of a big store a minute.
TIMEOUT_SECONDS = 300.0

# Left free on the disk of the backups, which may be that of the database: it stops where nothing is left.
SPARE_BYTES = 1024**3

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


def copy_snapshot(store: Store, folder: Path, before: Path | None) -> dict[str, str]:
    """Copy a new snapshot to `folder`/NAME; returns the SHA-256 of each file by its path below `folder`.

    What the backup `before` has to the letter is linked. Raises LeftOut where there is none to be had.
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
        place = _Place(folder, before)
        _refuse_tight(made, store.name, place)
        return _copied(made, store.name, place)
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


@dataclass(frozen=True, slots=True)
class _Place:
    """A new backup, and the one before it where there is one."""

    folder: Path
    before: Path | None

    def twin(self, source: Path, name: str) -> Path | None:
        """The file of that name in the backup before, where it may be the same: private, ours, and of the same size."""
        path = None if self.before is None else self.before / name
        try:
            found = None if path is None else path.lstat()
        except OSError:
            return None
        if found is None or not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077 or found.st_uid != os.geteuid():
            return None
        return path if found.st_size == source.stat().st_size else None


def _files(made: Path, name: str) -> Iterator[tuple[Path, str]]:
    """Each file of a snapshot, and its path in a backup. Links are followed: VictoriaMetrics' snapshots hold some."""
    for parent, _, names in os.walk(made, followlinks=True):
        into = name / Path(parent).relative_to(made)
        yield from ((Path(parent, each), str(into / each)) for each in sorted(names))


def _refuse_tight(made: Path, name: str, place: _Place) -> None:
    """Before a disk is filled in vain, and others on it with it."""
    needed = sum(source.stat().st_size for source, to in _files(made, name) if place.twin(source, to) is None)
    free = shutil.disk_usage(place.folder).free
    if needed and needed + SPARE_BYTES > free:
        raise LeftOut(
            f"no space: it needs {_megabytes(needed)} and {_megabytes(SPARE_BYTES)} to spare, and there are"
            f" {_megabytes(free)}; delete old backups and keep fewer (--keep), or give them a disk of their own"
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def _copied(made: Path, name: str, place: _Place) -> dict[str, str]:
    (place.folder / name).mkdir(mode=0o700)
    sums: dict[str, str] = {}
    for source, to in _files(made, name):
        target, twin = place.folder / to, place.twin(source, to)
        _make_parents(target.parent, place.folder)
        digest = None if twin is None else _linked(source, twin, target)
        sums[to] = digest or _copy(source, target)
    return sums


def _make_parents(parent: Path, folder: Path) -> None:
    """Each private: `mkdir(parents=True)` gives its mode to the last one alone."""
    for each in reversed([parent, *parent.parents]):
        if each.is_relative_to(folder):
            each.mkdir(mode=0o700, exist_ok=True)


def _linked(source: Path, twin: Path, target: Path) -> str | None:
    """Link `target` to `twin`; its SHA-256, or None where that is not possible or they differ.

    Both are read: a file that was damaged in the backup before is not handed on to the next.
    """
    digest = hashlib.sha256()
    try:
        with source.open("rb") as file, twin.open("rb") as other:
            while chunk := file.read(_CHUNK):
                if other.read(_CHUNK) != chunk:
                    return None
                digest.update(chunk)
        os.link(twin, target)
    except OSError:
        return None  # another disk, a file system without links, too many of them, a damaged one: it is copied
    return digest.hexdigest()


def _copy(source: Path, target: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as file, private(target) as descriptor:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            os.write(descriptor, chunk)
    return digest.hexdigest()
