"""Two webhooks on one PostgreSQL: what one has taken the other tells, and nobody hears twice."""

from __future__ import annotations

import re
import signal
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests
from sqlalchemy import Engine, func, select

from inventory.database import open_database
from inventory.outbox import MessageState, NoticeState, lanes, messages, notices
from tests.alert_webhook.conftest import Stack, Webhook, alert
from tests.alert_webhook.test_kill import CONTACTS, tenants
from tests.harness import wait_until
from tests.postgres import MakeDatabase

ALERTS = 500
BATCH = 20


@pytest.fixture
def pair(stack: Stack, make_database: MakeDatabase) -> Iterator[Sequence[Webhook]]:
    """Two of them on one database; Twilio takes its time, so that a kill falls between a POST and its answer."""
    inventory = stack.folder / "inventory.yml"
    inventory.write_text(inventory.read_text(encoding="utf-8") + tenants(), encoding="utf-8")
    stack.environ["BACKHAUL_DATABASE_URL"] = make_database("postgresql").url
    stack.twilio.fault("slow", seconds=0.3, times=None)
    with ExitStack() as running:
        yield [running.enter_context(stack.start()) for _ in range(2)]


def numbered(number: int) -> Mapping[str, object]:
    tenant = f"t{number % CONTACTS:03}"
    return alert("CircuitLossHigh", number, tenant=tenant, circuit=f"{tenant}-main", severity="warning")


def post(webhook: Webhook, batch: Sequence[Mapping[str, object]]) -> bool:
    """Whether it took them; one that was killed does not."""
    try:
        return webhook.post(*batch).status_code == 200
    except requests.RequestException:
        return False


def test_one_of_two_is_killed_and_all_is_told_once(stack: Stack, pair: Sequence[Webhook]) -> None:
    """Alertmanager posts every alert to both. kill -9 of one while it sends: none is lost, at most one comes twice."""
    batches = [[numbered(n) for n in range(begin, begin + BATCH)] for begin in range(0, ALERTS, BATCH)]
    engine = open_database(stack.environ["BACKHAUL_DATABASE_URL"], "service")
    alive = list(pair)
    with ThreadPoolExecutor(2) as pool:
        for place, batch in enumerate(batches):
            assert all(pool.map(lambda webhook, batch=batch: post(webhook, batch), alive))
            if place == len(batches) // 2:
                sending = wait_until(lambda: who_sends(engine), "one of them to send", interval=0.01)
                (killed,) = (webhook for webhook in pair if webhook.process.pid == sending)
                killed.process.kill(signal.SIGKILL)
                alive.remove(killed)
    told = (NoticeState.ACCEPTED, NoticeState.DELIVERED)

    def done() -> bool:
        with engine.connect() as connection:
            count = select(func.count(notices.c.fingerprint.distinct())).where(notices.c.state.in_(told))
            return connection.execute(count).scalar_one() == ALERTS

    wait_until(done, "every alert to be told", timeout=180, interval=0.2)
    with engine.connect() as connection:
        rows = connection.execute(select(notices.c.fingerprint, notices.c.recipient)).all()
    assert max(Counter(map(tuple, rows)).values()) == 1, "both took every alert; there is one notice of it"
    engine.dispose()
    assert repeated(stack.twilio.bodies()) <= 1
    assert alive[0].metric("backhaul_webhook_messages_pending", channel="whatsapp") == 0


def who_sends(engine: Engine) -> int | None:
    """The process that holds the lease of a message on its way."""
    held = (lanes.c.channel == messages.c.channel) & (lanes.c.recipient == messages.c.recipient)
    on_its_way = select(lanes.c.lease_owner).join(messages, held).where(messages.c.state == MessageState.SENDING)
    with engine.connect() as connection:
        owner = connection.execute(on_its_way.where(lanes.c.lease_owner.is_not(None)).limit(1)).scalar()
    return int(owner.split("|")[1]) if owner else None


def repeated(bodies: Sequence[str]) -> int:
    """How many messages tell an alert that an earlier one told."""
    told: set[int] = set()
    again = 0
    for body in bodies:
        numbers = {int(number) for number in re.findall(r"number (\d+)", body)}
        again += bool(numbers & told)
        told |= numbers
    return again
