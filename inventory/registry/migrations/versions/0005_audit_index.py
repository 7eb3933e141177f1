"""An index by which the newest entries of one isp's audit are found, and a chain is followed from where one was."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    op.create_index("ix_audit_chain", "audit", ["isp", "id"])
