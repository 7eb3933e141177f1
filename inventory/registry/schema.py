"""Brings a database to the form this version needs: SQLite by itself, PostgreSQL when its owner says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from inventory import outbox
from inventory.registry import tables
from inventory.settings import SettingError

METADATA = (outbox.metadata, tables.metadata)

_MIGRATIONS = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = Lock()  # within a process; Alembic's operations are global
_LOCK = 0x6261636B6861756C  # between processes, of PostgreSQL's advisory locks: "backhaul"

# What the application may not do, even to its own isp's rows: the audit and the history of plans only grow.
_GROW_ONLY = ("audit", "plan")


def prepare(engine: Engine) -> None:
    """What a service does at start: SQLite is brought up to date, PostgreSQL has to be.

    Several may start at once. Raises SettingError that says what to do.
    """
    if engine.dialect.name == "sqlite":
        migrate(engine)
        return
    with engine.connect() as connection:
        _refuse_powers(connection)
        if missing := _missing(connection):
            raise SettingError(
                f"the database lacks {len(missing)} step(s), the first is {missing[0]}; run: backhaul inventory migrate"
            )


def missing_steps(engine: Engine) -> list[str]:
    """The steps the database lacks, as `NUMBER what it does`. Raises SettingError for a database of a newer version."""
    with engine.connect().execution_options(backhaul_read_only=True) as connection:
        return _missing(connection)


def migrate(engine: Engine, app_role: str | None = None) -> list[str]:
    """Do all steps the database lacks in one transaction, and let `app_role` (PostgreSQL) work with the tables.

    Returns the steps that were done. Raises SettingError: for a database of a newer version, a role that is not there
    or that row-level security would not bind.
    """
    if engine.dialect.name == "sqlite" and not missing_steps(engine):
        return []  # without waiting for whoever writes
    with changing(engine) as connection:
        return bring_up(connection, app_role)


@contextmanager
def changing(engine: Engine) -> Iterator[Connection]:
    """A transaction that may change the form of the database, one at a time of all processes; undone when it fails."""
    with _ONE_AT_A_TIME, engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            connection.execute(text("SELECT set_config('app.context', 'service', true)"))
        yield connection


def bring_up(connection: Connection, app_role: str | None = None) -> list[str]:
    """As `migrate`, within a transaction of `changing`."""
    missing = _missing(connection)
    if missing:
        upgrade(connection)
    if app_role is not None and connection.dialect.name == "postgresql":
        _grant(connection, app_role)
    return missing


def steps_known() -> list[str]:
    """The steps of this version, the first one first."""
    return [step.revision for step in reversed(list(_script().walk_revisions()))]


def current_step(connection: Connection) -> str | None:
    """The last step that was done; None for a database without our tables."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection, to: str = "head") -> None:
    """Do the steps up to `to`, within a transaction of `changing`."""
    script = _script()

    def steps(current: Any, _context: MigrationContext) -> list[RevisionStep]:
        return script._upgrade_revs(to, current)  # noqa: SLF001 - as alembic.command.upgrade does

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, target_metadata=list(METADATA))
        environment.run_migrations()


def _missing(connection: Connection) -> list[str]:
    current = current_step(connection)
    steps = list(reversed(list(_script().walk_revisions())))  # the first one first
    names = [step.revision for step in steps]
    if current is not None and current not in names:
        raise SettingError(
            f"the database is of a newer version (step {current}); start the version of Backhaul that made it, or put a"
            " backup of this one in its place: backhaul restore BACKUP --over-newer"
        )
    lacking = steps[names.index(current) + 1 :] if current else steps
    return [f"{step.revision} {step.doc.partition('.')[0]}" for step in lacking]


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(_MIGRATIONS))


def _refuse_powers(connection: Connection, role: str | None = None) -> None:
    """Raise SettingError for a role that row-level security does not bind."""
    query = text("SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = coalesce(:role, current_user)")
    found = connection.execute(query, {"role": role}).first()
    if found is None:
        raise SettingError(f'there is no role "{role}" in PostgreSQL; make it: CREATE ROLE {role} LOGIN PASSWORD ...')
    if found[1]:
        raise SettingError(
            f'the PostgreSQL role "{found[0]}" passes by row-level security; services need one that is'
            " NOSUPERUSER NOBYPASSRLS (docs/registry.md)"
        )


def _grant(connection: Connection, role: str) -> None:
    """Let the application read and write rows: it owns nothing, and what only grows it cannot change."""
    _refuse_powers(connection, role)
    quoted = connection.dialect.identifier_preparer.quote(role)
    names = [table.name for metadata in METADATA for table in metadata.sorted_tables]
    statements = [f"GRANT USAGE ON SCHEMA public TO {quoted}", f"GRANT SELECT ON alembic_version TO {quoted}"]
    statements += [f"REVOKE ALL ON {name} FROM {quoted}" for name in names]
    statements += [
        f"GRANT SELECT, INSERT{'' if name in _GROW_ONLY else ', UPDATE, DELETE'} ON {name} TO {quoted}"
        for name in names
    ]
    statements.append(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
    for statement in statements:
        connection.execute(text(statement))
