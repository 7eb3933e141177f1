"""What each role may do, in words: the page of users and docs/portal.md show this table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inventory.registry.people import RANKS
from portal.roles import PERMISSIONS, ROLES, STAFF_ROLES, TENANT_ROLES, Permission, Role

SUMMARIES: Mapping[Role, str] = {
    "owner": "runs the platform: everything, of every isp",
    "admin": "everything of one isp, and who may log in",
    "engineer": "the network, the customers, maintenance",
    "support": "sees everything that is up or down, answers alerts, announces maintenance",
    "sales": "the customers and what they bought",
    "finance": "sees the customers, their plans, and the audit",
    "reseller": "a reseller's own circuits, alerts and contacts",
    "client": "a leased-line client's own circuits, alerts and contacts",
}

MEANINGS: Mapping[Permission, str] = {
    "platform": "Choose an isp; the platform's alerts, messages, audit and health",
    "network.read": "See overview, links, routers and states",
    "network.write": "Change links, VLANs and routers; test connections",
    "tenants.read": "See resellers, clients, their circuits and contacts",
    "tenants.write": "Change resellers, clients, circuits and plans",
    "alerts.read": "See the alerts",
    "alerts.acknowledge": "Acknowledge alerts",
    "deliveries.read": "See what was sent to whom",
    "maintenance.read": "See maintenance",
    "maintenance.write": "Announce, change and end maintenance",
    "users.read": "See who may log in",
    "users.write": "Make, change and disable accounts",
    "audit.read": "See who did what, and download it",
    "settings.read": "See the isp's settings and operators",
    "settings.write": "Change them; send a test message",
    "tokens.write": "Make API tokens of one's own",
    "own.read": "See one's own circuits and alerts",
    "own.contacts.write": "Change one's own contacts",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that may be done, and by whom."""

    meaning: str
    roles: frozenset[Role]


def table() -> Sequence[Row]:
    """Every permission with the roles that have it."""
    return [Row(MEANINGS[each], frozenset(role for role in ROLES if each in ROLES[role])) for each in PERMISSIONS]


def columns() -> Sequence[Role]:
    """The roles in the order of the table."""
    return (*STAFF_ROLES, *TENANT_ROLES)


def grantable(by: Role) -> Sequence[Role]:
    """The roles of an isp that `by` may give: none that may do more than `by`, and never the platform's owner."""
    return [role for role in columns() if role != "owner" and RANKS[role] <= RANKS[by]]
