"""What an alert is about in columns with indexes, so that the page of a thing does not read the isp's whole history.

And the messages of an isp by their time: since 0006 no tenant looks for them.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, String, text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ABOUT = ("circuit", "link", "device")

# A label that can be an id of the inventory; anything else is nothing's.
_ID = {
    "postgresql": "CASE WHEN labels ->> '{0}' ~ '^[a-z0-9][a-z0-9-]{{0,62}}$' THEN labels ->> '{0}' END",
    "sqlite": (
        "CASE WHEN length(json_extract(labels, '$.{0}')) <= 63 AND json_extract(labels, '$.{0}') GLOB '[a-z0-9]*'"
        " AND json_extract(labels, '$.{0}') NOT GLOB '*[^a-z0-9-]*' THEN json_extract(labels, '$.{0}') END"
    ),
}


def upgrade() -> None:
    """Add the columns, fill them from the labels, make the indexes."""
    found = _ID[op.get_bind().dialect.name]
    for name in _ABOUT:
        op.add_column("alert", Column(name, String(63)))
    columns = ", ".join(f"{name} = {found.format(name)}" for name in _ABOUT)
    op.execute(f"UPDATE alert SET {columns}")  # noqa: S608 - nothing in it is from outside
    for name in _ABOUT:
        given = text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_alert_{name}", "alert", ["isp", name, "started"], sqlite_where=given, postgresql_where=given
        )
    op.drop_index("ix_outbox_notice_tenant", "outbox_notice")
    op.create_index("ix_outbox_notice_isp", "outbox_notice", ["isp", "received_at"])
