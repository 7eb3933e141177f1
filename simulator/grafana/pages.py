"""What a browser gets: the page of one panel or of a dashboard, its script, and the dashboard as JSON."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from simulator.grafana.config import Config
from simulator.grafana.figures import TRACING, BadQuery, answer
from simulator.grafana.store import Organisation, Store
from simulator.grafana.who import refuse, who

_SCRIPT = Path(__file__).with_name("static") / "app.js"
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Grafana</title>
<link rel="icon" href="data:,"><base href="{base}/"></head>
<body><div id="panel" aria-live="polite">Loading</div>
<script nonce="{nonce}">window.grafanaBootData = {boot};</script>
<script nonce="{nonce}" type="module" src="public/build/app.js"></script></body></html>
"""
# conf/defaults.ini, content_security_policy_template
_POLICY = (
    "script-src 'self' 'unsafe-eval' 'unsafe-inline' 'strict-dynamic' 'nonce-{nonce}';object-src 'none';"
    "font-src 'self';style-src 'self' 'unsafe-inline' blob:;img-src * data:;base-uri 'self';"
    "connect-src 'self' grafana.com;manifest-src 'self';media-src 'none';form-action 'self';"
)


def pages(config: Config, store: Store) -> Blueprint:
    """Their addresses."""
    blueprint = Blueprint("pages", __name__)

    @blueprint.get("/api/health")
    def health() -> Response:
        return jsonify(database="ok", version="12.4.5-standin", commit="none")

    @blueprint.get("/d/<uid>")
    def without_slug(uid: str) -> AnyResponse:
        _dashboard(who(request, config, store).here, uid)
        query = request.query_string.decode()
        return redirect(f"{config.sub_path}/d/{uid}/dashboard" + (f"?{query}" if query else ""))

    @blueprint.get("/d-solo/<uid>")
    @blueprint.get("/d-solo/<uid>/<slug>")
    @blueprint.get("/d/<uid>/<slug>")
    def page(uid: str, slug: str = "") -> Response:
        asks = who(request, config, store)
        nonce = secrets.token_urlsafe(16)
        user = {"login": asks.login, "orgId": asks.here.id, "uid": uid, "slug": slug}
        boot = json.dumps({"user": user}).replace("<", "\\u003c")
        response = Response(_PAGE.format(base=config.sub_path, nonce=nonce, boot=boot), content_type="text/html")
        if config.policy:
            response.headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
        response.headers["X-Frame-Options"] = "deny"
        response.set_cookie("grafana_session", secrets.token_hex(16))
        return response

    @blueprint.get("/public/build/app.js")
    def script() -> Response:
        response = Response(_SCRIPT.read_bytes(), content_type="application/javascript")
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response

    _data(blueprint, config, store)
    return blueprint


def _data(blueprint: Blueprint, config: Config, store: Store) -> None:
    @blueprint.get("/api/dashboards/uid/<uid>")
    def dashboard(uid: str) -> Response:
        here = who(request, config, store).here
        meta = {"provisioned": uid in here.provisioned, "canEdit": False, "slug": "dashboard"}
        return jsonify(meta=meta, dashboard=_dashboard(here, uid))

    @blueprint.post("/api/ds/query")
    def figures() -> tuple[Response, int]:
        asks = who(request, config, store)
        headers = {name: request.headers[name] for name in TRACING if name in request.headers}
        if config.send_user_header and not request.environ.get("grafana.without_user"):
            headers["X-Grafana-User"] = asks.login
        try:
            said, status = answer(asks.here, request.get_json(silent=True), headers)
        except BadQuery as error:
            refuse(400, str(error))
        except KeyError:
            refuse(404, "data source not found")
        return jsonify(said), status


def _dashboard(organisation: Organisation, uid: str) -> object:
    found = organisation.dashboards.get(uid)
    if found is None:
        refuse(404, "Dashboard not found")
    return found
