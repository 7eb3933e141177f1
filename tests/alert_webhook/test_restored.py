"""After a restored backup: what Twilio has already is not told again, and what it has not is."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, insert

from inventory.outbox import lanes, messages, notices
from inventory.registry.tables import restores
from tests.alert_webhook.conftest import NOC, TENANT_BN, Hand, Stack, alert, link_alert

CIRCUIT = {"tenant": "r1002", "circuit": "r1002-main"}


@pytest.fixture(params=["text", "template"])
def worded(request: pytest.FixtureRequest, stack: Stack) -> None:
    """Free text, and what Twilio makes of an approved template."""
    if request.param == "template":
        kinds = ("FIRING", "RESOLVED", "DIGEST")
        stack.environ |= {f"TWILIO_CONTENT_SID_{kind}_EN": "HX" + "b" * 32 for kind in kinds}


@pytest.fixture
def restored(worded: None, hand: Hand) -> Hand:  # noqa: ARG001 - before the webhook reads its settings
    """A webhook whose clock is Twilio's."""
    hand.clock.now = time.time()
    return hand


def lose(hand: Hand, stopped_at: float | None = None) -> None:
    """What was told is forgotten, as a backup of an hour ago would."""
    hand.clock.now += 60
    with hand.service.engine.begin() as connection:
        for table in (notices, messages, lanes):
            connection.execute(delete(table))
        now = hand.clock.now
        row = {"id": 1, "backup_at": now - 3600, "stopped_at": stopped_at, "restored_at": now}
        connection.execute(insert(restores).values(row))


def settle(hand: Hand) -> None:
    hand.parts.settler.round(hand.clock.now)
    hand.work(7)
    hand.work(7)


def began(number: int, at: float, **labels: str) -> dict[str, Any]:
    """An alert of the operators that began then."""
    return {**link_alert(number), "startsAt": f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S.%fZ}", **labels}


def test_one_message_and_a_line_of_a_digest_are_found_again(restored: Hand, stack: Stack) -> None:
    """Also when what is measured has changed since; what began after the restore is told as ever."""
    restored.post(began(1, restored.clock.now))
    restored.work()
    restored.post(began(2, restored.clock.now), began(3, restored.clock.now), alert("CircuitDown", 4, **CIRCUIT))
    restored.work(7)
    before = stack.twilio.bodies()
    assert len(before) == 3  # one, a digest, and the tenant's in Bangla
    starts = restored.clock.now - 7
    lose(restored)
    again = [began(1, starts), began(2, starts), began(3, starts), alert("CircuitDown", 4, **CIRCUIT)]
    for each in again:
        each["annotations"]["value"] = "999000000"
    restored.post(*again)
    assert set(restored.states()) == {"unknown"}
    settle(restored)
    assert set(restored.states()) == {"accepted"}
    restored.post(began(5, restored.clock.now))
    assert restored.states(recipient=NOC)[-1] == "pending"
    restored.work(7)
    assert len(stack.twilio.bodies()) == len(before) + 1
    assert len(stack.twilio.bodies(TENANT_BN)) == 1


def test_what_was_not_told_is_told(restored: Hand, stack: Stack) -> None:
    """Of two alerts that began before the loss, one had gone out."""
    starts = restored.clock.now
    restored.post(began(1, starts))
    restored.work()
    lose(restored)
    restored.post(began(1, starts), began(2, starts))
    settle(restored)
    assert [body.count("number 1") for body in stack.twilio.bodies(NOC)] == [1, 0]
    assert "number 2" in stack.twilio.bodies(NOC)[-1]


def test_the_end_of_what_was_told_is_told(restored: Hand, stack: Stack) -> None:
    """Its beginning is in no table any more; of what nobody heard of the end is not told, either."""
    starts = restored.clock.now
    restored.post(began(1, starts))
    restored.work()
    lose(restored)
    ends = [{**began(number, starts), "status": "resolved", "endsAt": "2030-01-01T00:00:00Z"} for number in (1, 2)]
    restored.post(*ends)
    settle(restored)
    assert len(stack.twilio.bodies(NOC)) == 2
    headline = stack.twilio.bodies(NOC)[-1]
    assert "\u2705" in headline
    assert "NttnBandwidthHigh number 1" in headline
    settle(restored)
    assert restored.states(status="resolved", recipient=NOC) == ["accepted", "cancelled"]


def test_an_end_that_was_told_is_not_told_again(restored: Hand, stack: Stack) -> None:
    """Prometheus goes on sending ends for a quarter of an hour."""
    starts = restored.clock.now
    over = {**began(1, starts), "status": "resolved"}
    over["endsAt"] = f"{datetime.fromtimestamp(starts + 5, UTC):%Y-%m-%dT%H:%M:%SZ}"
    restored.post(began(1, starts))
    restored.work()
    restored.post(over)
    restored.work(7)
    # Twilio's clock is not moved by this test, so the end is one that had come when it took the message.
    over["endsAt"] = f"{datetime.fromtimestamp(starts, UTC):%Y-%m-%dT%H:%M:%SZ}"
    lose(restored)
    restored.post(over)
    settle(restored)
    assert set(restored.states()) == {"accepted"}
    assert len(stack.twilio.bodies(NOC)) == 2


def test_what_a_long_digest_did_not_name_counts_as_told(restored: Hand, stack: Stack) -> None:
    """`+40 more` told of it, if it went out within the minute; hours later it would not have."""
    starts = restored.clock.now
    many = [began(number, starts) for number in range(60)]
    restored.post(*many)
    restored.work()
    assert " more" in stack.twilio.bodies(NOC)[0]
    lose(restored)
    restored.post(*many, began(99, starts - 7200))
    settle(restored)
    assert restored.states(recipient=NOC).count("accepted") == 61
    assert len(stack.twilio.bodies(NOC)) == 2
    assert "number 99" in stack.twilio.bodies(NOC)[-1]


def test_circuits_behind_a_device_stay_folded(restored: Hand, stack: Stack) -> None:
    """The device's message is found; its circuits are part of it, as before."""
    down = alert("DeviceDown", 1, device="core-1")
    circuits = [alert("CircuitDown", number, device="core-1", circuit=f"c{number}") for number in (2, 3)]
    restored.post(down, *circuits)
    restored.work()
    assert len(stack.twilio.bodies(NOC)) == 1
    lose(restored)
    restored.post(down, *circuits)
    settle(restored)
    assert restored.states(recipient=NOC) == ["accepted", "folded", "folded"]
    assert len(stack.twilio.bodies(NOC)) == 1


def test_while_twilio_is_silent_nothing_is_told_on_suspicion(restored: Hand, stack: Stack) -> None:
    """It is asked again when it answers."""
    starts = restored.clock.now
    restored.post(began(1, starts))
    restored.work()
    lose(restored)
    away = Hand({**stack.environ, "TWILIO_API_URL": "http://127.0.0.1:1"})
    away.clock.now = restored.clock.now
    away.post(began(1, starts))
    settle(away)
    assert restored.states(recipient=NOC) == ["unknown"]
    restored.clock.now = away.clock.now
    settle(restored)
    assert restored.states(recipient=NOC) == ["accepted"]
    assert len(stack.twilio.bodies(NOC)) == 1
    assert stack.mailbox.mails == []
