"""What tests of alerts, messages, maintenance, users and settings do again and again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import insert, select
from werkzeug.test import TestResponse

from inventory.outbox import messages, notices
from inventory.outbox_entry import add_notices
from inventory.registry import alert_log, alerts
from inventory.registry.alert_log import Reported
from inventory.registry.alerts import AlertRow
from inventory.registry.scope import SERVICE, Scope
from portal.services import Services
from tests.portal.conftest import csrf_of
from tests.portal.world import SKY, Isp

# A script, a formula, quotes, an override that turns the line around, and 10 kB.
HOSTILE = "<script>alert(1)</script>=1+1\"'\u202egnirts " + "x" * 10_000


def post(client: FlaskClient, path: str, form: Mapping[str, str] | None = None) -> TestResponse:
    """Send a form, with the token every form carries."""
    return client.post(path, data={"csrf": csrf_of(client), **(form or {})})


def report(services: Services, *, isp: Isp = SKY, number: int = 77, confirmed: bool = True, **given: Any) -> AlertRow:
    """Let the webhook hear of an alert: `labels` and `annotations` beside the usual, `ago` and `ended` in seconds."""
    now = time.time()
    started = now - given.get("ago", 600)
    name = given.get("name", "CircuitDown")
    labels = {"alertname": name, "isp": isp.id, **given.get("labels", {})}
    words = {"summary": "Circuit down", **given.get("annotations", {})}
    ended = None if given.get("ended") is None else now - given["ended"]
    alert = Reported(
        f"{number:016x}", f"at {started}", started, ended, name, given.get("severity", "critical"), labels, words
    )
    with services.registry.write(SERVICE) as tx:
        alert_log.note(tx.connection, [alert], confirmed=confirmed)
        found = alerts.find(tx, alert.fingerprint, alert.starts_at)
    assert found is not None
    return found


def told(services: Services, alert: AlertRow, state: str, **given: Any) -> int:
    """A notice of `alert` in that state; returns its id. `body` is the message's text."""
    now = time.time()
    message = given.pop("message", None)
    row = {
        "fingerprint": alert.fingerprint,
        "starts_at": alert.starts_at,
        "status": "firing",
        "recipient": "+8801711111111",
        "channel": "whatsapp",
        "address": "+8801711111111",
        "fallback_address": None,
        "language": "en",
        "role": "operator",
        "rank": 0,
        "alertname": alert.alertname,
        "isp": alert.isp,
        "tenant": alert.tenant,
        "device": None,
        "alert": {"labels": dict(alert.labels), "annotations": dict(alert.annotations), "ends_at": None},
        "state": state,
        "reason": None,
        "attempts": 0,
        "fell_back": False,
        "received_at": now,
        "queued_at": now,
        "due_at": now,
        "message_id": message,
    }
    row |= given
    with services.registry.write(SERVICE) as tx:
        add_notices(tx.connection, [row])
        found: int = tx.connection.execute(
            select(notices.c.id).where(
                notices.c.fingerprint == row["fingerprint"], notices.c.recipient == row["recipient"]
            )
        ).scalar_one()
    return found


def write_message(services: Services, identifier: str, body: str, isp: str | None) -> None:
    """The message some notices went out with, all of them of `isp` where it says one."""
    row = {"id": identifier, "channel": "whatsapp", "recipient": "r", "address": "+8801711111111", "isp": isp,
           "subject": "", "body": body, "state": "accepted", "posted_at": time.time(), "check_at": 0.0}  # fmt: skip
    with services.registry.write(SERVICE) as tx:
        tx.connection.execute(insert(messages).values(row))


def alert_now(services: Services, alert: AlertRow, isp: Isp = SKY) -> AlertRow:
    """The alert as it is now."""
    with services.registry.read(Scope("staff", isp.id)) as tx:
        found = alerts.get(tx, alert.id)
    assert found is not None
    return found
