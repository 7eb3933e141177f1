"""A tenant's circuits and alerts. Every query is in the tenant's own scope, and so is every figure."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, render_template

from inventory.models import Circuit, Maintenance
from inventory.registry import alerts, finding, tenants, windows
from inventory.registry.alerts import AlertRow, Filters
from inventory.registry.listing import in_service
from inventory.registry.pages import MOST_PER_PAGE
from inventory.registry.scope import Transaction
from portal import usage
from portal.context import today, zone
from portal.figures import Now
from portal.grafana.addresses import Embedded, is_configured
from portal.my import words
from portal.services import services
from portal.staff import asked
from portal.staff.around import isp, seen
from portal.standing import own_states
from portal.states import CircuitNow, State, circuits_now
from portal.tenancy import identity, needs

blueprint = Blueprint("my", __name__)

PER_PAGE = 30  # circuits, and alerts
# Charts of the portal (portal/chart_table.py), in the order of the same panels' numbers on Grafana's dashboard.
_HISTORY = (("circuit-traffic", "Traffic"), ("circuit-ping", "Latency"), ("circuit-loss", "Loss"))
_ALL_TRAFFIC = 2  # the number of that panel on the dashboard of all circuits
_RECENT = 10  # alerts on a circuit's page


@dataclass(frozen=True, slots=True)
class Shown:
    """One circuit of the list, as it is now, with the work that is announced for it."""

    circuit: Circuit
    now: CircuitNow
    windows: tuple[Maintenance, ...]

    @property
    def ways(self) -> tuple[usage.Direction, usage.Direction]:
        """Download and upload."""
        return usage.of_circuit(self.circuit, self.now)


@blueprint.get("/my")
@needs("own.read")
def index() -> str:
    """All of a tenant's circuits, and how much they use together."""
    moment = time.time()
    with services().registry.read(identity().scope) as tx:
        page = tenants.list_circuits(tx, page=asked.page_number(), per_page=PER_PAGE)
        service = in_service(tx, today())
        announced = _announced(tx, moment)
        firing = alerts.list_alerts(tx, Filters(firing=True), per_page=5)
        names = _names(tx, firing.items)
    own = [row.circuit for row in page.items]
    now = _now(own)
    together = seen(usage.tenant_now(services().prometheus, isp(), _tenant()))[_tenant()]
    return render_template(
        "my/index.html",
        shown=[Shown(circuit, now[circuit.id], announced.get(circuit.id, ())) for circuit in _worst_first(own, now)],
        page=page,
        service=service,
        together=together,
        ways=together.against(service.committed),
        states=_states(own, now) if page.pages == 1 else seen(own_states(services().prometheus, isp(), _tenant())),
        firing=firing,
        words=words,
        names=names,
        history=[_all_traffic()] if page.total > 1 else [],
        embedded=is_configured(),
        State=State,
    )


@blueprint.get("/my/circuits/<circuit>")
@needs("own.read")
def circuit(circuit: str) -> str:
    """One circuit: its plan and promises, how it is and was, its alerts and announced work."""
    moment = time.time()
    with services().registry.read(identity().scope) as tx:
        row = tenants.get_circuit(tx, circuit)
        if row is None:
            abort(404)
        plans = tenants.plan_history(tx, circuit)
        recent = alerts.list_alerts(tx, Filters(circuit=circuit), per_page=_RECENT)
        announced = _announced(tx, moment - 30 * 86400).get(circuit, ())
    own = row.circuit
    return render_template(
        "my/circuit.html",
        shown=Shown(own, _now([own])[own.id], announced),
        plans=plans[::-1],
        recent=recent,
        words=words,
        names={own.id: own.name},
        history=_history(own),
        embedded=is_configured(),
    )


@blueprint.get("/my/alerts")
@needs("own.read")
def my_alerts() -> str:
    """What fires now, or all there was, in words."""
    state = asked.choice("state", ("open", "all"), "open")
    with services().registry.read(identity().scope) as tx:
        page = alerts.list_alerts(tx, Filters(firing=True if state == "open" else None), asked.page_number(), PER_PAGE)
        names = _names(tx, page.items)
    return render_template("my/alerts.html", page=page, state=state, names=names, words=words)


def _history(circuit: Circuit) -> list[Embedded]:
    return [
        Embedded("tenant-circuit", number, title, chart, {"circuit": circuit.id}, zone().key)
        for number, (chart, title) in enumerate(_HISTORY, start=1)
    ]


def _all_traffic() -> Embedded:
    title = "Traffic of all circuits"
    return Embedded("tenant-circuits", _ALL_TRAFFIC, title, "tenant-traffic", {"tenant": _tenant()}, zone().key)


def _tenant() -> str:
    tenant = identity().tenant
    assert tenant is not None  # own.read is a tenant's
    return tenant


def _now(circuits: list[Circuit]) -> Now[CircuitNow]:
    return seen(circuits_now(services().prometheus, isp(), [one.id for one in circuits], tenant=_tenant()))


def _states(circuits: list[Circuit], now: Mapping[str, CircuitNow]) -> Mapping[str, int]:
    """How many are in which state, as their badges say; with more pages than one it is what was recorded."""
    return Counter(now[circuit.id].state.value for circuit in usage.in_service(circuits, today()))


def _announced(tx: Transaction, since: float) -> Mapping[str, tuple[Maintenance, ...]]:
    """The work that ends after `since`, by circuit, the next first."""
    found: dict[str, list[Maintenance]] = {}
    for row in windows.list_maintenance(tx, since=since, per_page=MOST_PER_PAGE).items:
        for name in row.maintenance.circuits:
            found.setdefault(name, []).append(row.maintenance)
    return {name: tuple(sorted(each, key=lambda window: window.starts)) for name, each in found.items()}


def _worst_first(circuits: list[Circuit], now: Mapping[str, CircuitNow]) -> list[Circuit]:
    """What is down stands on top of its page; else the order is that of the contract."""
    return sorted(circuits, key=lambda one: now[one.id].state is not State.DOWN)


def _names(tx: Transaction, rows: Sequence[AlertRow]) -> dict[str, str]:
    """The names of the circuits these alerts are about, by id."""
    about = [row.labels["circuit"] for row in rows if row.labels.get("circuit")]
    return {hit.id: hit.name for hit in finding.circuits_of(tx, about)}
