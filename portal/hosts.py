"""Answers only to the name it was given: a foreign Host could turn up in a link, or be a page's rebound name."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.exceptions import BadRequest

from portal.services import services
from portal.settings import LOOPBACK_NAMES

# Prometheus, load balancers and Grafana ask by address, or by the name a compose file gives.
_BY_ANY_NAME = ("/-/", "/metrics", "/gateway/")


class WrongHost(BadRequest):
    """The request was meant for another name."""

    description = "This server has another name. Open the address you were given (BACKHAUL_PUBLIC_URL)."


def install(app: Flask) -> None:
    """Check before every view."""
    app.before_request(_check)


def _check() -> None:
    if request.path.startswith(_BY_ANY_NAME):
        return
    given = request.headers.get("Host", "").lower()
    if given == services().settings.public_host:
        return
    try:
        name = urlsplit(f"//{given}").hostname
    except ValueError:
        name = None
    if name not in LOOPBACK_NAMES:
        raise WrongHost
