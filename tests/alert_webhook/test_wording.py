"""Every alert of the shipped rules as a person reads it on a phone, in every language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from alert_webhook.languages import codes
from tests.alert_webhook.conftest import INVENTORY, NOC, TENANT, Hand, Stack, alert
from tests.harness import ROOT

LABELS = {
    "isp": "skylink",
    "link": "nttn-dhaka",
    "tenant": "r1001",
    "circuit": "r1001-main",
    "device": "core-1",
    "direction": "download",
    "family": "ipv4",
    "integration": "email",
    "path": "/data",
}
# No ids: they are what the headline is about.
TOLD = {"download", "ipv4", "email", "/data"}
NUMBERS = {"bps": ("962300000", "950000000"), "ratio": ("0.998", "0.95"), "seconds": ("183.4", "120"), "up": ("0", "1")}


def rules() -> Iterator[Mapping[str, Any]]:
    """The alerts of the shipped file but for the heartbeat, which nobody is told."""
    (group,) = yaml.safe_load((ROOT / "prometheus/rules/backhaul.yml").read_text(encoding="utf-8"))["groups"]
    return (rule for rule in group["rules"] if rule.get("alert", "Watchdog") != "Watchdog")


def fires(rule: Mapping[str, Any]) -> dict[str, Any]:
    """That alert as Alertmanager tells it, with the labels its expression is about."""
    labels = {name: value for name, value in LABELS.items() if name in rule["expr"]}
    notes = {
        name: re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: LABELS[found[1]], text)
        for name, text in rule["annotations"].items()
    }
    notes["value"], notes["limit"] = NUMBERS.get(notes["unit"], ("3", notes["limit"] if notes["limit"] == "0" else "5"))
    return {
        "status": "firing",
        "fingerprint": rule["alert"].lower() + rule["labels"].get("reason", "").replace("_", ""),
        "startsAt": "2026-11-20T20:31:00Z",
        "labels": {**labels, **rule["labels"], "alertname": rule["alert"]},
        "annotations": notes,
    }


@pytest.mark.parametrize("code", codes())
def test_every_rule_reads_well(code: str, hand: Hand, stack: Stack) -> None:
    """The headline says what without ids, nothing is a bare number or a path, and there is always a next step."""
    (stack.folder / "inventory.yml").write_text(INVENTORY.replace("language: en", f"language: {code}"), "utf-8")
    told = 0
    for rule in rules():
        hand.post(fires(rule))
        hand.work(7)
        bodies = [*stack.twilio.bodies(NOC), *stack.twilio.bodies(TENANT)]
        assert len(bodies) > told, rule["alert"]
        told = len(bodies)
    for body in bodies:
        headline, *rest, last = body.splitlines()
        assert not any(name in headline for name in LABELS.values() if name not in TOLD), body
        assert "docs/" not in body
        # Not in the reference, whose digits are chance.
        assert not re.search(r"\b0 (messages|up)|NaN|\{|None|183", "\n".join((headline, *rest))), body
        assert any(line.startswith(("Next: ", "করণীয়: ")) for line in rest), body
        assert last.startswith(("Ref ", "সূত্র "))


def test_an_alert_of_another_isp_has_no_names_of_ours(hand: Hand, stack: Stack) -> None:
    """What is called so there is not what is called so here."""
    hand.post(alert("CircuitDown", isp="metro", tenant="r1001", circuit="r1001-main", link="nttn-dhaka"))
    hand.work()
    (body,) = stack.twilio.bodies(NOC)
    assert "nttn-dhaka, r1001-main, r1001" in body
