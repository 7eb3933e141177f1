"""From a POST to the phone, through the real process, database and wire."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import requests

from tests.alert_webhook.conftest import NOC, TENANT, Stack, Webhook, alert, link_alert
from tests.harness import wait_until


def test_an_alert_reaches_the_operator_with_all_it_takes_to_act(webhook: Webhook, stack: Stack) -> None:
    """What, where, since when in local time, measured against limit, and what to do, a line each."""
    assert webhook.post(link_alert()).status_code == 200
    body = wait_until(lambda: stack.twilio.bodies(NOC), "the message")[0]
    assert body.splitlines()[:4] == [
        "\U0001f534 CRITICAL: NttnBandwidthHigh number 1",
        "Where: NTTN Dhaka (nttn-dhaka)",
        "Since: 02:31, 21 Nov (+06)",
        "Now: 962 Mbps, limit 950 Mbps",
    ]
    assert body.splitlines()[4].startswith("Next: ")
    wait_until(
        lambda: webhook.metric("backhaul_webhook_messages_pending", channel="whatsapp") == 0, "nothing to be pending"
    )


def test_a_critical_alert_of_a_tenant_reaches_both(webhook: Webhook, stack: Stack) -> None:
    """The tenant hears of its circuit, the operators as well."""
    down = alert("CircuitDown", tenant="r1001", circuit="r1001-main", device="core-1")
    down["annotations"] |= {"description": "It failed 3 pings on core-1.", "runbook": "https://wiki.example.net/core-1"}
    webhook.post(down)
    wait_until(lambda: stack.twilio.bodies(NOC) and stack.twilio.bodies(TENANT), "both messages")
    assert "core-1" in stack.twilio.bodies(NOC)[0]
    assert "core-1" not in stack.twilio.bodies(TENANT)[0], "what a circuit runs on is the operators' business"


def test_fifty_identical_posts_at_once_are_one_message(webhook: Webhook, stack: Stack) -> None:
    """Alertmanager's peers and repeats do not ring twice."""
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: webhook.post(link_alert()).status_code, range(50)))
    assert answers == [200] * 50
    webhook.post(link_alert(2))
    wait_until(lambda: any("number 2" in body for body in stack.twilio.bodies(NOC)), "the message after it")
    assert sum("number 1" in body for body in stack.twilio.bodies(NOC)) == 1


def test_nobody_gets_in_without_the_token(webhook: Webhook) -> None:
    """A wrong and a missing bearer token are 401."""
    assert webhook.post_raw({}, token="wrong").status_code == 401
    assert requests.post(f"{webhook.url}/alerts", json={}, timeout=5).status_code == 401


def test_without_the_database_it_says_so_before_alertmanager_gives_up(webhook: Webhook, stack: Stack) -> None:
    """503 within Alertmanager's 10 seconds, also to many at once; the next POST after it is taken and told."""
    with closing(sqlite3.connect(webhook.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda number: webhook.post(link_alert(number), timeout=10).status_code, range(8)))
        assert webhook.metric("backhaul_webhook_messages_pending", channel="whatsapp") == 0, "the metrics answer"
        other.execute("ROLLBACK")
    assert answers == [503] * 8
    assert webhook.post(link_alert(1)).status_code == 200
    wait_until(lambda: stack.twilio.bodies(NOC), "the message")
