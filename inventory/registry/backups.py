"""When backups were taken: an entry each in the audit, so that an old one is noticed and who took it is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, select

from inventory.registry.audit import CLI, record
from inventory.registry.scope import SERVICE, Registry
from inventory.registry.tables import audit

_ACTION = _KIND = "backup"


def note(registry: Registry, name: str, detail: Mapping[str, Any]) -> None:
    """Write down that a backup is whole. Raises sqlalchemy.exc.SQLAlchemyError where the database does not take it."""
    with registry.write(SERVICE) as tx:
        record(tx, CLI, _ACTION, _KIND, name, detail)


def newest(engine: Engine) -> float | None:
    """When the newest backup was done, Unix seconds; None where there is none. `engine` has the service's eyes."""
    of_no_isp = select(audit.c.at).where(audit.c.isp.is_(None), audit.c.action == _ACTION, audit.c.kind == _KIND)
    with engine.connect().execution_options(backhaul_read_only=True) as connection, connection.begin():
        return connection.execute(of_no_isp.order_by(audit.c.id.desc()).limit(1)).scalar_one_or_none()
