"""Circuits behind a device that is down are part of its message, and never lost with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.alert_webhook.conftest import NOC, TENANT, Hand, Stack, alert, link_alert
from tests.postgres import Database

NOC_MAIL = "noc@skylink.example.net"
DEVICE_DOWN = alert("DeviceDown", device="core-1")


def circuit_down(number: int, after: float = 0.0) -> dict[str, Any]:
    """A circuit of core-1 that goes down so many seconds after the device does."""
    down = alert("CircuitDown", number, tenant="r1002", circuit=f"c-{number}", device="core-1")
    began = datetime(2026, 11, 20, 20, 31, tzinfo=UTC) + timedelta(seconds=after)
    return {**down, "startsAt": f"{began:%Y-%m-%dT%H:%M:%SZ}"}


def over(fires: dict[str, Any]) -> dict[str, Any]:
    return {**fires, "status": "resolved", "endsAt": "2026-11-20T20:43:00Z"}


def test_circuits_behind_a_dead_device_are_one_message_for_operators(hand: Hand, stack: Stack) -> None:
    """The operators get the device with its circuits; each tenant its own circuit."""
    circuits = [alert("CircuitDown", n, tenant="r1001", circuit=f"c-{n}", device="core-1") for n in range(5)]
    hand.post(*circuits, alert("DeviceDown", device="core-1"))
    hand.work()
    (told,) = stack.twilio.bodies(NOC)
    assert told.startswith("\U0001f534 CRITICAL: DeviceDown number 1\n")
    assert "Also down: 5 circuits behind it: c-0, c-1, c-2, c-3, c-4" in told
    assert "5 alerts" in stack.twilio.bodies(TENANT)[0]


def test_a_circuit_that_stays_down_when_its_device_is_back_is_told(hand: Hand, stack: Stack) -> None:
    """What was folded into the device's message comes out of it a minute later, unless it is over by then."""
    stays = alert("CircuitDown", 1, tenant="r1002", circuit="r1002-main", device="core-1")
    recovers = alert("CircuitDown", 2, tenant="r1001", circuit="r1001-main", device="core-1")
    hand.post(stays, recovers, alert("DeviceDown", device="core-1"))
    hand.work()
    hand.post(alert("DeviceDown", status="resolved", device="core-1"))
    hand.work(10)
    hand.post({**recovers, "status": "resolved", "endsAt": "2026-11-20T20:43:00Z"})
    hand.work(10)
    hand.work(60)
    bodies = stack.twilio.bodies(NOC)
    assert len(bodies) == 3
    assert "CircuitDown number 1" in bodies[2]


def test_circuits_whose_device_nobody_heard_of_are_told(hand: Hand, stack: Stack) -> None:
    """A message about a device that could not be delivered does not take its circuits with it."""
    circuit = alert("CircuitDown", 1, tenant="r1002", circuit="r1002-main", device="core-1")
    stack.twilio.fault("status", status=429, retry_after=20, to=NOC, times=None)
    hand.post(circuit, alert("DeviceDown", device="core-1"))
    stack.mailbox.answers += ["550 no"]
    hand.work()
    assert hand.states(alertname="CircuitDown", recipient=NOC) == ["folded"]
    hand.work(31)  # mail takes over, and is refused
    stack.twilio.heal()
    hand.work(10)
    assert hand.states(alertname="DeviceDown", channel="email") == ["dead"]
    hand.work(10)
    assert any("CircuitDown number 1" in body for body in stack.twilio.bodies(NOC))


def test_circuits_are_told_when_their_device_was_back_before_anybody_heard_of_it(stack: Stack) -> None:
    """Nothing reached anybody, the router is up again: what stays down is told one by one."""
    silent = {"TWILIO_API_URL": "http://127.0.0.1:1", "SMTP_URL": "smtp://127.0.0.1:1"}
    away = Hand({**stack.environ, **silent})
    stays, recovers = circuit_down(1), circuit_down(2)
    away.post(DEVICE_DOWN, stays, recovers)
    away.work()
    away.work(31)  # mail takes over, in vain
    assert away.states(alertname="CircuitDown", recipient=NOC) == ["folded", "folded"]
    back = Hand(stack.environ)
    back.clock.now = away.clock.now
    back.post(over(DEVICE_DOWN), over(recovers))
    back.work(10)
    assert stack.twilio.bodies(NOC) == []
    back.work(65)
    (told,) = stack.twilio.bodies(NOC)
    assert "CircuitDown number 1" in told
    assert stack.mailbox.to(NOC_MAIL) == []


def test_a_circuit_that_goes_down_long_after_its_device_is_told(hand: Hand, stack: Stack) -> None:
    """A router that refuses our login carries its circuits on: the fibre that breaks hours later is news."""
    hand.post(DEVICE_DOWN)
    hand.work()
    hand.post(circuit_down(1, after=90), circuit_down(2, after=-90))
    hand.work(10)
    assert hand.states(alertname="CircuitDown", recipient=NOC) == ["folded", "folded"]
    hand.post(circuit_down(3, after=150))
    hand.work(10)
    hand.post(circuit_down(4, after=5 * 3600))
    hand.work(10)
    assert [body.splitlines()[0].split(": ")[1] for body in stack.twilio.bodies(NOC)] == [
        "DeviceDown number 1",
        "CircuitDown number 3",
        "CircuitDown number 4",
    ]


def test_what_waits_to_be_told_with_its_device_is_told_with_it(hand: Hand, stack: Stack) -> None:
    """However much later it went down: the message names it."""
    stack.twilio.fault("status", status=429, retry_after=25, to=NOC)
    hand.post(DEVICE_DOWN)
    hand.work()
    hand.post(circuit_down(1, after=5 * 3600))
    hand.work(27)
    (told,) = stack.twilio.bodies(NOC)
    assert "behind it: c-1" in told


def test_a_message_that_is_tried_again_names_the_circuits_that_are_still_down(stack: Stack, database: Database) -> None:
    """They were folded at the first try, which nobody heard."""
    hand = Hand({**stack.environ, "BACKHAUL_DATABASE_URL": database.url})
    stack.twilio.fault("status", status=429, retry_after=20, to=NOC)
    hand.post(DEVICE_DOWN, *(circuit_down(number) for number in (1, 2, 3)))
    hand.work()
    hand.post(over(circuit_down(2)))
    hand.work(22)
    (told,) = stack.twilio.bodies(NOC)
    assert "Also down: 2 circuits behind it: c-1, c-3" in told


def test_the_mail_that_takes_over_names_the_circuits(hand: Hand, stack: Stack) -> None:
    """As the message on WhatsApp would have."""
    stack.twilio.fault("error", code=63016, to=NOC)
    hand.post(DEVICE_DOWN, circuit_down(1), circuit_down(2))
    hand.work()
    hand.work()
    (mail,) = stack.mailbox.to(NOC_MAIL)
    assert "Also down: 2 circuits behind it: c-1, c-2" in mail.get_content()


def test_only_the_device_speaks_for_its_circuits(hand: Hand, stack: Stack) -> None:
    """Another alert told at the moment they are folded does not."""
    hand.post(DEVICE_DOWN)
    hand.work()
    hand.post(link_alert(), circuit_down(1))
    hand.work(10)
    told = stack.twilio.bodies(NOC)[1]
    assert "NttnBandwidthHigh" in told
    assert "Also down" not in told
