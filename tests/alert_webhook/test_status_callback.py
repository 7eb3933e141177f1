"""Twilio's reports: only Twilio's, in whatever order they come."""

from __future__ import annotations

import itertools

import pytest
import requests
from sqlalchemy import select
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # twilio ships no types

from alert_webhook.twilio_status import Report, record
from inventory.outbox import messages
from tests.alert_webhook.conftest import Hand, Webhook, link_alert
from tests.alert_webhook.twilio import AUTH_TOKEN

FORM = {"MessageSid": "SM1", "MessageStatus": "delivered", "AccountSid": "AC"}


def test_only_a_signed_report_is_taken(webhook: Webhook) -> None:
    """No, a wrong and a foreign signature are 403; the right one of the public URL is taken."""
    url = f"{webhook.url}/twilio/status?message=m1"
    right = RequestValidator(AUTH_TOKEN).compute_signature(url, FORM)
    other = RequestValidator("another").compute_signature(url, FORM)
    assert requests.post(url, data=FORM, timeout=5).status_code == 403
    for signature, status in ((right, 200), (other, 403), ("", 403), ("é", 403)):
        headers = {"X-Twilio-Signature": signature.encode()}
        assert requests.post(url, data=FORM, headers=headers, timeout=5).status_code == status
    moved = url.replace("m1", "m2")
    assert requests.post(moved, data=FORM, headers={"X-Twilio-Signature": right}, timeout=5).status_code == 403


@pytest.mark.parametrize("order", list(itertools.permutations(("queued", "sent", "delivered"))))
def test_reports_in_any_order_end_the_same(order: tuple[str, ...], hand: Hand) -> None:
    """An old report that comes late changes nothing."""
    hand.post(link_alert())
    hand.work()
    message, sid = only_message(hand)
    for status in order:
        record(hand.service.engine, Report(message, sid, status, None), hand.clock.now)
    assert hand.states() == ["delivered"]


def test_a_failure_reported_twice_is_one_mail(hand: Hand) -> None:
    """And a late "sent" does not take it back."""
    hand.post(link_alert())
    hand.work()
    message, sid = only_message(hand)
    for status in ("undelivered", "undelivered", "sent"):
        record(hand.service.engine, Report(message, sid, status, 63024), hand.clock.now)
    assert hand.states() == ["failed", "pending"]


def test_a_report_settles_a_message_whose_answer_was_lost(hand: Hand) -> None:
    """It proves that Twilio has it."""
    hand.post(link_alert())
    (lane,) = hand.parts.leases.claim(1, hand.clock.now)
    prepared = hand.parts.sender.deliveries.prepare(lane, hand.clock.now)
    assert prepared.message is not None
    hand.parts.sender.deliveries.unknown(prepared.message.id, hand.clock.now)
    record(hand.service.engine, Report(prepared.message.id, "SM9", "sent", None), hand.clock.now)
    assert hand.states() == ["accepted"]


def test_a_report_of_another_message_is_ignored(hand: Hand) -> None:
    """The sid must be the one Twilio gave us."""
    hand.post(link_alert())
    hand.work()
    message, _ = only_message(hand)
    record(hand.service.engine, Report(message, "SM-other", "failed", 63024), hand.clock.now)
    record(hand.service.engine, Report("unknown", "SM1", "failed", 63024), hand.clock.now)
    assert hand.states() == ["accepted"]


def only_message(hand: Hand) -> tuple[str, str]:
    with hand.service.engine.begin() as connection:
        row = connection.execute(select(messages.c.id, messages.c.provider_id)).one()
        return row.id, row.provider_id
