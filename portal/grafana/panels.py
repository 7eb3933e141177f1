"""The table of panels: what each panel of our dashboards asks; written with the dashboards, from the same code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from portal.binding import Audience, Query
from portal.queries import CATALOGUE

PANELS_FILE = Path(__file__).with_name("panels.json")

Kind = Literal["range", "instant"]

# Grafana gives each organisation its number in order: `backhaul grafana setup` makes them so, and checks it.
ORGANISATIONS: Mapping[Audience, int] = {"tenant": 1, "staff": 2, "platform": 3}
# Each organisation has one data source, which is the gateway; the dashboards name it by this.
SOURCES: Mapping[Audience, str] = {"tenant": "backhaul", "staff": "backhaul", "platform": "prometheus"}


@dataclass(frozen=True, slots=True)
class Target:
    """One query of a panel."""

    query: Query
    kind: Kind


@dataclass(frozen=True, slots=True)
class Dashboard:
    """For whom it is, and what its panels ask, by the panel's number and the query's letter."""

    audience: Audience
    panels: Mapping[str, Mapping[str, Target]]


Table = Mapping[str, Dashboard]


@cache
def load_panels(path: Path = PANELS_FILE) -> Table:
    """The table in `path`; an empty one where there is none, and then no query passes.

    Raises ValueError for one that names what there is not, or what its audience may not ask.
    """
    if not path.exists():
        return {}
    return {uid: _dashboard(uid, said) for uid, said in json.loads(path.read_text(encoding="utf-8")).items()}


def _dashboard(uid: str, said: Mapping[str, Any]) -> Dashboard:
    audience = said["audience"]
    if audience not in get_args(Audience):
        raise ValueError(f"{uid}: {audience!r} is no audience")
    panels = {
        str(panel): {ref: _target(f"{uid} panel {panel} {ref}", one, audience) for ref, one in targets.items()}
        for panel, targets in said["panels"].items()
    }
    return Dashboard(audience, panels)


def _target(where: str, said: Mapping[str, Any], audience: Audience) -> Target:
    query, kind = CATALOGUE.get(said["query"]), said["kind"]
    if query is None or kind not in get_args(Kind):
        raise ValueError(f"{where}: {said} names no query of the catalogue, or no kind of it")
    if query.audience != audience and (query.audience, audience) != ("tenant", "staff"):
        raise ValueError(f"{where}: {query.name} is for {query.audience}")
    return Target(query, kind)
