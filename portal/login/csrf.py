"""Every unsafe request carries a token that another site cannot know: in the form (`csrf`) or in `X-CSRF-Token`.

SameSite alone does not hold: it lets other hosts of the same site through, and lasts two minutes for new cookies.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import BadRequest

from portal.login import cookies
from portal.login.current import SAFE_METHODS

View = TypeVar("View", bound=Callable[..., Any])

FIELD = "csrf"
HEADER = "X-CSRF-Token"
_CHECKS_ITSELF = "__backhaul_checks_itself__"
_OF_A_SESSION = "__backhaul_of_a_session__"


class CsrfFailed(BadRequest):
    """The token is missing, or of another session or isp."""

    description = (
        "This form was made for another session or another provider, or the page was open for too long. Load it again "
        "and retry."
    )


def install(app: Flask) -> None:
    """Check before every view; to be called after the guard, so that what does not exist says nothing else."""
    app.before_request(_check)
    app.after_request(_give_cookie)


def checks_itself(view: View) -> View:
    """Declare that a view tells by other means whether it was meant: a program asks, which has no such token."""
    view.__dict__[_CHECKS_ITSELF] = True
    return view


def of_a_session(view: View) -> View:
    """Declare that a public view does nothing without a session but lead to the login: then nothing is to be guarded.

    The page it was sent from may have been open for longer than its session.
    """
    view.__dict__[_OF_A_SESSION] = True
    return view


def asked_checks_itself() -> bool:
    """Whether the view that is asked now declared that, and reads what it was sent to the letter."""
    return _declared(_CHECKS_ITSELF)


def prepare_form() -> None:
    """Let the page that is about to be shown carry a form for somebody without a session."""
    if not g.csrf:
        g.new_form_cookie = Response()
        g.csrf = cookies.give_form_cookie(g.new_form_cookie)


def _give_cookie(response: Response) -> Response:
    carrier = g.get("new_form_cookie")
    if carrier is not None:
        response.headers.extend({"Set-Cookie": carrier.headers.getlist("Set-Cookie")})
    return response


def _declared(what: str) -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return bool(getattr(view, what, False))


def _check() -> None:
    if request.method in SAFE_METHODS or g.get("token_scopes") is not None or request.endpoint is None:
        return
    if asked_checks_itself() or (g.session is None and _declared(_OF_A_SESSION)):
        return
    given = request.headers.get(HEADER) or request.form.get(FIELD, "")
    if not g.csrf or not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), g.csrf.encode()):
        raise CsrfFailed
