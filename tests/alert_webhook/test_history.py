"""The history of alerts as the webhook writes it: in the same transaction, after Prometheus' word, never in the way."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import select, text

from inventory.outbox import notices
from inventory.registry import alerts
from inventory.registry.alerts import AlertRow, Filters
from inventory.registry.scope import SERVICE, Registry
from tests.alert_webhook.conftest import NOC, TENANT, Hand, Stack, alert, link_alert
from tests.postgres import Database, MakeDatabase


@pytest.fixture
def environ(stack: Stack, database: Database) -> dict[str, str]:
    """The webhook's, on a migrated database of each kind."""
    return {**stack.environ, "BACKHAUL_DATABASE_URL": database.url}


def history(hand: Hand, filters: Filters | None = None) -> list[AlertRow]:
    with Registry(hand.service.engine).read(SERVICE) as tx:
        return list(alerts.list_alerts(tx, filters or Filters()).items)


def test_what_is_told_is_in_the_history(environ: dict[str, str]) -> None:
    """From firing to its end, with what it is about."""
    hand = Hand(environ)
    down = alert("CircuitDown", tenant="r1001", circuit="r1001-main", device="core-1")
    hand.post(down)
    (row,) = history(hand)
    assert (row.isp, row.tenant, row.is_open, row.severity) == ("skylink", "r1001", True, "critical")
    hand.post({**down, "status": "resolved", "endsAt": "2026-11-20T20:43:00Z"})
    (row,) = history(hand)
    assert row.ended is not None
    assert 718 < row.ended - row.started < 720


def test_what_nobody_is_told_of_is_in_the_history_too(stack: Stack, environ: dict[str, str]) -> None:
    """And the heartbeat is not: it always fires."""
    lonely = stack.folder / "lonely.yml"
    isp = "isp: {id: skylink, name: SkyLink, timezone: Asia/Dhaka, currency: BDT}"
    lonely.write_text(f"{isp}\ndevices: []\nlinks: []\ntenants: []\n", encoding="utf-8")
    environ["BACKHAUL_INVENTORY"] = str(lonely)
    hand = Hand(environ)
    hand.post(link_alert(), alert("Watchdog"))
    assert [row.alertname for row in history(hand)] == ["NttnBandwidthHigh"]
    assert stack.twilio.bodies() == []


def test_what_names_no_isp_is_the_only_isps(environ: dict[str, str]) -> None:
    """ExporterDown concerns whoever runs the platform: where that is one isp, its staff see it and its messages."""
    hand = Hand(environ)
    platform = alert("ExporterDown", instance="127.0.0.1:9909")
    del platform["labels"]["isp"]
    hand.post(platform)
    with Registry(hand.service.engine).read(SERVICE) as tx:
        assert tx.connection.execute(select(notices.c.isp)).scalars().all() == ["skylink"]


def test_an_end_counts_when_prometheus_agrees(
    stack: Stack, environ: dict[str, str], prometheus: type[Prometheus]
) -> None:
    """While Prometheus is away or still reports the alert it goes on, and says that its end waits."""
    environ["PROMETHEUS_URL"] = stack.environ["PROMETHEUS_URL"]
    hand = Hand(environ)
    fires = link_alert()
    hand.post(fires)
    hand.work()
    hand.post(link_alert(status="resolved"))
    prometheus.away = True
    hand.work(10)
    assert [(row.is_open, row.waits) for row in history(hand)] == [(True, True)]
    prometheus.away, prometheus.firing = False, (fires["labels"],)
    hand.work(10)
    assert [(row.is_open, row.waits) for row in history(hand)] == [(True, True)]
    prometheus.firing = ()
    hand.work(10)
    (row,) = history(hand)
    assert row.ended == hand.clock.now, "Alertmanager had called it over while it still fired"
    assert len(stack.twilio.bodies(NOC)) == 2


def test_an_alert_whose_end_was_lost_does_not_stay_open_for_ever(
    stack: Stack, environ: dict[str, str], prometheus: type[Prometheus]
) -> None:
    """Alertmanager forgot it: Prometheus, whose rule it is, denies it for a quarter of an hour. Others' alerts stay."""
    environ["PROMETHEUS_URL"] = stack.environ["PROMETHEUS_URL"]
    hand = Hand(environ)
    hand.post(link_alert(), alert("SomebodyElses"))
    prometheus.rules = ("NttnBandwidthHigh",)
    for seconds in (10, 800, 80):
        hand.work(seconds)
        assert all(row.is_open for row in history(hand))
    hand.work(200)
    assert {row.alertname: row.is_open for row in history(hand)} == {"NttnBandwidthHigh": False, "SomebodyElses": True}


def test_a_circuit_that_is_moved_while_it_is_down_is_not_over(
    stack: Stack, environ: dict[str, str], prometheus: type[Prometheus]
) -> None:
    """Its alert has another device now: nobody said that it is up, and nobody is told so before it is."""
    environ["PROMETHEUS_URL"] = stack.environ["PROMETHEUS_URL"]
    hand = Hand(environ)
    was, now = (
        alert("CircuitDown", number, tenant="r1001", circuit="r1001-main", device=f"core-{number}") for number in (1, 2)
    )
    hand.post(was)
    hand.work()
    prometheus.firing = (now["labels"],)
    hand.post({**was, "status": "resolved", "endsAt": "2026-11-20T20:43:00Z"}, now)
    hand.work(10)
    assert "Resolved" not in "".join(stack.twilio.bodies(TENANT))
    assert [row.is_open for row in history(hand)] == [True, True]
    prometheus.firing = ({**now["labels"], "circuit": "r1001-other"},)
    hand.work(10)
    assert "Resolved" in stack.twilio.bodies(TENANT)[-1]


def test_odd_labels_are_compared_as_they_are_kept(
    stack: Stack, environ: dict[str, str], prometheus: type[Prometheus]
) -> None:
    """A tag, runs of spaces and a text without end are cleaned away here: in Prometheus they are still there."""
    environ["PROMETHEUS_URL"] = stack.environ["PROMETHEUS_URL"]
    hand = Hand(environ)
    fires = link_alert()
    fires["labels"] |= {"link": "<b>a  link", "note": "x" * 600}
    hand.post(fires)
    hand.work()
    prometheus.firing = (fires["labels"],)
    hand.post({**link_alert(status="resolved"), "labels": fires["labels"]})
    hand.work(10)
    assert len(stack.twilio.bodies(NOC)) == 1
    prometheus.firing = ()
    hand.work(10)
    assert len(stack.twilio.bodies(NOC)) == 2


def test_what_ended_long_ago_is_deleted(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A few at a time, of every isp and of none; what fires stays however long it does."""
    monkeypatch.setattr("alert_webhook.history._PRUNED_AT_ONCE", 2)
    hand = Hand(environ)
    isps = ("skylink", "metro", "metro", "metro", "")
    over = [
        {**alert("DeviceDown", number, isp=isp), "status": "resolved", "endsAt": "2026-11-20T20:43:00Z"}
        for number, isp in enumerate(isps)
    ]
    hand.post(*over, link_alert())
    ended = datetime(2026, 11, 20, 20, 43, tzinfo=UTC).timestamp()
    hand.parts.history.prune(ended + 400 * 86_400 - 1)
    assert len(history(hand)) == 6
    hand.parts.history.prune(ended + 400 * 86_400 + 1)
    assert [row.alertname for row in history(hand)] == ["NttnBandwidthHigh"]


def test_an_end_that_waited_is_believed_where_nobody_is_asked_any_more(
    stack: Stack, environ: dict[str, str], prometheus: type[Prometheus]
) -> None:
    """PROMETHEUS_URL was taken away: after the next start nothing waits for ever."""
    prometheus.away = True
    hand = Hand({**environ, "PROMETHEUS_URL": stack.environ["PROMETHEUS_URL"]})
    hand.post(link_alert())
    hand.post(link_alert(status="resolved"))
    hand.work(10)
    again = Hand(environ)
    again.service.worker.start()
    again.service.worker.stop()
    assert [row.is_open for row in history(again)] == [False]


def test_people_are_told_where_the_history_cannot_be_written(stack: Stack, make_database: MakeDatabase) -> None:
    """Its table is gone, and comes back: messages go on, and so does the history then."""
    hand = Hand({**stack.environ, "BACKHAUL_DATABASE_URL": make_database("sqlite").url})
    with hand.service.engine.begin() as connection:
        connection.execute(text("ALTER TABLE alert RENAME TO alert_away"))
    hand.post(link_alert())
    hand.work()
    assert len(stack.twilio.bodies(NOC)) == 1
    with hand.service.engine.begin() as connection:
        connection.execute(text("ALTER TABLE alert_away RENAME TO alert"))
    hand.post(link_alert(2))
    assert len(history(hand)) == 1


class Prometheus(BaseHTTPRequestHandler):
    """Answers /api/v1/alerts and /api/v1/rules as Prometheus does."""

    firing: tuple[dict[str, str], ...] = ()
    rules: tuple[str, ...] = ()
    away = False

    def do_GET(self) -> None:
        found = [{"labels": labels, "state": "firing"} for labels in self.firing]
        rules = [{"name": name, "health": "ok"} for name in self.rules]
        data = {"/api/v1/alerts": {"alerts": found}, "/api/v1/rules": {"groups": [{"rules": rules}]}}
        self.send_response(503 if self.away else 200)
        self.end_headers()
        self.wfile.write(json.dumps({"status": "success", "data": data[self.path]}).encode())

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture
def prometheus(stack: Stack) -> Iterator[type[Prometheus]]:
    """One that a test sets; its address is in the stack's environ."""
    kind = type("Told", (Prometheus,), {})
    server = HTTPServer(("127.0.0.1", 0), kind)
    stack.environ["PROMETHEUS_URL"] = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield kind
    server.shutdown()
    thread.join()
    server.server_close()
