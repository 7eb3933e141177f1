"""What each role may do: one table, from which the guard, the pages and docs/portal.md draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Role = Literal["owner", "admin", "engineer", "support", "sales", "finance", "reseller", "client"]
Permission = Literal[
    "platform",  # choose an isp, see what belongs to none and the platform's own health
    "network.read",  # overview, links, devices, circuits' states
    "network.write",  # links, VLANs, devices, connection tests
    "tenants.read",  # resellers, clients, their circuits and contacts
    "tenants.write",
    "alerts.read",
    "alerts.acknowledge",
    "deliveries.read",  # what was sent to whom
    "maintenance.read",
    "maintenance.write",
    "users.read",
    "users.write",
    "audit.read",
    "settings.read",
    "settings.write",  # the isp's own contacts, and "send a test message"
    "tokens.write",  # API tokens of one's own
    "own.read",  # a tenant's own circuits, alerts and contacts
    "own.contacts.write",
]

PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
STAFF_ROLES: tuple[Role, ...] = ("owner", "admin", "engineer", "support", "sales", "finance")
TENANT_ROLES: tuple[Role, ...] = ("reseller", "client")

_SEE: frozenset[Permission] = frozenset(
    {"network.read", "tenants.read", "alerts.read", "maintenance.read", "settings.read", "tokens.write"}
)
_ADMIN: frozenset[Permission] = frozenset(
    permission for permission in PERMISSIONS if permission != "platform" and not permission.startswith("own.")
)
_TENANT: frozenset[Permission] = frozenset({"own.read", "own.contacts.write", "tokens.write"})

ROLES: Mapping[Role, frozenset[Permission]] = {
    "owner": _ADMIN | {"platform"},
    "admin": _ADMIN,
    "engineer": _SEE
    | {"network.write", "tenants.write", "alerts.acknowledge", "deliveries.read", "maintenance.write", "audit.read"},
    "support": _SEE | {"alerts.acknowledge", "deliveries.read", "maintenance.write"},
    "sales": _SEE | {"tenants.write"},
    "finance": _SEE | {"audit.read"},
    "reseller": _TENANT,
    "client": _TENANT,
}
