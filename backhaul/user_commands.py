"""The words of `backhaul user`; what they do stands in `users.py`, which is imported when it is asked for."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

from backhaul.words import Commands

_BY_ADDRESS = {
    "link": "print a link by which somebody logs in once",
    "disable": "end all sessions and tokens of an account, and let it log in no more",
    "enable": "let it log in again",
    "reset-totp": "forget the second factor of one who lost it",
}


def add_to(commands: Commands[argparse.ArgumentParser]) -> None:
    """Put `user` and its actions among the commands."""
    user = commands.add_parser(
        "user",
        help="the accounts of the portal",
        description="Works on the database of BACKHAUL_DATABASE_URL. Login links are made for BACKHAUL_PUBLIC_URL.",
    )
    actions = user.add_subparsers(title="actions", metavar="ACTION", required=True)

    add = actions.add_parser("add", help="make an account, and print a link by which its person logs in once")
    add.add_argument("--email", required=True, metavar="ADDRESS")
    add.add_argument("--role", required=True, help="owner, admin, engineer, support, sales, finance, reseller, client")
    add.add_argument("--isp", metavar="ID", help="whose staff or customer it is; every role but owner has one")
    add.add_argument("--tenant", metavar="ID", help="for the roles reseller and client")
    add.add_argument("--name", metavar="NAME", help="default: the address")
    add.add_argument(
        "--password-stdin",
        action="store_true",
        help="take a password from standard input, asking for it at a terminal, instead of printing a link",
    )
    add.set_defaults(run=_action("add"))
    actions.add_parser("list", help="print the accounts").set_defaults(run=_action("list"))
    for name, what in _BY_ADDRESS.items():
        action = actions.add_parser(name, help=what)
        action.add_argument("email", metavar="ADDRESS")
        action.set_defaults(run=_action(name))


def _action(name: str) -> Callable[[argparse.Namespace], int]:
    return partial(_run, name)


def _run(name: str, words: argparse.Namespace) -> int:
    from backhaul.users import run  # noqa: PLC0415

    return run(name, words)
