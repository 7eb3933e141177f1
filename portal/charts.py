"""What the charts of the pages are drawn from: figures over time as JSON, of things the one who asks may see."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest, NotFound

from inventory.registry.circuits import get_circuit
from inventory.registry.devices import get_device
from inventory.registry.links import get_link
from inventory.registry.scope import Scope, Transaction
from inventory.registry.tenants import get_tenant
from portal.binding import is_id
from portal.chart_table import CHARTS, Chart, Subject, Thing
from portal.context import zone
from portal.prometheus import PrometheusAway, Series
from portal.queries import CATALOGUE, Window, bind, mean_name
from portal.services import services
from portal.tenancy import identity, needs

blueprint = Blueprint("charts", __name__)

MAX_LINES = 12  # more cannot be told apart


@dataclass(frozen=True, slots=True)
class Span:
    """A range to draw: seconds in all and from point to point; `window` is what each point is the mean of.

    Without one it is what was recorded: the mean of 5 minutes, and of a device what it said.
    """

    seconds: int
    step: int
    window: Window | None


_MEANS: Mapping[Window | None, int] = {None: 300, "15m": 900, "1h": 3600, "1d": 86_400}

# At most 720 points: a point is then two pixels of a wide screen.
RANGES: Mapping[str, Span] = {
    "24h": Span(86_400, 120, None),
    "7d": Span(7 * 86_400, 900, "15m"),
    "30d": Span(30 * 86_400, 3_600, "1h"),
    "1y": Span(365 * 86_400, 86_400, "1d"),
}


@blueprint.get("/charts/<name>")
@needs("network.read", "own.read")
def show(name: str) -> Response:
    """The chart `name` of one thing. Gaps are null; while Prometheus is away `away` is a sentence and nothing is drawn.

    That is no error of the request, and browsers would report one to whoever looks at their console.
    """
    chart, span = _asked(name)
    scope = identity().scope
    bound, thing = _subject(chart.subject, scope)
    end = int(time.time()) // 60 * 60  # whoever asks within a minute asks the same, and shares the answer
    times = range(end - span.seconds + span.step, end + 1, span.step)
    away, drawn, plans = None, [], []
    try:
        for query in chart.queries(thing):
            drawn += list(_lines(query, bound, span, times))
        for query in chart.plans:  # a plan is no mean: it is what it was at that time
            plans += list(_lines(query, bound, replace(span, window=None), times))
    except PrometheusAway as error:
        away, drawn, plans = str(error), [], []
    return jsonify(
        title=chart.title,
        unit=chart.unit,
        stacked=chart.stacked,
        step=span.step,
        mean_seconds=_MEANS[span.window] if span.window or chart.subject != "device" else None,
        timezone=zone().key,
        times=list(times),
        series=drawn[:MAX_LINES],
        more=max(0, len(drawn) - MAX_LINES),
        plans=_merged(plans),
        thresholds=[asdict(limit) for limit in chart.limits(thing)],
        away=away,
    )


def _asked(name: str) -> tuple[Chart, Span]:
    chart = CHARTS.get(name)
    # A tenant's charts are those about a circuit or a tenant: their entries are of the tenant audience, a test holds.
    if chart is None or (identity().tenant is not None and chart.subject not in {"circuit", "tenant"}):
        raise NotFound
    wanted = request.args.get("range", "24h")
    if wanted not in RANGES:
        raise BadRequest(f"unknown range; expected one of {', '.join(RANGES)}")
    return chart, RANGES[wanted]


def _subject(subject: Subject, scope: Scope) -> tuple[Mapping[str, str], Thing]:
    """What the queries are bound to, and the thing itself. Raises NotFound for one the scope does not see."""
    bound = {"isp": scope.isp or ""}
    if subject == "isp":
        return bound, None
    wanted = request.args.get(subject, "")
    if not is_id(wanted):
        raise NotFound
    with services().registry.read(scope) as tx:
        found = _FIND[subject](tx, wanted)
    if found is None:
        raise NotFound
    more, thing = found
    return {**bound, subject: wanted, **more}, thing


def _circuit(tx: Transaction, wanted: str) -> tuple[Mapping[str, str], Thing] | None:
    row = get_circuit(tx, wanted)
    return None if row is None else ({"tenant": row.circuit.tenant}, row.circuit)


def _tenant(tx: Transaction, wanted: str) -> tuple[Mapping[str, str], Thing] | None:
    row = get_tenant(tx, wanted)
    return None if row is None else ({}, row.tenant)


def _link(tx: Transaction, wanted: str) -> tuple[Mapping[str, str], Thing] | None:
    row = get_link(tx, wanted)
    return None if row is None else ({}, row.link)


def _device(tx: Transaction, wanted: str) -> tuple[Mapping[str, str], Thing] | None:
    return None if get_device(tx, wanted) is None else ({}, None)


_FIND = {"circuit": _circuit, "tenant": _tenant, "link": _link, "device": _device}


def _lines(query: str, bound: Mapping[str, str], span: Span, times: range) -> Iterator[dict[str, Any]]:
    """The lines of one query: a label, and a value or null for each of `times`."""
    entry = CATALOGUE[mean_name(query, span.window) if span.window else query]
    found = services().prometheus.range(bind(entry, **bound), times[0], times[-1], span.step)
    for series in sorted(found, key=lambda one: _natural(_label(entry.legend, one.labels))):
        yield {"label": _label(entry.legend, series.labels), "values": _values(series, times)}


def _merged(plans: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """The plans of both directions; one line where they are the same all along."""
    first = plans[0] if plans else {}
    return [{**first, "label": "Plan"}] if plans and all(one["values"] == first["values"] for one in plans) else plans


def _values(series: Series, times: range) -> Sequence[float | None]:
    values = dict(series.points)
    return [values.get(float(when)) for when in times]


def _label(legend: str, labels: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda place: labels.get(place[1], ""), legend)


def _natural(text: str) -> list[tuple[int, str]]:
    """A key by which VLAN 9 comes before VLAN 10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", text)]
