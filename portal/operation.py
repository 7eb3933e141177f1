"""For whoever runs the portal: health, metrics, and one log line a request; and the way from `/` to one's own page."""

from __future__ import annotations

import ipaddress
import time

import structlog
from flask import Blueprint, Flask, Response, g, redirect, request
from sqlalchemy import text
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from inventory.registry.scope import LOGIN
from portal import metrics
from portal.logged import logged_path
from portal.services import services
from portal.tenancy import identity, logged_in, public

log = structlog.get_logger("portal.access")

blueprint = Blueprint("operation", __name__)


def install(app: Flask) -> None:
    """Time, count and log every request."""
    app.before_request(_begin)
    app.after_request(_note)


@blueprint.get("/")
@logged_in
def home() -> AnyResponse:
    """Everybody's first page."""
    who = identity()
    if who.tenant is not None:
        return redirect("/my", 303)
    return redirect("/overview" if who.isp is not None else "/platform", 303)


@blueprint.get("/-/healthy")
@public
def healthy() -> Response:
    """The process answers."""
    return _text("healthy")


@blueprint.get("/-/ready")
@public
def ready() -> Response:
    """The registry answers too. Raises sqlalchemy's errors, which are answered 503."""
    with services().registry.read(LOGIN) as tx:
        tx.connection.execute(text("SELECT 1"))
    return _text("ready")


@blueprint.get("/metrics")
@public
def show_metrics() -> Response:
    """For Prometheus, from where it may ask; from elsewhere there is nothing here."""
    if not _may_read_metrics():
        raise NotFound
    return Response(metrics.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_read_metrics() -> bool:
    # A proxy that is not trusted passes everybody's requests on from its own address, but says whose they are.
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        asking = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return any(asking in ipaddress.ip_network(network) for network in services().settings.metrics_from)


def _begin() -> None:
    g.began = time.perf_counter()


def _note(response: Response) -> Response:
    """Without the query, which may hold what somebody looked for."""
    took = time.perf_counter() - g.get("began", time.perf_counter())
    rule = request.url_rule.rule if request.url_rule is not None else None
    view = request.endpoint or "none"
    metrics.REQUESTS.labels(view, request.method if rule else "any", str(response.status_code)).inc()
    metrics.SECONDS.labels(view).observe(took)
    if not request.path.startswith(("/static/", "/-/", "/metrics")):
        who = g.get("identity")
        log.info(
            "request",
            method=request.method,
            path=logged_path(),
            status=response.status_code,
            ms=round(took * 1000),
            user=who.user if who is not None else None,
            address=request.remote_addr,
        )
    return response


def _text(line: str) -> Response:
    return Response(f"{line}\n", content_type="text/plain; charset=utf-8")
