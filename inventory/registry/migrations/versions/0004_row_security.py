"""Row-level security, in PostgreSQL: the scope of a transaction (`scope.py`) once more, where no query can forget it.

A transaction says who it is by `set_config(..., true)`. One that says nothing sees nothing, the tables' owner as well.
"""

# ruff: noqa: S608 - no word of these statements comes from outside

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# In a sub-select they are asked for once a query, not once a row.
_CONTEXT = "(SELECT current_setting('app.context', true))"
_ISP = "(SELECT NULLIF(current_setting('app.isp', true), ''))"
_TENANT = "(SELECT NULLIF(current_setting('app.tenant', true), ''))"

_ALL = f"{_CONTEXT} IN ('service', 'platform')"
_LOGIN = f"{_CONTEXT} = 'login'"
_STAFF = f"{_CONTEXT} = 'staff' AND isp = {_ISP}"
_OF_ISP = f"{_CONTEXT} = 'tenant' AND isp = {_ISP}"
_OWN = f"{_OF_ISP} AND tenant = {_TENANT}"

# Whose account it is decides, and of accounts a query within a policy sees those that its own policies show.
_STAFF_ACCOUNT = f"{_CONTEXT} = 'staff' AND EXISTS (SELECT 1 FROM user_account WHERE user_account.id = user_id)"
_OWN_WINDOW = (
    f"{_OF_ISP} AND EXISTS (SELECT 1 FROM maintenance_circuit AS hit"
    " WHERE hit.isp = maintenance.isp AND hit.maintenance = maintenance.maintenance)"
)
_OWN_NOTICE = (
    f"{_CONTEXT} IN ('staff', 'tenant')"
    " AND EXISTS (SELECT 1 FROM outbox_notice WHERE outbox_notice.message_id = outbox_message.id)"
)
_CHAIN = f"{_LOGIN} OR ({_CONTEXT} IN ('staff', 'tenant') AND chain = {_ISP})"

# By table: the policies beside the one for those who see everything, each a command and whom it is for.
_POLICIES: dict[str, tuple[tuple[str, str], ...]] = {
    "isp": (("ALL", _STAFF), ("SELECT", _OF_ISP)),
    "revision": (("ALL", _STAFF), ("SELECT", _OF_ISP), ("UPDATE", _OF_ISP)),
    # A tenant changes its own contacts, and with them the version of its own row.
    "tenant": (("ALL", _STAFF), ("SELECT", _OWN), ("UPDATE", _OWN)),
    "contact": (("ALL", _STAFF), ("ALL", _OWN)),
    "device": (("ALL", _STAFF),),
    "link": (("ALL", _STAFF),),
    "vlan": (("ALL", _STAFF),),
    "circuit": (("ALL", _STAFF), ("SELECT", _OWN)),
    "plan": (("ALL", _STAFF), ("SELECT", _OWN)),
    "maintenance": (("ALL", _STAFF), ("SELECT", _OWN_WINDOW)),
    "maintenance_circuit": (("ALL", _STAFF), ("SELECT", _OWN)),
    "maintenance_link": (("ALL", _STAFF),),
    "user_account": (("ALL", _LOGIN), ("ALL", _STAFF), ("SELECT", _OWN)),
    "session": (("ALL", _LOGIN), ("ALL", _STAFF_ACCOUNT)),
    "login_link": (("ALL", _LOGIN), ("ALL", _STAFF_ACCOUNT)),
    "login_failure": (("ALL", _LOGIN),),
    "api_token": (("ALL", _LOGIN), ("ALL", _STAFF_ACCOUNT), ("SELECT", _OWN)),
    "alert": (("ALL", _STAFF), ("SELECT", _OWN)),
    "audit": (("SELECT", _STAFF), ("INSERT", _STAFF), ("INSERT", _OWN), ("INSERT", _LOGIN)),
    "audit_head": (("ALL", _CHAIN),),
    "outbox_notice": (("SELECT", _STAFF), ("SELECT", _OWN)),
    "outbox_message": (("SELECT", _OWN_NOTICE),),
    "outbox_lane": (),
    "outbox_quarantine": (),
}


def upgrade() -> None:
    """Let each table show its rows to those they are for, and to its owner as to everybody else."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, policies in _POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        for number, (command, whom) in enumerate((("ALL", _ALL), *policies)):
            check = "WITH CHECK" if command == "INSERT" else "USING"
            op.execute(f"CREATE POLICY scope_{number} ON {table} FOR {command} {check} ({whom})")
