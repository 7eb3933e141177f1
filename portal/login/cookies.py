"""The cookies of the portal: the session, the token that guards forms before there is one, and the browser's own."""

from __future__ import annotations

import hashlib
import secrets

from flask import Request
from werkzeug.wrappers import Response

from inventory.registry.attempts import KNOWN_SECONDS
from portal.services import services

# `__Host-` lets no other host and no path of ours set it, and wants https; on plain http (this machine alone) a
# browser would refuse the name.
_SESSION = "session"
_FORM = "form"
_DEVICE = "device"
_SHORTEST = 32  # of a token that we made


def session_cookie_name(*, https: bool) -> str:
    """What the session's cookie is called."""
    return _name(_SESSION, https=https)


def session_token(request: Request) -> str | None:
    """The token the browser shows."""
    return request.cookies.get(session_cookie_name(https=_https())) or None


def set_session(response: Response, token: str) -> None:
    """Give the browser its session. It goes when the browser ends; the server ends it earlier or not."""
    _set(response, _SESSION, token)


def clear_session(response: Response) -> None:
    """Take it away."""
    _set(response, _SESSION, "", max_age=0)


def form_csrf(request: Request) -> str | None:
    """What a form must carry before there is a session; None while the browser has no cookie for it."""
    cookie = request.cookies.get(_name(_FORM, https=_https()))
    return hashlib.sha256(b"form:" + cookie.encode()).hexdigest() if cookie and len(cookie) >= _SHORTEST else None


def give_form_cookie(response: Response) -> str:
    """Give the browser a cookie for forms before the session; returns what the form must carry."""
    cookie = secrets.token_urlsafe(32)
    _set(response, _FORM, cookie)
    return hashlib.sha256(b"form:" + cookie.encode()).hexdigest()


def device_token(request: Request) -> str | None:
    """What the browser got when somebody first logged in with it; None where nobody has."""
    cookie = request.cookies.get(_name(_DEVICE, https=_https()))
    return cookie if cookie and len(cookie) >= _SHORTEST else None


def keep_device(request: Request, response: Response) -> str:
    """Let the browser be known again, for as long as `attempts` knows it; returns its token."""
    token = device_token(request) or secrets.token_urlsafe(32)
    _set(response, _DEVICE, token, max_age=int(KNOWN_SECONDS))
    return token


def _set(response: Response, name: str, value: str, max_age: int | None = None) -> None:
    https = _https()
    response.set_cookie(
        _name(name, https=https), value, max_age=max_age, path="/", secure=https, httponly=True, samesite="Lax"
    )


def _name(name: str, *, https: bool) -> str:
    return f"__Host-{name}" if https else name


def _https() -> bool:
    return services().settings.https
