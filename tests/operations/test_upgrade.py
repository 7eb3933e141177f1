"""An update with data in the database: what the new version lacks is said, done, and loses nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, insert, inspect, select

from backhaul.backup.dump import our_tables
from inventory.database import open_database
from inventory.registry import audit, schema
from inventory.registry.scope import SERVICE, Registry
from inventory.registry.tables import restores
from tests.alert_webhook.conftest import Stack
from tests.harness import BIN, free_port
from tests.operations.conftest import Installation, MakeEmpty
from tests.operations.test_backup import fill, rows_of
from tests.postgres import Database

# The form that the version before this one worked with.
BEFORE = schema.steps_known()[-2]


# An installation of that version, and the rows it holds by table.
Older = tuple[Installation, dict[str, list[dict[str, Any]]]]


@contextmanager
def owned(database: Database) -> Iterator[Engine]:
    engine = open_database(database.owner_url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def open_registry(database: Database) -> Iterator[Registry]:
    engine = open_database(database.url, "service")
    try:
        yield Registry(engine)
    finally:
        engine.dispose()


@pytest.fixture
def older(installation: Installation, empty: MakeEmpty) -> Older:
    """The same rows in a database of the version before, and the rows."""
    fill(installation.database)
    rows = rows_of(installation.database)
    place = installation.elsewhere(empty(installation.database.kind))
    with owned(place.database) as engine, schema.changing(engine) as connection:
        schema.upgrade(connection, to=BEFORE)
        for table in our_tables(connection):
            if rows[table.name]:
                connection.execute(insert(table), rows[table.name])
        if place.database.kind == "postgresql":
            connection.exec_driver_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {_app(place.database)}")
    return place, rows


def _app(database: Database) -> str:
    return database.url.partition("://")[2].partition("@")[0]


def test_an_update_keeps_every_row(older: Older) -> None:
    """`--check` says what is lacking, `migrate` does it, and then nothing is."""
    place, before = older
    lacking = schema.steps_known()[-1]
    code, said, _ = place.run("inventory", "migrate", "--check")
    assert (code, said.startswith(f"lacks {lacking} ")) == (1, True), said
    code, said, _ = place.run("inventory", "migrate")
    assert (code, said.startswith(f"done {lacking} ")) == (0, True), said
    assert place.run("inventory", "migrate", "--check")[:2] == (0, "the database is up to date\n")
    after = rows_of(place.database)
    assert {name: after[name] for name in before} == before
    with open_registry(place.database) as registry, registry.read(SERVICE) as tx:
        assert audit.verify(tx) is None


def test_a_backup_of_the_version_before_is_brought_up(older: Older, empty: MakeEmpty) -> None:
    """Taken before the update by the new program, or years ago by an old one: restored, it is of this version."""
    place, before = older
    folder = place.backup()
    new = place.elsewhere(empty(place.database.kind))
    code, _, complaint = new.run("restore", folder)
    assert code == 0, complaint
    assert new.run("inventory", "migrate", "--check")[0] == 0
    after = rows_of(new.database)
    assert after["circuit"] == before["circuit"]
    with open_registry(new.database) as registry, registry.read(SERVICE) as tx:
        assert tx.connection.execute(select(restores.c.id)).scalars().all() == [1]


NEWER = """
CREATE TABLE of_tomorrow (id INTEGER PRIMARY KEY, isp VARCHAR(63) NOT NULL REFERENCES isp (isp));
ALTER TABLE circuit ADD COLUMN colour VARCHAR(16);
UPDATE alembic_version SET version_num = '9999';
"""


def test_the_way_back_after_an_update(installation: Installation) -> None:
    """Backed up, brought forward by a version that is newer, and put back by this one, which then can go forward."""
    fill(installation.database)
    before, folder = rows_of(installation.database), installation.backup()
    with owned(installation.database) as engine, schema.changing(engine) as connection:
        for statement in filter(str.strip, NEWER.split(";")):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("INSERT INTO of_tomorrow VALUES (1, 'sky')")
    code, _, complaint = installation.run("restore", folder)
    assert (code, "--over-newer" in complaint) == (2, True), complaint
    code, _, complaint = installation.run("restore", folder, "--over-newer")
    assert code == 0, complaint
    assert installation.run("inventory", "migrate", "--check")[0] == 0
    after = rows_of(installation.database)
    assert after["circuit"] == before["circuit"]
    with owned(installation.database) as engine, engine.connect() as connection:
        assert "of_tomorrow" not in inspect(connection).get_table_names(), "the next update would find it in its way"


def test_services_refuse_the_form_of_the_version_before(older: Older, stack: Stack) -> None:
    """On PostgreSQL each ends and names the command to type; SQLite is brought up to date at start."""
    place, _ = older
    if place.database.kind == "sqlite":
        with owned(place.database) as engine:
            schema.prepare(engine)
            assert schema.missing_steps(engine) == []
        return
    environ = {**os.environ, **stack.environ, **place.environ(), "PROMETHEUS_URL": "http://127.0.0.1:9"}
    environ.pop("BACKHAUL_INVENTORY")
    for name in ("exporter", "webhook", "portal"):
        command = [BIN / "backhaul", name, "--listen", f"127.0.0.1:{free_port()}"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, env=environ)
        assert done.returncode != 0
        assert "run: backhaul inventory migrate" in done.stderr + done.stdout, name
