"""Password and code as proof of who somebody is: counted before they are looked at, at the login and after it."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from flask import request

from inventory.registry import attempts, people
from inventory.registry.attempts import Attempt, TooMany
from inventory.registry.people import Credentials, User
from inventory.registry.scope import LOGIN, Transaction
from inventory.vault import SealBroken
from portal.login import cookies, current, passwords, second_factor
from portal.metrics import LOGINS
from portal.services import services

log = structlog.get_logger(__name__)

Note = Callable[[Transaction], None]

WRONG_CODE = "This code is not right, or was used already. Wait for the next one."
CODE_BROKEN = "Your second factor cannot be read any more. Ask an admin to reset it."


def by_password(email: str, given: str) -> User | None:
    """Who has that address and password; None for nobody, after the same time. Raises TooMany."""
    attempt = _begin(email, kind="login", way="password")
    with services().registry.read(LOGIN) as tx:
        found = people.find_credentials(tx, email=email)
    right = passwords.verify(given[: passwords.LONGEST], found.password_hash if found else None)
    if found is None or not right:
        _refused(found, way="password")
        return None
    _accepted(attempt, kind="login", way="password")
    if passwords.wants_rehash(found.password_hash or ""):
        kept = passwords.hash_password(given[: passwords.LONGEST])
        with services().registry.write(LOGIN) as tx:
            people.set_password(tx, found.user.id, kept)
    return found.user


def code_error(user: User, given: str, *, way: str = "code", note: Note = lambda _: None) -> str | None:
    """Why the code will not do; None when it does, which uses it up. Raises TooMany.

    `note` writes down in the same transaction what its acceptance means.
    """
    attempt = _begin(user.email, kind="code", way=way)
    try:
        with services().registry.write(LOGIN) as tx:
            found = people.find_credentials(tx, user_id=user.id)
            right = found is not None and second_factor.accept(tx, services().vault, found, given)
            if right:
                note(tx)
    except SealBroken:
        log.warning("a second factor does not open: was BACKHAUL_SECRET_KEY changed?", user=user.id)
        return CODE_BROKEN
    if not right:
        _refused(found, way=way)
        return WRONG_CODE
    _accepted(attempt, kind="code", way=way)
    return None


def _begin(account: str, *, kind: str, way: str) -> Attempt:
    try:
        with services().registry.write(LOGIN) as tx:
            name = people.normal_email(account)
            device = cookies.device_token(request)
            return attempts.begin_attempt(tx, name, current.client_address(request), device=device, kind=kind)
    except TooMany:
        LOGINS.labels(way, "throttled").inc()
        raise


def _accepted(attempt: Attempt, *, kind: str, way: str) -> None:
    with services().registry.write(LOGIN) as tx:
        attempts.succeeded(tx, attempt, kind=kind)
    LOGINS.labels(way, "accepted").inc()


def _refused(found: Credentials | None, *, way: str) -> None:
    """An address that has no account is not logged: it may be a password in the wrong field."""
    LOGINS.labels(way, "refused").inc()
    user = found.user.id if found is not None else None
    log.warning("login refused", way=way, user=user, address=current.client_address(request))
