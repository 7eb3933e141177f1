"""The outbox of alerts. Earlier versions made these tables by themselves: where they are, they are taken over.

The tables as they were when this was written: what `tables.py` says today is no business of a migration.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    inspect,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite counts rows by itself only in a column that is INTEGER to the letter.
_ID = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    """Make those tables that are not there."""
    there = inspect(op.get_bind()).get_table_names()
    if "outbox_notice" not in there:
        op.create_table(
            "outbox_notice",
            Column("id", _ID, primary_key=True),
            Column("fingerprint", String(128), nullable=False),
            Column("starts_at", String(40), nullable=False),
            Column("status", String(8), nullable=False),
            Column("recipient", String(254), nullable=False),
            Column("channel", String(16), nullable=False),
            Column("address", String(254), nullable=False),
            Column("fallback_address", String(254)),
            Column("language", String(8), nullable=False),
            Column("role", String(8), nullable=False),
            Column("rank", Integer, nullable=False),
            Column("alertname", String(200), nullable=False),
            Column("isp", String(200)),
            Column("tenant", String(200)),
            Column("device", String(200)),
            Column("alert", JSON, nullable=False),
            Column("state", String(16), nullable=False),
            Column("reason", String(32)),
            Column("attempts", Integer, nullable=False, default=0),
            Column("fell_back", Boolean, nullable=False, server_default=false()),
            Column("received_at", Float(53), nullable=False),
            Column("queued_at", Float(53), nullable=False),
            Column("due_at", Float(53), nullable=False),
            Column("finished_at", Float(53)),
            Column("message_id", String(32)),
            UniqueConstraint("fingerprint", "starts_at", "status", "recipient", "channel", name="uq_outbox_notice"),
            Index("ix_outbox_notice_lane", "state", "channel", "recipient", "due_at"),
            Index("ix_outbox_notice_queued", "state", "queued_at"),
            Index("ix_outbox_notice_message", "message_id"),
            Index("ix_outbox_notice_tenant", "isp", "tenant", "received_at"),
        )
    if "outbox_message" not in there:
        op.create_table(
            "outbox_message",
            Column("id", String(32), primary_key=True),
            Column("channel", String(16), nullable=False),
            Column("recipient", String(254), nullable=False),
            Column("address", String(254), nullable=False),
            Column("subject", Text, nullable=False),
            Column("body", Text, nullable=False),
            Column("state", String(16), nullable=False),
            Column("reason", String(32)),
            Column("provider_id", String(64)),
            Column("provider_status", String(20)),
            Column("posted_at", Float(53), nullable=False),
            Column("check_at", Float(53), nullable=False),
            Column("finished_at", Float(53)),
            Index("ix_outbox_message_state", "state", "check_at"),
            Index("ix_outbox_message_lane", "channel", "recipient", "state"),
            Index("ix_outbox_message_provider", "provider_id"),
        )
    if "outbox_lane" not in there:
        op.create_table(
            "outbox_lane",
            Column("channel", String(16), primary_key=True),
            Column("recipient", String(254), primary_key=True),
            Column("next_at", Float(53), nullable=False),
            Column("lease_owner", String(128)),
            Column("lease_until", Float(53), nullable=False),
        )
    if "outbox_quarantine" not in there:
        op.create_table(
            "outbox_quarantine",
            Column("id", _ID, primary_key=True),
            Column("received_at", Float(53), nullable=False),
            Column("reason", String(32), nullable=False),
            Column("size", Integer, nullable=False),
            Column("raw", LargeBinary, nullable=False),
            Index("ix_outbox_quarantine_received", "received_at"),
        )
