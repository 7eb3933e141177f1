"""Two Prometheus evaluate the same rules, each at its own moment: an alert is over when neither reports it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.alert_webhook.conftest import NOC, Hand, Stack, link_alert


class Prometheus(BaseHTTPRequestHandler):
    """Answers /api/v1/alerts and /api/v1/rules as Prometheus does."""

    firing: tuple[dict[str, str], ...] = ()
    rules: tuple[str, ...] | None = ("NttnBandwidthHigh",)
    away = False

    def do_GET(self) -> None:
        alerts = [{"labels": labels, "state": "firing"} for labels in self.firing]
        groups = [] if self.rules is None else [{"rules": [{"name": name, "health": "ok"} for name in self.rules]}]
        data = {"/api/v1/alerts": {"alerts": alerts}, "/api/v1/rules": {"groups": groups}}
        self.send_response(503 if self.away else 200)
        self.end_headers()
        self.wfile.write(json.dumps({"status": "success", "data": data[self.path]}).encode())

    def log_message(self, *_words: object) -> None:
        pass


@contextmanager
def served() -> Iterator[tuple[str, type[Prometheus]]]:
    kind = type("Told", (Prometheus,), {})
    server = HTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", kind
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def both(stack: Stack) -> Iterator[tuple[type[Prometheus], type[Prometheus]]]:
    """Two that a test sets; both are in the stack's setting."""
    with ExitStack() as opened:
        (one, first), (two, second) = (opened.enter_context(served()) for _ in range(2))
        stack.environ["PROMETHEUS_URL"] = f"{one}, {two}"
        yield first, second


def test_an_alert_is_over_when_neither_reports_it(
    stack: Stack, both: tuple[type[Prometheus], type[Prometheus]]
) -> None:
    """The first may be a few seconds ahead: nobody hears of an end that the second takes back."""
    first, second = both
    hand = Hand(stack.environ)
    fires = link_alert()
    hand.post(fires)
    hand.work()
    hand.post(link_alert(status="resolved"))
    second.firing = (fires["labels"],)
    hand.work(10)
    assert len(stack.twilio.bodies(NOC)) == 1
    second.firing = ()
    hand.work(10)
    assert len(stack.twilio.bodies(NOC)) == 2
    assert first.firing == ()


def test_one_that_is_away_holds_nothing_up(stack: Stack, both: tuple[type[Prometheus], type[Prometheus]]) -> None:
    """The other one knows all that it knew; with both away, ends wait."""
    first, second = both
    hand = Hand(stack.environ)
    first.away = second.away = True
    hand.post(link_alert())
    hand.post(link_alert(status="resolved"))
    hand.work(10)
    assert len(stack.twilio.bodies(NOC)) == 1
    second.away = False
    hand.work(10)
    assert len(stack.twilio.bodies(NOC)) == 2


def test_a_store_without_rules_is_not_believed(stack: Stack, both: tuple[type[Prometheus], type[Prometheus]]) -> None:
    """VictoriaMetrics answers at the same addresses, and would take every alert for over."""
    first, second = both
    first.rules = second.rules = None
    hand = Hand(stack.environ)
    hand.post(link_alert())
    hand.post(link_alert(status="resolved"))
    hand.work(10)
    assert len(stack.twilio.bodies(NOC)) == 1
    second.rules = ("NttnBandwidthHigh",)
    hand.work(10)
    assert len(stack.twilio.bodies(NOC)) == 2
