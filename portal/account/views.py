"""/account: one's own password, second factor, sessions and API tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from flask import Blueprint, Response, flash, g, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from inventory.registry import people, sessions, tokens
from inventory.registry.people import User
from inventory.registry.scope import LOGIN, Transaction
from inventory.registry.sessions import Session
from portal.account.agents import browser_name
from portal.login import current, passwords, proof, second_factor
from portal.services import services
from portal.tenancy import identity, logged_in, needs

blueprint = Blueprint("account", __name__, url_prefix="/account")

_DAY = 86400.0
# Choices for how long a token lasts, in days; 0 is until it is revoked.
LIFETIMES = (30, 90, 365, 0)
# What one may do, as its form has it. None writes alone: an answer to a write says what is there.
_SCOPES = MappingProxyType({"read": ("read",), "write": ("read", "write")})
_NEW_TOKEN = MappingProxyType({"name": "", "scopes": "read", "days": 90})


@blueprint.get("")
@logged_in
def show() -> AnyResponse:
    """All of it."""
    return _page()


@blueprint.post("/password")
@logged_in
def change_password() -> AnyResponse:
    """Set another password; the other sessions end. Raises TooMany."""
    user = _me()
    new = request.form.get("new", "")
    errors: dict[str, str] = {}
    if user.has_password and proof.by_password(user.email, request.form.get("current", "")) is None:
        errors["current"] = "This is not your password."
    elif new != request.form.get("again", ""):
        errors["again"] = "The two are not the same."
    elif (wrong := passwords.problem(new, email=user.email)) is not None:
        errors["new"] = wrong
    if errors:
        return _page(422, errors=errors)
    kept = passwords.hash_password(new)
    with services().registry.write(LOGIN) as tx:
        people.set_password(tx, user.id, kept)
        ended = sessions.end_others(tx, user.id, keep=_session().token_hash)
        current.note_of(tx, user, "set password", {"sessions ended": ended})
    flash(f"Your password was changed. {ended} other sessions were ended." if ended else "Your password was changed.")
    return redirect(url_for("account.show"), 303)


@blueprint.get("/totp")
@logged_in
def enrol() -> AnyResponse:
    """A secret for an authenticator app."""
    return _enrolment()


@blueprint.post("/totp")
@logged_in
def finish_enrolment() -> AnyResponse:
    """The first code. Raises TooMany."""
    user = _me()
    if user.has_totp:
        return redirect(url_for("account.show"), 303)

    def note(tx: Transaction) -> None:
        current.note_of(tx, user, "enrol second factor")

    if (error := proof.code_error(user, request.form.get("code", ""), note=note)) is not None:
        return _enrolment(422, error)
    flash("From now on a code is asked for when you log in.")
    return redirect(url_for("account.show"), 303)


@blueprint.post("/totp/remove")
@logged_in
def remove_totp() -> AnyResponse:
    """Take the second factor away, with a code of it. Who must have one enrols another at once. Raises TooMany."""
    user = _me()
    if not user.has_totp:
        return redirect(url_for("account.show"), 303)
    if (error := proof.code_error(user, request.form.get("code", ""))) is not None:
        return _page(422, errors={"code": error})
    with services().registry.write(LOGIN) as tx:
        people.clear_totp(tx, user.id)
        ended = sessions.end_others(tx, user.id, keep=_session().token_hash)
        current.note_of(tx, user, "remove second factor", {"sessions ended": ended})
    if second_factor.required(user):
        return redirect(url_for("account.enrol"), 303)
    flash("No code is asked for any more.")
    return redirect(url_for("account.show"), 303)


@blueprint.post("/sessions/end")
@logged_in
def end_session() -> AnyResponse:
    """End one of one's sessions, or with `which=others` all but this one."""
    user, which = _me(), request.form.get("which", "")
    with services().registry.write(LOGIN) as tx:
        if which == "others":
            ended = sessions.end_others(tx, user.id, keep=_session().token_hash)
            current.note_of(tx, user, "end other sessions", {"sessions ended": ended})
        else:
            found = [each for each in sessions.sessions_of(tx, user.id) if public_id(each) == which]
            if not found:
                raise NotFound
            sessions.end_session(tx, found[0].token_hash, user_id=user.id)
            whose = {"browser": browser_name(found[0].agent), "address": found[0].address}
            current.note_of(tx, user, "end session", whose)
    flash("Ended.")
    return redirect(url_for("account.show"), 303)


@blueprint.post("/tokens")
@needs("tokens.write")
def create_token() -> AnyResponse:
    """Make a token and show it, this once."""
    user, name = _me(), request.form.get("name", "").strip()
    may, days = request.form.get("scopes", ""), request.form.get("days", "")
    scopes = _SCOPES.get(may, ())
    errors: dict[str, str] = {}
    if not name or len(name) > 100:
        errors["name"] = "Give it a name of at most 100 characters: what uses it."
    if not scopes:
        errors["scopes"] = "Choose what it may do."
    if days not in {str(each) for each in LIFETIMES}:
        errors["days"] = f"Expected one of {', '.join(map(str, LIFETIMES))} days."
    if identity().isp is None:
        errors["name"] = "Choose an isp first: a token works on one."
    if errors:
        return _page(422, errors=errors, typed={"name": name, "scopes": may, "days": days})
    good_for = tokens.GoodFor(name, scopes, identity().isp, int(days) * _DAY or None)
    with services().registry.write(LOGIN) as tx:
        token = tokens.create_token(tx, user, good_for)
        current.note_of(tx, user, "create token", {"name": name, "scopes": scopes})
    return _page(201, token=token)


@blueprint.post("/tokens/<token_id>/revoke")
@needs("tokens.write")
def revoke_token(token_id: str) -> AnyResponse:
    """End a token."""
    user = _me()
    with services().registry.write(LOGIN) as tx:
        if not tokens.revoke_token(tx, token_id, user_id=user.id):
            raise NotFound
        current.note_of(tx, user, "revoke token", {"id": token_id})
    flash("The token was revoked.")
    return redirect(url_for("account.show"), 303)


def public_id(session: Session) -> str:
    """What a form calls a session: the hash of the token stays on the server."""
    return hashlib.sha256(session.token_hash.encode()).hexdigest()[:16]


def _session() -> Session:
    """The session of whoever asks. Raises NotFound for a program: there is no token for these pages."""
    found: Session | None = g.session
    if found is None:
        raise NotFound
    return found


def _me() -> User:
    return _session().user


def _page(
    status: int = 200,
    *,
    errors: dict[str, str] | None = None,
    typed: Mapping[str, object] = _NEW_TOKEN,
    token: str | None = None,
) -> Response:
    """`typed` is what the form of a new token holds, `token` the one that was just made."""
    user = _me()
    with services().registry.read(LOGIN) as tx:
        mine = [(public_id(each), each) for each in sessions.sessions_of(tx, user.id)]
        own_tokens = tokens.list_tokens(tx, user.id)
    page = render_template(
        "account/account.html",
        user=user,
        here=public_id(_session()),
        sessions=mine,
        tokens=own_tokens,
        token=token,
        errors=errors or {},
        typed=typed,
        must_have_totp=second_factor.required(user),
        scopes=[(name, " and ".join(scopes)) for name, scopes in _SCOPES.items()],
        lifetimes=[(days, f"{days} days" if days else "until revoked") for days in LIFETIMES],
        shortest=passwords.SHORTEST,
        browser_name=browser_name,
    )
    return make_response(page, status)


def _enrolment(status: int = 200, error: str | None = None) -> AnyResponse:
    user = _me()
    if user.has_totp:
        return redirect(url_for("account.show"), 303)
    with services().registry.write(LOGIN) as tx:
        found = people.find_credentials(tx, user_id=user.id)
        if found is None:
            raise NotFound
        secret = second_factor.pending_secret(tx, services().vault, found)
    page = render_template("account/totp.html", secret=secret, qr=second_factor.qr(user, secret), error=error)
    return make_response(page, status)
