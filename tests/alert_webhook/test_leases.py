"""Several workers on one database: nobody sends twice, and what one left undone another finishes."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from alert_webhook.lanes import LEASE_SECONDS, Lane, Leases
from inventory.outbox import metadata
from tests.alert_webhook.conftest import NOC, Hand, Stack, link_alert
from tests.harness import ROOT

DIE_WHILE_SENDING = """
import os, sys
from alert_webhook.lanes import Leases
from inventory.database import open_database
claimed = Leases(open_database(sys.argv[1])).claim(1, float(sys.argv[2]))
print(len(claimed), flush=True)
os._exit(9)
"""


def test_one_lane_has_one_holder(hand: Hand) -> None:
    """Eight that claim at once get it once."""
    hand.post(link_alert())
    workers = [Leases(hand.service.engine) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda worker: worker.claim(5, hand.clock.now), workers))
    assert [lane for claim in claims for lane in claim] == [Lane("whatsapp", NOC)]


def test_a_lease_ends_with_its_time(hand: Hand) -> None:
    """A holder that hangs is replaced."""
    hand.post(link_alert())
    assert hand.parts.leases.claim(5, hand.clock.now)
    other = Leases(hand.service.engine)
    other.recover(hand.clock.now + LEASE_SECONDS - 1)
    assert not other.claim(5, hand.clock.now)
    other.recover(hand.clock.now + LEASE_SECONDS)
    assert other.claim(5, hand.clock.now)


def test_a_lease_ends_with_its_process(hand: Hand, stack: Stack) -> None:
    """What a killed process held is free at once, not when the lease runs out."""
    hand.post(link_alert())
    url = stack.environ["BACKHAUL_DATABASE_URL"]
    command = [sys.executable, "-c", DIE_WHILE_SENDING, url, str(hand.clock.now)]
    died = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert died.stdout == "1\n", died.stderr
    hand.work()
    assert stack.twilio.bodies() == []
    hand.parts.leases.recover(hand.clock.now)
    hand.work()
    assert len(stack.twilio.bodies(NOC)) == 1


def test_a_message_whose_end_was_not_written_down_is_looked_up(hand: Hand, stack: Stack) -> None:
    """The database failed just after sending: Twilio's list says that it is there."""
    hand.post(link_alert())
    (lane,) = hand.parts.leases.claim(1, hand.clock.now)
    message = hand.parts.sender.deliveries.prepare(lane, hand.clock.now).message
    assert message is not None
    hand.parts.sender.notifiers[lane.channel].send(message)
    hand.parts.leases.release(lane, 0.0)
    hand.parts.leases.recover(hand.clock.now + LEASE_SECONDS + 1)
    hand.work(LEASE_SECONDS + 2)
    assert hand.states()[0] == "accepted"
    assert len(stack.twilio.bodies(NOC)) == 1


def test_the_tables_are_those_of_postgresql_too() -> None:
    """Every table compiles for it."""
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
