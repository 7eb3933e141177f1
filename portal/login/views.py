"""The pages by which one gets in: password, link by mail, code, enrolment; and out."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from inventory.registry import attempts, people, sessions
from inventory.registry.people import Credentials
from inventory.registry.scope import LOGIN, Transaction
from inventory.registry.sessions import Session
from portal.login import cookies, csrf, current, links, outcome, proof, second_factor
from portal.metrics import LOGINS
from portal.services import services
from portal.tenancy import public

blueprint = Blueprint("login", __name__)

WRONG_PASSWORD = "This address and password do not belong together."  # noqa: S105 - a text for people


@blueprint.get("/login")
@public
def login() -> AnyResponse:
    """The form."""
    if g.identity is not None:
        return redirect(outcome.onward(g.identity.isp, safe_next(request.args.get("next"))), 303)
    return _form("login/login.html", mail=services().mailer.available)


@blueprint.post("/login")
@public
def check_password() -> AnyResponse:
    """The password. Raises TooMany; the answer takes as long for an address that does not exist."""
    email = request.form.get("email", "")
    user = proof.by_password(email, request.form.get("password", ""))
    if user is None:
        return _form("login/login.html", 422, mail=services().mailer.available, error=WRONG_PASSWORD, email=email)
    return outcome.after_first_factor(user, _next(), way="password")


@blueprint.get("/login/link")
@public
def ask_link() -> AnyResponse:
    """Where to send a link to."""
    return _form("login/ask_link.html", mail=services().mailer.available)


@blueprint.post("/login/link")
@public
def send_link() -> AnyResponse:
    """Send one, if there is such an account; the answer, and how long it takes, does not say. Raises TooMany."""
    email = request.form.get("email", "")
    if services().mailer.available:
        address, device = current.client_address(request), cookies.device_token(request)
        with services().registry.write(LOGIN) as tx:
            wanted = attempts.begin_mail(tx, people.normal_email(email), address, device=device)
        if wanted:
            links.send_later(services(), email)
    return _form("login/ask_link.html", mail=services().mailer.available, sent=services().mailer.available)


@blueprint.get("/login/link/<token>")
@public
def show_link(token: str) -> AnyResponse:
    """A button: programs that look into mails open links, and must not use them up."""
    with services().registry.read(LOGIN) as tx:
        user = sessions.link_user(tx, token)
    return _form("login/use_link.html", 200 if user else 410, user=user)


@blueprint.post("/login/link/<token>")
@public
def use_link(token: str) -> AnyResponse:
    """Use it up."""
    with services().registry.write(LOGIN) as tx:
        user_id = sessions.use_link(tx, token)
        found = people.find_credentials(tx, user_id=user_id) if user_id is not None else None
    if found is None:
        LOGINS.labels("link", "refused").inc()
        return _form("login/use_link.html", 410, user=None)
    return outcome.after_first_factor(found.user, "/", way="link")


@blueprint.get("/login/code")
@public
def code() -> AnyResponse:
    """The second factor's form."""
    session = _half_session()
    if session is None:
        return redirect(url_for("login.login"), 303)
    if not session.user.has_totp:
        return redirect(url_for("login.enrol", next=request.args.get("next")), 303)
    return _form("login/code.html")


@blueprint.post("/login/code")
@public
@csrf.of_a_session
def check_code() -> AnyResponse:
    """The code. Raises TooMany."""
    session = _half_session()
    if session is None or not session.user.has_totp:
        return redirect(url_for("login.login"), 303)
    error = proof.code_error(session.user, request.form.get("code", ""))
    if error is not None:
        return _form("login/code.html", 422, error=error)
    return outcome.log_in(session.user, _next(), way="code")


@blueprint.get("/login/enrol")
@public
def enrol() -> AnyResponse:
    """The second factor's secret, for one who must have it and has not."""
    session = _half_session()
    if session is None or session.user.has_totp:
        return redirect(url_for("login.login"), 303)
    return _enrolment(session)


@blueprint.post("/login/enrol")
@public
@csrf.of_a_session
def finish_enrolment() -> AnyResponse:
    """The first code, which shows that the secret arrived. Raises TooMany."""
    session = _half_session()
    if session is None or session.user.has_totp:
        return redirect(url_for("login.login"), 303)

    def note(tx: Transaction) -> None:
        current.note_of(tx, session.user, "enrol second factor")

    error = proof.code_error(session.user, request.form.get("code", ""), way="enrolment", note=note)
    if error is not None:
        return _enrolment(session, 422, error)
    return outcome.log_in(session.user, _next(), way="enrolment")


@blueprint.post("/logout")
@public
@csrf.of_a_session
def logout() -> AnyResponse:
    """End the session, half or whole."""
    response = redirect(url_for("login.login"), 303)
    if g.session is None:  # another site's form comes without the cookie, and must not take it away
        return response
    with services().registry.write(LOGIN) as tx:
        ended = sessions.end_session(tx, g.session.token_hash, user_id=g.session.user.id)
        if ended and g.session.second_factor:
            current.note_of(tx, g.session.user, "logout")
    cookies.clear_session(response)
    return response


def safe_next(text: str | None) -> str:
    r"""The page to go on to: one of ours, or the first one.

    Browsers take a backslash for a slash and skip control characters, so `/\evil` would lead elsewhere.
    """
    if not text or not text.startswith("/") or text.startswith(("//", "/login", "/logout")):
        return "/"
    if "\\" in text or any(ord(character) < 33 for character in text):
        return "/"
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc else text


def _next() -> str:
    return safe_next(request.form.get("next"))


def _half_session() -> Session | None:
    session: Session | None = g.session
    return session if session is not None and not session.second_factor else None


def _enrolment(session: Session, status: int = 200, error: str | None = None) -> AnyResponse:
    with services().registry.write(LOGIN) as tx:
        found: Credentials | None = people.find_credentials(tx, user_id=session.user.id)
        if found is None or found.user.has_totp:
            return redirect(url_for("login.login"), 303)
        secret = second_factor.pending_secret(tx, services().vault, found)
    picture = second_factor.qr(session.user, secret)
    return _form("login/enrol.html", status, secret=secret, qr=picture, error=error)


def _form(template: str, status: int = 200, **values: object) -> Response:
    csrf.prepare_form()
    back = request.values.get("next")
    return make_response(render_template(template, next=back, **values), status)
