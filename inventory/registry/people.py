"""The people who may log in: their accounts, roles and second factor. Whose account may be touched the scope says.

A password's hash and a sealed TOTP secret are in `Credentials` alone, which only the login reads: no page can show
what it was never given.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError

from inventory.registry import changes
from inventory.registry.pages import PER_PAGE, Page, Window, matches
from inventory.registry.scope import Transaction
from inventory.registry.tables import api_tokens, login_links, sessions, tenants, users

# Who may give which role: nobody one above his own.
RANKS: Mapping[str, int] = {
    "owner": 3,
    "admin": 2,
    "engineer": 1,
    "support": 1,
    "sales": 1,
    "finance": 1,
    "reseller": 0,
    "client": 0,
}

# One @, no spaces or control characters, nothing a mail header could be split at.
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f<>,;:\"()\[\]\\]+@[^@\s\x00-\x1f\x7f<>,;:\"()\[\]\\]+")


class Refused(changes.Refused):
    """An account cannot be made or changed like that; `field` is which word of it, the text says why."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True, slots=True)
class User:
    """An account without its secrets. `isp` is None for the platform's owner, `tenant` for everyone on the staff."""

    id: str
    isp: str | None
    tenant: str | None
    role: str
    name: str
    email: str
    language: str
    has_password: bool
    has_totp: bool
    disabled_at: float | None
    created_at: float
    version: int


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a login is checked against. `totp_sealed` is there but not `has_totp` while an enrolment is under way."""

    user: User
    password_hash: str | None
    totp_sealed: str | None
    totp_last_step: int | None


@dataclass(frozen=True, slots=True)
class NewUser:
    """An account to be made, or what one is changed to. `password_hash` is argon2id's own text."""

    role: str
    name: str
    email: str
    isp: str | None = None
    tenant: str | None = None
    language: str = "en"
    password_hash: str | None = None


def list_users(tx: Transaction, *, search: str | None = None, page: int = 1, per_page: int = PER_PAGE) -> Page[User]:
    """The accounts the scope may see, by name; each word of `search` is part of a name, an address or a tenant's id."""
    where = [tx.visible(users), *matches(search, users.c.name, users.c.email, users.c.tenant)]
    window = Window(page, per_page)
    total = tx.connection.execute(select(func.count()).select_from(users).where(*where)).scalar_one()
    query = select(users).where(*where).order_by(users.c.name, users.c.id).limit(window.limit).offset(window.offset)
    return window.of([user_from(dict(row)) for row in tx.connection.execute(query).mappings()], total)


def get_user(tx: Transaction, user_id: str) -> User | None:
    """The account of that id, None where there is none or it is not the scope's to see."""
    row = tx.connection.execute(select(users).where(tx.visible(users), users.c.id == user_id)).mappings().first()
    return None if row is None else user_from(dict(row))


def emails_of(tx: Transaction, user_ids: Iterable[str]) -> dict[str, str]:
    """The addresses of these accounts by their ids; one that is gone or not the scope's to see is left out."""
    query = select(users.c.id, users.c.email).where(tx.visible(users), users.c.id.in_(set(user_ids)))
    return {row.id: row.email for row in tx.connection.execute(query)}


def find_user(tx: Transaction, email: str) -> User | None:
    """The account with that address, disabled or not; None where there is none or it is not the scope's to see."""
    query = select(users).where(tx.visible(users), users.c.email == normal_email(email))
    row = tx.connection.execute(query).mappings().first()
    return None if row is None else user_from(dict(row))


def find_credentials(tx: Transaction, *, email: str | None = None, user_id: str | None = None) -> Credentials | None:
    """What a login by that address (or of that account) is checked against; None for nobody, and for the disabled."""
    which = users.c.email == normal_email(email) if email is not None else users.c.id == user_id
    query = select(users).where(tx.visible(users), which, users.c.disabled_at.is_(None))
    row = tx.connection.execute(query).mappings().first()
    if row is None:
        return None
    return Credentials(user_from(dict(row)), row["password_hash"], row["totp_sealed"], row["totp_last_step"])


def create_user(tx: Transaction, new: NewUser, *, by: str) -> User:
    """Make the account; `by` is the role of whoever makes it. Raises Refused."""
    _check(tx, new, by)
    row = _values(new) | {"id": secrets.token_hex(16), "created_at": time.time(), "password_hash": new.password_hash}
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(users.insert().values(row))
    except IntegrityError:
        raise Refused("email", f"{row['email']} has an account already") from None
    made = get_user(tx, row["id"])
    assert made is not None
    return made


def update_user(tx: Transaction, user_id: str, new: NewUser, *, version: int, by: str) -> User | None:
    """Change name, address, role and language; None where another was faster (`version`) or there is no such account.

    Raises Refused: also for the last admin who would become something else. A changed role ends the sessions.
    """
    before = get_user(tx, user_id)
    if before is None:
        return None
    _check(tx, new, by)
    _outranks(before, by)
    if before.role == "admin" and new.role != "admin":
        _keep_an_admin(tx, before, by)
    changed = update(users).where(tx.visible(users), users.c.id == user_id, users.c.version == version)
    try:
        with tx.connection.begin_nested():
            done = tx.connection.execute(changed.values(_values(new) | {"version": version + 1})).rowcount
    except IntegrityError:
        raise Refused("email", f"{normal_email(new.email)} has an account already") from None
    if not done:
        return None
    if (before.role, before.tenant, before.email) != (new.role, new.tenant, normal_email(new.email)):
        _end_access(tx, user_id)
    return get_user(tx, user_id)


def disable(tx: Transaction, user_id: str, *, by: str) -> bool:
    """Let the account log in no more, ending its sessions, links and tokens. Raises Refused for the last admin."""
    user = get_user(tx, user_id)
    if user is None:
        return False
    _outranks(user, by)
    if user.role == "admin":
        _keep_an_admin(tx, user, by)
    _change(tx, user_id, disabled_at=time.time())
    _end_access(tx, user_id)
    return True


def enable(tx: Transaction, user_id: str, *, by: str) -> bool:
    """Let the account log in again; its old sessions and tokens stay ended."""
    user = get_user(tx, user_id)
    if user is None:
        return False
    _outranks(user, by)
    _change(tx, user_id, disabled_at=None)
    return True


def reset_totp(tx: Transaction, user_id: str, *, by: str) -> bool:
    """Take the second factor away, for one who lost it: a role that needs one enrols anew at the next login."""
    user = get_user(tx, user_id)
    if user is None:
        return False
    _outranks(user, by)
    clear_totp(tx, user_id)
    _end_access(tx, user_id, tokens=False)
    return True


def set_password(tx: Transaction, user_id: str, password_hash: str) -> None:
    """Keep another hash."""
    _change(tx, user_id, password_hash=password_hash)


def propose_totp(tx: Transaction, user_id: str, sealed: str) -> None:
    """Keep a secret that is being enrolled; it counts once a code of it was given."""
    _change(tx, user_id, totp_sealed=sealed, totp_confirmed=False, totp_last_step=None)


def clear_totp(tx: Transaction, user_id: str) -> None:
    """Forget the second factor."""
    _change(tx, user_id, totp_sealed=None, totp_confirmed=False, totp_last_step=None)


def use_totp_step(tx: Transaction, user_id: str, step: int) -> bool:
    """Take the code of `step` as used and the second factor as confirmed; False when it, or a later one, was before."""
    unused = or_(users.c.totp_last_step.is_(None), users.c.totp_last_step < step)
    query = update(users).where(tx.visible(users), users.c.id == user_id, users.c.totp_sealed.is_not(None), unused)
    return bool(tx.connection.execute(query.values(totp_last_step=step, totp_confirmed=True)).rowcount)


def normal_email(text: str) -> str:
    """An address as it is kept and compared."""
    return text.strip().lower()


def user_from(row: Mapping[str, Any]) -> User:
    """A row of user_account as an account, for queries that join it."""
    return User(
        id=row["id"],
        isp=row["isp"],
        tenant=row["tenant"],
        role=row["role"],
        name=row["name"],
        email=row["email"],
        language=row["language"],
        has_password=row["password_hash"] is not None,
        has_totp=bool(row["totp_confirmed"]),
        disabled_at=row["disabled_at"],
        created_at=row["created_at"],
        version=row["version"],
    )


def _change(tx: Transaction, user_id: str, **values: Any) -> None:
    query = update(users).where(tx.visible(users), users.c.id == user_id)
    tx.connection.execute(query.values(values | {"version": users.c.version + 1}))


def _end_access(tx: Transaction, user_id: str, *, tokens: bool = True) -> None:
    """The account's row is the scope's, and with it all that hangs on it."""
    for table in (sessions, login_links, api_tokens) if tokens else (sessions, login_links):
        tx.connection.execute(table.delete().where(table.c.user_id == user_id))


def _check(tx: Transaction, new: NewUser, by: str) -> None:
    if new.role not in RANKS:
        raise Refused("role", f"expected one of {', '.join(RANKS)}")
    if RANKS[new.role] > RANKS[by]:
        raise Refused("role", f"{by} cannot give the role {new.role}: it may do more")
    if len(new.email) > 254 or not _EMAIL.fullmatch(normal_email(new.email)):
        raise Refused("email", "expected an address like name@example.net")
    if not new.name.strip() or len(new.name) > 255:
        raise Refused("name", "expected a name of at most 255 characters")
    if (new.role == "owner") != (new.isp is None):
        raise Refused("isp", "every role but owner belongs to an isp, and owner to none")
    if (RANKS[new.role] == 0) != (new.tenant is not None):
        raise Refused("tenant", "a reseller or client is of a tenant, and no other role is")
    if tx.scope.kind in {"staff", "tenant"} and new.isp != tx.scope.isp:
        raise Refused("isp", "not of this isp")
    if new.tenant is not None:
        _check_tenant(tx, new)


def _check_tenant(tx: Transaction, new: NewUser) -> None:
    query = select(tenants.c.kind).where(tx.visible(tenants), tenants.c.tenant == new.tenant, tenants.c.isp == new.isp)
    kind = tx.connection.execute(query).scalar()
    if kind is None:
        raise Refused("tenant", f'there is no tenant "{new.tenant}"')
    if kind != new.role:
        raise Refused("role", f'"{new.tenant}" is a {kind}, so the role is {kind}')


def _outranks(user: User, by: str) -> None:
    if RANKS[user.role] > RANKS[by]:
        raise Refused("role", f"{by} cannot change an account with the role {user.role}")


def _keep_an_admin(tx: Transaction, user: User, by: str) -> None:
    """Two admins who disable each other at the same time wait for one another at these rows."""
    if by == "owner":
        return
    others = select(users.c.id).where(
        tx.visible(users), users.c.isp == user.isp, users.c.role == "admin", users.c.disabled_at.is_(None)
    )
    if set(tx.connection.execute(others.with_for_update()).scalars()) <= {user.id}:
        raise Refused("role", "this is the last admin: make another one first")


def _values(new: NewUser) -> dict[str, Any]:
    return {
        "isp": new.isp,
        "tenant": new.tenant,
        "role": new.role,
        "name": new.name.strip(),
        "email": normal_email(new.email),
        "language": new.language,
    }
