"""Puts the application together: one blueprint a subject; around them who asks, what is allowed, what failed."""

from __future__ import annotations

import secrets

from flask import Blueprint, Flask

from portal import api, charts, context, errors, headers, hosts, odd_text, operation, statics, tenancy
from portal.account import platform
from portal.account import views as account
from portal.gateway import views as gateway
from portal.grafana import views as grafana
from portal.login import csrf, current
from portal.login import views as login
from portal.my import contacts as my_contacts
from portal.my import views as my
from portal.services import Services
from portal.staff import (
    alerts,
    audit,
    circuits,
    deliveries,
    devices,
    links,
    maintenance,
    of_platform,
    overview,
    search,
    tenants,
    users,
)
from portal.staff import settings as staff_settings

BLUEPRINTS: tuple[Blueprint, ...] = (
    operation.blueprint,
    login.blueprint,
    account.blueprint,
    platform.blueprint,
    *of_platform.BLUEPRINTS,
    my.blueprint,
    my_contacts.blueprint,
    charts.blueprint,
    overview.blueprint,
    tenants.blueprint,
    circuits.blueprint,
    links.blueprint,
    devices.blueprint,
    search.blueprint,
    alerts.blueprint,
    deliveries.blueprint,
    maintenance.blueprint,
    users.blueprint,
    audit.blueprint,
    staff_settings.blueprint,
    gateway.blueprint,
    grafana.blueprint,
)

MAX_BODY = 1024 * 1024  # bytes of a request


def create_app(services: Services) -> Flask:
    """The application around `services`. Raises RuntimeError when a view does not say whom it is for."""
    app = Flask(__name__)
    _configure(app, services)
    app.extensions["backhaul"] = services
    errors.install(app)
    grafana.install(app)
    hosts.install(app)
    operation.install(app)
    statics.install(app)
    context.install(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    api.install(app)
    # In this order: who asks, whether it exists for them, whether they meant it, and whether it is text.
    current.install(app)
    tenancy.install(app)
    csrf.install(app)
    odd_text.install(app)
    headers.install(app)
    return app


def _configure(app: Flask, services: Services) -> None:
    settings = services.settings
    prefix = "__Host-" if settings.https else ""
    app.config.update(
        SECRET_KEY=settings.cookie_key.reveal() if settings.cookie_key else secrets.token_hex(32),
        # Flask's own session carries a notice to the next page and nothing else; who is logged in is the database's.
        SESSION_COOKIE_NAME=f"{prefix}notice",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        PREFERRED_URL_SCHEME="https" if settings.https else "http",
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.json.sort_keys = False  # type: ignore[attr-defined]  # an attribute of the default provider
