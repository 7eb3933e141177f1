"""What PostgreSQL itself holds, whatever the application asks: raw SQL by the application's own role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from inventory.registry.audit import Actor, record
from inventory.registry.scope import Scope
from tests.inventory.registry.kit import filled
from tests.postgres import APP, Database, MakeDatabase

# Those without a row of a tenant or an isp in them: a counter, and what was migrated.
OPEN = {"alembic_version", "alert_counter"}


@pytest.fixture(scope="module")
def two_isps(make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Database:
    made = make_database("postgresql")
    with made.registry() as registry:
        filled(registry, tmp_path_factory.mktemp("isps"), "sky", "metro")
    return made


Ask = Callable[..., list[tuple[object, ...]]]


@pytest.fixture
def ask(two_isps: Database) -> Iterator[Ask]:
    """Asks as the application's role, in one transaction with a context that is undone at the end."""
    with psycopg.connect(two_isps.url) as connection:

        def run(statement: str, **context: str) -> list[tuple[object, ...]]:
            for name, value in context.items():
                connection.execute("SELECT set_config(%s, %s, true)", (f"app.{name}", value))
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

        yield run
        connection.rollback()


def tables(ask: Ask) -> list[str]:
    found = ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [str(row[0]) for row in found if row[0] not in OPEN]


def test_every_table_is_under_row_level_security_even_for_its_owner(ask: Ask) -> None:
    """ENABLE and FORCE on every table but those that hold nothing of anybody; the application owns none."""
    rows = ask(
        "SELECT relname, relrowsecurity AND relforcerowsecurity, pg_get_userbyid(relowner) FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    assert {row[0] for row in rows if not row[1]} == OPEN
    assert APP not in {row[2] for row in rows}
    assert ask(f"SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = '{APP}'") == [(False,)]


def test_without_a_context_there_is_nothing(ask: Ask, two_isps: Database) -> None:
    """Neither for the application nor for the owner of the tables; an empty or unknown context is none."""
    for context in (
        {},
        {"context": "", "isp": "sky"},
        {"context": "tenant", "isp": "", "tenant": ""},
        {"context": "x"},
    ):
        for table in tables(ask):
            assert ask(f"SELECT count(*) FROM {table}", **context) == [(0,)], (table, context)
    with psycopg.connect(two_isps.owner_url) as owner:
        assert owner.execute("SELECT count(*) FROM tenant").fetchall() == [(0,)]


def test_a_tenant_sees_its_own_rows(ask: Ask) -> None:
    """`SELECT *` without any condition, as an injected query would be."""
    context = {"context": "tenant", "isp": "sky", "tenant": "sky-t1"}
    seen = {table: ask(f"SELECT * FROM {table}", **context) for table in tables(ask)}
    assert {table for table, rows in seen.items() if rows} == {
        *("isp", "revision", "tenant", "contact", "circuit", "plan", "maintenance", "maintenance_circuit", "audit_head")
    }
    told = repr(seen)
    assert "sky-t1" in told
    assert not any(word in told for word in ("sky-t2", "sky-c2", "metro", "sealed"))


def test_staff_sees_one_isp(ask: Ask) -> None:
    """The other isp is not there."""
    told = repr([ask(f"SELECT * FROM {table}", context="staff", isp="sky") for table in tables(ask)])
    assert "sky-t2" in told
    assert "metro" not in told


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE circuit SET name = 'mine'",
        "DELETE FROM circuit",
        "UPDATE isp SET name = 'mine'",
        "DELETE FROM tenant",
        "UPDATE tenant SET name = 'mine' WHERE tenant = 'sky-t2'",
        "DELETE FROM maintenance",
        "UPDATE user_account SET role = 'owner'",
    ],
)
def test_a_tenant_changes_no_row(ask: Ask, statement: str) -> None:
    """It may see some of them, and write none."""
    assert ask(f"{statement} RETURNING 1", context="tenant", isp="sky", tenant="sky-t1") == []


@pytest.mark.parametrize(
    ("statement", "context"),
    [
        ("UPDATE audit SET actor = 'nobody'", "service"),
        ("DELETE FROM audit", "service"),
        ("TRUNCATE audit", "service"),
        ("UPDATE plan SET download_bps = 1", "service"),
        ("ALTER TABLE tenant DISABLE ROW LEVEL SECURITY", "service"),
        ("ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY", "service"),
        ("DROP POLICY scope_0 ON tenant", "service"),
        ("CREATE POLICY mine ON tenant USING (true)", "service"),
        ("CREATE TABLE mine (id int)", "service"),
        ("SET ROLE backhaul_owner", "service"),
        ("UPDATE alembic_version SET version_num = '0'", "service"),
        ("UPDATE contact SET isp = 'metro', tenant = 'metro-t1'", "tenant"),
        (
            "INSERT INTO contact (isp, tenant, position, name, language) VALUES ('sky', 'sky-t2', 0, 'x', 'en')",
            "tenant",
        ),
        ("INSERT INTO plan SELECT * FROM plan", "tenant"),
        ("INSERT INTO isp (isp, name, timezone, currency) VALUES ('new', 'x', 'UTC', 'BDT')", "staff"),
        ("UPDATE tenant SET isp = 'metro'", "staff"),
    ],
)
def test_the_application_may_not(ask: Ask, statement: str, context: str) -> None:
    """Even with every row in sight: the audit and the plans only grow, and what guards them is the owner's."""
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ForeignKeyViolation)):
        ask(statement, context=context, isp="sky", tenant="sky-t1")


def test_the_context_ends_with_its_transaction(two_isps: Database) -> None:
    """The next one on the same connection has none."""
    with psycopg.connect(two_isps.url) as connection:
        connection.execute("SELECT set_config('app.context', 'service', true)")
        assert connection.execute("SELECT count(*) FROM tenant").fetchone() == (4,)
        connection.commit()
        assert connection.execute("SELECT count(*) FROM tenant").fetchone() == (0,)


def test_a_tenant_is_deleted_with_what_is_its_own(make_database: MakeDatabase, tmp_path: Path) -> None:
    """The foreign keys reach rows that the application may not delete by itself."""
    made = make_database("postgresql")
    with made.registry() as registry:
        filled(registry, tmp_path, "sky")
    with psycopg.connect(made.url) as connection:
        connection.execute("SELECT set_config('app.context', 'staff', true), set_config('app.isp', 'sky', true)")
        assert connection.execute("DELETE FROM tenant WHERE tenant = 'sky-t1'").rowcount == 1
        assert connection.execute("SELECT count(*) FROM plan").fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM plan")


def test_a_reading_cannot_write(two_isps: Database) -> None:
    """What only reads says so to the database; in SQLite nothing but our own care holds it."""
    refused = pytest.raises(DBAPIError, match="read-only")
    with two_isps.registry() as registry, registry.read(Scope("staff", "sky")) as tx, refused:
        record(tx, Actor("somebody"), "x", "y", "z")
