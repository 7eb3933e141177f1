from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from tests.harness import wait_until
from tests.simulator.twilio.support import ALICE, BOB, SENDER, FakeTwilio, callback_server


def test_the_official_client_sends_and_fetches(twilio: FakeTwilio) -> None:
    """A message made by Twilio's own library comes back with the fields that library reads."""
    sent = twilio.client().messages.create(to=ALICE, from_=SENDER, body="লিংক ডাউন *NTTN*")
    assert sent.sid.startswith("SM")
    assert len(sent.sid) == 34
    assert (sent.status, sent.direction, sent.num_segments, sent.error_code) == ("queued", "outbound-api", "1", None)
    fetched = twilio.client().messages(sent.sid).fetch()
    assert (fetched.body, fetched.to, fetched.from_) == ("লিংক ডাউন *NTTN*", ALICE, SENDER)
    assert abs(datetime.now(UTC) - fetched.date_created) < timedelta(minutes=1)
    assert sent.uri == f"/2010-04-01/Accounts/{twilio.account_sid}/Messages/{sent.sid}.json"


def test_a_message_reaches_the_phone(twilio: FakeTwilio) -> None:
    """Status moves on by itself: queued, sent, delivered, read."""
    sid = twilio.client().messages.create(to=ALICE, from_=SENDER, body="hello").sid
    wait_until(lambda: twilio.client().messages(sid).fetch().status == "read", "the message to be read")
    history = [step["status"] for step in twilio.inbox()[0]["history"]]
    assert history == ["queued", "sent", "delivered", "read"]


def test_a_template_is_sent_by_its_sid(twilio: FakeTwilio) -> None:
    """ContentSid with ContentVariables needs no Body; the phone shows the values."""
    sent = twilio.client().messages.create(
        to=ALICE, from_=SENDER, content_sid="HX" + "a" * 32, content_variables='{"1":"NTTN Dhaka","2":"961 Mbps"}'
    )
    assert sent.body == "NTTN Dhaka\n961 Mbps"
    assert twilio.inbox(ALICE)[0]["content_variables"] == {"1": "NTTN Dhaka", "2": "961 Mbps"}


def test_a_messaging_service_picks_the_sender(twilio: FakeTwilio) -> None:
    """With a Messaging Service a message is first accepted, and num_segments is 0."""
    sent = twilio.client().messages.create(to=ALICE, messaging_service_sid="MG" + "b" * 32, body="hello")
    assert (sent.status, sent.num_segments, sent.from_) == ("accepted", "0", None)


def test_the_list_is_paged_newest_first(twilio: FakeTwilio) -> None:
    """The official client walks the pages and finds each message once, though one arrives meanwhile."""
    client = twilio.client()
    sids = [client.messages.create(to=ALICE, from_=SENDER, body=f"n {n}").sid for n in range(7)]
    pages = client.messages.stream(page_size=3)
    first = next(pages).sid
    client.messages.create(to=ALICE, from_=SENDER, body="late")
    assert [first, *(message.sid for message in pages)] == list(reversed(sids))


def test_the_list_is_filtered(twilio: FakeTwilio) -> None:
    """To, From and DateSent select; a time in the future selects nothing."""
    client = twilio.client()
    client.messages.create(to=ALICE, from_=SENDER, body="for Alice")
    client.messages.create(to=BOB, from_=SENDER, body="for Bob")
    now = datetime.now(UTC)
    assert [message.body for message in client.messages.list(to=BOB)] == ["for Bob"]
    assert len(client.messages.list(from_=SENDER, date_sent_after=now - timedelta(minutes=1))) == 2
    assert client.messages.list(date_sent_after=now + timedelta(minutes=1)) == []
    assert client.messages.list(from_="whatsapp:+10000000000") == []


def test_a_fresh_message_is_found_by_an_instant_search(twilio: FakeTwilio) -> None:
    """A raw query as the documentation writes it, `DateSent>=`, finds a message not sent yet."""
    twilio.post({"Body": "just now"})
    today = datetime.now(UTC).date().isoformat()
    url = f"{twilio.messages_url}?To={ALICE.replace('+', '%2B')}&DateSent>={today}"
    found = requests.get(url, auth=(twilio.account_sid, twilio.auth_token), timeout=5).json()
    assert [message["body"] for message in found["messages"]] == ["just now"]


def test_wrong_credentials_are_refused(twilio: FakeTwilio) -> None:
    """A wrong token gives 401 and Twilio's code 20003, which the official client raises."""
    url = twilio.messages_url
    assert requests.get(url, timeout=5).status_code == 401
    answer = requests.get(url, auth=(twilio.account_sid, "wrong"), timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)
    with pytest.raises(TwilioRestException, match="not found"):
        twilio.client().messages("SM" + "0" * 32).fetch()


def test_callbacks_are_signed_as_twilio_signs(twilio: FakeTwilio) -> None:
    """Twilio's own validator accepts every callback, and refuses one that was changed."""
    validator = RequestValidator(twilio.auth_token)
    with callback_server() as (url, heard):
        sid = twilio.client().messages.create(to=ALICE, from_=SENDER, body="hello", status_callback=url).sid
        wait_until(lambda: len(heard) == 3, "three callbacks")
        for each in heard:
            assert validator.validate(each.url, each.form, each.signature)
            assert not validator.validate(each.url, each.form | {"MessageStatus": "failed"}, each.signature)
            assert (each.form["MessageSid"], each.form["AccountSid"]) == (sid, twilio.account_sid)
        # No callback for the status a message is created with.
        assert {each.form["MessageStatus"] for each in heard} == {"sent", "delivered", "read"}
