"""What Alertmanager, old ones and strangers send: understood, or set aside with 200, never lost and never fatal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_webhook.payload import QuarantineReason, as_datetime, normalise_time, parse_payload
from tests.alert_webhook.conftest import Hand, Stack, Webhook, alert, link_alert, payload
from tests.harness import fixture_path

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("recording", "alerts", "set_aside"),
    [
        ("v0_production_11_alerts.json", 0, {QuarantineReason.VERSION: 1}),
        ("v3_groupkey_integer.json", 0, {QuarantineReason.VERSION: 1}),
        ("no_version_31_alerts_same_fingerprint.json", 0, {QuarantineReason.VERSION: 1}),
        ("v4_no_alert_status.json", 0, {QuarantineReason.ALERT: 1}),
        ("v4_firing_3_alerts.json", 3, {}),
        ("v4_firing_utf8.json", 2, {}),
    ],
)
def test_recorded_payloads(recording: str, alerts: int, set_aside: dict[QuarantineReason, int]) -> None:
    """Version 4 is understood; everything else is kept as it came."""
    body = fixture_path(f"alertmanager/{recording}").read_bytes()
    parsed = parse_payload(body)
    assert len(parsed.alerts) == alerts
    reasons = [entry.reason for entry in parsed.quarantined]
    assert {reason: reasons.count(reason) for reason in reasons} == set_aside


def test_every_recording_is_answered_200_and_counted(webhook: Webhook) -> None:
    """Alertmanager would repeat a 5xx for ever and drop a 4xx silently."""
    for name in ("v0_production_11_alerts", "v3_groupkey_integer", "v4_no_alert_status", "v4_firing_3_alerts"):
        assert webhook.post_raw(fixture_path(f"alertmanager/{name}.json").read_bytes()).status_code == 200
    for body in (b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, json.dumps({"alerts": {}}).encode()):
        assert webhook.post_raw(body).status_code == 200
    assert webhook.metric("backhaul_webhook_payloads_quarantined_total", reason="version") == 2
    assert webhook.metric("backhaul_webhook_payloads_quarantined_total", reason="alert") == 1
    assert webhook.metric("backhaul_webhook_payloads_quarantined_total", reason="not_json") == 4
    assert webhook.metric("backhaul_webhook_payloads_quarantined_total", reason="shape") == 3
    assert webhook.metric("backhaul_webhook_alerts_received_total", status="firing") == 3


def test_a_body_beyond_all_bounds_is_set_aside(webhook: Webhook) -> None:
    """It is not read to its end, and answered 200."""
    assert webhook.post_raw(b" " * (33 * 1024 * 1024)).status_code == 200
    assert webhook.metric("backhaul_webhook_payloads_quarantined_total", reason="too_large") == 1


def test_only_the_broken_alert_of_a_payload_is_set_aside() -> None:
    """Its neighbours are told."""
    broken = [{**link_alert(), field: 5} for field in ("status", "fingerprint", "startsAt", "labels", "annotations")]
    parsed = parse_payload(json.dumps(payload(link_alert(), *broken, "no alert")).encode())  # type: ignore[arg-type]
    assert len(parsed.alerts) == 1
    assert len(parsed.quarantined) == 6


def test_unknown_fields_and_a_strange_group_key_do_no_harm() -> None:
    """A later Alertmanager may say more."""
    body = {**payload({**link_alert(), "news": [1]}), "groupKey": 10**30, "truncatedAlerts": "x", "more": {}}
    assert len(parse_payload(json.dumps(body).encode()).alerts) == 1


def test_thirty_one_alerts_of_one_fingerprint_are_one_message(hand: Hand, stack: Stack) -> None:
    """One row, one message."""
    hand.post(*[link_alert()] * 31)
    hand.work()
    assert hand.states() == ["accepted"]
    assert len(stack.twilio.bodies()) == 1


def test_the_watchdog_is_noted_and_told_to_nobody(hand: Hand) -> None:
    """It only proves that the way here works."""
    hand.post(alert("Watchdog"))
    assert hand.states() == []
    assert f"watchdog_timestamp_seconds {hand.clock.now:.1f}".encode() in hand.parts.metrics.exposition().replace(
        b"1.8e+09", b"1800000000.0"
    )


def test_an_alert_of_an_odd_year_is_set_aside_alone(hand: Hand, stack: Stack) -> None:
    """A router's or a Prometheus' clock may say anything: its neighbours are told, and nothing is tried for an hour."""
    years = ("0002-01-01T00:00:00Z", "0999-12-31T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:00:00Z")
    odd = [{**link_alert(number), "startsAt": starts} for number, starts in enumerate(years, start=2)]
    ends = {**link_alert(9, status="resolved"), "endsAt": "9999-12-31T23:00:00Z"}
    hand.post(link_alert(1), *odd, link_alert(9), ends)
    hand.work()
    assert hand.states(status="firing") == ["accepted", "cancelled"]
    assert [body.count("number 1") for body in stack.twilio.bodies()] == [1]
    assert b'payloads_quarantined_total{reason="alert"} 4.0' in hand.parts.metrics.exposition()


def test_the_same_moment_in_another_offset_is_the_same_alert(hand: Hand) -> None:
    """Alertmanagers in two time zones do not ring twice."""
    hand.post({**link_alert(), "startsAt": "2018-03-07T06:33:21.873077559-05:00"})
    hand.post({**link_alert(), "startsAt": "2018-03-07T17:33:21.873077559+06:00"})
    assert len(hand.states()) == 1


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_body_breaks_the_parser(body: bytes) -> None:
    """Whatever comes is understood or set aside."""
    parsed = parse_payload(body)
    assert parsed.alerts or parsed.quarantined or json.loads(body).get("alerts") == []


@given(st.lists(json_values | st.fixed_dictionaries(dict.fromkeys(link_alert(), json_values)), max_size=4))
def test_no_alert_is_lost_in_a_payload(entries: list[object]) -> None:
    """Each is understood or set aside."""
    parsed = parse_payload(json.dumps({"version": "4", "alerts": entries}).encode())
    assert len(parsed.alerts) + len(parsed.quarantined) == len(entries)


FIRST, END = datetime(1971, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@given(
    st.datetimes(datetime(1970, 12, 1), datetime(2200, 2, 1)) | st.datetimes(),  # noqa: DTZ001 - the offset follows
    st.integers(-840, 840),
)
def test_a_time_is_the_same_moment_in_utc(moment: datetime, minutes: int) -> None:
    """Offsets are taken into account; microseconds survive. A year no alert can be of is no time."""
    local = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    text = normalise_time(local.isoformat())
    assert (text is not None) == (FIRST <= local < END)
    if text is not None:
        assert as_datetime(text) == local.astimezone(UTC)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "2026-11-20", "2026-02-30T00:00:00Z", "", None, 5, "now"])
def test_what_is_no_time_is_none(text: object) -> None:
    """Go's zero time and everything that is not RFC 3339."""
    assert normalise_time(text) is None
