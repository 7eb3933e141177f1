"""Who is logged in: sessions, known by the hash of their cookie, and the links that begin one by mail."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update

from inventory.registry.people import User, user_from
from inventory.registry.scope import Transaction
from inventory.registry.tables import login_links, sessions, users

IDLE_SECONDS = 12 * 3600.0  # a wall screen in the operators' room is looked at more often than that
ABSOLUTE_SECONDS = 7 * 86400.0
HALF_SECONDS = 600.0  # between the password and the code
SEEN_EVERY_SECONDS = 60.0
LINK_SECONDS = 600.0
INVITATION_SECONDS = 86400.0  # a link that an admin or the command line hands over

_USER_COLUMNS = [column.label(f"account_{column.name}") for column in users.c]


@dataclass(frozen=True, slots=True)
class Session:
    """One login of one person. `isp` is the one looked at; without `second_factor` only the code's page is open."""

    token_hash: str
    user: User
    csrf: str
    isp: str | None
    second_factor: bool
    created_at: float
    seen_at: float
    address: str
    agent: str


def hash_token(token: str) -> str:
    """What is kept of a token: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def start_session(tx: Transaction, user: User, *, second_factor: bool, address: str, agent: str) -> str:
    """Begin a session and give its token, which is kept nowhere."""
    token, now = secrets.token_urlsafe(32), time.time()
    tx.connection.execute(
        sessions.insert().values(
            token_hash=hash_token(token),
            user_id=user.id,
            csrf=secrets.token_urlsafe(32),
            isp=user.isp,
            second_factor=second_factor,
            created_at=now,
            seen_at=now,
            expires_at=now + (ABSOLUTE_SECONDS if second_factor else HALF_SECONDS),
            address=address,
            agent=agent[:255],
        )
    )
    return token


def find_session(tx: Transaction, token: str) -> Session | None:
    """The session of that token; None where there is none, it is over, or its user is disabled."""
    now = time.time()
    query = (
        select(sessions, *_USER_COLUMNS)
        .join(users, users.c.id == sessions.c.user_id)
        .where(tx.visible(sessions), sessions.c.token_hash == hash_token(token))
        .where(sessions.c.expires_at > now, sessions.c.seen_at > now - IDLE_SECONDS, users.c.disabled_at.is_(None))
    )
    row = tx.connection.execute(query).mappings().first()
    return None if row is None else _session(dict(row))


def sessions_of(tx: Transaction, user_id: str) -> list[Session]:
    """The full sessions of one person that are not over, last seen first."""
    now = time.time()
    query = (
        select(sessions, *_USER_COLUMNS)
        .join(users, users.c.id == sessions.c.user_id)
        .where(tx.visible(sessions), sessions.c.user_id == user_id, sessions.c.second_factor.is_(True))
        .where(sessions.c.expires_at > now, sessions.c.seen_at > now - IDLE_SECONDS)
        .order_by(sessions.c.seen_at.desc())
    )
    return [_session(dict(row)) for row in tx.connection.execute(query).mappings()]


def note_seen(tx: Transaction, session: Session) -> None:
    """Say that it is in use. To be called when `stale(session)`: once a minute is enough."""
    query = update(sessions).where(tx.visible(sessions), sessions.c.token_hash == session.token_hash)
    tx.connection.execute(query.values(seen_at=time.time()))


def stale(session: Session) -> bool:
    """Whether its last use was noted more than a minute ago."""
    return time.time() - session.seen_at > SEEN_EVERY_SECONDS


def choose_isp(tx: Transaction, session: Session, isp: str | None) -> None:
    """Let the platform's owner look at that isp.

    Forms that were opened for another one are not taken any more: what they hold would be written to the wrong isp.
    """
    if isp == session.isp:
        return
    query = update(sessions).where(tx.visible(sessions), sessions.c.token_hash == session.token_hash)
    tx.connection.execute(query.values(isp=isp, csrf=secrets.token_urlsafe(32)))


def end_session(tx: Transaction, token_hash: str, *, user_id: str) -> bool:
    """End one session of that person; False where it is not theirs."""
    query = delete(sessions).where(
        tx.visible(sessions), sessions.c.token_hash == token_hash, sessions.c.user_id == user_id
    )
    return bool(tx.connection.execute(query).rowcount)


def end_others(tx: Transaction, user_id: str, *, keep: str | None) -> int:
    """End all sessions of that person but the one whose token's hash is `keep`; how many. Links end as well."""
    tx.connection.execute(delete(login_links).where(tx.visible(login_links), login_links.c.user_id == user_id))
    query = delete(sessions).where(tx.visible(sessions), sessions.c.user_id == user_id)
    if keep is not None:
        query = query.where(sessions.c.token_hash != keep)
    return tx.connection.execute(query).rowcount


def prune(tx: Transaction) -> None:
    """Forget sessions and links that are over."""
    now = time.time()
    tx.connection.execute(delete(sessions).where(tx.visible(sessions), sessions.c.expires_at <= now))
    tx.connection.execute(delete(login_links).where(tx.visible(login_links), login_links.c.expires_at <= now))


def make_link(tx: Transaction, user_id: str, *, seconds: float = LINK_SECONDS) -> str:
    """The token of a link by which that person may log in once within `seconds`."""
    token, now = secrets.token_urlsafe(32), time.time()
    row = {"token_hash": hash_token(token), "user_id": user_id, "created_at": now, "expires_at": now + seconds}
    tx.connection.execute(login_links.insert().values(row))
    return token


def link_user(tx: Transaction, token: str) -> User | None:
    """Whose link it is; None when it could not be used now."""
    query = select(users).join(login_links, login_links.c.user_id == users.c.id)
    row = tx.connection.execute(query.where(*_good_link(tx, token), users.c.disabled_at.is_(None))).mappings().first()
    return None if row is None else user_from(dict(row))


def use_link(tx: Transaction, token: str) -> str | None:
    """Take the link as used and give its person's id; None where it is over, was used, or never was."""
    query = update(login_links).where(*_good_link(tx, token)).values(used_at=time.time())
    return tx.connection.execute(query.returning(login_links.c.user_id)).scalar()


def _good_link(tx: Transaction, token: str) -> tuple[ColumnElement[bool], ...]:
    columns = login_links.c
    return (
        tx.visible(login_links),
        columns.token_hash == hash_token(token),
        columns.used_at.is_(None),
        columns.expires_at > time.time(),
    )


def _session(row: Mapping[str, Any]) -> Session:
    account = {name.removeprefix("account_"): value for name, value in row.items() if name.startswith("account_")}
    return Session(
        token_hash=row["token_hash"],
        user=user_from(account),
        csrf=row["csrf"],
        isp=row["isp"],
        second_factor=row["second_factor"],
        created_at=row["created_at"],
        seen_at=row["seen_at"],
        address=row["address"],
        agent=row["agent"],
    )
