"""The REST API `/api/v1` with its OpenAPI description: one operation is one function with one declaration."""

from __future__ import annotations

from flask import Flask

from portal.api import alerts, circuits, docs, me, network, status, tenants, throttle, windows
from portal.api import usage as usage  # adds operations to tenants and circuits
from portal.api.operations import Subject
from portal.api.spec import open_api

# In the order of the description.
SUBJECTS: tuple[Subject, ...] = (
    me.blueprint,
    tenants.RESELLERS,
    tenants.CLIENTS,
    circuits.blueprint,
    alerts.blueprint,
    status.blueprint,
    network.LINKS,
    network.DEVICES,
    windows.blueprint,
)


def install(app: Flask) -> None:
    """Add the operations, their description and its page; to be called before who asks is looked up."""
    throttle.install(app)
    api = open_api(app)
    for blueprint in SUBJECTS:
        api.register_blueprint(blueprint)
    app.extensions[docs.EXTENSION] = docs.as_text(api.spec.to_dict())
    app.register_blueprint(docs.blueprint)
