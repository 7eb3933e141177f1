"""When the outbox was last put back from a backup, so that what was told meanwhile is not told again."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, Integer

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_EVERYTHING = "(SELECT current_setting('app.context', true)) IN ('service', 'platform')"


def upgrade() -> None:
    """Make the table; in PostgreSQL only the services and the platform's owner see it."""
    op.create_table(
        "outbox_restore",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("backup_at", Float(53), nullable=False),
        Column("stopped_at", Float(53)),
        Column("restored_at", Float(53), nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE outbox_restore ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE outbox_restore FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY scope_0 ON outbox_restore FOR ALL USING ({_EVERYTHING})")
