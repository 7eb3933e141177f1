"""A registry with two isps, each with two resellers, a client, circuits, a link, a device, maintenance and people.

`fill` writes it; every id begins with its isp's own letters, so a leak is seen at once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from inventory import outbox
from inventory.registry import people, tables, tokens
from inventory.registry.people import NewUser, User
from inventory.registry.scope import SERVICE, Registry, Transaction
from inventory.vault import Vault, device_secret
from portal.login.passwords import hash_password

PASSWORD = "a few words in a row"
STAFF = ("admin", "engineer", "support", "sales", "finance")
MBPS = 1_000_000


@dataclass(frozen=True)
class Isp:
    """Ids of one isp's things; `letters` is what all of them begin with, and no id of another isp."""

    id: str
    letters: str

    @property
    def resellers(self) -> tuple[str, str]:
        return f"{self.letters}-r1", f"{self.letters}-r2"

    @property
    def client(self) -> str:
        return f"{self.letters}-c1"

    @property
    def tenants(self) -> tuple[str, str, str]:
        return (*self.resellers, self.client)

    @property
    def device(self) -> str:
        return f"{self.letters}-core"

    @property
    def link(self) -> str:
        return f"{self.letters}-nttn"

    @property
    def maintenance(self) -> str:
        return f"{self.letters}-mw"

    def circuit(self, tenant: str) -> str:
        """The circuit of that tenant; the first reseller has a second one, `-backup`."""
        return f"{tenant}-main"


SKY = Isp("skylink", "sky")
DELTA = Isp("deltanet", "del")
ISPS = (SKY, DELTA)
OWNER = "owner@platform.example.net"
_OF_PLATFORM = "p" * 16  # a fingerprint


@dataclass(frozen=True)
class World:
    """Who is there: users by (isp, role or tenant); the owner by ("", "owner").

    Ids of alerts by isp and tenant, and by isp those of a message that went to its first reseller and of a token of
    its engineer; "" is what belongs to no isp.
    """

    users: Mapping[tuple[str, str], User]
    alerts: Mapping[tuple[str, str], int]
    notices: Mapping[str, int]
    tokens: Mapping[str, str]

    def user(self, who: str, isp: Isp = SKY) -> User:
        """The one with that role, or of that tenant; `reseller` and `client` are the first of their kind."""
        if who == "owner":
            return self.users["", "owner"]
        return self.users[isp.id, {"reseller": isp.resellers[0], "client": isp.client}.get(who, who)]


def fill(registry: Registry, vault: Vault) -> World:
    """Write it all in one transaction."""
    with registry.write(SERVICE) as tx:
        for isp in ISPS:
            _isp(tx, isp, vault)
        users = {("", "owner"): _user(tx, "owner", OWNER)}
        for isp in ISPS:
            users |= _people(tx, isp)
        # Above all numbers the alerts below have, as the webhook leaves it.
        tx.connection.execute(tables.alert_counter.insert().values(id=1, changed=1_000))
        return World(
            users,
            alerts={("", ""): _platform_alert(tx)}
            | {key: value for isp in ISPS for key, value in _alerts(tx, isp).items()},
            notices={"": _platform_notice(tx)} | {isp.id: _notice(tx, isp) for isp in ISPS},
            tokens={isp.id: _token(tx, users[isp.id, "engineer"]) for isp in ISPS},
        )


def _isp(tx: Transaction, isp: Isp, vault: Vault) -> None:
    insert = _inserter(tx)
    insert(tables.isps, isp=isp.id, name=f"{isp.id.title()} Ltd", timezone="Asia/Dhaka", currency="BDT")
    insert(tables.isp_revisions, isp=isp.id, revision=1)
    insert(
        tables.contacts, isp=isp.id, tenant=None, position=0, name="NOC", email=f"noc@{isp.id}.example", language="en"
    )
    insert(
        tables.devices,
        device=isp.device,
        isp=isp.id,
        position=0,
        driver="routeros",
        host="192.0.2.1",
        port=8729,
        timeout_seconds=8.0,
        place=f"{isp.letters} tower",
        settings={"username": "monitor", "tls": {"enabled": True, "verify": True, "ca": None}, "snmp": None},
        secrets={"password": {"sealed": vault.seal("hunter2", device_secret(isp.device, "password")), "source": None}},
    )
    insert(tables.links, link=isp.link, isp=isp.id, position=0, name=f"NTTN {isp.letters}", threshold_bps=950 * MBPS,
           measure="max")  # fmt: skip
    for position, vlan in enumerate((10, 20)):
        insert(
            tables.vlans,
            isp=isp.id,
            link=isp.link,
            position=position,
            vlan=vlan,
            device=isp.device,
            interface=f"vlan{vlan}",
            capacity_bps=200 * MBPS,
        )
    for position, tenant in enumerate(isp.tenants):
        _tenant(tx, isp, tenant, position)
    _maintenance(tx, isp)


def _tenant(tx: Transaction, isp: Isp, tenant: str, position: int) -> None:
    insert = _inserter(tx)
    kind = "client" if tenant == isp.client else "reseller"
    insert(tables.tenants, tenant=tenant, isp=isp.id, kind=kind, name=f"Company {tenant}", position=position)
    insert(
        tables.contacts,
        isp=isp.id,
        tenant=tenant,
        position=0,
        name=f"Desk {tenant}",
        email=f"desk@{tenant}.example",
        whatsapp="+8801700000001",
        language="en",
    )
    names = [isp.circuit(tenant)] + ([f"{tenant}-backup"] if tenant == isp.resellers[0] else [])
    for place, circuit in enumerate(names):
        insert(
            tables.circuits,
            circuit=circuit,
            isp=isp.id,
            tenant=tenant,
            position=place,
            name=f"Line {circuit}",
            device=isp.device,
            attach_kind="queue",
            attach_name=circuit,
            faces="customer",
            ping="203.0.113.10",
            ping_from="server",
            sla_uptime_ratio=0.995,
            sla_latency_seconds=0.05,
            sla_loss_ratio=0.01,
        )
        insert(
            tables.plans,
            isp=isp.id,
            tenant=tenant,
            circuit=circuit,
            download_bps=200 * MBPS,
            upload_bps=100 * MBPS,
            valid_from=1_700_000_000.0,
            set_by="import",
        )


def _maintenance(tx: Transaction, isp: Isp) -> None:
    insert = _inserter(tx)
    now = time.time()
    insert(
        tables.maintenance,
        maintenance=isp.maintenance,
        isp=isp.id,
        position=0,
        starts=now + 86400,
        ends=now + 90000,
        approved_at=now - 60,
        approved_by=f"noc of {isp.id}",
        reason=f"splice at {isp.letters}",
    )
    tenant = isp.resellers[0]
    insert(
        tables.maintenance_circuits,
        maintenance=isp.maintenance,
        circuit=isp.circuit(tenant),
        isp=isp.id,
        tenant=tenant,
        position=0,
    )
    insert(tables.maintenance_links, maintenance=isp.maintenance, link=isp.link, isp=isp.id, position=0)


def _people(tx: Transaction, isp: Isp) -> dict[tuple[str, str], User]:
    made = {(isp.id, role): _user(tx, role, f"{role}@{isp.id}.example", isp.id) for role in STAFF}
    for tenant in isp.tenants:
        role = "client" if tenant == isp.client else "reseller"
        made[isp.id, tenant] = _user(tx, role, f"boss@{tenant}.example", isp.id, tenant)
    return made


def _user(tx: Transaction, role: str, email: str, isp: str | None = None, tenant: str | None = None) -> User:
    new = NewUser(role, f"{role} of {tenant or isp or 'all'}", email, isp, tenant, password_hash=_hash())
    return people.create_user(tx, new, by="owner")


@cache
def _hash() -> str:
    """One for all: a hash is slow by design."""
    return hash_password(PASSWORD)


def _alerts(tx: Transaction, isp: Isp) -> dict[tuple[str, str], int]:
    made: dict[tuple[str, str], int] = {}
    for number, tenant in enumerate((None, *isp.tenants)):
        name = "NttnBandwidthHigh" if tenant is None else "CircuitDown"
        labels = {"isp": isp.id} | ({"tenant": tenant} if tenant else {})
        changed, fingerprint = len(made) + 1 + 100 * ISPS.index(isp), f"{isp.letters}{number:014x}"
        made[isp.id, tenant or ""] = _alert(tx, name, changed, fingerprint, f"{name} {tenant or isp.link}", labels)
    return made


def _alert(  # noqa: PLR0917 - what an alert is made of
    tx: Transaction, name: str, changed: int, fingerprint: str, summary: str, labels: Mapping[str, str]
) -> int:
    row = {
        "changed": changed,
        **labels,
        "fingerprint": fingerprint,
        "starts_at": "2026-11-01T00:00:00Z",
        "started": time.time() - 3600,
        "alertname": name,
        "severity": "critical",
        "labels": {"alertname": name, "severity": "critical", **labels},
        "annotations": {"summary": summary},
    }
    return int(tx.connection.execute(tables.alerts.insert().values(row).returning(tables.alerts.c.id)).scalar_one())


def _platform_alert(tx: Transaction) -> int:
    """One of no isp, as the exporter's death is where there are several."""
    return _alert(tx, "ExporterDown", 900, _OF_PLATFORM, "Exporter does not answer", {})


def _notice(tx: Transaction, isp: Isp) -> int:
    tenant, now = isp.resellers[0], time.time()
    address = f"desk@{tenant}.example"
    message = {
        "id": f"{isp.letters}-message",
        "channel": "email",
        "recipient": address,
        "address": address,
        "isp": isp.id,
        "subject": f"{isp.circuit(tenant)} is down",
        "body": f"{isp.circuit(tenant)} is down.",
        "state": "delivered",
        "posted_at": now - 60,
        "check_at": now,
        "finished_at": now,
    }
    tx.connection.execute(outbox.messages.insert().values(message))
    about = {"labels": {"circuit": isp.circuit(tenant)}, "annotations": {}, "ends_at": None}
    whose = {"fingerprint": f"{isp.letters}{1:014x}", "alertname": "CircuitDown", "isp": isp.id, "tenant": tenant}
    end = {"role": "tenant", "state": "delivered", "attempts": 1, "finished_at": now, "message_id": message["id"]}
    return _told(tx, address, alert=about, **whose, **end)


def _platform_notice(tx: Transaction) -> int:
    about = {"labels": {}, "annotations": {"summary": "Exporter does not answer"}, "ends_at": None}
    whose = {"fingerprint": _OF_PLATFORM, "alertname": "ExporterDown"}
    return _told(tx, "noc@platform.example", alert=about, role="operator", state="pending", attempts=0, **whose)


def _told(tx: Transaction, address: str, **given: object) -> int:
    then = time.time() - 60
    notice = {
        "starts_at": "2026-11-01T00:00:00Z",
        "status": "firing",
        "recipient": address,
        "channel": "email",
        "address": address,
        "language": "en",
        "rank": 0,
        "received_at": then,
        "queued_at": then,
        "due_at": then,
        **given,
    }
    return int(
        tx.connection.execute(outbox.notices.insert().values(notice).returning(outbox.notices.c.id)).scalar_one()
    )


def _token(tx: Transaction, user: User) -> str:
    tokens.create_token(tx, user, tokens.GoodFor("collector", ("read",), user.isp))
    return tokens.list_tokens(tx, user.id)[0].id


def _inserter(tx: Transaction):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a shorthand
    def insert(table, **values):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN003, ANN202
        tx.connection.execute(table.insert().values(values))

    return insert
