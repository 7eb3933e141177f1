"""Who asks Grafana, by the registry alone: the audience they are of, what they may see, and whose an id is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from inventory.registry.people import User, find_user, get_user
from inventory.registry.scope import LOGIN, Registry, Scope, Transaction
from inventory.registry.tables import circuits, devices, isps, links, tenants
from portal.binding import Audience, bind
from portal.gateway.matching import Matched
from portal.gateway.refusals import Refused
from portal.roles import STAFF_ROLES, TENANT_ROLES

# A tenant's entries name the tenant, so the staff of its isp may ask them about any circuit of theirs.
_MAY_ASK: Mapping[Audience, frozenset[Audience]] = {
    "tenant": frozenset({"tenant"}),
    "staff": frozenset({"tenant", "staff"}),
    "platform": frozenset({"platform"}),
}
_LOGIN_NAME = re.compile(r"[A-Za-z0-9._@+-]{1,254}")


@dataclass(frozen=True, slots=True)
class Asker:
    """One who asks: of which audience, and the scope that bounds what is theirs."""

    user: str
    audience: Audience
    scope: Scope


def is_login(text: str) -> bool:
    """Whether `text` can be one login: two headers arrive joined by a comma, which no login has."""
    return _LOGIN_NAME.fullmatch(text) is not None


def asker_named(registry: Registry, login: str) -> Asker:
    """Whom Grafana calls `login`: the account's id, or its address. Raises Refused for everybody we do not know."""
    with registry.read(LOGIN) as tx:
        user = find_user(tx, login) if "@" in login else get_user(tx, login)
    if user is None or user.disabled_at is not None:
        raise Refused("user", "no account with this login is open", about=login)
    return asker_of(user)


def asker_of(user: User) -> Asker:
    """What an account may ask. Raises Refused for one that belongs to nothing."""
    if user.role == "owner" and user.isp is None and user.tenant is None:
        return Asker(user.id, "platform", Scope("platform"))
    if user.role in STAFF_ROLES and user.role != "owner" and user.isp and user.tenant is None:
        return Asker(user.id, "staff", Scope("staff", user.isp))
    if user.role in TENANT_ROLES and user.isp and user.tenant:
        return Asker(user.id, "tenant", Scope("tenant", user.isp, user.tenant))
    raise Refused("user", "this account belongs to no isp or no tenant", about=user.id)


def bound(tx: Transaction, asker: Asker, matched: Matched) -> str:
    """The expression with every place filled from the registry. Raises Refused for an id that is not the asker's."""
    query = matched.query
    may_ask(asker.audience, matched)
    _check_there(tx, asker)
    values = dict(checked(tx, asker, matched))
    try:
        return bind(query, **{name: value for name, value in values.items() if f"${name}" in _words(query.expr)})
    except ValueError:
        raise Refused("place", "this query needs something the asker does not have", about=query.name) from None


def may_ask(audience: Audience, matched: Matched) -> None:
    """Raise Refused for an entry that is another audience's."""
    if matched.query.audience not in _MAY_ASK[audience]:
        raise Refused("expression", "this query is not for this account", about=matched.query.name)


def checked(tx: Transaction, asker: Asker, matched: Matched) -> Mapping[str, str]:
    """The values of the places, `isp` and `tenant` among them. Raises Refused for an id that is not the asker's."""
    values = {"isp": asker.scope.isp, "tenant": asker.scope.tenant, **matched.places}
    for name, wanted in matched.places.items():
        owner = owner_of(tx, name, wanted)
        if owner is None:
            raise Refused("place", f"there is no such {name}", about=f"{name} {wanted}")
        values |= owner
    return {name: value for name, value in values.items() if value is not None}


def owner_of(tx: Transaction, place: str, wanted: str) -> Mapping[str, str] | None:
    """Whose that thing is, as far as the scope sees it; None where it sees none. A tenant has circuits alone."""
    if place == "circuit":
        columns = (circuits.c.isp, circuits.c.tenant)
        row = tx.connection.execute(select(*columns).where(tx.visible(circuits), circuits.c.circuit == wanted)).first()
        return None if row is None else {"isp": row.isp, "tenant": row.tenant}
    table, column = {"link": (links, links.c.link), "device": (devices, devices.c.device)}[place]
    row = tx.connection.execute(select(table.c.isp).where(tx.visible(table), column == wanted)).first()
    return None if row is None else {"isp": row.isp}


def _check_there(tx: Transaction, asker: Asker) -> None:
    """Raise Refused where the isp or the tenant of the account is in the registry no more."""
    if asker.audience == "platform":
        return
    table, column, wanted = (
        (isps, isps.c.isp, asker.scope.isp)
        if asker.audience == "staff"
        else (tenants, tenants.c.tenant, asker.scope.tenant)
    )
    if tx.connection.execute(select(column).where(tx.visible(table), column == wanted)).first() is None:
        raise Refused("user", "this account belongs to nothing that is in the registry", about=asker.user)


def _words(expr: str) -> set[str]:
    return set(re.findall(r"\$[a-z]+", expr))
