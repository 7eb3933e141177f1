"""From Alertmanager's POST to the pages: a real webhook, a fake Twilio, a real mail server, one database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.alert_webhook.conftest import (  # noqa: F401 - fixtures
    NOC,
    Stack,
    Webhook,
    alert,
    mailbox,
    stack,
    twilio,
)
from tests.harness import wait_until
from tests.portal.conftest import LoginAs
from tests.portal.staff.acting import text_of
from tests.portal.staff.operation import post
from tests.portal.templates import Stocked
from tests.portal.world import SKY


@pytest.fixture
def webhook(stack: Stack, stocked: Stocked) -> Iterator[Webhook]:  # noqa: F811 - the fixture of that name
    """A webhook on the portal's database; its contacts are those of its inventory file."""
    stack.environ["BACKHAUL_DATABASE_URL"] = stocked[0]
    with stack.start() as running:
        yield running


def test_an_alert_is_on_the_pages_and_on_the_phone(
    webhook: Webhook,
    stack: Stack,  # noqa: F811
    login_as: LoginAs,
) -> None:
    """The alert in words, the message in the inbox, and the provider's word of its arrival in the log."""
    fires = alert("NttnBandwidthHigh", link=SKY.link)
    assert webhook.post(fires).status_code == 200
    support = login_as("support")
    assert "NttnBandwidthHigh number 1" in text_of(support, "/alerts"), "it is there when Alertmanager has its answer"
    wait_until(lambda: stack.twilio.bodies(NOC), "the message")
    wait_until(lambda: NOC in text_of(support, "/deliveries?state=delivered"), "the report of its arrival")
    webhook.post(fires | {"status": "resolved", "endsAt": "2026-11-20T20:43:00Z"})
    assert "lasted 12 min" in text_of(support, "/alerts?state=all&text=number")
    assert "NttnBandwidthHigh number 1" not in text_of(support, "/alerts")


def test_a_test_message_arrives_and_the_page_says_so(
    webhook: Webhook,
    stack: Stack,  # noqa: F811
    login_as: LoginAs,
) -> None:
    """Sent from the settings, delivered by the running webhook, in words nobody takes for an alarm."""
    assert webhook
    admin, to = login_as("admin"), f"noc@{SKY.id}.example"
    post(admin, "/settings/test-message", {"to": to})
    mail = wait_until(lambda: stack.mailbox.to(to), "the mail")[0]
    assert mail["Subject"] == "[Info] Test message: nothing is wrong"
    assert "Nothing to do: this shows that alerts reach you." in mail.get_content()
    wait_until(lambda: "Accepted" in text_of(admin, "/settings"), "the page to say that it was accepted")
    assert "Refresh" not in admin.get("/settings").headers
