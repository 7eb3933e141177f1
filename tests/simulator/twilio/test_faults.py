from __future__ import annotations

import pytest
import requests

from tests.harness import wait_until
from tests.simulator.twilio.support import ALICE, BOB, FakeTwilio, callback_server


@pytest.mark.parametrize(("status", "code"), [(429, 20429), (500, 20500), (503, 20503)])
def test_a_status_on_demand(twilio: FakeTwilio, status: int, code: int) -> None:
    """The next requests are answered with the status, then all is well again."""
    twilio.fault(kind="status", status=status, retry_after=3, times=2)
    for _ in range(2):
        answer = twilio.post()
        assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (status, code, "3")
    assert twilio.inbox() == []
    assert twilio.post().status_code == 201


def test_a_fault_befalls_one_recipient(twilio: FakeTwilio) -> None:
    """A fault with a recipient leaves the others alone, and lasts until it is cleared."""
    twilio.fault(kind="status", status=503, to="0000002", times=None)
    assert [twilio.post({"To": to}).status_code for to in (BOB, ALICE, BOB)] == [503, 201, 503]
    state = requests.get(f"{twilio.url}/control/faults", timeout=5).json()
    assert [fault["used"] for fault in state] == [2]


def test_timeout_before_accepting(twilio: FakeTwilio) -> None:
    """The client hears nothing, and there is no message."""
    twilio.fault(kind="timeout_before")
    with pytest.raises(requests.ReadTimeout):
        twilio.post(timeout=0.3)
    assert twilio.inbox() == []


def test_timeout_after_accepting(twilio: FakeTwilio) -> None:
    """The client hears nothing, but the message is on its way and is found in the list."""
    twilio.fault(kind="timeout_after")
    with pytest.raises(requests.ReadTimeout):
        twilio.post(timeout=0.3)
    wait_until(lambda: len(twilio.client().messages.list(to=ALICE)) == 1, "the message in the list")


@pytest.mark.parametrize(("kind", "accepted"), [("reset_before", 0), ("reset_after", 1)])
def test_the_connection_is_reset(twilio: FakeTwilio, kind: str, accepted: int) -> None:
    """The answer is a TCP reset, before or after the message was accepted."""
    twilio.fault(kind=kind)
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        twilio.post()
    assert len(twilio.inbox()) == accepted
    assert twilio.post().status_code == 201


def test_a_slow_answer_is_a_good_answer(twilio: FakeTwilio) -> None:
    """A client with less patience than the delay times out, though the message was accepted."""
    twilio.fault(kind="slow", seconds=30)
    with pytest.raises(requests.ReadTimeout):
        twilio.post(timeout=0.3)
    wait_until(lambda: len(twilio.inbox()) == 1, "the message in the inbox")


def test_refused_at_once_outside_the_window(twilio: FakeTwilio) -> None:
    """Code 63016 as an immediate 400."""
    twilio.fault(kind="error", code=63016)
    answer = twilio.post()
    assert (answer.status_code, answer.json()["code"]) == (400, 63016)


@pytest.mark.parametrize(("code", "status"), [(63016, "undelivered"), (63024, "failed")])
def test_refused_later(twilio: FakeTwilio, code: int, status: str) -> None:
    """A message that was accepted fails, and the callback says why."""
    twilio.fault(kind="undelivered", code=code, message_status=status)
    with callback_server() as (url, heard):
        sid = twilio.post({"StatusCallback": url}).json()["sid"]
        failure = wait_until(
            lambda: next((each.form for each in heard if each.form["MessageStatus"] == status), None), "the failure"
        )
    assert failure["ErrorCode"] == str(code)
    message = twilio.client().messages(sid).fetch()
    assert (message.status, message.error_code) == (status, code)


def test_only_free_form_messages_need_the_window(twilio: FakeTwilio) -> None:
    """With `freeform_only` a template passes where a body is refused."""
    twilio.fault(kind="error", code=63016, freeform_only=True, times=None)
    assert twilio.post().json()["code"] == 63016
    template = {"Body": "", "ContentSid": "HX" + "a" * 32, "ContentVariables": '{"1":"x"}'}
    assert twilio.post(template).status_code == 201


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"kind": "storm"}, "unknown kind 'storm'; expected one of status"),
        ({"kind": "status"}, "kind status needs status"),
        ({"kind": "reset_before", "colour": 1}, "unknown field colour"),
        ({"kind": "status", "status": "429"}, "status cannot be '429'"),
        ({"kind": "reset_before", "times": -1}, "times cannot be -1"),
        ([], "expected a JSON object"),
    ],
)
def test_a_fault_not_understood_is_refused(twilio: FakeTwilio, fault: object, reason: str) -> None:
    """The control answers 400 with what it expected."""
    answer = requests.post(f"{twilio.url}/control/faults", json=fault, timeout=5)
    assert answer.status_code == 400
    assert reason in answer.text
