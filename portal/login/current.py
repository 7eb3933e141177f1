"""Who asks: the session of the cookie or the token of the API, looked up before every view.

Sets `g.session` (None for nobody), `g.identity` (None too while the code is still asked for), `g.csrf`, and
`g.token_scopes` for a program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import get_args

import structlog
from flask import Flask, Request, g, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.wrappers import Response

from inventory.registry import audit, sessions, tokens
from inventory.registry.audit import Actor
from inventory.registry.people import User
from inventory.registry.scope import LOGIN, Registry, Transaction
from inventory.registry.sessions import Session
from portal.login import cookies
from portal.roles import ROLES, Permission, Role
from portal.services import services
from portal.tenancy import Identity

log = structlog.get_logger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
API = "/api/"

# What a program may not do even for one who may: it would outlive the password and the second factor.
_NOT_BY_TOKEN: frozenset[Permission] = frozenset({"tokens.write", "users.write"})
# These answer without the database, so that they answer when it is away.
_WITHOUT_DATABASE = ("/static/", "/-/", "/metrics")
# Grafana's pages ask for their figures anew each minute.
_BY_ITSELF = "/grafana/api/"


def install(app: Flask) -> None:
    """Look up who asks before every view."""
    app.before_request(_load)


def session_identity(session: Session) -> Identity:
    """A session as the guard knows it."""
    return _identity(session.user, session.isp, via="session")


def client_address(asked: Request) -> str:
    """Where the request comes from; through proxies as far as the server was told to trust them."""
    return (asked.remote_addr or "unknown")[:45]


def note_of(tx: Transaction, user: User, action: str, detail: Mapping[str, object] | None = None) -> None:
    """Write into the audit what somebody does with his own account, in the transaction that does it."""
    actor = Actor(user.email, client_address(request))
    audit.record(tx, actor, action, "user", user.id, detail, isp=user.isp, tenant=user.tenant)


def start(
    user: User, response: Response, *, second_factor: bool, note: Callable[[Transaction], None] = lambda _: None
) -> None:
    """Begin a session in place of the one there was: a token known before the login is worth nothing after it.

    `note` writes down in the same transaction what that means.
    """
    with services().registry.write(LOGIN) as tx:
        note(tx)
        old = g.get("session")
        if old is not None:
            sessions.end_session(tx, old.token_hash, user_id=old.user.id)
        sessions.prune(tx)
        token = sessions.start_session(
            tx,
            user,
            second_factor=second_factor,
            address=client_address(request),
            agent=request.headers.get("User-Agent", ""),
        )
    cookies.set_session(response, token)


def _load() -> None:
    g.session, g.identity, g.csrf, g.token_scopes = None, None, "", None
    if request.path.startswith(_WITHOUT_DATABASE):
        return
    if request.path.startswith(API) and "Authorization" in request.headers:
        g.identity = _by_token(request.headers["Authorization"])
        return
    session = _find(services().registry, cookies.session_token(request))
    if session is None:
        g.csrf = cookies.form_csrf(request) or ""
        return
    g.session, g.csrf = session, session.csrf
    if session.second_factor:
        g.identity = session_identity(session)


def _find(registry: Registry, cookie: str | None) -> Session | None:
    if not cookie:
        return None
    with registry.read(LOGIN) as tx:
        session = sessions.find_session(tx, cookie)
    if session is not None and sessions.stale(session) and not _asked_by_script():
        _note(registry, lambda tx: sessions.note_seen(tx, session))
    return session


def _asked_by_script() -> bool:
    """Whether a page that lies open asked by itself, which is no sign that anybody is there."""
    return "X-Live" in request.headers or request.path.startswith(_BY_ITSELF)


def _note(registry: Registry, write: Callable[[Transaction], None]) -> None:
    """Write down that something is in use: not worth failing a page that only reads."""
    try:
        with registry.write(LOGIN) as tx:
            write(tx)
    except OperationalError as error:
        log.warning("the use of a session or token was not noted", error=type(error).__name__)


def _by_token(header: str) -> Identity:
    """The holder of a bearer token. Raises Unauthorized for none, Forbidden for one that may not do what is asked."""
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise Unauthorized("expected Authorization: Bearer and a token of /account")
    registry = services().registry
    with registry.read(LOGIN) as tx:
        holder = tokens.token_identity(tx, token.strip())
    if holder is None:
        raise Unauthorized("this token is unknown, revoked or expired; make one at /account")
    if tokens.use_is_stale(holder.token):
        _note(registry, lambda tx: tokens.note_use(tx, holder.token))
    g.token_scopes = frozenset(holder.token.scopes)
    if request.method in SAFE_METHODS:
        if "read" not in g.token_scopes:  # none is made like that any more
            raise Forbidden("this token may not read; make one that may at /account")
    elif "write" not in g.token_scopes:
        raise Forbidden("this token may only read; make one that may read and write at /account")
    return _identity(holder.user, holder.isp, via="token")


def _identity(user: User, isp: str | None, *, via: str) -> Identity:
    role: Role = _role(user.role)
    allowed = ROLES[role] if via == "session" else ROLES[role] - _NOT_BY_TOKEN
    return Identity(user.id, user.name, user.email, role, isp, user.tenant, allowed, via)


def _role(text: str) -> Role:
    for role in get_args(Role):
        if role == text:
            found: Role = role
            return found
    raise Forbidden  # a role of a newer version: nothing is known of what it may
