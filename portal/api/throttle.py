"""Holds every request below the API's address to the limits, before anything is asked of the database."""

from __future__ import annotations

import hashlib

from flask import Flask, Response, current_app, g, request

from portal.api.limits import Limiter, Verdict
from portal.api.operations import PREFIX
from portal.api.problems import Refused
from portal.login import cookies
from portal.login.current import client_address
from portal.services import Services

_EXTENSION = "backhaul_api_limits"


def install(app: Flask) -> None:
    """Count before it is known who asks: guessing tokens is asking, too."""
    services: Services = app.extensions["backhaul"]
    settings = services.settings
    app.extensions[_EXTENSION] = (Limiter(settings.api_per_minute), Limiter(settings.api_address_per_minute))
    app.before_request(_count)
    app.after_request(_tell)


def _count() -> None:
    if not request.path.startswith(f"{PREFIX}/"):
        return
    callers, addresses = current_app.extensions[_EXTENSION]
    verdict: Verdict = addresses.take(client_address(request))
    caller = _caller()
    if verdict.retry_after is None and caller is not None:
        verdict = callers.take(caller)
    g.api_limit = verdict
    if verdict.retry_after is not None:
        raise Refused(
            429, f"Too many requests: at most {verdict.limit} a minute. Try again in {verdict.retry_after} s."
        )


def _caller() -> str | None:
    """The token or the session as it was sent, not kept in clear; None for nobody."""
    sent = request.headers.get("Authorization") or cookies.session_token(request)
    return hashlib.sha256(sent.encode("utf-8", "surrogatepass")).hexdigest() if sent else None


def _tell(response: Response) -> Response:
    verdict: Verdict | None = g.get("api_limit")
    if verdict is not None:
        response.headers.update(verdict.headers())
    return response
