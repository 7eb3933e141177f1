"""API tokens: what a program shows instead of a session. Known by their hash; shown once, when they are made."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select, update

from inventory.registry.people import User, user_from
from inventory.registry.scope import Transaction
from inventory.registry.sessions import hash_token
from inventory.registry.tables import api_tokens, users

SCOPES: tuple[str, ...] = ("read", "write")

# A prefix lets scanners find tokens that were published by accident.
PREFIX = "bkh_"
_USED_EVERY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ApiToken:
    """One token without itself. `user` is whose it is; it may do what its user may, less what `scopes` leave out."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: float
    expires_at: float | None
    used_at: float | None
    revoked_at: float | None


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """Who shows a token, and what it is good for."""

    token: ApiToken
    user: User
    isp: str | None


@dataclass(frozen=True, slots=True)
class GoodFor:
    """What a token to be made is for. `isp` is the one it works on; without `seconds` it lasts until it is revoked."""

    name: str
    scopes: Sequence[str]
    isp: str | None
    seconds: float | None = None


def create_token(tx: Transaction, user: User, good_for: GoodFor) -> str:
    """Make a token and give it, this once."""
    token, now = PREFIX + secrets.token_urlsafe(32), time.time()
    tx.connection.execute(
        api_tokens.insert().values(
            id=secrets.token_hex(16),
            isp=good_for.isp,
            tenant=user.tenant,
            user_id=user.id,
            name=good_for.name,
            token_hash=hash_token(token),
            scopes=[scope for scope in SCOPES if scope in good_for.scopes],
            created_at=now,
            expires_at=None if good_for.seconds is None else now + good_for.seconds,
        )
    )
    return token


def list_tokens(tx: Transaction, user_id: str) -> list[ApiToken]:
    """The tokens of one person that were not revoked, newest first."""
    query = (
        select(api_tokens)
        .where(tx.visible(api_tokens), api_tokens.c.user_id == user_id, api_tokens.c.revoked_at.is_(None))
        .order_by(api_tokens.c.created_at.desc(), api_tokens.c.id)
    )
    return [_token(dict(row)) for row in tx.connection.execute(query).mappings()]


def revoke_token(tx: Transaction, token_id: str, *, user_id: str) -> bool:
    """End a token of that person; False where it is not theirs."""
    query = update(api_tokens).where(
        tx.visible(api_tokens),
        api_tokens.c.id == token_id,
        api_tokens.c.user_id == user_id,
        api_tokens.c.revoked_at.is_(None),
    )
    return bool(tx.connection.execute(query.values(revoked_at=time.time())).rowcount)


def token_identity(tx: Transaction, token: str) -> TokenHolder | None:
    """Whose token that is; None where there is none, it is over or revoked, or its user is disabled."""
    columns = api_tokens.c
    query = (
        select(api_tokens, *[column.label(f"account_{column.name}") for column in users.c])
        .join(users, users.c.id == columns.user_id)
        .where(tx.visible(api_tokens), columns.token_hash == hash_token(token), columns.revoked_at.is_(None))
        .where(or_(columns.expires_at.is_(None), columns.expires_at > time.time()), users.c.disabled_at.is_(None))
    )
    row = tx.connection.execute(query).mappings().first()
    if row is None:
        return None
    account = {name.removeprefix("account_"): value for name, value in row.items() if name.startswith("account_")}
    return TokenHolder(_token(dict(row)), user_from(account), row["isp"])


def use_is_stale(token: ApiToken) -> bool:
    """Whether its last use was noted more than a minute ago."""
    return token.used_at is None or time.time() - token.used_at > _USED_EVERY_SECONDS


def note_use(tx: Transaction, token: ApiToken) -> None:
    """Say that it is in use."""
    query = update(api_tokens).where(tx.visible(api_tokens), api_tokens.c.id == token.id)
    tx.connection.execute(query.values(used_at=time.time()))


def _token(row: dict[str, object]) -> ApiToken:
    names = ("id", "name", "scopes", "created_at", "expires_at", "used_at", "revoked_at")
    values = {name: row[name] for name in names}
    return ApiToken(**values | {"scopes": tuple(values["scopes"])})  # type: ignore[arg-type]  # as the columns say
