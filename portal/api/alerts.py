"""The history of alerts: read by filters, and acknowledged."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Response
from marshmallow import fields, validate
from werkzeug.exceptions import NotFound

from inventory.registry import alerts, watching
from inventory.registry.alerts import AlertRow, Filters, Over
from inventory.registry.pages import HIGHEST_ID
from inventory.registry.scope import Transaction
from portal.api.answers import versioned
from portal.api.asked import actor
from portal.api.bodies import json_body
from portal.api.fields import Shape, described, identifier, word
from portal.api.operations import operation, subject
from portal.api.paging import LINK_HEADERS, PageQuery, page_of, paged, printable
from portal.api.problems import FieldError, Refused, invalid
from portal.api.times import When, utc
from portal.my import words
from portal.roles import Permission
from portal.services import services
from portal.tenancy import identity

blueprint = subject("Alerts", "What fired, since when, and who is looking after it.")

_READ: tuple[Permission, ...] = ("alerts.read", "own.read")
_TOLD = described("As in Prometheus; a tenant reads those about its circuits.")
_OWN_LABELS = frozenset({"alertname", "severity", "isp", "tenant", "circuit", "direction"})
_OWN_ANNOTATIONS = frozenset({"value", "limit", "unit"})
_ID = f"<int(max={HIGHEST_ID}):number>"  # a larger number is no id, so 404


class Acknowledged(Shape):
    """Who is looking after an alert."""

    at = fields.String(required=True, metadata=described("Since when.", "2026-11-20T01:00:00.000Z"))
    by = fields.String(allow_none=True, metadata=described("Who; null for a tenant.", "noc@example.net"))
    note = fields.String(
        allow_none=True, metadata=described("His words; null for a tenant.", "technician is on the way")
    )


class Alert(Shape):
    """One alert from its beginning to its end."""

    id = fields.Integer(required=True, metadata=described("In the order they were heard of.", 7))
    alertname = fields.String(required=True, metadata=described("Which rule.", "CircuitDown"))
    severity = fields.String(required=True, metadata=described("critical, warning or info.", "critical"))
    firing = fields.Boolean(required=True, metadata=described("As far as anybody knows.", example=True))
    tenant = fields.String(required=True, allow_none=True, metadata=described("Whose it is.", "r1001"))
    summary = fields.String(required=True, metadata=described("What is wrong.", "Uttara uplink is down"))
    labels = fields.Dict(fields.String(), fields.String(), required=True, metadata=_TOLD)
    annotations = fields.Dict(fields.String(), fields.String(), required=True, metadata=_TOLD)
    started = fields.String(required=True, metadata=described("When it began.", "2026-11-20T01:00:00.000Z"))
    ended = fields.String(required=True, allow_none=True, metadata=described("null while it fires."))
    acknowledged = fields.Nested(Acknowledged, required=True, allow_none=True)


class TenantsAlertFilter(PageQuery):
    """Which of a tenant's alerts."""

    firing = fields.Boolean(
        truthy={"true"}, falsy={"false"}, metadata=described("Only those that fire, or not.", "true")
    )
    acknowledged = fields.Boolean(truthy={"true"}, falsy={"false"}, metadata=described("Only those that are, or not."))
    severity = word("How bad.", ("critical", "warning", "info"))
    alertname = printable("Which rule.", "CircuitDown")
    circuit = identifier("Of this circuit.", "r1001-main")
    link = identifier("Of this link; a tenant finds none by it.", "nttn-dhaka")
    device = identifier("Of this device; a tenant finds none by it.", "core-1")
    search = printable("Part of its name, its text or its labels.", "uplink")
    since = When("Firing at this time or later.")
    until = When("Begun before this time.")
    before = fields.Integer(
        validate=validate.Range(1, HIGHEST_ID),
        metadata=described("Those behind the alert of this number: the last one you have. `next` leads on by it.", 7),
    )


class AlertFilter(TenantsAlertFilter):
    """Which alerts."""

    tenant = identifier("Of this tenant.", "r1001")


class Note(Shape):
    """What whoever looks after an alert says."""

    note = fields.String(
        validate=validate.Length(max=alerts.NOTE_LIMIT),
        metadata=described("For colleagues.", "technician is on the way"),
    )


def _read_filters(query: Mapping[str, Any], tenant: str | None) -> Filters:
    return Filters(
        firing=query.get("firing"),
        acknowledged=query.get("acknowledged"),
        severity=query.get("severity"),
        alertname=query.get("alertname"),
        tenant=tenant,
        circuit=query.get("circuit"),
        link=query.get("link"),
        device=query.get("device"),
        text=query.get("search"),
        since=query.get("since"),
        until=query.get("until"),
    )


def _behind(tx: Transaction, number: int | None) -> AlertRow | None:
    """The alert of that number, behind which a list goes on."""
    found = None if number is None else alerts.get(tx, number)
    if number is not None and found is None:
        raise invalid([FieldError("before", "is the number of no alert; expected that of the last one you have")])
    return found


def _shown(tx: Transaction, rows: Sequence[AlertRow]) -> Callable[[AlertRow], dict[str, Any]]:
    """How these are written: for a tenant in words about its circuits, whose names are read here."""
    if identity().tenant is None:
        return written
    names = watching.circuit_names(tx, rows)
    return lambda row: _own(row, names.get(row.id))


def _own(row: AlertRow, circuit_name: str | None) -> dict[str, Any]:
    """What a tenant reads: nothing of the network behind its circuits, and nothing the staff said among themselves."""
    whole = written(row)
    summary = words.sentence(row, {row.labels["circuit"]: circuit_name} if circuit_name else {})
    annotations = {key: text for key, text in row.annotations.items() if key in _OWN_ANNOTATIONS}
    return {
        **whole,
        "summary": summary,
        "labels": {key: text for key, text in row.labels.items() if key in _OWN_LABELS},
        "annotations": {"summary": summary, **annotations},
        "acknowledged": whole["acknowledged"] and {"at": whole["acknowledged"]["at"], "by": None, "note": None},
    }


def written(row: AlertRow) -> dict[str, Any]:
    """One alert as the API shows it to the staff."""
    acknowledged = {"at": utc(row.acknowledged_at), "by": row.acknowledged_by, "note": row.note}
    return {
        "id": row.id,
        "alertname": row.alertname,
        "severity": row.severity,
        "firing": row.is_open,
        "tenant": row.tenant,
        "summary": row.summary,
        "labels": dict(row.labels),
        "annotations": dict(row.annotations),
        "started": utc(row.started),
        "ended": utc(row.ended),
        "acknowledged": acknowledged if row.acknowledged_at is not None else None,
    }


def alerts_page(query: Mapping[str, Any], tenant: str | None) -> Response:
    """A page of the alerts that pass the filters."""
    with services().registry.read(identity().scope) as tx:
        behind = _behind(tx, query.get("before"))
        wanted = _read_filters(query, tenant)
        page = alerts.list_alerts(tx, wanted, query["page"], query["per_page"], behind=behind)
        shown = _shown(tx, page.items)
    return paged(page, shown, after={"before": str(page.items[-1].id)} if page.items else None)


@operation(
    blueprint,
    "GET",
    "/alerts",
    permissions=_READ,
    name="list_alerts",
    summary="List alerts",
    description="The newest first. A tenant sees its own. The list grows while it is read: follow `next`, which goes "
    "on by `before`, and none comes twice.",
    query=AlertFilter,
    answer=page_of(Alert, "Alert"),
    headers=LINK_HEADERS,
)
def list_alerts(query: Mapping[str, Any]) -> Response:
    """Alerts by filters."""
    return alerts_page(query, query.get("tenant"))


@operation(
    blueprint,
    "GET",
    f"/alerts/{_ID}",
    permissions=_READ,
    name="get_alert",
    summary="Get an alert",
    description="One alert.",
    answer=Alert,
    versioned=True,
)
def get_alert(number: int) -> Response:
    """One alert."""
    with services().registry.read(identity().scope) as tx:
        row = alerts.get(tx, number)
        if row is None:
            raise NotFound
        body = _shown(tx, [row])(row)
    return versioned(body, row.changed)


@operation(
    blueprint,
    "POST",
    f"/alerts/{_ID}/acknowledge",
    permissions=("alerts.acknowledge",),
    name="acknowledge_alert",
    summary="Acknowledge an alert",
    description="Say that you look after it. Messages go on as they would: this silences nothing. The last word stays, "
    "so no If-Match is wanted. 409 where it is over.",
    body=Note,
    example={"note": "technician is on the way"},
    answer=Alert,
    refusals=(409,),
)
def acknowledge_alert(number: int) -> Response:
    """Take down who looks after an alert."""
    note = _note(json_body())
    try:
        with services().registry.write(identity().scope) as tx:
            alerts.acknowledge(tx, number, actor(), note, time.time())
            row = alerts.get(tx, number)
    except Over as over:
        raise Refused(409, f"{str(over).capitalize()}.") from None
    if row is None:
        raise NotFound
    return versioned(written(row), row.changed)


def _note(body: Mapping[str, Any]) -> str:
    errors = [FieldError(key, "unknown key; expected note") for key in body if key != "note"]
    note = body.get("note", "")
    if not isinstance(note, str) or len(note) > alerts.NOTE_LIMIT:
        errors.append(FieldError("note", f"is not text of at most {alerts.NOTE_LIMIT} characters"))
    elif not all(character.isprintable() or character in "\n\u200c\u200d" for character in note):
        errors.append(FieldError("note", "has characters that cannot be printed; expected text"))
    if errors:
        raise invalid(errors)
    return str(note).strip()
