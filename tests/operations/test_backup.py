"""Backups hold all that has to be kept, go back whole or not at all, and say what is wrong with them."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from backhaul.backup import manifest as manifests
from backhaul.backup.dump import our_tables
from inventory.database import open_database
from inventory.outbox import messages, notices, quarantine
from inventory.registry import audit, schema
from inventory.registry.inventories import load_all
from inventory.registry.scope import SERVICE, Registry
from inventory.registry.tables import restores, users
from inventory.vault import Vault, new_key, user_secret
from tests.operations.conftest import KEY, Installation, MakeEmpty
from tests.postgres import KINDS, Database, Kind

# What a restore itself writes.
_WRITTEN = {"outbox_restore", "revision", "audit", "audit_head", "alert_counter"}


@contextmanager
def opened(database: Database) -> Iterator[Registry]:
    engine = open_database(database.url, "service")
    try:
        yield Registry(engine)
    finally:
        engine.dispose()


def rows_of(database: Database) -> dict[str, list[dict[str, Any]]]:
    with opened(database) as registry, registry.read(SERVICE) as tx:
        return {
            table.name: [
                dict(row) for row in tx.connection.execute(select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in our_tables(tx.connection)
        }


def fill(database: Database) -> None:
    """What the inventory does not bring: an account with a second factor, an outbox, bytes that are no text."""
    now = time.time()
    with opened(database) as registry, registry.write(SERVICE) as tx:
        person = {
            "id": "u1",
            "isp": "sky",
            "role": "admin",
            "name": 'রহিম \\ "x"',
            "email": "rahim@sky.example",
            "language": "bn",
            "totp_sealed": Vault.from_settings({"BACKHAUL_SECRET_KEY": KEY}).seal("ABC", user_secret("u1")),
            "created_at": now + 1 / 3,
        }
        tx.connection.execute(insert(users).values(person))
        tx.connection.execute(insert(quarantine).values(received_at=now, reason="shape", size=5, raw=b"\x00\xff\xfe{}"))
        tx.connection.execute(insert(messages).values(message("m1", now)))
        for number, state in enumerate(("accepted", "pending", "sending", "held"), start=1):
            tx.connection.execute(insert(notices).values(notice(number, state, now)))


def notice(number: int, state: str, now: float) -> dict[str, Any]:
    labels = {"alertname": "NttnBandwidthHigh", "isp": "sky", "link": "sky-up", "severity": "critical"}
    return {
        "fingerprint": f"{number:016x}",
        "starts_at": "2026-11-20T01:00:00Z",
        "status": "resolved" if state == "held" else "firing",
        "recipient": "+8801700000000",
        "channel": "whatsapp",
        "address": "+8801700000000",
        "fallback_address": "noc@sky.example",
        "language": "en",
        "role": "operator",
        "rank": 0,
        "alertname": "NttnBandwidthHigh",
        "isp": "sky",
        "alert": {"labels": labels, "annotations": {"summary": f"Full {number}"}, "ends_at": None},
        "state": state,
        "attempts": 0,
        "received_at": now,
        "queued_at": now,
        "due_at": now,
        "message_id": "m1" if state in {"accepted", "sending"} else None,
    }


def message(identifier: str, now: float) -> dict[str, Any]:
    return {
        "id": identifier,
        "channel": "whatsapp",
        "recipient": "+8801700000000",
        "address": "+8801700000000",
        "subject": "",
        "body": "x",
        "state": "sending",
        "posted_at": now,
        "check_at": now,
    }


@pytest.mark.parametrize("into", KINDS)
def test_what_goes_in_comes_back(installation: Installation, empty: MakeEmpty, into: Kind) -> None:
    """To the letter, from each database into each: rows, times, bytes, secrets that open, an audit that holds."""
    fill(installation.database)
    before = rows_of(installation.database)
    folder = installation.backup()
    place = installation.elsewhere(empty(into))
    code, said, complaint = place.run("restore", folder)
    assert code == 0, complaint
    assert "restored; 3 notice(s) were under way" in said
    after = rows_of(place.database)
    assert after.keys() == before.keys()
    for table in before.keys() - _WRITTEN - {"outbox_notice", "outbox_message"}:
        assert after[table] == before[table], table
    states = [(each["state"], each["reason"], each["message_id"]) for each in after["outbox_notice"]]
    assert states == [("accepted", None, "m1"), *[("unknown", "restored", None)] * 3]
    with opened(place.database) as registry, registry.write(SERVICE) as tx:
        assert len(load_all(tx, Vault.from_settings({"BACKHAUL_SECRET_KEY": KEY}))) == 2
        assert audit.verify(tx) is None
        assert next(entry.action for entry in audit.entries(tx).items) == "restore"
        # Rows are counted on from where they were.
        tx.connection.execute(insert(notices).values(notice(9, "pending", 1.0)))
    if into == "postgresql":
        schema.prepare(open_database(place.database.url, "service"))  # the services' role may work with it


def test_nobody_is_logged_in_by_a_backup(small: Installation) -> None:
    """Sessions and login links are not in it: a logout since then would be undone."""
    folder = small.backup()
    names = manifests.read(folder).tables.keys()
    assert "user_account" in names
    assert not names & {"session", "login_link", "login_failure"}


def test_a_backup_is_its_owners_alone_and_holds_no_secret(small: Installation) -> None:
    """Routers' passwords are sealed, the key is not there; with --with-keys it is, and for one's own eyes."""
    folder = small.backup()
    for path in (folder, *folder.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path
    text = b"".join(gzip.decompress(path.read_bytes()) for path in folder.rglob("*.gz"))
    assert b"zq-" not in text
    assert KEY.encode() not in text + (folder / manifests.NAME).read_bytes()
    assert manifests.read(folder).settings["BACKHAUL_SECRET_KEY"] == "set"
    time.sleep(1.0 - time.time() % 1.0)  # names of backups are whole seconds
    kept = small.backup("--with-keys")
    assert (kept / "secret_key").read_text() == f"{KEY}\n"
    assert (kept / "secret_key").stat().st_mode & 0o777 == 0o600
    small.settings["BACKHAUL_SECRET_KEY"] = ""
    code, said, _ = small.run("restore", kept, "--check")
    assert code == 0
    assert "set BACKHAUL_SECRET_KEY_FILE to a copy of it" in said


def test_only_so_many_are_kept(small: Installation) -> None:
    """The oldest go, when the new one is there; what is no backup stays."""
    backups = small.folder / "backups"
    first = small.backup()
    for day in ("20260101", "20260102"):
        shutil.copytree(first, backups / f"backhaul-{day}T000000Z")
    (backups / "notes").mkdir()
    time.sleep(1.0 - time.time() % 1.0)
    last = small.backup("--keep", "2")
    assert sorted(path.name for path in backups.iterdir()) == sorted([first.name, last.name, "notes"])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


def edit(folder: Path, **changes: object) -> None:
    """A manifest that says something else, and says so rightly."""
    path = folder / manifests.NAME
    content = json.loads(path.read_text()) | changes
    content.pop("sha256")
    path.write_text(json.dumps({**content, "sha256": manifests._digest(content)}))


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a flipped bit": (lambda f: flip(f / "database/device.jsonl.gz"), "device.jsonl.gz is damaged"),
    "half a file": (
        lambda f: (f / "database/audit.jsonl.gz").write_bytes((f / "database/audit.jsonl.gz").read_bytes()[:40]),
        "audit.jsonl.gz is damaged",
    ),
    "a file that is gone": (lambda f: (f / "database/isp.jsonl.gz").unlink(), "isp.jsonl.gz cannot be read: No such"),
    "no manifest": (lambda f: (f / manifests.NAME).unlink(), "has no manifest.json: it is no backup"),
    "half a manifest": (
        lambda f: (f / manifests.NAME).write_text((f / manifests.NAME).read_text()[:200]),
        "manifest.json cannot be read",
    ),
    "a changed manifest": (
        lambda f: (f / manifests.NAME).write_text(
            (f / manifests.NAME).read_text().replace('"device": 4', '"device": 3')
        ),
        "manifest.json was changed since it was written",
    ),
    "another number of rows": (
        lambda f: edit(f, tables={**json.loads((f / manifests.NAME).read_text())["tables"], "device": 3}),
        "has 4 rows, not 3",
    ),
    "a newer version": (
        lambda f: edit(f, step="0999", version="9.0"),
        "of a newer version of Backhaul (9.0, step 0999",
    ),
    "another format": (lambda f: edit(f, format=2), "is of format 2, this version reads 1"),
    "a way out of the folder": (lambda f: edit(f, files={"../../etc/passwd": "0"}), "names a file outside the backup"),
}


def test_a_broken_backup_is_refused_before_anything_is_touched(small: Installation) -> None:
    """In one sentence that says what to do; the database is as it was, to the row."""
    good = small.backup()
    before = rows_of(small.database)
    for number, (damage, said) in enumerate(REFUSED.values()):
        broken = shutil.copytree(good, small.folder / f"broken-{number}")
        damage(broken)
        code, _, complaint = small.run("restore", broken)
        assert (code, said in complaint) == (2, True), (said, complaint)
    assert rows_of(small.database) == before


def test_a_backup_whose_secrets_do_not_open_is_refused(small: Installation) -> None:
    """With another key, and without one: it names the key it needs."""
    folder, before = small.backup(), rows_of(small.database)
    (key,) = manifests.read(folder).keys
    for given, said in ((new_key(), f"it was sealed with key {key}"), ("", f"sealed with key {key}; set it")):
        small.settings["BACKHAUL_SECRET_KEY"] = given
        code, _, complaint = small.run("restore", folder)
        assert (code, said in complaint) == (2, True), complaint
    assert rows_of(small.database) == before


def test_a_database_in_use_is_refused_unless_forced(installation: Installation) -> None:
    """Services that run would go on with what they know; forced, they find the restored rows."""
    folder = installation.backup()
    with opened(installation.database) as registry:
        with registry.read(SERVICE) as tx:
            assert len(load_all(tx)) == 2
        code, _, complaint = installation.run("restore", folder)
        assert (code, "the database is in use" in complaint) == (2, True), complaint
        code, _, complaint = installation.run("restore", folder, "--force")
        assert code == 0, complaint
        with registry.read(SERVICE) as tx:
            assert len(load_all(tx)) == 2
            assert tx.connection.execute(select(restores.c.id)).scalars().all() == [1]
    code, _, complaint = installation.run("restore", folder)
    assert code == 0, complaint


def test_a_database_of_a_newer_version_is_not_emptied(installation: Installation) -> None:
    """Whoever went back to an older program by mistake loses nothing."""
    folder = installation.backup()
    engine = open_database(installation.database.owner_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    code, _, complaint = installation.run("restore", folder)
    assert (code, "of a newer version (step 9999)" in complaint) == (2, True), complaint


def test_an_unreadable_file_is_put_aside(small: Installation, empty: MakeEmpty) -> None:
    """What a damaged disk left of a SQLite file is in nobody's way, and is kept."""
    folder = small.backup()
    place = small.elsewhere(empty("sqlite"))
    file = Path(place.database.url.removeprefix("sqlite:///"))
    file.write_bytes(b"no database at all" * 1000)
    code, said, complaint = place.run("restore", folder)
    assert code == 0, complaint
    assert "is no database any more; it is kept as" in said
    assert len(list(file.parent.glob(f"{file.name}.broken-*"))) == 1
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM isp").fetchone() == (2,)


def test_what_is_there_is_said(small: Installation) -> None:
    """The folder of all backups instead of one, a database that is not there, a time without a zone."""
    folder = small.backup()
    code, _, complaint = small.run("restore", folder.parent)
    assert (code, f"the newest is {folder}" in complaint) == (2, True), complaint
    code, _, complaint = small.run("restore", folder, "--stopped-at", "2026-11-20T01:00")
    assert (code, "names no zone" in complaint) == (2, True), complaint
    nowhere = small.elsewhere(Database("sqlite", "sqlite:///nowhere.db", "sqlite:///nowhere.db"))
    code, _, complaint = nowhere.run("backup", "backups")
    assert (code, "there is no file nowhere.db" in complaint) == (2, True), complaint
    assert list((small.folder / "backups").glob("*.partial")) == []
