"""Fills the demo's registry: the network of its inventory file, and somebody of each kind who may log in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from backhaul.demo.world import ISP_ID, STORY
from inventory.database import open_database
from inventory.models import Inventory
from inventory.registry.audit import Actor
from inventory.registry.people import NewUser, create_user
from inventory.registry.schema import migrate
from inventory.registry.scope import SERVICE, Registry
from inventory.registry.transfer import import_inventory
from inventory.vault import Vault
from portal.login.passwords import hash_password


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in by which address, and what he sees."""

    email: str
    role: str
    sees: str
    tenant: str | None = None


LOGINS = (
    Login("admin@skylink.example.net", "admin", "the whole provider: network, resellers, alerts, people"),
    Login("noc@skylink.example.net", "engineer", "the same without people and settings"),
    Login(
        f"noc@{STORY.yellow_tenant}.example.net", "reseller", "its own circuits, charts and alerts", STORY.yellow_tenant
    ),
    Login(f"it@{STORY.cut_tenant}.example.net", "client", "the leased line that goes down", STORY.cut_tenant),
)


def fill(database_url: str, inventory: Inventory, vault: Vault) -> str:
    """Make the database, put the inventory and the logins in; returns the password all logins of this run share."""
    password = secrets.token_urlsafe(9)
    kept = hash_password(password)
    engine = open_database(database_url)
    migrate(engine)
    with Registry(engine).write(SERVICE) as tx:
        import_inventory(tx, inventory, vault, Actor("demo"))
        for login in LOGINS:
            name = inventory.tenants[login.tenant].name if login.tenant else login.role.capitalize()
            account = NewUser(login.role, name, login.email, ISP_ID, login.tenant, password_hash=kept)
            create_user(tx, account, by="owner")
    engine.dispose()
    return password
