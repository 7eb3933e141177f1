"""What nobody could be told within an hour: a dead letter, until the alert is known to fire still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.alert_webhook.conftest import NOC, Hand, Stack, link_alert
from tests.alert_webhook.test_two_prometheus import Prometheus, served
from tests.postgres import Database


@pytest.fixture
def prometheus(stack: Stack) -> Iterator[type[Prometheus]]:
    """One that a test sets; it is in the stack's setting."""
    with served() as (url, kind):
        stack.environ["PROMETHEUS_URL"] = url
        yield kind


def expired(stack: Stack) -> Hand:
    """A webhook that has dead letters of two alerts: for seventy minutes there was no way to the internet."""
    away = Hand({**stack.environ, "TWILIO_API_URL": "http://127.0.0.1:1", "SMTP_URL": "smtp://127.0.0.1:1"})
    away.post(link_alert(1), {**link_alert(2), "labels": {**link_alert()["labels"], "link": "another"}})
    away.work()
    away.work(31)  # mail takes over, in vain
    away.work(70 * 60)
    hand = Hand(stack.environ)
    hand.clock.now = away.clock.now
    return hand


def test_news_of_an_hour_ago_is_a_dead_letter_and_lives_again_when_repeated(hand: Hand, stack: Stack) -> None:
    """Nobody is rung up about the past; Alertmanager's repeat of what still fires is news again."""
    hand.post(link_alert())
    hand.work(3700)
    assert hand.states() == ["dead"]
    assert stack.twilio.bodies() == []
    hand.work(4 * 3600)
    hand.post(link_alert())
    hand.work()
    assert hand.states() == ["accepted"]
    assert len(stack.twilio.bodies(NOC)) == 1


def test_what_expired_and_still_fires_is_told_when_there_is_a_way_again(
    stack: Stack, prometheus: type[Prometheus], database: Database
) -> None:
    """Prometheus still reports one of two alerts: that one is told within a minute, the other stays a dead letter."""
    stack.environ["BACKHAUL_DATABASE_URL"] = database.url
    hand = expired(stack)
    assert hand.states(state="dead") == ["dead", "dead"]
    prometheus.firing = (link_alert()["labels"],)
    hand.work(61)
    hand.work(31)
    told = [*stack.twilio.bodies(NOC), *(mail["Subject"] for mail in stack.mailbox.mails)]
    assert len(told) == 1
    assert "number 1" in told[0]
    assert hand.states(state="dead") == ["dead"]


def test_what_expired_is_not_told_beside_its_new_beginning(stack: Stack, prometheus: type[Prometheus]) -> None:
    """What fires by then is the alert that began later, which has a message of its own."""
    hand = expired(stack)
    prometheus.firing = (link_alert()["labels"],)
    hand.post({**link_alert(1), "startsAt": "2026-11-20T22:00:00Z"})
    hand.work()
    hand.work(61)
    assert len(stack.twilio.bodies(NOC)) == 1
    assert stack.mailbox.mails == []
    assert hand.states(state="dead") == ["dead", "dead"]
