"""The words of `backhaul backup` and `backhaul restore`; `backup/commands.py` does what they say."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from backhaul.words import Commands, positive


def add_to(commands: Commands[argparse.ArgumentParser]) -> None:
    """Put `backup` and `restore` among the commands."""
    made = commands.add_parser(
        "backup",
        help="write what has to be kept into files, while everything runs",
        description="Writes the registry and the outbox (BACKHAUL_DATABASE_URL), and the time series where their data"
        " folder is named, into a new folder DIR/backhaul-TIME (docs/operations.md).",
    )
    made.add_argument("folder", type=Path, metavar="DIR", help="the folder of the backups")
    made.add_argument("--keep", type=positive, metavar="N", help="delete the oldest until N are left; default all")
    made.add_argument(
        "--with-keys",
        action="store_true",
        help="put BACKHAUL_SECRET_KEY into it: whoever reads the backup then reads the routers' passwords",
    )
    _add_stores(made, "as this program sees it: its series are put into the backup")
    made.set_defaults(run=_command("backup"))

    back = commands.add_parser(
        "restore",
        help="put a backup in place of what the database holds",
        description="Checks a backup, and then puts it in place of what BACKHAUL_DATABASE_URL holds (PostgreSQL: by its"
        " owner, BACKHAUL_OWNER_DATABASE_URL). Stop exporter, webhook and portal first (docs/operations.md).",
    )
    back.add_argument("backup", type=Path, metavar="BACKUP", help="the folder of one backup: DIR/backhaul-TIME")
    back.add_argument("--check", action="store_true", help="only say whether it is whole and its secrets open")
    back.add_argument("--force", action="store_true", help="also while other programs have the database open")
    back.add_argument(
        "--over-newer",
        action="store_true",
        help="also over a database of a newer version, to go back to this one: every table in it is deleted",
    )
    back.add_argument(
        "--stopped-at",
        metavar="TIME",
        help="when the old installation stopped telling people: 2026-11-20T01:00+06:00; default: as Prometheus"
        " (PROMETHEUS_URL) remembers",
    )
    _add_stores(back, "which has to be empty: its series are put there")
    back.set_defaults(run=_command("restore"))


def _add_stores(parser: argparse.ArgumentParser, how: str) -> None:
    parser.add_argument("--prometheus-data", type=Path, metavar="DIR", help=f"Prometheus' data folder, {how}")
    parser.add_argument(
        "--recorded-data", type=Path, metavar="DIR", help=f"the data folder of VictoriaMetrics (RECORDED_URL), {how}"
    )


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    return partial(_run, name)


def _run(name: str, words: argparse.Namespace) -> int:
    from backhaul.backup import commands  # noqa: PLC0415 - the other commands need none of it

    done: int = getattr(commands, name)(words)
    return done
