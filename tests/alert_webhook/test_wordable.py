"""An alert that cannot be put into words is a dead letter; what is due beside it goes out."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from inventory.outbox import notices
from tests.alert_webhook.conftest import NOC, Hand, Stack, alert, link_alert

# What an earlier version took in: an hour later it is another year, which Python does not have.
NEVER = "9999-12-31T23:00:00Z"


def make_unwordable(hand: Hand) -> None:
    with hand.service.engine.begin() as connection:
        connection.execute(update(notices).values(starts_at=NEVER))


@pytest.mark.parametrize("channel", ["whatsapp", "email"])
def test_its_neighbours_are_told(channel: str, hand: Hand, stack: Stack) -> None:
    """One alone, and one among others; counted, with its reason."""
    hand.post(link_alert(1))
    make_unwordable(hand)
    if channel == "email":
        stack.twilio.fault("error", code=63016, times=None)
    hand.post(link_alert(2), link_alert(3))
    hand.work()
    hand.work()
    told = stack.twilio.bodies(NOC) if channel == "whatsapp" else [mail.get_content() for mail in stack.mailbox.mails]
    assert [("number 2" in text, "number 3" in text) for text in told] == [(True, True)]
    with hand.service.engine.begin() as connection:
        dead = connection.execute(select(notices.c.starts_at, notices.c.reason).where(notices.c.state == "dead")).all()
    assert [tuple(row) for row in dead] == [(NEVER, "unwordable")]
    assert b'backhaul_webhook_dead_letters_total{channel="whatsapp"} 1.0' in hand.parts.metrics.exposition()


def test_the_circuits_behind_it_are_told(hand: Hand, stack: Stack) -> None:
    """A device nobody heard of does not take them with it."""
    hand.post(alert("DeviceDown", 1, device="core-1"))
    make_unwordable(hand)
    hand.post(alert("CircuitDown", 2, device="core-1", circuit="r1001-main"))
    hand.work()
    assert stack.twilio.bodies() == []
    hand.work(7)
    assert "CircuitDown number 2" in stack.twilio.bodies(NOC)[0]
