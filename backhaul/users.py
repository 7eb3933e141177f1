"""`backhaul user`: makes the first accounts, and helps those who cannot get in any more."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy.exc import OperationalError

from inventory.database import database_url, open_database
from inventory.registry import audit, people, sessions
from inventory.registry.audit import CLI
from inventory.registry.people import NewUser, Refused, User
from inventory.registry.schema import prepare
from inventory.registry.scope import SERVICE, Registry, Transaction
from inventory.settings import SettingError, setting
from portal.login import passwords

OK, FAILED = 0, 1


def run(action: str, words: argparse.Namespace) -> int:
    """Do it; returns the exit code. Raises SettingError for settings or a password that will not do."""
    try:
        return _ACTIONS[action](words)
    except Refused as error:
        print(f"backhaul: {error}", file=sys.stderr)
    except OperationalError:
        print("backhaul: the database of BACKHAUL_DATABASE_URL does not answer", file=sys.stderr)
    return FAILED


def _add(words: argparse.Namespace) -> int:
    password = _ask_password(words.email) if words.password_stdin else None
    new = NewUser(
        role=words.role,
        name=words.name or words.email,
        email=words.email,
        isp=words.isp,
        tenant=words.tenant,
        password_hash=None if password is None else passwords.hash_password(password),
    )
    with _writing() as tx:
        user = people.create_user(tx, new, by="owner")
        _note(tx, user, "create")
        link = None if password is not None else _make_link(tx, user)
    print(f"{user.email} may log in as {user.role}.")
    if link is not None:
        _print_link(link)
    return OK


def _list(_: argparse.Namespace) -> int:
    number, pages = 1, 1
    while number <= pages:
        with _writing() as tx:
            page = people.list_users(tx, page=number, per_page=500)
        for user in page.items:
            state = "disabled" if user.disabled_at is not None else "second factor" if user.has_totp else ""
            print("\t".join((user.email, user.role, user.isp or "", user.tenant or "", user.name, state)))
        number, pages = number + 1, page.pages
    return OK


def _link(words: argparse.Namespace) -> int:
    with _writing() as tx:
        user = _find(tx, words.email)
        if user.disabled_at is not None:
            raise Refused("email", f"{user.email} is disabled; enable it first")
        link = _make_link(tx, user)
        _note(tx, user, "make login link")
    _print_link(link)
    return OK


def _disable(words: argparse.Namespace) -> int:
    with _writing() as tx:
        user = _find(tx, words.email)
        people.disable(tx, user.id, by="owner")
        _note(tx, user, "disable")
    print(f"{user.email} can log in no more.")
    return OK


def _enable(words: argparse.Namespace) -> int:
    with _writing() as tx:
        user = _find(tx, words.email)
        people.enable(tx, user.id, by="owner")
        _note(tx, user, "enable")
    print(f"{user.email} can log in again.")
    return OK


def _reset_totp(words: argparse.Namespace) -> int:
    with _writing() as tx:
        user = _find(tx, words.email)
        people.reset_totp(tx, user.id, by="owner")
        _note(tx, user, "reset second factor")
    print(f"{user.email} has no second factor any more; a role that needs one sets it up at the next login.")
    return OK


def _find(tx: Transaction, email: str) -> User:
    user = people.find_user(tx, email)
    if user is None:
        raise Refused("email", f"{people.normal_email(email)} has no account")
    return user


def _make_link(tx: Transaction, user: User) -> str:
    token = sessions.make_link(tx, user.id, seconds=sessions.INVITATION_SECONDS)
    return f"{_public_url(os.environ)}/login/link/{token}"


def _print_link(link: str) -> None:
    until = datetime.fromtimestamp(datetime.now(UTC).timestamp() + sessions.INVITATION_SECONDS, UTC)
    print(f"A link that logs in once, until {until:%Y-%m-%d %H:%M} UTC; hand it over in private:\n{link}")


def _public_url(environ: Mapping[str, str]) -> str:
    return (setting(environ, "BACKHAUL_PUBLIC_URL") or "http://127.0.0.1:8080").rstrip("/")


def _ask_password(email: str) -> str:
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise SettingError("the two passwords are not the same")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if (wrong := passwords.problem(password, email=email)) is not None:
        raise SettingError(f"this password will not do: {wrong}")
    return password


def _note(tx: Transaction, user: User, action: str) -> None:
    audit.record(tx, CLI, action, "user", user.id, {"email": user.email}, isp=user.isp, tenant=user.tenant)


@contextmanager
def _writing() -> Iterator[Transaction]:
    engine = open_database(database_url(os.environ))
    try:
        prepare(engine)
        with Registry(engine).write(SERVICE) as tx:
            yield tx
    finally:
        engine.dispose()


_ACTIONS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "add": _add,
    "list": _list,
    "link": _link,
    "disable": _disable,
    "enable": _enable,
    "reset-totp": _reset_totp,
}
