"""Whose alerts a message of the outbox tells: one isp's people may read it, and nobody's where it tells several isps'.

Until now whoever saw one of its notices saw the message, and tenants saw their notices and messages.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, String

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STAFF = (
    "(SELECT current_setting('app.context', true)) = 'staff'"
    " AND isp = (SELECT NULLIF(current_setting('app.isp', true), ''))"
)

# `count(isp)` leaves out notices of no isp, which are the platform's.
_ONLY_ISP = (
    "UPDATE outbox_message SET isp = (SELECT min(isp) FROM outbox_notice WHERE message_id = outbox_message.id"
    " HAVING count(*) = count(isp) AND min(isp) = max(isp))"
)


def upgrade() -> None:
    """Add the isp, as far as the notices that are still there tell it, and let the policies go by it."""
    op.add_column("outbox_message", Column("isp", String(200)))
    op.execute(_ONLY_ISP)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP POLICY scope_2 ON outbox_notice")  # 0004: the tenant's
        op.execute("DROP POLICY scope_1 ON outbox_message")  # 0004: by its notices
        op.execute(f"CREATE POLICY scope_1 ON outbox_message FOR SELECT USING ({_STAFF})")
