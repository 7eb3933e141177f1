"""The words of `backhaul secrets`, `audit` and `inventory migrate|import|export`; `registry.py` does what they say."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from backhaul.words import Commands


def add_to(commands: Commands[argparse.ArgumentParser], actions: Commands[argparse.ArgumentParser]) -> None:
    """Put `secrets` and `audit` among the commands, and among the actions of `inventory` those that need a database."""
    step = actions.add_parser(
        "migrate",
        help="bring the database to the form this version needs",
        description="Brings the database to the form this version needs. PostgreSQL: by its owner, whose URL is"
        " BACKHAUL_OWNER_DATABASE_URL; the role of BACKHAUL_DATABASE_URL may work with the tables afterwards.",
    )
    step.add_argument(
        "--check", action="store_true", help="only say what it lacks; exit code 1 where that is something"
    )
    step.set_defaults(run=_action("migrate"))

    taken = actions.add_parser("import", help="let the registry hold what a file says, and say what changes by it")
    taken.add_argument("file", type=Path, metavar="FILE", help="the inventory file (docs/inventory.md)")
    taken.add_argument("--dry-run", action="store_true", help="only say what would change")
    taken.set_defaults(run=_action("take_in"))

    given = actions.add_parser("export", help="print an isp of the registry as an inventory file, without secrets")
    given.add_argument("--isp", required=True, metavar="ID", help="which one")
    given.set_defaults(run=_action("give_out"))

    secrets = commands.add_parser("secrets", help="the keys that seal device secrets and second factors")
    keys = secrets.add_subparsers(title="actions", metavar="ACTION", required=True)
    keys.add_parser("new-key", help="print a new key for BACKHAUL_SECRET_KEY").set_defaults(run=_action("make_key"))
    keys.add_parser("rotate", help="seal everything with the first key of BACKHAUL_SECRET_KEY").set_defaults(
        run=_action("rotate_keys")
    )

    audit = commands.add_parser("audit", help="check that nobody changed what was written into the audit")
    checks = audit.add_subparsers(title="actions", metavar="ACTION", required=True)
    checks.add_parser(
        "verify", help="check every entry; exit code 1 where one was changed, put in or taken away"
    ).set_defaults(run=_action("verify_audit"))


def _action(name: str) -> Callable[[argparse.Namespace], int]:
    return partial(_run, name)


def _run(name: str, words: argparse.Namespace) -> int:
    from backhaul import registry  # noqa: PLC0415 - the check of a file needs no database

    done: int = getattr(registry, name)(words)
    return done
