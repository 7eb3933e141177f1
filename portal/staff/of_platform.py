"""The staff's pages of alerts, messages and audit once more, on what belongs to no isp: for the platform's owner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from flask import Blueprint, g

from portal.staff import alerts, audit, deliveries
from portal.tenancy import identity, needs

View = Callable[..., Any]


def _pages(name: str, *rules: tuple[str, str, View]) -> Blueprint:
    """A blueprint of these views under /platform: method, rule, view."""
    made = Blueprint(f"platform_{name}", __name__, url_prefix="/platform")
    for method, rule, view in rules:
        made.add_url_rule(rule, view.__name__, _of_no_isp(view), methods=[method])
    return made


def _of_no_isp(view: View) -> View:
    """The view with the eyes of the owner on what no isp has, whichever he looks at otherwise."""

    @needs("platform")
    @wraps(view)
    def shown(**words: Any) -> Any:
        g.identity = replace(identity(), isp=None, of_platform=True)
        return view(**words)

    return shown


BLUEPRINTS: tuple[Blueprint, ...] = (
    _pages(
        "alerts",
        ("GET", "/alerts", alerts.index),
        ("GET", "/alerts/<int:identifier>", alerts.show),
        ("POST", "/alerts/<int:identifier>/acknowledge", alerts.acknowledge),
    ),
    _pages(
        "deliveries",
        ("GET", "/deliveries", deliveries.index),
        ("GET", "/deliveries/<int:identifier>", deliveries.show),
    ),
    _pages("audit", ("GET", "/audit", audit.index), ("GET", "/audit.csv", audit.download)),
)
