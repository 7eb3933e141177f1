"""/grafana/: each request is asked anew who it is from, and becomes one that we wrote ourselves."""

from __future__ import annotations

import time
from urllib.parse import parse_qsl

from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from werkzeug.exceptions import NotFound
from werkzeug.http import HTTP_STATUS_CODES

from portal.bodies import Bodies
from portal.errors import problem
from portal.gateway.people import Asker, asker_of, owner_of
from portal.gateway.refusals import Refused, note
from portal.grafana import members, paths, policy, rebuild, upstream
from portal.grafana.panels import ORGANISATIONS, Table, load_panels
from portal.grafana.upstream import GrafanaAway, Upstream
from portal.login.csrf import checks_itself
from portal.services import services
from portal.tenancy import logged_in

blueprint = Blueprint("grafana", __name__, url_prefix="/grafana")

_UPSTREAM = "backhaul_grafana"
_PANELS = "backhaul_grafana_panels"
_BODIES = "backhaul_grafana_bodies"
_DASHBOARD, _PANEL = "X-Dashboard-Uid", "X-Panel-Id"


def install(app: Flask) -> None:
    """Judge every path before it is routed, and hold one way to Grafana. To be called before other checks are."""
    url = app.extensions["backhaul"].settings.grafana_url
    app.extensions[_UPSTREAM] = None if url is None else Upstream(url)
    app.extensions[_PANELS] = load_panels()
    app.extensions[_BODIES] = Bodies()
    app.before_request(_judge)


def _judge() -> Response | None:
    raw = paths.raw_path(request.environ)
    if not paths.is_disguised(raw):
        return None
    return _answer_refused(Refused("path", "this address is not let through", about=raw))


@blueprint.errorhandler(Refused)
def _refused(refused: Refused) -> Response:
    return _answer_refused(refused)


@blueprint.errorhandler(GrafanaAway)
def _away(away: GrafanaAway) -> Response:
    return problem(502, "Bad Gateway", str(away))


@blueprint.route("/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@checks_itself
@logged_in
def proxy(path: str) -> Response:
    """One request for Grafana. Raises NotFound where there is none, and for what is another's."""
    grafana: Upstream | None = current_app.extensions[_UPSTREAM]
    if grafana is None:
        raise NotFound
    asker = asker_of(g.session.user)
    method = "GET" if request.method == "HEAD" else request.method
    _plain(method)
    if (method, path) in paths.NOTHING:
        return jsonify(paths.NOTHING[method, path])
    found = paths.find(method, path)
    if found is None:
        raise Refused("path", "the way to Grafana is open for its panels alone", about=f"{method} {path}")
    if found.route.kind == "query":
        return _query(grafana, asker)
    if found.uid is not None:
        _see(asker, found)
    return _fetch(grafana, asker, path, found)


def _plain(method: str) -> None:
    """Raise Refused for another method, for what wants to become something else, and for a GET with a body."""
    if method not in {"GET", "POST"}:
        raise Refused("method", "panels GET and POST", about=f"{method} {request.path}")
    if "Upgrade" in request.headers or "upgrade" in request.headers.get("Connection", "").lower():
        raise Refused("websocket", "no websockets: panels ask by themselves")
    if method == "GET" and request.content_length:
        raise Refused("body", "a GET has no body")


def _see(asker: Asker, found: paths.Found) -> None:
    """Raise NotFound for a dashboard of another audience, and for a page about what is not the asker's."""
    table: Table = current_app.extensions[_PANELS]
    dashboard = table.get(found.uid or "")
    if dashboard is None or dashboard.audience != asker.audience:
        raise NotFound
    if found.route.full_page and asker.audience == "tenant":
        raise NotFound
    organisation = ORGANISATIONS[asker.audience]
    if found.namespace not in {None, "default" if organisation == 1 else f"org-{organisation}"}:
        raise NotFound
    if found.route.kind == "page":
        _own_page(asker)
        members.make_member(services().settings, g.session.user, organisation)


def _own_page(asker: Asker) -> None:
    """The page's script would ask in vain; this says so at once, and as everywhere in the portal."""
    named = [(name.removeprefix("var-"), value) for name, value in parse_qsl(request.query_string.decode("latin-1"))]
    things = [(name, value) for name, value in named if name in {"circuit", "link", "device"} and value]
    if not things:
        return
    with services().registry.read(asker.scope) as tx:
        for name, value in things:
            if owner_of(tx, name, value) is None:
                raise NotFound


def _fetch(grafana: Upstream, asker: Asker, path: str, found: paths.Found) -> Response:
    """A page, a dashboard or a file. Of the query nothing goes along: `targetOrgId` in it outranks our header."""
    headers = upstream.headers_for(request.headers, g.session.user.id, ORGANISATIONS[asker.audience])
    answer = grafana.ask("GET", path, headers)
    if 300 <= answer.status < 400 and answer.status != 304:
        return _redirect(answer, asker)
    back = policy.headers_back(answer.headers, asset=found.route.kind == "asset")
    bodies: Bodies = current_app.extensions[_BODIES]
    body = bodies.one(answer.body) if found.route.kind == "asset" else answer.body
    response = Response(b"" if answer.status == 304 else body, status=answer.status, headers=back)
    if found.route.kind == "page":
        own = policy.content_security_policy(answer.headers.get("Content-Security-Policy", ""))
        if own is not None:
            response.headers["Content-Security-Policy"] = own
    elif response.mimetype == "image/svg+xml":  # a picture that can be a page
        response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


def _redirect(answer: upstream.Answer, asker: Asker) -> Response:
    """A dashboard's address with its slug: followed only to where one could go oneself."""
    target = answer.headers.get("Location", "").partition("?")[0]
    found = paths.find("GET", target.removeprefix(upstream.PATH)) if target.startswith(upstream.PATH) else None
    if found is None or found.uid is None:
        raise Refused("answer", "Grafana leads elsewhere", about=target, status=502)
    _see(asker, found)
    query = request.query_string.decode("latin-1")
    response = Response(status=302)
    response.headers["Location"] = f"{target}?{query}" if query else target
    return response


def _query(grafana: Upstream, asker: Asker) -> Response:
    """A panel's figures. Another site cannot send this: JSON and these headers need a permission it has not."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise Refused("parameters", "asked by another site")
    if request.mimetype != "application/json":
        raise Refused("body", "expected Content-Type: application/json", about=request.mimetype)
    if (request.content_length or 0) > rebuild.MAX_BODY:
        raise Refused("body", f"a query has at most {rebuild.MAX_BODY} bytes", status=413)
    _known_parameters()
    uid, panel = request.headers.get(_DASHBOARD, ""), request.headers.get(_PANEL, "")
    table: Table = current_app.extensions[_PANELS]
    wanted = rebuild.read(table, asker, (uid, panel), request.get_data(), time.time())
    rebuild.check_places(services().registry, asker, wanted)
    headers = upstream.headers_for(request.headers, g.session.user.id, ORGANISATIONS[asker.audience])
    headers |= {"Content-Type": "application/json", _DASHBOARD: uid, _PANEL: panel}
    answer = grafana.ask("POST", "api/ds/query", headers, rebuild.body_of(wanted), "ds_type=prometheus")
    return Response(answer.body, status=answer.status, headers=policy.headers_back(answer.headers, asset=False))


def _known_parameters() -> None:
    """Grafana's own are for its statistics; they do not go along either."""
    names = [name for name, _ in parse_qsl(request.query_string.decode("latin-1"), keep_blank_values=True)]
    if len(set(names)) != len(names) or not set(names) <= {"ds_type", "requestId"}:
        raise Refused("parameters", "expected ds_type and requestId, once each", about=" ".join(names))


def _answer_refused(refused: Refused) -> Response:
    session = g.get("session")
    note("proxy", refused, user="" if session is None else session.user.id)
    return problem(refused.status, HTTP_STATUS_CODES[refused.status], refused.text)
