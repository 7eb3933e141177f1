"""A page asks the database and Prometheus as often for fifty rows as for five."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from inventory.registry import tables
from inventory.registry.scope import SERVICE, Registry
from portal import context
from portal.app import create_app
from portal.prometheus import Prometheus, Sample
from portal.services import Services
from tests.portal.conftest import logged_in_client
from tests.portal.stand_in import StandIn, stand_in
from tests.portal.world import MBPS, SKY, World

FEW, MANY = 5, 50
PAGES = (
    *("/overview", "/resellers", "/resellers?sort=use", "/resellers?q=crowd", "/clients", "/clients?sort=use"),
    *("/links?state=unknown", "/devices?state=unknown"),
    *("/links", "/devices", f"/devices/{SKY.device}", "/links/crowd", "/tenants/crowd-r0", "/search?q=crowd"),
)


@dataclass
class Asked:
    """How often somebody was asked."""

    statements: int = 0
    queries: int = 0


class Counted(Prometheus):
    """Counts what it is asked."""

    asked: Asked

    def instant(self, expr: str) -> list[Sample]:
        self.asked.queries += 1
        return super().instant(expr)


@pytest.fixture
def figures() -> Iterator[StandIn]:
    with stand_in() as found:
        yield found


def crowd(registry: Registry, size: int) -> None:
    """So many of everything, in one transaction."""
    own = {"isp": SKY.id}
    rows = range(size)
    with registry.write(SERVICE) as tx:
        add = tx.connection.execute
        add(
            tables.devices.insert(),
            [
                own
                | {"device": f"crowd-{n}", "position": n, "driver": "snmp", "host": "192.0.2.9", "port": 161}
                | {"timeout_seconds": 8.0, "settings": _settings(), "secrets": {}}
                for n in rows
            ],
        )
        link = own | {"position": 9, "name": "Crowd", "threshold_bps": MBPS, "measure": "max"}
        add(tables.links.insert(), [link | {"link": name} for name in ("crowd", *(f"crowd-{n}" for n in rows))])
        vlan = own | {"device": SKY.device, "capacity_bps": MBPS}
        add(
            tables.vlans.insert(),
            [vlan | {"link": "crowd", "position": n, "vlan": 100 + n, "interface": f"crowd{n}"} for n in rows],
        )
        for kind, letter in (("reseller", "r"), ("client", "c")):
            tenants = [
                own | {"tenant": f"crowd-{letter}{n}", "kind": kind, "name": f"Crowd {n}", "position": n} for n in rows
            ]
            add(tables.tenants.insert(), tenants)
            told = {"position": 0, "name": "NOC", "email": "noc@crowd.example", "language": "en"}
            add(tables.contacts.insert(), [own | told | {"tenant": row["tenant"]} for row in tenants])
            for row in tenants:
                _circuits(add, row["tenant"], size if row["tenant"] == "crowd-r0" else 1)


def _settings() -> dict[str, object]:
    snmp = {"version": "2c", "username": None, "auth": None, "privacy": None, "engine": "gufo"}
    return {"username": None, "tls": {"enabled": True, "verify": True, "ca": None}, "snmp": snmp}


def _circuits(add, tenant: object, count: int) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    ids = [{"isp": SKY.id, "tenant": tenant, "circuit": f"{tenant}-{n}"} for n in range(count)]
    more = {"position": 0, "name": "Crowd", "device": SKY.device, "attach_kind": "queue", "attach_name": "q"}
    add(tables.circuits.insert(), [each | more | {"faces": "customer", "ping_from": "server"} for each in ids])
    plan = {"download_bps": MBPS, "upload_bps": MBPS, "valid_from": 0.0, "set_by": "test"}
    add(tables.plans.insert(), [each | plan for each in ids])


def asked_by_pages(services: Services, world: World, figures: StandIn) -> dict[str, Asked]:
    """How often each page asks; Prometheus shares no answer between them."""
    prometheus = Counted(figures.url)
    counted = replace(services, prometheus=prometheus)
    client = logged_in_client(create_app(counted), counted, world.user("engineer"), SKY.id)
    client.get("/settings")  # what is kept for a while is read here
    return {path: _asked(counted, prometheus, client, path) for path in PAGES}


def _asked(services: Services, prometheus: Counted, client: FlaskClient, path: str) -> Asked:
    prometheus.asked = found = Asked()

    def count(*_: object) -> None:
        found.statements += 1

    event.listen(services.registry.engine, "before_cursor_execute", count)
    try:
        assert client.get(path).status_code == 200, path
    finally:
        event.remove(services.registry.engine, "before_cursor_execute", count)
    return found


def test_the_number_of_questions_does_not_grow(
    services: Services, world: World, figures: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither of SQL statements nor of PromQL queries; and there are few."""
    monkeypatch.setattr(context, "_FRESH", math.inf)  # however long the pages take, nothing is read again in between
    crowd(services.registry, FEW)
    for n in range(MANY):
        figures.tenant(SKY.id, f"crowd-r{n}", used=0.5 + n / 100, measured=1)
    few = asked_by_pages(services, world, figures)
    with services.registry.write(SERVICE) as tx:
        for table in (tables.circuits, tables.links, tables.devices, tables.tenants):
            key = next(iter(table.primary_key.columns))
            tx.connection.execute(table.delete().where(key.startswith("crowd")))
    crowd(services.registry, MANY)
    many = asked_by_pages(services, world, figures)
    assert few == many
    for path, asked in many.items():
        assert asked.queries <= 8, path
        assert asked.statements <= 30, path
