"""What becomes of an alert when Twilio is slow, refuses, or does not say whether it took the message."""

from __future__ import annotations

import pytest

from tests.alert_webhook.conftest import NOC, TENANT_BN, Hand, Stack, Webhook, alert, link_alert
from tests.harness import wait_until

NOC_MAIL = "noc@skylink.example.net"


@pytest.mark.parametrize("code", [63016, 21211, 63024])
def test_a_refusal_for_good_goes_to_mail_at_once(webhook: Webhook, stack: Stack, code: int) -> None:
    """A free text outside the window, or a number without WhatsApp, is not tried twice."""
    stack.twilio.fault("error", code=code, times=None)
    webhook.post(link_alert())
    mail = wait_until(lambda: stack.mailbox.to(NOC_MAIL), "the mail")[0]
    assert mail["Subject"] == "[CRITICAL] NttnBandwidthHigh number 1 - NTTN Dhaka (nttn-dhaka)"
    assert stack.twilio.used() == 1


def test_without_a_mail_address_a_refusal_is_a_dead_letter(webhook: Webhook, stack: Stack) -> None:
    """It is counted where the rules look for it."""
    stack.twilio.fault("error", code=21610, to=TENANT_BN, times=None)
    webhook.post(alert("CircuitLossHigh", severity="warning", tenant="r1002", circuit="r1002-main"))
    wait_until(lambda: webhook.metric("backhaul_webhook_dead_letters_total", channel="whatsapp") == 1, "a dead letter")


@pytest.mark.parametrize("fault", ["timeout_after", "reset_after"])
def test_a_lost_answer_is_looked_up_and_not_sent_again(webhook: Webhook, stack: Stack, fault: str) -> None:
    """Twilio has the message although the POST failed: one message, no mail."""
    stack.twilio.fault(fault, seconds=15)
    webhook.post(link_alert())
    wait_until(
        lambda: webhook.metric("backhaul_webhook_messages_pending", channel="whatsapp") == 0, "it to be found", 25
    )
    wait_until(lambda: stack.twilio.bodies(NOC), "the message")
    assert len(stack.twilio.bodies(NOC)) == 1
    assert stack.mailbox.mails == []
    stack.twilio.heal()


def test_what_fails_after_acceptance_goes_to_mail(webhook: Webhook, stack: Stack) -> None:
    """Twilio's status callback says undelivered; the mail follows."""
    stack.twilio.fault("undelivered", code=63024)
    webhook.post(link_alert())
    wait_until(lambda: stack.mailbox.to(NOC_MAIL), "the mail")
    assert len(stack.mailbox.mails) == 1


def test_one_slow_recipient_does_not_delay_another(webhook: Webhook, stack: Stack) -> None:
    """The operators' message is there while the tenant's request still hangs; ours gives up on it after 10 s."""
    stack.twilio.fault("slow", seconds=60, to=TENANT_BN)
    webhook.post(alert("CircuitDown", tenant="r1002", circuit="r1002-main", device="core-1"))
    wait_until(lambda: stack.twilio.bodies(NOC), "the operators' message", timeout=9)
    # Twilio has the message a moment before the outbox says so.
    wait_until(lambda: webhook.metric("backhaul_webhook_messages_pending", channel="whatsapp") == 1, "one message left")
    stack.twilio.heal()


def test_an_approved_template_is_used_where_it_is_set(stack: Stack) -> None:
    """ContentSid with numbered one-line values, by kind and language; free text for the others."""
    sid = "HX" + "1" * 32
    stack.environ["TWILIO_CONTENT_SID_FIRING_EN"] = sid
    hostile = link_alert()
    hostile["annotations"]["summary"] = "two\nlines  and\ttabs      "
    with stack.start() as webhook:
        webhook.post(hostile, alert("CircuitDown", tenant="r1002", circuit="r1002-main", severity="warning"))
        wait_until(lambda: len(stack.twilio.inbox()) == 2, "both messages")
    with_template, free = stack.twilio.inbox(NOC)[0], stack.twilio.inbox(TENANT_BN)[0]
    assert with_template["content_sid"] == sid
    variables = with_template["content_variables"]
    assert list(variables) == ["1", "2", "3", "4", "5", "6"]
    assert variables["1"] == "\U0001f534 CRITICAL: two lines and tabs"
    assert all(value and "\n" not in value for value in variables.values())
    assert free["content_sid"] is None


@pytest.mark.parametrize(("value", "told"), [("+Inf", "no limit, plan 950 Mbps"), ("NaN", "-")])
def test_a_template_tells_of_a_figure_that_is_none(value: str, told: str, stack: Stack) -> None:
    """A queue that limits nothing is news beside the plan; without a figure the plan alone says nothing."""
    stack.environ["TWILIO_CONTENT_SID_FIRING_EN"] = "HX" + "1" * 32
    drift = alert("RouterLimitDrift", circuit="r1001-main", device="core-1")
    drift["annotations"]["value"] = value
    hand = Hand(stack.environ)
    hand.post(drift)
    hand.work()
    assert stack.twilio.inbox(NOC)[0]["content_variables"]["4"] == told
