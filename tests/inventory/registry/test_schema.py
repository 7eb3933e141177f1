"""How a database comes to its form: by itself, by its owner, over tables that are there, and by several at once."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from inventory import outbox
from inventory.database import open_database
from inventory.registry import schema, tables
from inventory.registry.scope import SERVICE, announce
from inventory.settings import SettingError
from tests.postgres import APP, KINDS, OWNER, Cluster, Database

LANE = {"channel": "email", "recipient": "a@b.example", "next_at": 1.0, "lease_until": 2.0}
TO = {"channel": "email", "recipient": "a@b.example", "address": "a@b.example", "state": "accepted"}
MESSAGE = TO | {"subject": "", "body": "", "posted_at": 1.0, "check_at": 1.0}
NOTICE = TO | {
    "fingerprint": "f",
    "status": "firing",
    "language": "en",
    "role": "operator",
    "rank": 0,
    "alertname": "X",
    "alert": {},
    "received_at": 1.0,
    "queued_at": 1.0,
    "due_at": 1.0,
}
TOLD: dict[str, list[str | None]] = {
    "one": ["sky", "sky"],
    "two": ["sky", "metro"],
    "platform": ["sky", None],
    "gone": [],
}
OLD_ALERT = (
    "INSERT INTO alert (changed, fingerprint, starts_at, started, alertname, severity, labels, annotations)"
    " VALUES (:changed, 'f', :starts_at, 1, 'X', 'info', :labels, '{}')"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def databases_before(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Empty, without a table."""
    if request.param == "sqlite":
        engine = open_database(f"sqlite:///{tmp_path}/before.db")
    else:
        cluster: Cluster = request.getfixturevalue("postgresql")
        cluster.empty("before")
        engine = open_database(cluster.url(OWNER, "before"))
    yield engine
    engine.dispose()


def test_the_migrated_schema_is_that_of_the_tables(database: Database) -> None:
    """What the steps made is what the code says: tables, columns, types, defaults, keys and indexes."""
    engine = create_engine(database.owner_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, list(schema.METADATA)) == []  # type: ignore[arg-type]
    engine.dispose()


def old_outbox(engine: Engine) -> None:
    """The tables as the webhook made them by itself, with a lane, and three messages that tell of `sky` and `metro`."""
    outbox.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE outbox_message DROP COLUMN isp"))
        connection.execute(text("DROP INDEX ix_outbox_notice_isp"))
        connection.execute(text("CREATE INDEX ix_outbox_notice_tenant ON outbox_notice (isp, tenant, received_at)"))
        connection.execute(insert(outbox.lanes).values(LANE))
        for message, isps in TOLD.items():
            connection.execute(insert(outbox.messages).values(MESSAGE | {"id": message}))
            for number, isp in enumerate(isps):
                row = NOTICE | {"isp": isp, "message_id": message, "starts_at": f"{message} {number}"}
                connection.execute(insert(outbox.notices).values(row))


def taken_over(engine: Engine) -> None:
    """Nothing is lost, and each message is of the isp all of it tells of."""
    with engine.begin() as connection:
        announce(connection, SERVICE)
        assert connection.execute(select(outbox.lanes.c.recipient)).scalars().all() == ["a@b.example"]
        of = connection.execute(select(outbox.messages.c.id, outbox.messages.c.isp)).all()
    assert {row.id: row.isp for row in of} == {"one": "sky", "two": None, "platform": None, "gone": None}


def test_tables_that_the_webhook_made_are_taken_over(tmp_path: Path) -> None:
    """A database of an earlier version keeps its rows and gets the rest."""
    engine = open_database(f"sqlite:///{tmp_path}/old.db")
    old_outbox(engine)
    schema.prepare(engine)
    assert schema.missing_steps(engine) == []
    taken_over(engine)
    assert inspect(engine).has_table("audit")
    engine.dispose()


def test_tables_of_postgresql_are_taken_over(postgresql: Cluster) -> None:
    """The same, where the owner had made them."""
    postgresql.empty("old")
    engine = open_database(postgresql.url(OWNER, "old"))
    old_outbox(engine)
    assert len(schema.migrate(engine, APP)) >= 4
    assert schema.migrate(engine, APP) == []
    engine.dispose()
    services = open_database(postgresql.url(APP, "old"), "service")
    schema.prepare(services)
    taken_over(services)
    services.dispose()


def test_alerts_of_before_are_found_by_what_they_are_about(databases_before: Engine) -> None:
    """The columns are filled from the labels, where those are ids."""
    engine = databases_before
    about = {
        "both": {"circuit": "c-1", "device": "core-1"},
        "none": {},
        "wrong": {"circuit": "C-1", "link": "-x", "device": "x" * 64},
        "odd": {"circuit": "a b", "link": "a'b", "device": ""},
    }
    with schema.changing(engine) as connection:
        schema.upgrade(connection, to="0007")
        for number, (name, labels) in enumerate(about.items()):
            row = {"changed": number, "starts_at": name, "labels": json.dumps(labels)}
            connection.execute(text(OLD_ALERT), row)
        schema.upgrade(connection)
        found = connection.execute(text("SELECT starts_at, circuit, link, device FROM alert")).all()
    assert {row[0]: tuple(row[1:]) for row in found} == {
        "both": ("c-1", None, "core-1"),
        "none": (None, None, None),
        "wrong": (None, None, None),
        "odd": (None, None, None),
    }


PREPARE = """
import sys
from inventory.database import open_database
from inventory.registry import schema, tables
schema.prepare(open_database(sys.argv[1]))
"""


def test_several_services_start_at_once(tmp_path: Path) -> None:
    """On a database that is not there yet: one makes it, the others wait for it."""
    url = f"sqlite:///{tmp_path}/new/b.db"
    command = [sys.executable, "-c", PREPARE, url]
    with ThreadPoolExecutor(4) as threads:
        done = list(
            threads.map(
                lambda _: subprocess.run(command, check=False, capture_output=True, text=True, timeout=60), range(4)
            )
        )
    assert [each.stderr for each in done if each.returncode] == []
    engine = open_database(url)
    assert schema.missing_steps(engine) == []
    engine.dispose()


def test_a_failed_step_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    """All steps are one transaction, in SQLite too: a table in the way of one undoes those before."""
    file = tmp_path / "b.db"
    sqlite3.connect(file).execute("CREATE TABLE audit (x)")
    engine = open_database(f"sqlite:///{file}")
    with pytest.raises(Exception, match="already exists"):
        schema.migrate(engine)
    assert inspect(engine).get_table_names() == ["audit"]
    engine.dispose()


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    """Rather than written to by a program that does not know it."""
    engine = open_database(database.owner_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for attempt in (schema.prepare, schema.migrate):
        with pytest.raises(SettingError, match=r"of a newer version \(step 9999\)"):
            attempt(engine)
    engine.dispose()


def test_a_service_wants_a_migrated_postgresql(postgresql: Cluster) -> None:
    """It says what to do, and does nothing by itself."""
    postgresql.empty("untouched")
    engine = open_database(postgresql.url(APP, "untouched"))
    with pytest.raises(SettingError, match="run: backhaul inventory migrate"):
        schema.prepare(engine)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_role_that_passes_by_the_policies_is_refused(postgresql: Cluster) -> None:
    """A service as superuser, and the grants to such a role, or to one that is not there."""
    made = postgresql.database()
    engine = open_database(postgresql.url("postgres", made.url.rpartition("/")[2]))
    with pytest.raises(SettingError, match='"postgres" passes by row-level security'):
        schema.prepare(engine)
    engine.dispose()
    owner = open_database(made.owner_url)
    for role, said in (("postgres", "passes by row-level security"), ("nobody_there", 'no role "nobody_there"')):
        with pytest.raises(SettingError, match=said):
            schema.migrate(owner, role)
    owner.dispose()


BEFORE_RETIRED = "0008"
AUDITED = {"at": 1.0, "actor": "x", "action": "delete", "kind": "tenant", "detail": {}, "previous": "", "hash": ""}
ALERT = {
    "changed": 1,
    "starts_at": "",
    "started": 1.0,
    "alertname": "X",
    "severity": "",
    "labels": {},
    "annotations": {},
}


@pytest.mark.parametrize("kind", KINDS)
def test_tenants_that_were_deleted_before_are_known(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    """By the audit, and by alerts of tenants that are not there; those that are there are not among them."""
    url = f"sqlite:///{tmp_path}/b.db"
    if kind == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgresql")
        cluster.empty("before_retired")
        url = cluster.url(OWNER, "before_retired")
    engine = open_database(url)
    with schema.changing(engine) as connection:
        schema.upgrade(connection, to=BEFORE_RETIRED)
        isp = {"isp": "sky", "name": "Sky", "timezone": "UTC", "currency": "BDT"}
        connection.execute(insert(tables.isps).values(isp))
        there = {"tenant": "there", "isp": "sky", "kind": "client", "name": "There", "position": 0}
        connection.execute(insert(tables.tenants).values(there))
        for name in ("there", "told"):
            connection.execute(insert(tables.audit).values(**AUDITED, isp="sky", object_id=name))
        for whose, tenant in (("sky", "there"), ("sky", "alerted"), ("elsewhere", "alien"), ("sky", None)):
            connection.execute(insert(tables.alerts).values(**ALERT, isp=whose, tenant=tenant, fingerprint=str(tenant)))
    schema.migrate(engine)
    with engine.begin() as connection:
        announce(connection, SERVICE)
        found = connection.execute(select(tables.retired_tenants)).all()
    assert sorted(map(tuple, found)) == [("sky", "alerted", None, None), ("sky", "told", None, None)]
    engine.dispose()


def test_an_error_shows_no_values(database: Database) -> None:
    """What a statement was given may be a hash or a number to call; the log has the statement alone."""
    engine = open_database(database.url)
    with engine.connect() as connection, pytest.raises(DBAPIError, match="nowhere") as caught:
        connection.execute(text("SELECT * FROM nowhere WHERE it = :it"), {"it": "zq-secret"})
    assert "zq-secret" not in str(caught.value)
    engine.dispose()
