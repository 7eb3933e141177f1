"""The first page of the staff: what is full, what is down, what is being worked on; counts are recorded series."""

from __future__ import annotations

import time
from dataclasses import dataclass

from flask import Blueprint, g, render_template

from inventory.registry import finding
from inventory.registry.alerts import Filters
from inventory.registry.devices import list_devices
from inventory.registry.links import list_links
from inventory.registry.scope import Transaction
from inventory.registry.windows import MaintenanceRow, list_maintenance
from portal.services import services
from portal.staff.around import alerts_of, isp, seen
from portal.states import (
    DeviceNow,
    Overview,
    State,
    circuits_down,
    devices_now,
    links_now,
    overview_counts,
    resellers_busiest,
)
from portal.tenancy import identity, needs

blueprint = Blueprint("overview", __name__)

LINKS, DOWN, ALERTS, BUSIEST, WINDOWS = 20, 15, 10, 10, 5
NOTHING_MEASURED = (
    "Nothing is measured right now: Prometheus answers, and knows the state of none of your routers and circuits. "
    "Where this lasts longer than a minute, see whether the exporter runs, and what Prometheus says of it (/targets)."
)
# So many routers are looked at, and of those so many shown, the ones that are down first.
DEVICES_READ, DEVICES = 100, 10


@dataclass(frozen=True, slots=True)
class Busy:
    """A reseller and how much it uses of what it bought."""

    id: str
    name: str
    utilization: float


@dataclass(frozen=True, slots=True)
class Router:
    """A device as it is now."""

    id: str
    place: str | None
    now: DeviceNow


@blueprint.get("/overview")
@needs("network.read")
def index() -> str:
    """How the network is: seven queries, however large it is."""
    prometheus = services().prometheus
    counts = overview_counts(prometheus, isp())
    g.prometheus_away = counts.away is not None
    busiest = list(seen(resellers_busiest(prometheus, isp())).items())[:BUSIEST]
    down = list(seen(circuits_down(prometheus, isp())))[:DOWN]
    with services().registry.read(identity().scope) as tx:
        links = list_links(tx, per_page=LINKS)
        devices = list_devices(tx, per_page=DEVICES_READ)
        names = finding.names_of(tx, [tenant for tenant, _ in busiest])
        fallen = finding.circuits_of(tx, down)
        alerts = alerts_of(tx, Filters(firing=True), ALERTS)
        windows = _windows(tx)
    if counts.away is None and devices.total and not _measured(counts):
        g.banners = (*g.get("banners", ()), NOTHING_MEASURED)
    states = seen(devices_now(prometheus, isp(), [row.device.id for row in devices.items]))
    routers = [Router(row.device.id, row.device.place, states[row.device.id]) for row in devices.items]
    routers.sort(key=lambda router: router.now.state is not State.DOWN)
    return render_template(
        "staff/overview.html",
        counts=counts,
        links=links,
        links_now=seen(links_now(prometheus, isp(), [row.link.id for row in links.items])),
        busiest=[Busy(tenant, names[tenant], used) for tenant, used in busiest if tenant in names],
        down=fallen,
        alerts=alerts,
        windows=windows,
        routers=routers[:DEVICES],
        router_total=devices.total,
    )


def _measured(counts: Overview) -> bool:
    """Whether anything is up or down; without an exporter all is unknown, and after some minutes not even counted."""
    return any(states.get(state) for states in (counts.circuits, counts.devices) for state in ("up", "down"))


def _windows(tx: Transaction) -> list[MaintenanceRow] | None:
    """The maintenance that is under way; None for a role that may not see it."""
    if not identity().may("maintenance.read"):
        return None
    now = time.time()
    return list(list_maintenance(tx, since=now, until=now, per_page=WINDOWS).items)
