"""What comes of a login that was right so far: the code is asked for, or the session begins."""

from __future__ import annotations

from flask import redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from inventory.registry import attempts
from inventory.registry.people import User
from inventory.registry.scope import Transaction
from portal.login import cookies, current, second_factor
from portal.metrics import LOGINS

_OF_NO_ISP = ("/platform", "/account", "/api/")


def after_first_factor(user: User, back: str, *, way: str) -> AnyResponse:
    """Ask for the code where there is or must be one; the session until then opens nothing else."""
    if not user.has_totp and not second_factor.required(user):
        return log_in(user, back, way=way)
    page = "login.code" if user.has_totp else "login.enrol"
    response = redirect(url_for(page, next=None if back == "/" else back), 303)
    current.start(user, response, second_factor=False)
    return response


def log_in(user: User, back: str, *, way: str) -> AnyResponse:
    """Begin the whole session, with a token that nobody has seen before."""
    address = current.client_address(request)
    response = redirect(onward(user.isp, back), 303)
    device = cookies.keep_device(request, response)

    def note(tx: Transaction) -> None:
        attempts.remember(tx, user.email, address, device)
        current.note_of(tx, user, "login", {"way": way})

    current.start(user, response, second_factor=True, note=note)
    if way == "link":
        LOGINS.labels(way, "accepted").inc()
    return response


def onward(isp: str | None, back: str) -> str:
    """The page to go on to: the platform's owner chooses an isp first, unless the page is of none."""
    if isp is not None or back == "/" or back.startswith(_OF_NO_ISP):
        return back
    return url_for("platform.show", next=back)
