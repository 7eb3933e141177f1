"""Who is told: by the inventory alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alert_webhook.payload import Alert
from alert_webhook.routing import recipients
from inventory.loader import load_inventory
from inventory.models import Inventory
from tests.alert_webhook.conftest import INVENTORY, NOC, TENANT, Hand, Stack, link_alert

NUMBERS = ("+8801900000000",)


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    path = tmp_path / "inventory.yml"
    text = INVENTORY + "  - {id: silent, kind: client, name: Silent, circuits: []}\n"
    path.write_text(text, encoding="utf-8")
    return load_inventory(path, os.environ)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"severity": "warning", "tenant": "r1001"}, {TENANT: "tenant"}),
        ({"severity": "critical", "tenant": "r1001"}, {TENANT: "tenant", NOC: "operator"}),
        ({"severity": "warning", "tenant": "silent"}, {NOC: "operator"}),
        ({"severity": "warning", "tenant": "unknown"}, {NOC: "operator"}),
        ({"severity": "info"}, {NOC: "operator"}),
        ({"severity": "info", "isp": "skylink"}, {NOC: "operator"}),
        ({"severity": "warning", "isp": "another", "tenant": "r1001"}, {NUMBERS[0]: "operator"}),
        ({"severity": "critical", "alertname": "Watchdog"}, {}),
    ],
)
def test_an_alert_goes_to_whom_it_concerns(labels: dict[str, str], told: dict[str, str], inventory: Inventory) -> None:
    """A tenant's to the tenant, grave ones to the operators as well, the rest to the operators."""
    alert = Alert("f", "firing", "2026-11-20T20:31:00Z", None, {"alertname": "CircuitDown", **labels}, {})
    assert {each.id: each.role for each in recipients(alert, inventory, NUMBERS)} == told


def test_without_an_inventory_the_numbers_are_told() -> None:
    """ALERT_TO_NUMBER alone is enough to begin with."""
    alert = Alert("f", "firing", "2026-11-20T20:31:00Z", None, {"alertname": "X", "tenant": "r1001"}, {})
    assert [each.address for each in recipients(alert, None, NUMBERS)] == list(NUMBERS)


def test_a_changed_inventory_counts_and_a_broken_one_does_not(hand: Hand, stack: Stack) -> None:
    """The new number is told; after a bad edit still the new number."""
    inventory = stack.folder / "inventory.yml"
    inventory.write_text(inventory.read_text(encoding="utf-8").replace(NOC, "+8801711111111"), encoding="utf-8")
    hand.post(link_alert(1))
    hand.work()
    inventory.write_text("isp: [broken", encoding="utf-8")
    hand.post(link_alert(2))
    hand.work(10)
    assert len(stack.twilio.bodies("+8801711111111")) == 2
