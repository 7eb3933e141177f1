"""Who asks the registry, and what of it that is: one condition for every table, in the query itself.

In PostgreSQL row-level security says the same once more (`migrations/`); SQLite has no such backstop, so the condition
must hold by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Engine, Subquery, Table, exists, false, or_, select, text, true

from inventory.outbox import messages, notices
from inventory.registry.tables import maintenance, maintenance_circuits

ScopeKind = Literal["service", "platform", "unowned", "staff", "tenant", "login"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose eyes a transaction has.

    `service` (exporter, webhook, command line) and `platform` (the platform's owner) see everything, `unowned` (the
    owner as well) what belongs to no isp, `staff` one isp, `tenant` one tenant of one isp.
    `login` is a request whose user is not known yet: accounts and sessions alone.
    """

    kind: ScopeKind
    isp: str | None = None
    tenant: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a scope that names too little: it would be wider than it says."""
        if self.kind in {"staff", "tenant"} and not self.isp:
            raise ValueError(f"a {self.kind} scope names its isp")
        if self.kind == "tenant" and not self.tenant:
            raise ValueError("a tenant scope names its tenant")


SERVICE = Scope("service")
UNOWNED = Scope("unowned")
LOGIN = Scope("login")


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction with the scope of whoever asks. Every query on a scoped table carries `visible(table)`."""

    connection: Connection
    scope: Scope

    def visible(self, table: Table | Subquery) -> ColumnElement[bool]:
        """The condition that leaves only what the scope may see: `WHERE` of every select, update and delete.

        Of a part of a table, which is called as the table is, too.
        """
        if (whole := _WHOLE.get(self.scope.kind)) is not None:
            return whole(table)
        own_isp: ColumnElement[bool] = table.c.isp == self.scope.isp if "isp" in table.c else false()
        if self.scope.kind == "staff" or table.name in _ISP_TABLES:
            return own_isp
        if table is maintenance:
            return own_isp & self._own_window()
        if table.name in _STAFF_TABLES:
            return false()
        return own_isp & (table.c.tenant == self.scope.tenant) if "tenant" in table.c else false()

    def _own_window(self) -> ColumnElement[bool]:
        """Work that is announced is announced to those whose circuits it is on."""
        circuits = maintenance_circuits.c
        return exists().where(
            circuits.isp == maintenance.c.isp,
            circuits.maintenance == maintenance.c.maintenance,
            circuits.tenant == self.scope.tenant,
        )


def _of_no_isp(table: Table | Subquery) -> ColumnElement[bool]:
    """What is for no isp's people. A message that tells alerts of several is none's, and so are its notices here."""
    if "isp" not in table.c:
        return false()
    of_none = table.c.isp.is_(None)
    if table is not notices:
        return of_none
    return or_(of_none, notices.c.message_id.in_(select(messages.c.id).where(messages.c.isp.is_(None))))


_LOGIN_TABLES = frozenset({"user_account", "session", "login_link", "login_failure", "api_token"})

# The scopes that are of no isp.
_WHOLE: Mapping[ScopeKind, Callable[[Table | Subquery], ColumnElement[bool]]] = {
    "service": lambda _: true(),
    "platform": lambda _: true(),
    "unowned": _of_no_isp,
    "login": lambda table: true() if table.name in _LOGIN_TABLES else false(),
}

# What tells of a tenant, and is not for it: operators are told of its alerts as well.
_STAFF_TABLES = frozenset({"audit", "outbox_notice", "retired_tenant"})

# What a tenant sees of its isp: the name and the time zone, and that something changed.
_ISP_TABLES = frozenset({"isp", "revision"})


class Registry:
    """Opens transactions on one database. May be used from any thread."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._only_read: dict[str, Any] = {"backhaul_read_only": True}
        self._may_write: dict[str, Any] = {"backhaul_read_only": False}
        if engine.dialect.name == "postgresql":
            # All queries of a reading see the same moment, as in SQLite: an inventory is read by several.
            self._only_read |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

    @contextmanager
    def read(self, scope: Scope) -> Iterator[Transaction]:
        """A transaction that only reads: in SQLite it waits for nobody and nobody waits for it.

        Raises sqlalchemy.exc.SQLAlchemyError when the database does not answer.
        """
        with self._begin(scope, read_only=True) as transaction:
            yield transaction

    @contextmanager
    def write(self, scope: Scope) -> Iterator[Transaction]:
        """A transaction that is committed when the block ends, and undone when it raises."""
        with self._begin(scope, read_only=False) as transaction:
            yield transaction

    @contextmanager
    def _begin(self, scope: Scope, *, read_only: bool) -> Iterator[Transaction]:
        options = self._only_read if read_only else self._may_write
        with self.engine.connect().execution_options(**options) as connection, connection.begin():
            announce(connection, scope)
            yield Transaction(connection, scope)


def announce(connection: Connection, scope: Scope) -> None:
    """Give a transaction that was begun elsewhere this scope, until it ends; SQLite has nobody to tell."""
    if connection.dialect.name == "postgresql":
        kind = "platform" if scope.kind == "unowned" else scope.kind  # which of that, the query says
        connection.execute(_TELL, {"kind": kind, "isp": scope.isp or "", "tenant": scope.tenant or ""})


# What the policies read. The last argument: for this transaction alone, since the connection goes back to a pool.
_TELL = text(
    "SELECT set_config('app.context', :kind, true), set_config('app.isp', :isp, true),"
    " set_config('app.tenant', :tenant, true)"
)
