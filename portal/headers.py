"""What every answer says to the browser, errors too: load nothing from elsewhere, run nothing inline, keep no page."""

from __future__ import annotations

from flask import Flask, Response, request

from portal.services import services
from portal.settings import Settings

_SOURCES = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "frame-src": "'self'",
    "frame-ancestors": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
}
CONTENT_SECURITY_POLICY = "; ".join(f"{what} {source}" for what, source in _SOURCES.items())

_ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",  # for what does not know frame-ancestors
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_HSTS = "max-age=31536000; includeSubDomains"


def install(app: Flask) -> None:
    """Put the headers on every answer."""
    app.after_request(_add)


def always(settings: Settings) -> list[tuple[str, str]]:
    """What every answer carries."""
    return [*_ALWAYS.items(), *([("Strict-Transport-Security", _HSTS)] if settings.https else [])]


def _add(response: Response) -> Response:
    for name, value in always(services().settings):
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
