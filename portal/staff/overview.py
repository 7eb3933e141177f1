"""The first page of the staff: what is full, what is down, what is being worked on; counts are recorded series."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, g, render_template

from inventory.registry import finding
from inventory.registry.alerts import Filters
from inventory.registry.listing import device_ids, link_ids
from inventory.registry.scope import Transaction
from inventory.registry.windows import MaintenanceRow, list_maintenance
from portal.services import services
from portal.staff.around import alerts_of, isp, seen
from portal.staff.choosing import device_rows, link_rows
from portal.standing import UNKNOWN, Standing, devices_standing, links_standing
from portal.states import (
    DeviceNow,
    Overview,
    circuits_down,
    devices_now,
    links_now,
    overview_counts,
    resellers_busiest,
)
from portal.tenancy import identity, needs
from portal.usage import TenantNow, tenants_now

blueprint = Blueprint("overview", __name__)

LINKS, DOWN, ALERTS, BUSIEST, DEVICES, WINDOWS = 20, 15, 10, 10, 10, 5
NOTHING_MEASURED = (
    "Nothing is measured right now: Prometheus answers, and knows the state of none of your routers and circuits. "
    "Where this lasts longer than a minute, see whether the exporter runs, and what Prometheus says of it (/targets)."
)


@dataclass(frozen=True, slots=True)
class Busy:
    """A reseller and how much it uses of what it bought."""

    id: str
    name: str
    now: TenantNow


@dataclass(frozen=True, slots=True)
class Router:
    """A device as it is now."""

    id: str
    place: str | None
    now: DeviceNow


@blueprint.get("/overview")
@needs("network.read")
def index() -> str:
    """How the network is: eight queries, however large it is. What is down stands first, then what is fullest."""
    prometheus = services().prometheus
    counts = overview_counts(prometheus, isp())
    g.prometheus_away = counts.away is not None
    busiest = list(seen(resellers_busiest(prometheus, isp())))[:BUSIEST]
    used = seen(tenants_now(prometheus, isp(), busiest))
    down = list(seen(circuits_down(prometheus, isp())))[:DOWN]
    link_order, device_order = seen(links_standing(prometheus, isp())), seen(devices_standing(prometheus, isp()))
    with services().registry.read(identity().scope) as tx:
        all_links, all_devices = link_ids(tx), device_ids(tx)
        links = link_rows(tx, _first(all_links, link_order, LINKS))
        devices = device_rows(tx, _first(all_devices, device_order, DEVICES))
        names = finding.names_of(tx, busiest)
        fallen = finding.circuits_of(tx, down)
        alerts = alerts_of(tx, Filters(firing=True), ALERTS)
        windows = _windows(tx)
    if counts.away is None and all_devices and not _measured(counts):
        g.banners = (*g.get("banners", ()), NOTHING_MEASURED)
    states = seen(devices_now(prometheus, isp(), [row.device.id for row in devices]))
    return render_template(
        "staff/overview.html",
        counts=counts,
        links=links,
        links_now=seen(links_now(prometheus, isp(), [row.link.id for row in links])),
        link_total=len(all_links),
        busiest=[Busy(tenant, names[tenant], used[tenant]) for tenant in busiest if tenant in names],
        down=fallen,
        alerts=alerts,
        windows=windows,
        routers=[Router(row.device.id, row.device.place, states[row.device.id]) for row in devices],
        router_total=len(all_devices),
    )


def _first(ids: Sequence[str], standing: Mapping[str, Standing], few: int) -> Sequence[str]:
    """The ones to look at first; of equals, and of those nothing is known of, the first of the file."""
    return sorted(ids, key=lambda one: standing.get(one, UNKNOWN).order)[:few]


def _measured(counts: Overview) -> bool:
    """Whether anything is up or down; without an exporter all is unknown, and after some minutes not even counted."""
    return any(states.get(state) for states in (counts.circuits, counts.devices) for state in ("up", "down"))


def _windows(tx: Transaction) -> list[MaintenanceRow] | None:
    """The maintenance that is under way; None for a role that may not see it."""
    if not identity().may("maintenance.read"):
        return None
    now = time.time()
    return list(list_maintenance(tx, since=now, until=now, per_page=WINDOWS).items)
