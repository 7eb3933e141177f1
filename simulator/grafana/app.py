"""The whole stand-in as one WSGI application: wiring, the sub-path, and faults before everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from simulator.grafana.administration import administration
from simulator.grafana.config import Config
from simulator.grafana.faults import Faults, control
from simulator.grafana.pages import pages
from simulator.grafana.provisioning import provision
from simulator.grafana.store import Store

_KEPT = 1_000  # requests
_ANYWHERE = ("/-/", "/api/health")


def create_app(config: Config) -> Flask:
    """A new Grafana with what its provisioning files say. Raises BadProvisioning."""
    app = Flask(__name__, static_folder=None)
    store, faults = Store(config.admin_user), Faults()
    seen: list[dict[str, Any]] = []
    if config.provisioning is not None:
        provision(config.provisioning, store)
    app.extensions["grafana_store"] = store
    app.wsgi_app = _under(config.sub_path, app.wsgi_app)  # type: ignore[method-assign]  # as Flask's own docs do it
    app.register_blueprint(pages(config, store))
    app.register_blueprint(administration(config, store))
    app.register_blueprint(control(faults, seen))

    @app.before_request
    def misbehave() -> AnyResponse | None:
        if request.path.startswith("/-/"):
            return None
        if request.environ.get("grafana.outside"):
            return redirect(f"{config.sub_path}{request.full_path.rstrip('?')}")
        if len(seen) < _KEPT:
            body = request.get_data(as_text=True) if "admin" not in request.path else ""
            headers = {name: value for name, value in request.headers.items() if name != "Authorization"}
            query = request.query_string.decode("latin-1")
            seen.append(
                {"method": request.method, "path": request.path, "query": query, "headers": headers, "body": body}
            )
        g.fault = fault = faults.befall(request.path)
        if fault is not None:
            request.environ["grafana.without_user"] = fault.without_user
        if fault is None or fault.status is None:
            return None
        return Response("on demand\n", status=fault.status, headers=fault.headers or {})

    @app.after_request
    def more_headers(response: Response) -> Response:
        fault = g.get("fault")
        for name, value in ((fault.headers if fault else None) or {}).items():
            response.headers[name] = value
        return response

    return app


def _under(prefix: str, inner: Callable[..., Any]) -> Callable[..., Iterable[bytes]]:
    """Serve from the sub-path; what is asked for without it is led there, but for the health check."""

    def outer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if prefix and path.startswith(f"{prefix}/"):
            environ["SCRIPT_NAME"], environ["PATH_INFO"] = prefix, path.removeprefix(prefix)
        elif prefix and not path.startswith(_ANYWHERE):
            environ["grafana.outside"] = True
        found: Iterable[bytes] = inner(environ, start_response)
        return found

    return outer
