"""What was: the alerts, and the audit."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table, UniqueConstraint

from inventory.registry.tables.columns import ID, TIME, metadata, name

# Every alert the webhook took in, from firing to its end. `changed` goes up with each change of any row, so that
# whoever follows asks for what is greater than the last he saw.
alerts = Table(
    "alert",
    metadata,
    Column("id", ID, primary_key=True),
    Column("changed", BigInteger, nullable=False),
    name("isp", nullable=True),
    name("tenant", nullable=True),
    Column("fingerprint", String(128), nullable=False),
    Column("starts_at", String(40), nullable=False),  # RFC 3339 in UTC, as Alertmanager gave it
    Column("started", TIME, nullable=False),
    Column("end_reported", TIME),  # Alertmanager says it is over; not believed before Prometheus confirms it
    Column("ended", TIME),  # None while it fires
    Column("alertname", String(200), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("labels", JSON, nullable=False),
    Column("annotations", JSON, nullable=False),
    Column("acknowledged_at", TIME),
    Column("acknowledged_by", String(254)),
    Column("note", String(1000)),
    # As in its labels, where they are ids: what the page of a thing finds its alerts by.
    name("circuit", nullable=True),
    name("link", nullable=True),
    name("device", nullable=True),
    UniqueConstraint("fingerprint", "starts_at", name="uq_alert"),
    Index("ix_alert_isp", "isp", "started"),
    Index("ix_alert_tenant", "isp", "tenant", "started"),
    Index("ix_alert_open", "isp", "ended"),
    Index("ix_alert_changed", "changed"),
)
# The few that fire, of the many that did: looked through again and again for ends to confirm.
Index(
    "ix_alert_unended",
    alerts.c.end_reported,
    sqlite_where=alerts.c.ended.is_(None),
    postgresql_where=alerts.c.ended.is_(None),
)
for about in (alerts.c.circuit, alerts.c.link, alerts.c.device):
    Index(
        f"ix_alert_{about.name}",
        alerts.c.isp,
        about,
        alerts.c.started,
        sqlite_where=about.is_not(None),
        postgresql_where=about.is_not(None),
    )

# One row: the highest `changed` given out. Whoever changes an alert takes his numbers from it and so keeps it locked
# until he commits: a number is never seen before all lower ones are. It belongs to no isp.
alert_counter = Table(
    "alert_counter",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("changed", BigInteger, nullable=False),
)

# Append-only. `hash` covers the row and `previous`, the hash of the row before: a row that is changed or taken out
# breaks the chain from there on (`audit.py`).
audit = Table(
    "audit",
    metadata,
    Column("id", ID, primary_key=True),
    name("isp", nullable=True),
    name("tenant", nullable=True),
    Column("at", TIME, nullable=False),
    Column("actor", String(254), nullable=False),  # an email address, `api:NAME`, or `cli`
    Column("action", String(64), nullable=False),  # create, update, delete, login, ...
    Column("kind", String(32), nullable=False),  # of what it was done to
    Column("object_id", String(255), nullable=False),
    Column("detail", JSON, nullable=False),  # never a secret
    Column("address", String(45)),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_audit_isp", "isp", "at"),
    Index("ix_audit_chain", "isp", "id"),
)

# The end of each chain: of an isp, or of the platform (""). Locked while an entry is added.
audit_heads = Table(
    "audit_head",
    metadata,
    Column("chain", String(63), primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("entries", BigInteger, nullable=False),
)

# One row, where this database was ever restored from a backup: what happened before `restored_at` may have been told by
# the tables that are lost. It belongs to no isp.
restores = Table(
    "outbox_restore",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("backup_at", TIME, nullable=False),  # what the backup knows ends here
    Column("stopped_at", TIME),  # until then people were told by the lost tables; None: not known
    Column("restored_at", TIME, nullable=False),
)
