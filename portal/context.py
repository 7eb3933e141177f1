"""What every template is given: who looks, at which isp, the time there, and how many alerts are open."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from flask import Flask, current_app, g
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from inventory.registry import alerts
from inventory.registry.scope import Registry
from inventory.registry.tables import isps
from portal import format as formats
from portal.grafana.addresses import dashboard_address
from portal.services import services
from portal.tenancy import Identity

log = structlog.get_logger(__name__)

_FRESH = 15.0  # seconds an isp's name is kept: every page shows it, hardly anybody changes it


@dataclass(frozen=True, slots=True)
class IspShown:
    """The isp whose page this is; `timezone` is an IANA name."""

    id: str
    name: str
    timezone: str


class _Names:
    """The isps' names by id, kept for a few seconds."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, IspShown]] = {}

    def get(self, registry: Registry, who: Identity) -> IspShown | None:
        """Raises SQLAlchemyError when the database is away and the name is not known yet."""
        assert who.isp is not None
        kept = self._kept.get(who.isp)
        if kept is not None and time.monotonic() - kept[0] < _FRESH:
            return kept[1]
        try:
            found = _read_isp(registry, who)
        except SQLAlchemyError:
            if kept is None:
                raise
            return kept[1]
        if found is not None:
            self._kept[who.isp] = (time.monotonic(), found)
        return found


def install(app: Flask) -> None:
    """Give the application its filters and its templates what they need; call it once."""
    app.extensions["backhaul_isp_names"] = _Names()
    formats.install(app, zone)
    app.context_processor(_context)


def shown_isp() -> IspShown | None:
    """The isp of whoever asks; None for nobody, for an owner who chose none, and while it cannot be read."""
    if "shown_isp" not in g:
        g.shown_isp = _look_up()
    found: IspShown | None = g.shown_isp
    return found


def zone() -> ZoneInfo:
    """The time zone of this page."""
    isp = shown_isp()
    return ZoneInfo(isp.timezone) if isp else ZoneInfo("UTC")


def today() -> date:
    """The day it is for the isp: what is in service, and what the exporter measures, goes by it."""
    return datetime.now(zone()).date()


def _context() -> dict[str, Any]:
    who = g.get("identity")
    isp = shown_isp()
    open_alerts = _open_alerts(who)
    return {
        "identity": who,
        # What the blueprints of these pages are called: of_platform.py has the same ones under another name.
        "side": "platform_" if isinstance(who, Identity) and who.of_platform else "",
        "now": time.time(),
        "today": today(),
        "isp": isp,
        "open_alerts": open_alerts,
        "grafana_dashboard": partial(dashboard_address, who),
        "banners": g.get("banners", ()),
        "prometheus_away": g.get("prometheus_away", False),
        "database_away": g.get("database_away", False),
    }


def _look_up() -> IspShown | None:
    who = g.get("identity")
    if not isinstance(who, Identity) or who.isp is None:
        return None
    names: _Names = current_app.extensions["backhaul_isp_names"]
    try:
        return names.get(services().registry, who)
    except SQLAlchemyError as error:
        _away(error)
        return None


def _read_isp(registry: Registry, who: Identity) -> IspShown | None:
    with registry.read(who.scope) as tx:
        query = select(isps.c.isp, isps.c.name, isps.c.timezone).where(tx.visible(isps), isps.c.isp == who.isp)
        row = tx.connection.execute(query).first()
    return IspShown(row.isp, row.name, row.timezone) if row else None


def _open_alerts(who: object) -> int | None:
    """How many alerts are open for `who`; None for nobody and where it cannot be read."""
    if not isinstance(who, Identity) or who.isp is None or not (who.may("alerts.read") or who.may("own.read")):
        return None
    try:
        with services().registry.read(who.scope) as tx:
            return alerts.open_count(tx)
    except SQLAlchemyError as error:
        _away(error)
        return None


def _away(error: SQLAlchemyError) -> None:
    g.database_away = True
    log.warning("the registry does not answer", error=type(error).__name__)
