"""What `backhaul backup` and `backhaul restore` do, and what they say of it."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from backhaul.backup import manifest as manifests
from backhaul.backup import shelf
from backhaul.backup.dump import dump
from backhaul.backup.load import Terms, check_rows, in_use, load
from backhaul.backup.manifest import BackupBroken, Manifest, private
from backhaul.backup.past import prometheus_urls, told_until
from backhaul.backup.place import existing, put_aside_what_is_none, said, unusable
from backhaul.backup.series import (
    LeftOut,
    Store,
    copy_snapshot,
    prometheus_forget,
    prometheus_snapshot,
    put_back,
    refuse_full,
    victoria_forget,
    victoria_snapshot,
)
from inventory.database import database_url, open_database
from inventory.registry import backups, schema
from inventory.registry.scope import Registry
from inventory.settings import SettingError, setting
from inventory.vault import SETTING as KEY_SETTING
from inventory.vault import Vault

OK, FAILED = 0, 1
ROOT = Path(__file__).resolve().parent.parent.parent
KEYS = "secret_key"

# Of these a backup lists which are set, so that whoever restores knows what he needs beside it.
_SETTINGS = ("BACKHAUL_", "TWILIO_", "SMTP_", "MAIL_", "ALERT_", "PROMETHEUS_", "EXPORTER_", "GRAFANA_", "RECORDED_")


def backup(words: argparse.Namespace) -> int:
    """Write a new backup into a folder of backups, and take the oldest away where only so many are to be kept.

    One that lacks series that were asked for is kept for the rest, and counts for nothing else: no older one goes for
    it, its age is not noted, and the command fails.
    """
    environ, into = os.environ, Path(words.folder)
    taken = time.time()
    name = f"{shelf.PREFIX}{datetime.fromtimestamp(taken, UTC):%Y%m%dT%H%M%SZ}"
    partial = into / f"{name}{shelf.PARTIAL}"
    try:
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial.mkdir(mode=0o700)
        written, lacking = _write(partial, words, environ, taken)
        shelf.sync_below(partial)
        partial.rename(into / name)
        shelf.sync(into)
    except FileExistsError:
        raise SettingError(f"{into / name} is there already: one backup a second; try again") from None
    except OSError as error:
        raise SettingError(f"the backup in {into} was not written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    for old in [] if lacking else shelf.outnumbered(into, words.keep):
        shutil.rmtree(old, ignore_errors=True)
        print(f"deleted {old}, since {words.keep} are kept")
    _tell_written(into / name, written, words)
    if lacking:
        print(
            f"backhaul: the series of {' and '.join(lacking)} were asked for and are not in it, so it does not count as"
            " the newest backup and no older one was deleted",
            file=sys.stderr,
        )
        return FAILED
    _note(name, written, environ)
    return OK


def restore(words: argparse.Namespace) -> int:
    """Check a backup, and then put it in place of what the database holds."""
    environ, folder = os.environ, Path(words.backup)
    manifest = manifests.read(folder)
    known = schema.steps_known()
    if manifest.step not in known:
        raise BackupBroken(
            f"{folder} is of a newer version of Backhaul ({manifest.version}, step {manifest.step}; this one knows"
            f" {known[-1]}); restore it with that version or a later one"
        )
    manifests.check_files(folder, manifest)
    check_rows(folder, manifest, _vault(folder, environ))
    rows = sum(manifest.tables.values())
    print(f"{folder}: whole, of {_moment(manifest.taken_at)}, {rows} rows, {len(manifest.files)} files")
    if words.check:
        return OK
    places = {store.name: store for store in _stores(words, environ) if store.data is not None}
    for store in places.values():
        assert store.data is not None
        refuse_full(store.data, store.option)
    stopped_at = told_until(words.stopped_at, manifest.taken_at, environ)
    doubtful = _load(words, environ, manifest, stopped_at)
    for line in _series_back(folder, manifest, places):
        print(line)
    _tell_restored(stopped_at, doubtful)
    return OK


def _write(
    partial: Path, words: argparse.Namespace, environ: Mapping[str, str], taken: float
) -> tuple[Manifest, list[str]]:
    """The manifest of what was written, and the stores whose series were asked for in vain."""
    url = database_url(environ)
    engine = existing(url)
    try:
        dumped = dump(Registry(engine), partial)
    except SQLAlchemyError as error:
        raise unusable(error) from None
    finally:
        engine.dispose()
    if words.with_keys:
        _write_keys(partial / KEYS, environ)
    files = {str(path.relative_to(partial)): manifests.sha256(path) for path in manifests.files_below(partial)}
    left_out = [] if words.with_keys or not dumped.keys else [f"{KEY_SETTING}: keep it apart from the backup"]
    lacking = []
    for store in _stores(words, environ):
        try:
            files |= copy_snapshot(store, partial, shelf.newest_with(partial.parent, store.name))
        except LeftOut as why:
            left_out.append(f"{store.name}: {why}")
            lacking += [store.name] if store.data is not None else []
            shutil.rmtree(partial / store.name, ignore_errors=True)
    made = Manifest(
        version=_version(),
        taken_at=taken,
        step=dumped.step,
        tables=dumped.tables,
        keys=tuple(sorted(dumped.keys)),
        files=files,
        settings=_settings(environ),
        left_out=tuple(left_out),
    )
    manifests.write(partial, made)
    return made, lacking


def _note(name: str, written: Manifest, environ: Mapping[str, str]) -> None:
    """Tell the database, whose services then know how old the newest backup is."""
    engine = open_database(database_url(environ), pool_size=1)
    try:
        backups.note(Registry(engine), name, {"version": written.version, "left_out": list(written.left_out)})
    except SQLAlchemyError as error:
        print(f"the database took no note of it, so BackupLate may fire all the same: {said(error)}")
    finally:
        engine.dispose()


def _load(words: argparse.Namespace, environ: Mapping[str, str], manifest: Manifest, stopped_at: float | None) -> int:
    url = database_url(environ)
    owner = setting(environ, "BACKHAUL_OWNER_DATABASE_URL") or url
    put_aside_what_is_none(owner)
    engine = open_database(owner, pool_size=1)
    try:
        user = None if words.force else in_use(engine)
        if user is not None:
            raise SettingError(
                f"the database is in use: {user}; stop exporter, webhook and portal first"
                " (--force restores under them; restart them afterwards)"
            )
        if not words.over_newer:
            schema.missing_steps(engine)  # refuses a newer one
        app_role = None if owner == url else make_url(url).username
        return load(engine, Path(words.backup), manifest, Terms(app_role, stopped_at, words.over_newer))
    except SQLAlchemyError as error:
        raise unusable(error) from None
    finally:
        engine.dispose()


def _stores(words: argparse.Namespace, environ: Mapping[str, str]) -> tuple[Store, ...]:
    prometheus = Store(
        "prometheus",
        next(iter(prometheus_urls(environ)), None),  # each of two has all
        words.prometheus_data,
        prometheus_snapshot,
        prometheus_forget,
        "PROMETHEUS_URL",
        "--prometheus-data",
    )
    recorded = Store(
        "recorded",
        setting(environ, "RECORDED_URL"),
        words.recorded_data,
        victoria_snapshot,
        victoria_forget,
        "RECORDED_URL",
        "--recorded-data",
    )
    # The second store is there where it is named; the first always is.
    return (prometheus, recorded) if recorded.url or recorded.data else (prometheus,)


def _series_back(folder: Path, manifest: Manifest, places: Mapping[str, Store]) -> list[str]:
    lines = []
    for name, option in (("prometheus", "--prometheus-data"), ("recorded", "--recorded-data")):
        held = any(path.startswith(f"{name}/") for path in manifest.files)
        data = places[name].data if name in places else None
        if held and data is not None:
            lines.append(f"{name}: {put_back(folder, name, data)} files put into {data}")
        elif held:
            lines.append(
                f"{name}: its series are in {folder / name}; {option} DIR puts them into its empty data folder"
            )
        elif data is not None:
            lines.append(f"{name}: the backup has no series of it")
    return lines


def _vault(folder: Path, environ: Mapping[str, str]) -> Vault | None:
    """The keys of this installation, else those in the backup; None without any."""
    if setting(environ, KEY_SETTING) is not None:
        return Vault.from_settings(environ)
    path = folder / KEYS
    if not path.is_file():
        return None
    print(f"{KEY_SETTING} is not set; the backup's own key is in {path}: set {KEY_SETTING}_FILE to a copy of it")
    return Vault.from_settings({f"{KEY_SETTING}_FILE": str(path)})


def _write_keys(path: Path, environ: Mapping[str, str]) -> None:
    Vault.from_settings(environ)  # refuses what is no key
    with private(path) as descriptor:
        os.write(descriptor, f"{setting(environ, KEY_SETTING)}\n".encode())


def _settings(environ: Mapping[str, str]) -> dict[str, str]:
    """What was set, by name: of a file its path, of everything else nothing."""
    names = sorted(name for name in environ if name.startswith(_SETTINGS) and environ[name])
    return {name: environ[name] if name.endswith("_FILE") else "set" for name in names}


def _tell_written(folder: Path, written: Manifest, words: argparse.Namespace) -> None:
    rows = sum(written.tables.values())
    print(f"{folder}: {rows} rows of {len(written.tables)} tables (step {written.step}), {len(written.files)} files")
    if written.keys:
        print(f"its secrets are sealed with key {', '.join(written.keys)}, which is {_where(words)}")
    for line in written.left_out:
        print(f"not in it: {line}")


def _where(words: argparse.Namespace) -> str:
    return f"in it ({KEYS}): keep it where only you can read it" if words.with_keys else "not in it"


def _tell_restored(stopped_at: float | None, doubtful: int) -> None:
    print(f"restored; {doubtful} notice(s) were under way and are looked up at their provider before they are told")
    if stopped_at is None:
        print(
            "until when people were told since the backup is not known: WhatsApp is looked up at Twilio, mails of that"
            " time may come twice; --stopped-at TIME says it"
        )
    else:
        print(
            f"mails about what happened before {_moment(stopped_at)} are taken as sent, WhatsApp is looked up at Twilio"
        )
    print("everybody has to log in again; now start exporter, webhook and portal", file=sys.stdout)


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _version() -> str:
    """Of the package, else of the tree it runs from: the image has the one and not the other."""
    try:
        return version("backhaul")
    except PackageNotFoundError:
        told: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
        return told
