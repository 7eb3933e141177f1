"""What tenants and circuits use of what they bought: now, and looking back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import fields

from inventory.models import Circuit, Tenant
from inventory.registry.tenants import TenantRow
from portal.api.answers import answer
from portal.api.asked import own_isp
from portal.api.circuits import CIRCUITS
from portal.api.fields import Shape, described
from portal.api.operations import operation
from portal.api.problems import Refused
from portal.api.ranges import Range, RangeQuery, asked
from portal.api.status import AWAY, figure, mbps
from portal.api.tenants import TENANTS
from portal.api.things import Kind
from portal.api.times import utc
from portal.binding import MAX_IDS
from portal.context import today
from portal.prometheus import PrometheusAway
from portal.services import services
from portal.states import CircuitNow, circuits_now
from portal.tenancy import identity
from portal.usage import Direction, bought, in_service, of_circuit, tenant_now
from portal.usage import TenantNow as Together


class Rates(Shape):
    """How much, each way as the tenant sees it; the last 5 minutes."""

    download_mbps = figure("To the tenant.", 158.2)
    upload_mbps = figure("From the tenant.", 21.4)
    committed_download_mbps = fields.Float(required=True, metadata=described("Bought.", 200))
    committed_upload_mbps = fields.Float(required=True, metadata=described("Bought.", 200))
    utilization_ratio = figure("The fuller direction of what was bought.", 0.79)


class CircuitUsage(Rates):
    """One circuit, now."""

    circuit = fields.String(required=True, metadata=described("The circuit.", "r1001-main"))
    in_service = fields.Boolean(
        required=True, metadata=described("Within its active dates; else it is not measured.", example=True)
    )
    state = fields.String(required=True, metadata=described("up, down, idle, unknown or maintenance.", "up"))
    rtt_ms = figure("Ping, mean of the last 5 minutes.", 3.2)
    loss_ratio = figure("0 to 1, the last 5 minutes.", 0.0)


class TenantNow(Rates):
    """All circuits that are in service together, now."""

    level = fields.String(required=True, metadata=described("green, yellow (80 %), red (full) or unknown.", "green"))
    complete = fields.Boolean(required=True, metadata=described("If not, it is `at least`: circuits are not measured."))


class Point(Shape):
    """A moment of the past."""

    time = fields.String(required=True, metadata=described("When.", "2026-11-20T01:00:00.000Z"))
    download_mbps = figure("To the tenant.", 158.2)
    upload_mbps = figure("From the tenant.", 21.4)


class History(Shape):
    """Looking back; a point that was not measured is not there."""

    start = fields.String(required=True, metadata=described("The first moment."))
    end = fields.String(required=True, metadata=described("The last moment."))
    step_seconds = fields.Integer(required=True, metadata=described("Between two points.", 300))
    points = fields.List(fields.Nested(Point), required=True)


class _Usage(Shape):
    history = fields.Nested(History, required=True, allow_none=True)
    away = fields.String(required=True, allow_none=True, metadata=AWAY)


class TenantUsage(_Usage):
    """What a tenant uses of what it bought."""

    tenant = fields.String(required=True, metadata=described("Whose.", "r1001"))
    now = fields.Nested(TenantNow, required=True)
    circuits = fields.List(fields.Nested(CircuitUsage), required=True, metadata=described("The first 1,000 of them."))


class OneCircuitUsage(_Usage):
    """What a circuit carries of what was bought."""

    tenant = fields.String(required=True, metadata=described("Whose.", "r1001"))
    now = fields.Nested(CircuitUsage, required=True)


def _rates(ways: tuple[Direction, Direction], utilization: float | None) -> dict[str, Any]:
    download, upload = ways
    return {
        "download_mbps": mbps(download.used),
        "upload_mbps": mbps(upload.used),
        "committed_download_mbps": mbps(download.bought),
        "committed_upload_mbps": mbps(upload.bought),
        "utilization_ratio": utilization,
    }


def _circuit(circuit: Circuit, now: CircuitNow) -> dict[str, Any]:
    return {
        "circuit": circuit.id,
        "in_service": circuit.active.contains(today()),
        "state": now.state.value,
        **_rates(of_circuit(circuit, now), now.utilization),
        "rtt_ms": None if now.rtt_seconds is None else round(now.rtt_seconds * 1000, 3),
        "loss_ratio": now.loss_ratio,
    }


def _tenant(tenant: Tenant, now: Together) -> dict[str, Any]:
    ways = now.against(bought(in_service(tenant.circuits, today())))
    return {**_rates(ways, now.utilization), "level": now.level, "complete": now.complete}


def _history(wanted: Range | None, kind: str, **bound: str) -> dict[str, Any] | None:
    """The two lines over time. Raises Refused while Prometheus does not answer: there is no past to show then."""
    if wanted is None:
        return None
    try:
        download = wanted.query(services().prometheus, f"{kind}-download", **bound)
        upload = wanted.query(services().prometheus, f"{kind}-upload", **bound)
    except PrometheusAway as away:
        raise Refused(503, str(away), headers={"Retry-After": "10"}) from None
    points = [
        {"time": utc(when), "download_mbps": mbps(download.get(when)), "upload_mbps": mbps(upload.get(when))}
        for when in sorted({*download, *upload})
    ]
    return {**wanted.shown(), "points": points}


_ABOUT = """\
Now, from the last 5 minutes; with `start` also looking back, at most 400 days and 1,000 points. From 15 minutes \
between two points on each is a mean: of 15 minutes, from an hour on of an hour, from 6 hours on of a day."""


def _of_tenants(kind: Kind[TenantRow, Tenant]) -> None:
    @operation(
        kind.blueprint,
        "GET",
        f"{kind.one}/usage",
        permissions=("tenants.read", "own.read"),
        name=f"get_{kind.singular}_usage",
        summary=f"Get what a {kind.singular} uses",
        description=_ABOUT,
        query=RangeQuery,
        answer=TenantUsage,
    )
    def view(query: Mapping[str, Any], tenant: str) -> Response:
        wanted = asked(query)
        with services().registry.read(identity().scope) as tx:
            row = kind.found(tx, tenant)
        ids = [circuit.id for circuit in row.tenant.circuits][:MAX_IDS]
        now = circuits_now(services().prometheus, own_isp(), ids, identity().tenant)
        together = tenant_now(services().prometheus, own_isp(), tenant)
        return answer(
            {
                "tenant": tenant,
                "now": _tenant(row.tenant, together[tenant]),
                "circuits": [_circuit(each, now[each.id]) for each in row.tenant.circuits if each.id in now],
                "history": _history(wanted, "tenant", isp=own_isp(), tenant=tenant),
                "away": together.away or now.away,
            }
        )


for each in TENANTS:
    _of_tenants(each)


@operation(
    CIRCUITS.blueprint,
    "GET",
    f"{CIRCUITS.one}/usage",
    permissions=CIRCUITS.reads,
    name="get_circuit_usage",
    summary="Get what a circuit carries",
    description=_ABOUT,
    query=RangeQuery,
    answer=OneCircuitUsage,
)
def get_circuit_usage(query: Mapping[str, Any], circuit: str) -> Response:
    """One circuit, now and looking back."""
    wanted = asked(query)
    with services().registry.read(identity().scope) as tx:
        found = CIRCUITS.found(tx, circuit).circuit
    now = circuits_now(services().prometheus, own_isp(), [circuit], identity().tenant)
    return answer(
        {
            "tenant": found.tenant,
            "now": _circuit(found, now[circuit]),
            "history": _history(wanted, "circuit", isp=own_isp(), tenant=found.tenant, circuit=circuit),
            "away": now.away,
        }
    )
