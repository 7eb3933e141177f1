"""The words of `backhaul grafana`: what makes a new Grafana ready."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from backhaul.words import Commands
from inventory.settings import SettingError, required, secret_setting, setting

DASHBOARDS = Path(__file__).resolve().parent.parent / "grafana" / "generated"


def add_to(commands: Commands[argparse.ArgumentParser]) -> None:
    """Put `grafana` and its actions among the commands."""
    grafana = commands.add_parser("grafana", help="make a new Grafana ready for the portal (docs/grafana.md)")
    actions = grafana.add_subparsers(title="actions", metavar="ACTION", required=True)
    setup = actions.add_parser(
        "setup",
        help="make organisations, data sources and dashboards; run again it changes nothing",
        description="Waits for the Grafana at GRAFANA_URL and makes it ready as GRAFANA_ADMIN_USER (default admin) with"
        " GRAFANA_ADMIN_PASSWORD[_FILE]. Its data sources ask GRAFANA_GATEWAY_URL (the portal's /gateway, as Grafana"
        " reaches it) with GRAFANA_GATEWAY_TOKEN[_FILE].",
    )
    setup.add_argument("--dashboards", type=Path, default=DASHBOARDS, metavar="DIR", help="default %(default)s")
    setup.add_argument(
        "--wait", type=float, default=120.0, metavar="SECONDS", help="for Grafana to answer; default %(default)g"
    )
    setup.set_defaults(run=_setup)


def _setup(words: argparse.Namespace) -> int:
    from portal.grafana.admin import GrafanaFailed  # noqa: PLC0415 - the exporter needs no portal
    from portal.grafana.setup import set_up  # noqa: PLC0415

    admin, plan = _read(words, os.environ)
    try:
        set_up(admin, plan, print, wait=words.wait)
    except GrafanaFailed as error:
        print(f"backhaul: {error}", file=sys.stderr)
        return 1
    return 0


def _read(words: argparse.Namespace, environ: Mapping[str, str]):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from portal.grafana.admin import Admin  # noqa: PLC0415
    from portal.grafana.panels import load_panels  # noqa: PLC0415
    from portal.grafana.setup import Plan  # noqa: PLC0415

    url = required(environ, "GRAFANA_URL", "reaching Grafana")
    password = secret_setting(environ, "GRAFANA_ADMIN_PASSWORD")
    token = secret_setting(environ, "GRAFANA_GATEWAY_TOKEN")
    if password is None or token is None:
        missing = "GRAFANA_ADMIN_PASSWORD" if password is None else "GRAFANA_GATEWAY_TOKEN"
        raise SettingError(f"{missing} is not set: it is needed for setting Grafana up; set it or {missing}_FILE")
    gateway = required(
        environ, "GRAFANA_GATEWAY_URL", "Grafana's data sources; it is the portal's address with /gateway"
    )
    admin = Admin(url.rstrip("/"), setting(environ, "GRAFANA_ADMIN_USER") or "admin", password)
    return admin, Plan(gateway.rstrip("/"), token, words.dashboards, load_panels())
