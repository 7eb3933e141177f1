"""The ids of tenants that were deleted: their alerts and series are kept under them, and are no other tenant's.

Those that were deleted before are known by the audit, or by alerts that are nobody's now; whose they were is not.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, ForeignKey, String

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_EVERYTHING = "(SELECT current_setting('app.context', true)) IN ('service', 'platform')"
_STAFF = (
    "(SELECT current_setting('app.context', true)) = 'staff'"
    " AND isp = (SELECT NULLIF(current_setting('app.isp', true), ''))"
)
_GONE = (
    "INSERT INTO retired_tenant (isp, tenant) SELECT told.isp, told.tenant FROM ("
    "SELECT isp, object_id AS tenant FROM audit WHERE kind = 'tenant' AND action = 'delete'"
    " UNION SELECT isp, tenant FROM alert WHERE tenant IS NOT NULL) AS told"
    " WHERE EXISTS (SELECT 1 FROM isp WHERE isp.isp = told.isp)"
    " AND NOT EXISTS (SELECT 1 FROM tenant WHERE tenant.isp = told.isp AND tenant.tenant = told.tenant)"
)


def upgrade() -> None:
    """Make the table and fill it; in PostgreSQL each isp's staff has its own."""
    op.create_table(
        "retired_tenant",
        Column("isp", String(63), ForeignKey("isp.isp"), primary_key=True),
        Column("tenant", String(63), primary_key=True),
        Column("kind", String(8)),
        Column("name", String(255)),
    )
    op.execute(_GONE)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE retired_tenant ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE retired_tenant FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY scope_0 ON retired_tenant FOR ALL USING ({_EVERYTHING})")
        op.execute(f"CREATE POLICY scope_1 ON retired_tenant FOR ALL USING ({_STAFF})")
