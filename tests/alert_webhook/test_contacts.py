"""Whom to tell, as the inventory says now: what is none of the webhook's business does not keep it from the rest."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from alert_webhook import contacts
from inventory.database import open_database
from tests.alert_webhook.conftest import INVENTORY, TENANT, Hand, Stack, alert
from tests.postgres import MakeDatabase

NEW = """
  - id: r1003
    kind: reseller
    name: Gulshan Net
    contacts: [{name: Office, email: office@gulshan.example.net}]
"""
DEVICE = """  - {id: core-9, driver: routeros, host: 192.0.2.9, username: u, password: "${P9}", tls: {ca_file: c}}
links:"""


def are_current(hand: Hand) -> float:
    """What the metric says."""
    lines = hand.parts.metrics.exposition().decode().splitlines()
    (value,) = (line.split()[1] for line in lines if line.startswith("backhaul_webhook_inventory_reload_success "))
    return float(value)


def test_a_new_tenant_is_told_whatever_passwords_the_file_names(hand: Hand, stack: Stack) -> None:
    """A router's password is in the exporter's environment, not in the webhook's, and its certificate elsewhere."""
    (stack.folder / "inventory.yml").write_text(INVENTORY.replace("links:", DEVICE) + NEW.lstrip("\n"), "utf-8")
    hand.post(alert("ResellerUsageRed", severity="warning", tenant="r1003"))
    assert hand.states(recipient="office@gulshan.example.net") == ["pending"]
    assert are_current(hand) == 1


def test_a_broken_file_is_measured_and_the_last_contacts_are_told(hand: Hand, stack: Stack) -> None:
    """Also while no alert comes."""
    file = stack.folder / "inventory.yml"
    for broken in (INVENTORY.replace("kind: reseller", "kind: resellr"), None):
        file.write_text(broken, "utf-8") if broken else file.unlink()
        assert are_current(hand) == 0
    hand.post(alert("ResellerUsageRed", severity="warning", tenant="r1001"))
    assert hand.states(recipient=TENANT) == ["pending"]
    file.write_text(INVENTORY, "utf-8")
    assert are_current(hand) == 1


def test_a_registry_that_is_away_is_measured(
    stack: Stack, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a broken file is."""
    monkeypatch.setattr(contacts, "_EVERY_SECONDS", 0.0)
    url = make_database("sqlite").url
    stack.environ |= {"BACKHAUL_INVENTORY": url, "ALERT_TO_NUMBER": TENANT}
    hand = Hand(stack.environ)
    assert are_current(hand) == 1
    engine = open_database(url)
    for change, expected in (("revision RENAME TO away", 0), ("away RENAME TO revision", 1)):
        with engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE {change}"))
        assert are_current(hand) == expected
    engine.dispose()
