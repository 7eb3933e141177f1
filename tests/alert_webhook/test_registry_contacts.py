"""The webhook on the registry: each isp's contacts hear of their own, whatever else is in the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, true

from alert_webhook import contacts
from inventory.models import Contact
from inventory.outbox import messages, notices
from inventory.registry.audit import CLI
from inventory.registry.scope import SERVICE, Registry, Scope
from inventory.registry.tenants import (
    delete_circuit,
    get_circuit,
    get_tenant,
    list_isps,
    save_circuit,
    save_contacts,
    save_isp,
)
from tests.alert_webhook.conftest import Hand, Stack, alert
from tests.inventory.registry.kit import filled
from tests.postgres import Database

BOTH = "+8801700000003"


@pytest.fixture
def registry(database: Database) -> Iterator[Registry]:
    with database.registry() as made:
        yield made


@pytest.fixture
def hand(stack: Stack, database: Database, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hand:
    """A webhook without an inventory file on a registry of two isps, which looks for changes at once."""
    monkeypatch.setattr(contacts, "_EVERY_SECONDS", 0.0)
    filled(registry, tmp_path, "sky", "metro")
    for isp, number in (("sky", "+8801700000001"), ("metro", "+8801700000002")):
        with registry.write(SERVICE) as tx:
            row = next(each for each in list_isps(tx) if each.isp.id == isp)
            told = (Contact("NOC", whatsapp=number),)
            save_isp(tx, replace(row.isp, contacts=told), version=row.version, actor=CLI)
    stack.environ["BACKHAUL_DATABASE_URL"] = database.url
    del stack.environ["BACKHAUL_INVENTORY"]
    return Hand(stack.environ)


def told(hand: Hand) -> set[str]:
    with hand.service.engine.begin() as connection:
        return set(connection.execute(select(notices.c.recipient)).scalars())


def test_an_alert_is_its_own_isps(hand: Hand, stack: Stack) -> None:
    """Operators and tenants of the other isp never hear of it; the message names what the registry names."""
    hand.post(alert("CircuitDown", isp="sky", tenant="sky-t1", circuit="sky-c1", device="sky-core"))
    assert told(hand) == {"+8801700000001", "t1@sky.example"}
    hand.post(alert("NttnBandwidthHigh", 2, isp="metro", link="metro-up"))
    assert told(hand) == {"+8801700000001", "t1@sky.example", "+8801700000002"}
    hand.work()
    sky, metro = (" ".join(stack.twilio.bodies(number)) for number in ("+8801700000001", "+8801700000002"))
    assert "Circuit 1 (sky-c1), Tenant 1 of sky" in sky
    assert "NTTN (metro-up)" in metro
    assert "metro" not in sky
    assert "sky" not in metro


def test_a_circuit_that_is_another_tenants_now_is_told_by_its_id(hand: Hand, stack: Stack, registry: Registry) -> None:
    """Its name is the new owner's, whether it is told alone, to whom it was, or with its device."""
    down = alert("CircuitDown", isp="sky", tenant="sky-t1", circuit="sky-c1", device="sky-core")
    hand.post(down)
    hand.work()
    with registry.write(SERVICE) as tx:
        row = get_circuit(tx, "sky-c1")
        assert row is not None
        delete_circuit(tx, "sky-c1", version=row.version, actor=CLI, isp="sky")
        save_circuit(tx, replace(row.circuit, tenant="sky-t2", name="SECRET"), version=None, actor=CLI, isp="sky")
    hand.post({**down, "status": "resolved", "endsAt": "2026-11-20T20:43:00Z"})
    hand.work(10)
    again = {**down, "fingerprint": "again"}
    hand.post(again, alert("DeviceDown", isp="sky", device="sky-core"))
    hand.work(10)
    mails = [mail.get_content() for mail in stack.mailbox.to("t1@sky.example")]
    bodies = stack.twilio.bodies("+8801700000001")
    assert ["Circuit 1 (sky-c1)" in text for text in (*mails, *bodies)] == [True, False, False, True, False, False]
    assert all("sky-c1" in text for text in (*mails, *bodies))
    assert "behind it: sky-c1" in bodies[2]
    assert "SECRET" not in " ".join((*mails, *bodies))


def test_a_digest_tells_each_hour_in_its_isps_zone(hand: Hand, stack: Stack) -> None:
    """As a message about one alert does."""
    hand.post(*(alert("NttnBandwidthHigh", number, isp="metro", link="metro-up") for number in (1, 2)))
    hand.work()
    (body,) = stack.twilio.bodies("+8801700000002")
    assert [line.split()[1] for line in body.splitlines() if "number" in line] == ["02:31", "02:31"]


def test_what_an_operator_of_two_isps_is_told_is_read_by_neithers_staff(hand: Hand, registry: Registry) -> None:
    """One message tells alerts of both: each sees that its own was told, and not the other's part."""
    for isp in ("sky", "metro"):
        with registry.write(SERVICE) as tx:
            row = next(each for each in list_isps(tx) if each.isp.id == isp)
            both = (Contact("NOC of both", whatsapp=BOTH),)
            save_isp(tx, replace(row.isp, contacts=both), version=row.version, actor=CLI)
    hand.post(alert("DeviceDown", 1, isp="sky", device="sky-core"), alert("DeviceDown", 2, isp="metro", device="x"))
    hand.work()
    hand.post(alert("DeviceDown", 3, isp="sky", device="sky-edge"))
    hand.clock.now += 10
    hand.work()
    for scope, isps, texts in (
        (SERVICE, {"sky", "metro"}, 2),
        (Scope("staff", "sky"), {"sky"}, 1),
        (Scope("staff", "metro"), {"metro"}, 0),
        (Scope("tenant", "sky", "sky-t1"), set(), 0),
    ):
        for by_policy_alone in [False] + [True] * (registry.engine.dialect.name == "postgresql"):
            with registry.read(scope) as tx:
                whose = select(notices.c.isp).where(true() if by_policy_alone else tx.visible(notices))
                read = select(messages.c.body).where(true() if by_policy_alone else tx.visible(messages))
                assert set(tx.connection.execute(whose).scalars()) == isps, scope
                assert len(tx.connection.execute(read).scalars().all()) == texts, scope


def test_a_tenant_is_not_shown_who_else_is_told(hand: Hand, registry: Registry) -> None:
    """Operators hear of its alerts as well: their numbers, and what else stands in their messages, are theirs."""
    hand.post(alert("CircuitDown", isp="sky", tenant="sky-t1", circuit="sky-c1", device="sky-core"))
    hand.work()
    for by_policy_alone in [False] + [True] * (registry.engine.dialect.name == "postgresql"):
        with registry.read(Scope("tenant", "sky", "sky-t1")) as tx:
            for table in (notices, messages):
                found = select(table).where(true() if by_policy_alone else tx.visible(table))
                assert tx.connection.execute(found).all() == []


def test_an_alert_of_no_isp_is_every_operators(hand: Hand) -> None:
    """There is nobody else to tell of the exporter; one of an isp that is gone is nobody's."""
    hand.post(alert("ExporterDown", 1, isp=""), alert("DeviceDown", 2, isp="gone", device="x"))
    with hand.service.engine.begin() as connection:
        rows = connection.execute(select(notices.c.alertname, notices.c.recipient)).all()
    assert {tuple(row) for row in rows} == {
        ("ExporterDown", "+8801700000001"),
        ("ExporterDown", "+8801700000002"),
    }


def test_changed_contacts_are_told_at_once(hand: Hand, registry: Registry) -> None:
    """Without a restart, and by the tenant himself."""
    with registry.write(Scope("tenant", "sky", "sky-t1")) as tx:
        row = get_tenant(tx, "sky-t1")
        assert row is not None
        save_contacts(tx, "sky-t1", (Contact("New", email="new@sky.example"),), version=row.version, actor=CLI)
    hand.post(alert("ResellerUsageRed", severity="warning", isp="sky", tenant="sky-t1"))
    assert told(hand) == {"new@sky.example"}
