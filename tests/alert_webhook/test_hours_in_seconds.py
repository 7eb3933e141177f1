"""What takes its time: the test moves the clock; Twilio, mail server and database are real."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import update

from inventory.outbox import messages, notices
from tests.alert_webhook.conftest import NOC, Hand, Stack, alert, link_alert
from tests.harness import free_port

NOC_MAIL = "noc@skylink.example.net"


def test_a_rate_limit_waits_as_told(hand: Hand, stack: Stack) -> None:
    """A 429 with Retry-After delays the message; no mail is needed."""
    stack.twilio.fault("status", status=429, retry_after=20)
    hand.post(link_alert())
    hand.work()
    hand.work(19)
    assert (stack.twilio.used(), stack.twilio.bodies()) == (1, [])
    hand.work(3)
    assert len(stack.twilio.bodies(NOC)) == 1
    assert stack.mailbox.mails == []


def test_a_provider_may_ask_for_half_an_hour(hand: Hand, stack: Stack) -> None:
    """What was told is kept, also when it is long; who asks for more is asked again while it is news."""
    stack.twilio.fault("status", status=429, retry_after=3600)
    hand.post(alert("CircuitLossHigh", tenant="r1002", circuit="r1002-main", severity="warning"))
    hand.work()
    hand.work(1790)
    assert stack.twilio.bodies() == []
    hand.work(15)
    assert len(stack.twilio.bodies()) == 1


def test_an_unknown_refusal_is_tried_twice_at_most(hand: Hand, stack: Stack) -> None:
    """Two tries, then mail."""
    stack.twilio.fault("status", status=400, times=None)
    hand.post(link_alert())
    hand.work()
    assert hand.states() == ["pending"]
    hand.work(10)
    hand.work()
    assert len(stack.mailbox.to(NOC_MAIL)) == 1
    assert stack.twilio.used() == 2


def test_a_rate_limit_without_a_time_waits_ten_seconds_and_then_twice_that(hand: Hand, stack: Stack) -> None:
    """For a contact without mail it goes on until the limit ends."""
    stack.twilio.fault("status", status=429, times=3)
    hand.post(alert("CircuitLossHigh", tenant="r1002", circuit="r1002-main", severity="warning"))
    tries = []
    for _ in range(100):
        hand.work(1)
        tries.append(stack.twilio.used() + len(stack.twilio.bodies()))
    first, second, third, fourth = (tries.index(count) for count in (1, 2, 3, 4))
    assert 10 <= second - first <= 13
    assert 20 <= third - second <= 26
    assert 40 <= fourth - third <= 51


def test_a_server_error_is_sent_again_only_after_the_list_denied_it(hand: Hand, stack: Stack) -> None:
    """A 500 may have been taken: the message goes again once Twilio's list had time to show it and does not."""
    stack.twilio.fault("status", status=500)
    hand.post(link_alert())
    hand.work()
    assert hand.states() == ["unknown"]
    hand.work(15)
    assert stack.twilio.bodies() == []
    hand.work(10)
    assert len(stack.twilio.bodies(NOC)) == 1
    assert hand.states() == ["accepted"]


@pytest.mark.parametrize("template", [None, "HX" + "1" * 32])
def test_a_message_whose_answer_was_lost_is_found_in_the_list(template: str | None, stack: Stack) -> None:
    """By the reference in its text, with and without a template; no status report is needed, nothing is sent again."""
    if template:
        stack.environ["TWILIO_CONTENT_SID_FIRING_EN"] = template
    hand = Hand(stack.environ)
    stack.twilio.fault("reset_after")
    hand.post(link_alert())
    hand.work()
    assert hand.states() == ["unknown"]
    hand.work(3)
    assert hand.states() == ["accepted"]
    assert len(stack.twilio.inbox(NOC)) == 1


def test_after_thirty_seconds_mail_takes_over(hand: Hand, stack: Stack) -> None:
    """A rate limit that does not end does not keep the news, and WhatsApp does not bring it a second time."""
    stack.twilio.fault("status", status=429, retry_after=60)
    hand.post(link_alert())
    hand.work()
    hand.work(29)
    assert stack.mailbox.mails == []
    hand.work(2)
    assert len(stack.mailbox.to(NOC_MAIL)) == 1
    hand.work(120)
    assert stack.twilio.bodies(NOC) == []
    assert len(stack.mailbox.mails) == 1


def test_a_mail_sent_again_is_shown_once(hand: Hand, stack: Stack) -> None:
    """After a kill between the server's yes and ours the mail goes again under its old Message-ID."""
    stack.twilio.fault("error", code=63016)
    hand.post(link_alert())
    hand.work()
    hand.work()
    with hand.service.engine.begin() as connection:
        connection.execute(update(messages).values(state="sending").where(messages.c.channel == "email"))
        connection.execute(update(notices).values(state="sending").where(notices.c.channel == "email"))
    hand.parts.leases.recover(hand.clock.now + 60)
    hand.work(70)
    first, second = stack.mailbox.to(NOC_MAIL)
    assert first["Message-ID"] == second["Message-ID"]
    hand.post(link_alert(2))
    stack.twilio.fault("error", code=63016)
    hand.work(10)
    hand.work()
    assert stack.mailbox.to(NOC_MAIL)[2]["Message-ID"] != first["Message-ID"]


def test_an_unknown_message_goes_by_mail_and_is_not_sent_again(hand: Hand, stack: Stack) -> None:
    """Mail is sent in time although it is not known whether WhatsApp has it."""
    stack.twilio.fault("status", status=503, times=None)
    hand.post(link_alert())
    hand.work()
    hand.work(31)
    hand.work(31)
    assert len(stack.mailbox.mails) == 1
    assert stack.twilio.used() == 1
    assert hand.states() == ["failed", "accepted"]


def test_what_comes_within_six_seconds_is_one_message(hand: Hand, stack: Stack) -> None:
    """The first goes at once, the following are gathered, the gravest first."""
    hand.post(link_alert(1))
    hand.work()
    for number, severity in ((2, "info"), (3, "warning"), (4, "critical")):
        hand.post(link_alert(number, severity=severity))
        hand.work(1)
    assert len(stack.twilio.bodies(NOC)) == 1
    hand.work(4)
    digest = stack.twilio.bodies(NOC)[1].splitlines()
    assert digest[0] == "\U0001f534 3 alerts: 3 firing (1 critical)"
    assert [line.split("number ")[1][0] for line in digest[1:4]] == ["4", "3", "2"]


def test_what_is_over_before_it_was_told_is_not_told(hand: Hand, stack: Stack) -> None:
    """Neither the beginning nor the end wakes anybody."""
    hand.post(link_alert(1))
    hand.work()
    hand.post(link_alert(2))
    hand.post(link_alert(2, status="resolved"))
    hand.work(10)
    assert len(stack.twilio.bodies(NOC)) == 1
    assert hand.states() == ["accepted", "cancelled", "cancelled"]


def test_the_end_is_told_to_who_heard_the_beginning(hand: Hand, stack: Stack) -> None:
    """With from, to and how long."""
    hand.post(link_alert())
    hand.work()
    hand.post(link_alert(status="resolved"))
    hand.work(10)
    assert stack.twilio.bodies(NOC)[1].splitlines()[:4] == [
        "\u2705 Resolved: NttnBandwidthHigh number 1",
        "Where: NTTN Dhaka (nttn-dhaka)",
        "From 02:31 to 02:43, 21 Nov (+06)",
        "Lasted: 12 min",
    ]


def test_the_end_of_what_went_by_mail_is_told(hand: Hand, stack: Stack) -> None:
    """Who read the beginning in the mail hears of the end."""
    stack.twilio.fault("error", code=63016)
    hand.post(link_alert())
    hand.work()
    hand.work()
    assert len(stack.mailbox.mails) == 1
    hand.post(link_alert(status="resolved"))
    hand.work(10)
    assert "Resolved" in stack.twilio.bodies(NOC)[0]


def test_a_clock_that_was_put_back_holds_nothing_up(hand: Hand, stack: Stack) -> None:
    """A machine that started in the wrong year tells its alerts as soon as it knows better."""
    hand.post(link_alert())
    hand.work()
    hand.post(link_alert(2))
    hand.work(-365 * 86_400)
    hand.work(1)
    assert len(stack.twilio.bodies(NOC)) == 2


class _Prometheus(BaseHTTPRequestHandler):
    firing: tuple[dict[str, str], ...] = ()
    health = "ok"
    away = False

    def do_GET(self) -> None:
        alerts = [{"labels": labels, "state": "firing"} for labels in self.firing]
        rules = [{"name": "NttnBandwidthHigh", "health": self.health}]
        data = {"/api/v1/alerts": {"alerts": alerts}, "/api/v1/rules": {"groups": [{"rules": rules}]}}
        self.send_response(503 if self.away else 200)
        self.end_headers()
        self.wfile.write(json.dumps({"status": "success", "data": data[self.path]}).encode())

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture
def prometheus(stack: Stack) -> Iterator[type[_Prometheus]]:
    """Answers /api/v1/alerts and /api/v1/rules as Prometheus does."""
    kind = type("Prometheus", (_Prometheus,), {})
    server = HTTPServer(("127.0.0.1", free_port()), kind)
    stack.environ["PROMETHEUS_URL"] = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield kind
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_end_waits_until_prometheus_agrees(stack: Stack, prometheus: type[_Prometheus]) -> None:
    """While Prometheus is away or still reports the alert nobody is told that it is over."""
    hand = Hand(stack.environ)
    fires = link_alert()
    hand.post(fires)
    hand.work()
    hand.post({**link_alert(status="resolved"), "labels": {**fires["labels"], "replica": "external"}})
    prometheus.away = True
    hand.work(10)
    prometheus.away, prometheus.firing = False, (fires["labels"],)
    hand.work(10)
    assert len(stack.twilio.bodies(NOC)) == 1
    prometheus.firing = ({**fires["labels"], "link": "another"},)
    for health in ("unknown", "err"):  # just started, or its rule fails: that nothing is reported says nothing
        prometheus.health = health
        hand.work(10)
        assert len(stack.twilio.bodies(NOC)) == 1
    prometheus.health = "ok"
    hand.work(10)
    told = stack.twilio.bodies(NOC)[1]
    assert "Resolved" in told
    # Alertmanager had called it over at 02:43, while Prometheus still reported it.
    assert "02:43" not in told
    assert "14:0" in told  # the hand's clock, in Dhaka
