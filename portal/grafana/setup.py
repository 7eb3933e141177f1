"""Makes a new Grafana ours: organisations, data sources and dashboards. Run again it changes nothing.

Files can provision the main organisation alone: a provisioning file that names an organisation which is not there yet
keeps Grafana from starting.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inventory.secrets import Secret
from portal.binding import Audience
from portal.grafana.admin import Admin, GrafanaFailed, GrafanaNotThere
from portal.grafana.panels import ORGANISATIONS, SOURCES, Table

NAMES: Mapping[Audience, str] = {"tenant": "Customers", "staff": "Staff", "platform": "Platform"}
WAIT_SECONDS = 120.0
_AGAIN = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to be: the gateway's address as Grafana reaches it, its token, and the dashboards' folder."""

    gateway_url: str
    gateway_token: Secret
    dashboards: Path
    table: Table


def set_up(admin: Admin, plan: Plan, say: Callable[[str], None], *, wait: float = WAIT_SECONDS) -> None:
    """Make everything. Raises GrafanaFailed with the first thing that cannot be."""
    say(f"Grafana {_wait(admin, wait)}")
    for audience, number in ORGANISATIONS.items():
        say(f"organisation {number} {NAMES[audience]}: {_organisation(admin, number, NAMES[audience])}")
        source = datasource(plan, SOURCES[audience])
        say(f"organisation {number} data source {source['uid']}: {admin.put_datasource(number, source)}")
    for dashboard in _dashboards(plan):
        number = ORGANISATIONS[plan.table[dashboard["uid"]].audience]
        say(f"organisation {number} dashboard {dashboard['uid']}: {admin.put_dashboard(number, dashboard)}")


def datasource(plan: Plan, uid: str) -> Mapping[str, Any]:
    """The gateway as a data source. Grafana keeps what is in secureJsonData sealed, and gives it to nobody."""
    return {
        "name": "Backhaul",
        "uid": uid,
        "type": "prometheus",
        "access": "proxy",
        "url": plan.gateway_url,
        "isDefault": True,
        "basicAuth": False,
        "jsonData": {
            "httpMethod": "POST",
            "timeInterval": "15s",
            "prometheusType": "Prometheus",
            "disableRecordingRules": True,
            "httpHeaderName1": "Authorization",
        },
        "secureJsonData": {"httpHeaderValue1": f"Bearer {plan.gateway_token.reveal()}"},
    }


def _wait(admin: Admin, seconds: float) -> str:
    """Grafana's version, once it answers."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return admin.version()
        except GrafanaNotThere as error:
            if time.monotonic() > deadline:
                raise GrafanaFailed(f"waited {seconds:g} s in vain: {error}") from error
        time.sleep(_AGAIN)


def _organisation(admin: Admin, number: int, name: str) -> str:
    """Grafana numbers organisations in order and never twice: ours are 1, 2 and 3 where it is ours alone."""
    known = admin.organisations().get(number)
    if known == name:
        return "kept"
    if known is not None:
        if number != 1:
            raise GrafanaFailed(
                f'organisation {number} is "{known}", not "{name}": Backhaul needs a Grafana of its own'
            )
        admin.rename_organisation(number, name)
        return f'named; it was "{known}"'
    made = admin.make_organisation(name)
    if made != number:
        raise GrafanaFailed(
            f'the organisation "{name}" was given number {made} where {number} is needed: Backhaul needs a Grafana of'
            " its own, on a new database"
        )
    return "made"


def _dashboards(plan: Plan) -> list[dict[str, Any]]:
    files = sorted(plan.dashboards.glob("**/*.json"))
    if not files:
        raise GrafanaFailed(f"there are no dashboards in {plan.dashboards}")
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    if unknown := [one.get("uid") for one in found if one.get("uid") not in plan.table]:
        raise GrafanaFailed(f"the table of panels does not know the dashboards {unknown}")
    return found
