"""Failed logins, counted so that guessing is slow and the one whose account is guessed at still gets in.

Counted are an account from one block of addresses, an address, and an account from anywhere. The last one refuses
only blocks from which nobody has ever logged in to that account, so hammering an account from all over the world does
not lock its owner out. Nor does a neighbour behind the same address: a browser in which somebody logged in to the
account before is counted by itself (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). Every attempt
counts as failed before it is looked at and is taken back when it was right: a thousand sent at the same moment are not
a thousand guesses.

Login links that are asked for are counted alike, so that a stranger who asks for somebody's uses up his own count.
Theirs look back no longer than a link lives: who gets none any more has one in his mailbox that is still good.
"""

from __future__ import annotations

import hashlib
import ipaddress
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select, text

from inventory.registry.scope import Transaction
from inventory.registry.sessions import LINK_SECONDS
from inventory.registry.tables import login_failures

KNOWN_SECONDS = 90 * 86400.0
_LONGEST_WINDOW_SECONDS = 3600.0
# An attacker with a botnet makes a row a guess; beyond this the oldest are forgotten.
MOST_ROWS = 100_000
_DEVICE = "device-"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` within `seconds`."""

    count: int
    seconds: float


FROM_BLOCK = Limit(10, 900.0)  # of an account from one block of addresses, or in one browser that is known to it
FROM_ADDRESS = Limit(100, 900.0)  # of any account from one address: an office may share one
FROM_ANYWHERE = Limit(100, 3600.0)  # of an account, from blocks not known to it
MAILS = Limit(3, LINK_SECONDS)  # login links to one account, asked for at one place, or by the staff
MAILS_FROM_ANYWHERE = Limit(6, LINK_SECONDS)  # to one account, from blocks not known to it: a mailbox is not flooded


@dataclass(frozen=True, slots=True)
class Attempt:
    """One that may go on; `rows` are what it was counted as, `place` the known browser, else the block it came from."""

    account: str
    place: str
    rows: tuple[int, ...]


class TooMany(Exception):
    """Refused without a look at what was given; `retry_after` is in how many seconds to come back."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many attempts; try again in {retry_after} s")
        self.retry_after = retry_after


def begin_attempt(
    tx: Transaction, account: str, address: str, *, device: str | None = None, kind: str = "login"
) -> Attempt:
    """Count an attempt on `account` (an address of mail, whether it exists or not). Raises TooMany.

    `device` is the token of the browser, where it shows one; `kind` keeps passwords and codes apart.
    """
    name = _digest(kind, account)
    _lock(tx, name)
    place, familiar = _place(tx, account, address, device)
    keys = [(f"{name}:{place}", FROM_BLOCK)]
    if not _is_device(place):
        keys.append((f"address:{_address(address)}", FROM_ADDRESS))
    if not familiar:
        keys.append((name, FROM_ANYWHERE))
    for key, limit in keys:
        _refuse_beyond(tx, key, limit)
    _prune(tx)
    return Attempt(account, place, tuple(_count(tx, key) for key, _ in keys))


def succeeded(tx: Transaction, attempt: Attempt, *, kind: str = "login") -> None:
    """Take the attempt back, with the failures from the same place."""
    name = _digest(kind, attempt.account)
    tx.connection.execute(
        delete(login_failures).where(
            tx.visible(login_failures),
            login_failures.c.id.in_(attempt.rows) | (login_failures.c.key == f"{name}:{attempt.place}"),
        )
    )


def remember(tx: Transaction, account: str, address: str, device: str) -> None:
    """Say that somebody logged in to `account` from there, in that browser."""
    for key in (_known_key(account, _block(address)), _known_key(account, _device(device))):
        tx.connection.execute(delete(login_failures).where(tx.visible(login_failures), login_failures.c.key == key))
        _count(tx, key)


def begin_mail(tx: Transaction, account: str, address: str, *, device: str | None = None) -> bool:
    """Count a request for a login link; False when the account had enough of them. Raises TooMany for the address."""
    name = _digest("mail", account)
    _lock(tx, name)
    place, familiar = _place(tx, account, address, device)
    if not _is_device(place):
        where = f"address:{_address(address)}"
        _refuse_beyond(tx, where, FROM_ADDRESS)
        _count(tx, where)
    return _count_mail(tx, {f"{name}:{place}": MAILS} | ({} if familiar else {name: MAILS_FROM_ANYWHERE}))


def begin_staff_mail(tx: Transaction, account: str) -> bool:
    """Count a login link that the staff sends; False when they sent enough of them, whatever others asked for."""
    name = _digest("staff-mail", account)
    _lock(tx, name)
    return _count_mail(tx, {name: MAILS})


def _count_mail(tx: Transaction, limits: Mapping[str, Limit]) -> bool:
    """Count it as each of them; not at all where one is reached."""
    if any(_wait(tx, key, limit) is not None for key, limit in limits.items()):
        return False
    for key in limits:
        _count(tx, key)
    return True


def _place(tx: Transaction, account: str, address: str, device: str | None) -> tuple[str, bool]:
    """The browser where it is known to the account, else the block; and whether somebody logged in from there."""
    if device and _known(tx, account, browser := _device(device)):
        return browser, True
    block = _block(address)
    return block, _known(tx, account, block)


def _refuse_beyond(tx: Transaction, key: str, limit: Limit) -> None:
    wait = _wait(tx, key, limit)
    if wait is not None:
        raise TooMany(max(1, round(wait)))


def _wait(tx: Transaction, key: str, limit: Limit) -> float | None:
    """How long until one more is allowed; None when it is now."""
    now = time.time()
    query = (
        select(login_failures.c.at)
        .where(tx.visible(login_failures), login_failures.c.key == key, login_failures.c.at > now - limit.seconds)
        .order_by(login_failures.c.at.desc())
        .offset(limit.count - 1)
        .limit(1)
    )
    oldest = tx.connection.execute(query).scalar()
    return None if oldest is None else oldest + limit.seconds - now


def _count(tx: Transaction, key: str) -> int:
    query = login_failures.insert().values(key=key, at=time.time()).returning(login_failures.c.id)
    return int(tx.connection.execute(query).scalar_one())


def _known(tx: Transaction, account: str, place: str) -> bool:
    query = select(login_failures.c.id).where(
        tx.visible(login_failures),
        login_failures.c.key == _known_key(account, place),
        login_failures.c.at > time.time() - KNOWN_SECONDS,
    )
    return tx.connection.execute(query).first() is not None


def _prune(tx: Transaction) -> None:
    """Now and then: what no window looks at any more, and what is too much."""
    now = time.time()
    newest = tx.connection.execute(select(func.max(login_failures.c.id)).where(tx.visible(login_failures))).scalar()
    if newest is None or newest % 100 < 97:  # an attempt adds two or three rows, so one in a hundred comes by here
        return
    old = login_failures.c.at < now - _LONGEST_WINDOW_SECONDS
    known = login_failures.c.key.startswith("known:")
    gone: Sequence[object] = (old & ~known, login_failures.c.at < now - KNOWN_SECONDS)
    for condition in gone:
        tx.connection.execute(delete(login_failures).where(tx.visible(login_failures), condition))  # type: ignore[arg-type]
    too_old = login_failures.c.id <= newest - MOST_ROWS
    tx.connection.execute(delete(login_failures).where(tx.visible(login_failures), too_old, ~known))


def _lock(tx: Transaction, key: str) -> None:
    """One at a time for an account. SQLite's writers wait for each other anyway."""
    if tx.connection.dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True)
        tx.connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def _digest(kind: str, account: str) -> str:
    return f"{kind}:{hashlib.sha256(account.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def _known_key(account: str, place: str) -> str:
    return f"{_digest('known', account)}:{place}"


def _device(token: str) -> str:
    """One browser; its token is kept nowhere."""
    return f"{_DEVICE}{hashlib.sha256(token.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def _is_device(place: str) -> bool:
    return place.startswith(_DEVICE)


def _block(address: str) -> str:
    """A neighbourhood: /24 of IPv4, /56 of IPv6, which is what one customer has."""
    return _network(address, 24, 56)


def _address(address: str) -> str:
    """One machine; in IPv6 a machine has a whole /64."""
    return _network(address, 32, 64)


def _network(address: str, v4: int, v6: int) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ipaddress.ip_network((found, v4 if found.version == 4 else v6), strict=False))
