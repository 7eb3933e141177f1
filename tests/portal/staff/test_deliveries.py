"""The delivery log: how each message stands, in words, and whose eyes may read what was written."""

from __future__ import annotations

import pytest

from portal.services import Services
from tests.portal.conftest import LoginAs, on_both_databases
from tests.portal.staff.acting import text_of
from tests.portal.staff.operation import HOSTILE, report, told, write_message
from tests.portal.world import DELTA, SKY

pytestmark = on_both_databases

OTHER = "+8801722222222"


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("held", None, "it is told when Prometheus has confirmed that"),
        ("pending", "rate_limited", "It is tried again by itself"),
        ("accepted", None, "That it arrived is not reported yet"),
        ("delivered", None, "The provider says that it arrived"),
        ("dead", "credentials", "Check TWILIO_ACCOUNT_SID"),
        ("failed", "outside_window", "TWILIO_CONTENT_SID_FIRING"),
        ("folded", "folded", "the message about that names it"),
        ("cancelled", "overtaken", "It was over before it could be told"),
    ],
)
def test_each_state_says_what_happened_and_what_to_do(
    services: Services, login_as: LoginAs, state: str, reason: str | None, words: str
) -> None:
    """No code of ours is left to be looked up."""
    number = told(services, report(services), state, reason=reason)
    assert words in text_of(login_as("support"), f"/deliveries/{number}")


def test_the_log_is_filtered(services: Services, login_as: LoginAs) -> None:
    """By state, way, recipient, alert."""
    first, second = report(services, number=1), report(services, number=2, name="DeviceDown", labels={})
    told(services, first, "dead", recipient=OTHER, address=OTHER)
    told(services, second, "delivered")
    support = login_as("support")
    for query, shown, hidden in (
        ("state=failed", OTHER, "+8801711111111"),
        ("state=delivered", "+8801711111111", OTHER),
        ("channel=whatsapp&recipient=2222", OTHER, "+8801711111111"),
        ("alertname=DeviceDown", "+8801711111111", OTHER),
        (f"alert={first.id}", OTHER, "+8801711111111"),
    ):
        text = text_of(support, f"/deliveries?{query}")
        assert shown in text, query
        assert hidden not in text, query
    assert "No message fits that" in text_of(support, "/deliveries?channel=email&state=failed")


def test_a_page_past_the_last_leads_back(services: Services, login_as: LoginAs) -> None:
    """Whoever stands on the last page of a list that became shorter."""
    told(services, report(services), "delivered")
    page = login_as("support").get("/deliveries?page=9&state=delivered").get_data(as_text=True)
    assert "There is no page 9 any more." in page
    assert 'href="/deliveries?state=delivered&amp;page=1"' in page


def test_a_message_is_read_where_all_of_it_is_ours(services: Services, login_as: LoginAs) -> None:
    """Somebody may be told for two isps in one message: neither reads it then."""
    write_message(services, "ours", f"CRITICAL: Circuit down {HOSTILE[:300]}", SKY.id)
    write_message(services, "shared", "secret of deltanet and of skylink", None)
    mine, theirs = report(services), report(services, isp=DELTA, number=5)
    alone = told(services, mine, "delivered", message="ours")
    shared = told(services, mine, "delivered", message="shared", recipient=OTHER)
    other = told(services, theirs, "delivered", message="shared", recipient=OTHER)
    support = login_as("support")
    page = support.get(f"/deliveries/{alone}").get_data(as_text=True)
    assert "CRITICAL: Circuit down" in page
    assert "<script>alert" not in page
    for reader, number in ((support, shared), (login_as("support", DELTA), other)):
        text = text_of(reader, f"/deliveries/{number}")
        assert "secret of" not in text
        assert "Its text is not shown" in text


def test_messages_are_not_for_everybody(services: Services, login_as: LoginAs) -> None:
    """Sales and finance have no need of numbers; another isp and tenants find nothing."""
    number = told(services, report(services), "delivered")
    for who, isp in (("sales", SKY), ("finance", SKY), ("reseller", SKY), ("admin", DELTA)):
        client = login_as(who, isp)
        assert client.get(f"/deliveries/{number}").status_code == 404
    assert login_as("engineer").get(f"/deliveries/{number}").status_code == 200
    assert login_as("engineer").get(f"/deliveries/{10**30}").status_code == 404
