"""The command line: parses words, reads settings, and hands over to one room."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from backhaul import backup_commands, grafana_commands, logs, registry_commands, user_commands
from backhaul.words import positive
from inventory.loader import InventoryError, load_inventory, summary
from inventory.settings import SettingError, parse_listen, read_env_file, setting
from inventory.shards import parse_shard

OK, FAILED, USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (0 done, 1 failed, 2 the command's words are off)."""
    words = _parser().parse_args(arguments)
    logs.configure(verbose=words.verbose)
    try:
        read_env_file(Path(".env"), os.environ)
        code: int = words.run(words)
    except SettingError as error:
        print(f"backhaul: {error}", file=sys.stderr)
        return USAGE
    except InventoryError as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130  # what a shell expects of a program that Ctrl-C ended
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="backhaul", description="Monitoring for internet providers, their resellers and their leased-line clients."
    )
    parser.add_argument("--verbose", action="store_true", help="log debug events too")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    demo = commands.add_parser("demo", help="the whole stack on this machine with a simulated network")
    demo.add_argument(
        "--port-offset", type=int, default=0, metavar="N", help="add N to every port; default %(default)s"
    )
    demo.add_argument(
        "--data",
        type=Path,
        default=Path("var/demo"),
        metavar="DIR",
        help="where it keeps its files, anew at each start: an empty folder, or the demo's own; default %(default)s",
    )
    demo.set_defaults(run=_demo)

    exporter = commands.add_parser("exporter", help="read devices and ping circuits for Prometheus")
    exporter.add_argument(
        "--inventory",
        metavar="FILE|DATABASE_URL",
        help="the inventory file, or the registry (sqlite:///FILE, postgresql://...), which is followed as it changes;"
        " default: the setting BACKHAUL_INVENTORY, else BACKHAUL_DATABASE_URL, whose password no process list shows",
    )
    exporter.add_argument(
        "--shard",
        default="0/1",
        metavar="I/N",
        help="read only this one's share of the devices, of N exporters numbered from 0 (docs/scaling.md)",
    )
    _add_listen(exporter, "127.0.0.1:9909")
    exporter.set_defaults(run=_exporter)

    webhook = commands.add_parser(
        "webhook",
        help="take alerts from Alertmanager and deliver them to people",
        description="Takes alerts from Alertmanager and delivers them to people. Its settings come from the environment"
        " or a file .env (docs/alerting.md); started without them it names all that are missing.",
    )
    _add_listen(webhook, "127.0.0.1:9910")
    webhook.set_defaults(run=_webhook)

    portal = commands.add_parser(
        "portal",
        help="the web pages for the staff and for customers, and the REST API",
        description="Serves the portal. Its settings come from the environment or a file .env (docs/portal.md).",
    )
    _add_listen(portal, "127.0.0.1:8080")
    portal.add_argument("--workers", type=positive, default=2, metavar="N", help="processes; default %(default)s")
    portal.set_defaults(run=_portal)

    user_commands.add_to(commands)
    backup_commands.add_to(commands)
    grafana_commands.add_to(commands)

    configure = commands.add_parser(
        "configure",
        help="write the files of Prometheus and Alertmanager with this installation's addresses",
        description="Writes the shipped files with the addresses of EXPORTER_URL, WEBHOOK_URL, ALERTMANAGER_URL,"
        " PROMETHEUS_URL and SMTP_URL in them (docs/install.md); several of a service are separated by commas.",
    )
    configure.add_argument("--prometheus", type=Path, metavar="DIR", help="where prometheus.yml and its rules go")
    configure.add_argument("--alertmanager", type=Path, metavar="DIR", help="where alertmanager.yml goes")
    configure.set_defaults(run=_configure)

    inventory = commands.add_parser(
        "inventory", help="check an inventory file, move it into the registry and out of it, migrate the database"
    )
    actions = inventory.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="say what is wrong with a file, all at once")
    check.add_argument("file", type=Path, metavar="FILE", help="the inventory file (docs/inventory.md)")
    check.set_defaults(run=_inventory_check)
    registry_commands.add_to(commands, actions)
    return parser


def _add_listen(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument("--listen", default=default, metavar="HOST:PORT", help="where to answer; default %(default)s")


# A room is imported when it is asked for: the exporter needs no Twilio, the check no web server.


def _demo(words: argparse.Namespace) -> int:
    from backhaul.demo.stack import run  # noqa: PLC0415

    return run(words.data, words.port_offset)


def _exporter(words: argparse.Namespace) -> int:
    from exporter.server import serve  # noqa: PLC0415
    from inventory.database import database_url  # noqa: PLC0415

    listen, shard = parse_listen(words.listen), parse_shard(words.shard)
    inventory = words.inventory or setting(os.environ, "BACKHAUL_INVENTORY") or database_url(os.environ)
    serve(inventory, listen, os.environ, shard)
    return OK


def _webhook(words: argparse.Namespace) -> int:
    from alert_webhook.server import serve  # noqa: PLC0415

    serve(parse_listen(words.listen), os.environ)
    return OK


def _portal(words: argparse.Namespace) -> int:
    from portal.server import serve  # noqa: PLC0415

    start_logs = partial(logs.configure, verbose=words.verbose)
    serve(parse_listen(words.listen), os.environ, workers=words.workers, start_logs=start_logs)
    return OK


def _configure(words: argparse.Namespace) -> int:
    from backhaul import configure  # noqa: PLC0415

    written = [configure.prometheus(words.prometheus, os.environ)] if words.prometheus else []
    written += [configure.alertmanager(words.alertmanager, os.environ)] if words.alertmanager else []
    print("\n".join(f"wrote {path}" for path in written) or "nothing was asked for: name --prometheus, --alertmanager")
    return OK if written else USAGE


def _inventory_check(words: argparse.Namespace) -> int:
    print(f"{words.file}: {summary(load_inventory(words.file, os.environ))}")
    return OK
