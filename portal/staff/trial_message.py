"""A message that tests the way to a person: a notice like any other, which the running webhook delivers."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select

from inventory.models import Contact
from inventory.outbox import NoticeState, notices
from inventory.outbox_entry import add_notices
from inventory.registry import audit
from inventory.registry.audit import Actor
from inventory.registry.scope import SERVICE, Registry, Transaction
from portal.staff.messages import Delivery, Filters, list_deliveries

ALERTNAME = "TestMessage"

# So many in so many seconds for one isp: enough to try every contact, too few to annoy one.
LIMIT, PER_SECONDS = 10, 600.0
_SHOWN = 5
_RANK = 2  # like an alert of severity info


class TooMany(Exception):
    """There were enough of them for now."""


def send(registry: Registry, isp: str, contact: Contact, actor: Actor) -> None:
    """Put it into the outbox. Raises TooMany.

    In the scope of a service, as the outbox is the webhook's: staff may read it and write nothing there.
    """
    now = time.time()
    with registry.write(SERVICE) as tx:
        recent = (
            select(func.count())
            .select_from(notices)
            .where(notices.c.isp == isp, notices.c.alertname == ALERTNAME, notices.c.queued_at > now - PER_SECONDS)
        )
        if tx.connection.execute(recent).scalar_one() >= LIMIT:
            raise TooMany
        add_notices(tx.connection, [_notice(isp, contact, actor, now)])
        _, to = contact.ways[0]
        audit.record(tx, actor, "send test message", "contact", to, {"name": contact.name}, isp=isp)


def last(tx: Transaction) -> Sequence[Delivery]:
    """The last few, the newest first."""
    return list_deliveries(tx, Filters(alertname=ALERTNAME), per_page=_SHOWN).items


def _notice(isp: str, contact: Contact, actor: Actor, now: float) -> dict[str, object]:
    labels = {"alertname": ALERTNAME, "severity": "info", "isp": isp}
    words = {
        "summary": "Test message: nothing is wrong",
        "description": f"Sent from the portal by {actor.name}.",
    }
    channel, first = contact.ways[0]
    return {
        "fingerprint": f"test{secrets.token_hex(8)}",
        "starts_at": f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "status": "firing",
        "recipient": first,
        "channel": channel,
        "address": first,
        "fallback_address": None if channel == "email" else contact.email,
        "language": contact.language,
        "role": "operator",
        "rank": _RANK,
        "alertname": ALERTNAME,
        "isp": isp,
        "alert": {"labels": labels, "annotations": words, "ends_at": None},
        "state": NoticeState.PENDING,
        "received_at": now,
        "queued_at": now,
        "due_at": now,
    }
