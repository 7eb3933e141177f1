"""Who did what, when, from where: written once, never changed, each entry sealed to the one before by its hash.

There is one chain for each isp and one for the platform. The table `audit_head` holds the last hash of each: it is
locked while an entry is added, so that entries follow each other, and it shows when the last ones were taken away.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from inventory.registry.pages import Page, Window, matches
from inventory.registry.scope import Transaction
from inventory.registry.tables import audit, audit_heads

PLATFORM = ""  # the chain of what belongs to no isp
_BEGINNING = "0" * 64
_NEWEST = 5_000


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an email address, `api:NAME` or `cli`, and the network address the request came from."""

    name: str
    address: str | None = None


CLI = Actor("cli")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `at` is Unix seconds; `detail` never holds a secret."""

    id: int
    isp: str | None
    tenant: str | None
    at: float
    actor: str
    action: str
    kind: str
    object_id: str
    detail: Mapping[str, Any]
    address: str | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which entries: each word of `search` stands in one of their columns; `until` (Unix seconds) is not included."""

    search: str | None = None
    actor: str | None = None
    action: str | None = None
    kind: str | None = None
    object_id: str | None = None
    since: float | None = None
    until: float | None = None


def record(  # noqa: PLR0913, PLR0917 - the words of one sentence: who did what to which
    tx: Transaction,
    actor: Actor,
    action: str,
    kind: str,
    object_id: str,
    detail: Mapping[str, Any] | None = None,
    *,
    isp: str | None = None,
    tenant: str | None = None,
) -> None:
    """Add an entry in the transaction of what it tells of. `isp` and `tenant` are the scope's unless given."""
    owner = isp if isp is not None else tx.scope.isp
    row = {
        "isp": owner,
        "tenant": tenant if tenant is not None else tx.scope.tenant,
        "at": time.time(),
        "actor": actor.name[:254],
        "action": action,
        "kind": kind,
        "object_id": object_id[:255],
        "detail": dict(detail or {}),
        "address": actor.address,
    }
    chain = owner or PLATFORM
    previous = _lock_head(tx, chain)
    digest = _digest(row, previous)
    # Inline: the id is not asked for, since not everybody who writes an entry may read it.
    tx.connection.execute(insert(audit).values(row | {"previous": previous, "hash": digest}).inline())
    ahead = {"hash": digest, "entries": audit_heads.c.entries + 1}
    tx.connection.execute(update(audit_heads).where(audit_heads.c.chain == chain).values(ahead))


def entries(tx: Transaction, filters: Filters = Filters(), *, page: int = 1, per_page: int = 50) -> Page[Entry]:
    """The entries the scope may see, newest first."""
    where = [tx.visible(audit), *_conditions(filters)]
    window = Window(page, per_page)
    total = tx.connection.execute(select(func.count()).select_from(audit).where(*where)).scalar_one()
    query = select(audit).where(*where).order_by(audit.c.id.desc()).limit(window.limit).offset(window.offset)
    return window.of([_entry(row) for row in tx.connection.execute(query).mappings()], total)


def older(tx: Transaction, filters: Filters, before: int | None, most: int) -> list[Entry]:
    """The newest entries of a number below `before` (None: of all): a way through all of them that gets no slower."""
    where = [tx.visible(audit), *_conditions(filters), *([] if before is None else [audit.c.id < before])]
    query = select(audit).where(*where).order_by(audit.c.id.desc()).limit(most)
    return [_entry(row) for row in tx.connection.execute(query).mappings()]


def known(tx: Transaction) -> tuple[list[str], list[str]]:
    """The kinds of things and the actions there are entries of, for a choice; of the newest _NEWEST entries."""
    columns = select(audit.c.kind, audit.c.action).where(tx.visible(audit))
    newest = columns.order_by(audit.c.id.desc()).limit(_NEWEST).subquery()

    def each(column: ColumnElement[str]) -> list[str]:
        return list(tx.connection.execute(select(column).distinct().order_by(column)).scalars())

    return each(newest.c.kind), each(newest.c.action)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a chain is known to be good: the last good entry by id and hash, and how many there are up to it."""

    id: int = 0
    hash: str = _BEGINNING
    entries: int = 0


BEGINNING = Mark()


@dataclass(frozen=True, slots=True)
class Followed:
    """`mark` is the last good entry; `broken` the id of the one after it where that is not as it was written.

    `ended` where there was nothing more to look at. `entries` is how many there should be in all.
    """

    mark: Mark
    broken: int | None
    ended: bool
    entries: int


def follow(tx: Transaction, chain: str, mark: Mark = BEGINNING, most: int | None = None) -> Followed:
    """Check a chain from `mark` on, at most so many entries, each against the one before and the end against the head.

    Where the last entries are gone `broken` is the id after the last that is left. The scope has to see the chain.
    """
    mine = audit.c.isp.is_(None) if chain == PLATFORM else audit.c.isp == chain
    query = select(audit).where(tx.visible(audit), mine, audit.c.id > mark.id).order_by(audit.c.id).limit(most)
    head = tx.connection.execute(select(audit_heads).where(audit_heads.c.chain == chain)).first()
    wanted = (head.hash, head.entries) if head is not None else (_BEGINNING, 0)
    seen = 0
    for row in tx.connection.execute(query.execution_options(yield_per=1000)).mappings():
        if row["previous"] != mark.hash or row["hash"] != _digest(row, mark.hash):
            return Followed(mark, int(row["id"]), ended=False, entries=wanted[1])
        mark, seen = Mark(row["id"], row["hash"], mark.entries + 1), seen + 1
    ended = most is None or seen < most
    lost = ended and (mark.hash, mark.entries) != wanted
    return Followed(mark, mark.id + 1 if lost else None, ended, wanted[1])


def verify(tx: Transaction) -> int | None:
    """The id of the first entry that is not as it was written, None when all are: the whole of every chain."""
    broken = (followed.broken for followed in follow_all(tx).values())
    return min((one for one in broken if one is not None), default=None)


def follow_all(tx: Transaction) -> dict[str, Followed]:
    """Every chain the scope sees all entries of, by its isp or PLATFORM, checked from its beginning.

    A tenant sees none. How long it takes grows with the chains, so pages use `audit_watch`.
    """
    if tx.scope.kind in {"service", "platform"}:
        told = select(func.coalesce(audit.c.isp, PLATFORM)).union(select(audit_heads.c.chain))
        chains = sorted(tx.connection.execute(told).scalars())
    else:
        chains = [tx.scope.isp] if tx.scope.kind == "staff" and tx.scope.isp else []
    return {chain: follow(tx, chain) for chain in chains}


def _lock_head(tx: Transaction, chain: str) -> str:
    """The last hash of the chain, which nobody else adds to until this transaction ends."""
    dialect = postgresql if tx.connection.dialect.name == "postgresql" else sqlite
    new = dialect.insert(audit_heads).values(chain=chain, hash=_BEGINNING, entries=0).on_conflict_do_nothing()
    tx.connection.execute(new)
    query = select(audit_heads.c.hash).where(audit_heads.c.chain == chain).with_for_update()
    found: str = tx.connection.execute(query).scalar_one()
    return found


def _digest(row: Mapping[str, Any] | RowMapping, previous: str) -> str:
    """SHA-256 over the entry and the hash before it. The time is written to the microsecond."""
    told = [
        previous,
        row["isp"],
        row["tenant"],
        f"{row['at']:.6f}",
        row["actor"],
        row["action"],
        row["kind"],
        row["object_id"],
        row["detail"],
        row["address"],
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    exact = {"actor": filters.actor, "action": filters.action, "kind": filters.kind, "object_id": filters.object_id}
    found: list[ColumnElement[bool]] = [audit.c[name] == value for name, value in exact.items() if value]
    found += matches(filters.search, audit.c.actor, audit.c.action, audit.c.kind, audit.c.object_id)
    if filters.since is not None:
        found.append(audit.c.at >= filters.since)
    if filters.until is not None:
        found.append(audit.c.at < filters.until)
    return found


def _entry(row: RowMapping) -> Entry:
    names = ("id", "isp", "tenant", "at", "actor", "action", "kind", "object_id", "detail", "address")
    return Entry(**{name: row[name] for name in names})
