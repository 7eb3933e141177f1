"""The tables of the registry: what is monitored and for whom, who may look, and what was done.

Times are Unix seconds, bandwidths bits per second, shares ratios. Every row of a tenant carries `isp` and `tenant`,
every other row of an isp carries `isp`, so that one condition scopes any table (`scope.py`), and in PostgreSQL one
policy (`migrations/`).
Ids are unique per kind in one installation; the composite keys keep a row from pointing into another isp.
"""

from inventory.registry.tables.columns import metadata
from inventory.registry.tables.history import alert_counter, alerts, audit, audit_heads, restores
from inventory.registry.tables.network import (
    circuits,
    contacts,
    devices,
    isp_revisions,
    isps,
    links,
    maintenance,
    maintenance_circuits,
    maintenance_links,
    plans,
    retired_tenants,
    tenants,
    vlans,
)
from inventory.registry.tables.people import api_tokens, login_failures, login_links, sessions, users

__all__ = [
    "alert_counter",
    "alerts",
    "api_tokens",
    "audit",
    "audit_heads",
    "circuits",
    "contacts",
    "devices",
    "isp_revisions",
    "isps",
    "links",
    "login_failures",
    "login_links",
    "maintenance",
    "maintenance_circuits",
    "maintenance_links",
    "metadata",
    "plans",
    "restores",
    "retired_tenants",
    "sessions",
    "tenants",
    "users",
    "vlans",
]
