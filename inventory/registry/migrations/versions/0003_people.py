"""Who may look, what was alerted, and what was done.

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
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# SQLite counts rows by itself only in a column that is INTEGER to the letter.
_ID = BigInteger().with_variant(Integer, "sqlite")
_TIME = Float(53)


def _name(name: str, *, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, String(63), primary_key=primary_key, nullable=nullable)


def _version() -> Column[int]:
    return Column("version", Integer, nullable=False, server_default="1")


def upgrade() -> None:
    """Make the tables of accounts, of the history of alerts and of the audit."""
    op.create_table(
        "user_account",
        Column("id", String(32), primary_key=True),
        Column("isp", String(63), ForeignKey("isp.isp")),
        _name("tenant", nullable=True),
        Column("role", String(16), nullable=False),
        Column("name", String(255), nullable=False),
        Column("email", String(254), nullable=False),
        Column("language", String(8), nullable=False),
        Column("password_hash", String(255)),
        Column("totp_sealed", Text),
        Column("totp_confirmed", Boolean, nullable=False, server_default=false()),
        Column("totp_last_step", BigInteger),
        Column("disabled_at", _TIME),
        Column("created_at", _TIME, nullable=False),
        _version(),
        ForeignKeyConstraint(["isp", "tenant"], ["tenant.isp", "tenant.tenant"], ondelete="CASCADE"),
        UniqueConstraint("email", name="uq_user_email"),
        Index("ix_user_isp", "isp", "tenant"),
    )
    op.create_table(
        "session",
        Column("token_hash", String(64), primary_key=True),
        Column("user_id", String(32), ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False),
        Column("csrf", String(64), nullable=False),
        Column("isp", String(63), ForeignKey("isp.isp", ondelete="SET NULL")),
        Column("second_factor", Boolean, nullable=False),
        Column("created_at", _TIME, nullable=False),
        Column("seen_at", _TIME, nullable=False),
        Column("expires_at", _TIME, nullable=False),
        Column("address", String(45), nullable=False),
        Column("agent", String(255), nullable=False),
        Index("ix_session_user", "user_id"),
        Index("ix_session_expires", "expires_at"),
    )
    op.create_table(
        "login_link",
        Column("token_hash", String(64), primary_key=True),
        Column("user_id", String(32), ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False),
        Column("created_at", _TIME, nullable=False),
        Column("expires_at", _TIME, nullable=False),
        Column("used_at", _TIME),
        Index("ix_login_link_expires", "expires_at"),
    )
    op.create_table(
        "login_failure",
        Column("id", _ID, primary_key=True),
        Column("key", String(128), nullable=False),
        Column("at", _TIME, nullable=False),
        Index("ix_login_failure_key", "key", "at"),
    )
    op.create_table(
        "api_token",
        Column("id", String(32), primary_key=True),
        Column("isp", String(63), ForeignKey("isp.isp")),
        _name("tenant", nullable=True),
        Column("user_id", String(32), ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False),
        Column("name", String(255), nullable=False),
        Column("token_hash", String(64), nullable=False, unique=True),
        Column("scopes", JSON, nullable=False),
        Column("created_at", _TIME, nullable=False),
        Column("expires_at", _TIME),
        Column("used_at", _TIME),
        Column("revoked_at", _TIME),
        Index("ix_api_token_user", "user_id"),
    )
    op.create_table(
        "alert",
        Column("id", _ID, primary_key=True),
        Column("changed", BigInteger, nullable=False),
        _name("isp", nullable=True),
        _name("tenant", nullable=True),
        Column("fingerprint", String(128), nullable=False),
        Column("starts_at", String(40), nullable=False),
        Column("started", _TIME, nullable=False),
        Column("end_reported", _TIME),
        Column("ended", _TIME),
        Column("alertname", String(200), nullable=False),
        Column("severity", String(16), nullable=False),
        Column("labels", JSON, nullable=False),
        Column("annotations", JSON, nullable=False),
        Column("acknowledged_at", _TIME),
        Column("acknowledged_by", String(254)),
        Column("note", String(1000)),
        UniqueConstraint("fingerprint", "starts_at", name="uq_alert"),
        Index("ix_alert_isp", "isp", "started"),
        Index("ix_alert_tenant", "isp", "tenant", "started"),
        Index("ix_alert_open", "isp", "ended"),
        Index("ix_alert_changed", "changed"),
    )
    fires = text("ended IS NULL")
    op.create_index("ix_alert_unended", "alert", ["end_reported"], sqlite_where=fires, postgresql_where=fires)
    op.create_table(
        "alert_counter",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("changed", BigInteger, nullable=False),
    )
    op.create_table(
        "audit",
        Column("id", _ID, primary_key=True),
        _name("isp", nullable=True),
        _name("tenant", nullable=True),
        Column("at", _TIME, nullable=False),
        Column("actor", String(254), nullable=False),
        Column("action", String(64), nullable=False),
        Column("kind", String(32), nullable=False),
        Column("object_id", String(255), nullable=False),
        Column("detail", JSON, nullable=False),
        Column("address", String(45)),
        Column("previous", String(64), nullable=False),
        Column("hash", String(64), nullable=False),
        Index("ix_audit_isp", "isp", "at"),
    )
    op.create_table(
        "audit_head",
        Column("chain", String(63), primary_key=True),
        Column("hash", String(64), nullable=False),
        Column("entries", BigInteger, nullable=False),
    )
