from __future__ import annotations

import pytest

from tests.simulator.twilio.support import FakeTwilio

TEMPLATE = "HX" + "a" * 32
REFUSED = [
    ({"To": ""}, 21604),
    ({"To": "whatsapp:01700"}, 21211),
    ({"To": "<script>"}, 21211),
    ({"From": ""}, 21603),
    ({"From": "Backhaul"}, 21212),
    ({"From": "+14155238886"}, 21606),
    ({"From": "whatsapp:+15550000000"}, 63007),
    ({"To": "+8801700000001"}, 21910),
    ({"Body": ""}, 21602),
    ({"Body": " \n"}, 21602),
    ({"Body": "x" * 1601}, 21617),
    ({"ContentSid": "HXnonsense"}, 21655),
    ({"ContentSid": TEMPLATE, "ContentVariables": "{1: 2}"}, 21656),
    ({"ContentSid": TEMPLATE, "ContentVariables": '["a"]'}, 21656),
    ({"ContentSid": TEMPLATE, "ContentVariables": '{"1": null}'}, 21656),
    ({"ContentSid": TEMPLATE, "ContentVariables": '{"1": "two\\nlines"}'}, 21656),
    ({"ContentSid": TEMPLATE, "ContentVariables": '{"1": "a     b"}'}, 21656),
    ({"ContentSid": TEMPLATE, "ContentVariables": '{"1": "%s"}' % ("x" * 1601)}, 21658),
    ({"StatusCallback": "ftp://example.net/"}, 21609),
    ({"StatusCallback": "status"}, 21609),
    ({"MessagingServiceSid": "MG1"}, 21701),
]


@pytest.mark.parametrize(("form", "code"), REFUSED, ids=[f"{code}-{n}" for n, (_, code) in enumerate(REFUSED)])
def test_a_bad_request_gets_its_documented_code(twilio: FakeTwilio, form: dict[str, str], code: int) -> None:
    """What is wrong with a request is told by Twilio's code, and nothing is accepted."""
    answer = twilio.post(form)
    assert answer.json()["code"] == code
    assert answer.json()["status"] == answer.status_code
    assert answer.json()["more_info"].endswith(f"/docs/errors/{code}")
    assert 400 <= answer.status_code < 500
    assert twilio.inbox() == []


def test_a_body_at_the_limit_is_accepted(twilio: FakeTwilio) -> None:
    """1600 characters are allowed, however many bytes they take."""
    assert twilio.post({"Body": "ব" * 1600}).status_code == 201
