"""What docs/operations.md and docs/install.md tell an operator to type: questions, a new password, the way back."""

from __future__ import annotations

import json
import re
import time
import tomllib

import pytest

from backhaul.backup import manifest as manifests
from tests.compose_engine.installation import SERVICES, Installation
from tests.compose_engine.people import log_in
from tests.harness import ROOT, wait_until

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]

# `ask` of docs/operations.md.
_ASK = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode())"


def ask(installation: Installation, service: str, url: str) -> str:
    assert _ASK in (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    return installation.compose("exec", "-T", service, "python", "-c", _ASK, url)


def test_the_operators_questions_are_answered(filled: Installation) -> None:
    """From within, since nothing but the front has a port."""
    assert "backhaul_webhook_messages_pending" in ask(filled, "alert_webhook", "http://127.0.0.1:9910/metrics")
    assert "isp_inventory_reload_success" in ask(filled, "exporter", "http://127.0.0.1:9909/metrics")
    devices = json.loads(ask(filled, "exporter", "http://127.0.0.1:9909/sd"))
    device = devices[0]["labels"]["__param_target"]
    assert device in ask(filled, "exporter", f"http://127.0.0.1:9909/probe?target={device}&debug=true")
    told = filled.compose("exec", "-T", "alertmanager", "amtool", "alert", "--alertmanager.url=http://127.0.0.1:9093")
    assert "Watchdog" in told


def test_a_new_password_of_the_database(filled: Installation) -> None:
    """Made, told to PostgreSQL, and taken by the services that use it."""
    before = filled.secret("database_app_url").read_text(encoding="ascii")
    filled.engine.run([str(filled.folder / "scripts" / "secrets.sh"), "--rotate", "database_app_password"])
    assert filled.secret("database_app_url").read_text(encoding="ascii") != before
    filled.compose("exec", "-T", "postgres", "bash", "/passwords.sh")
    users = ("exporter", "alert_webhook", "portal")
    filled.compose("restart", *users)
    filled.wait_healthy(*users)
    log_in(filled)


def _known(installation: Installation, url: str, query: str, at: int) -> list[object]:
    said = installation.get("portal", f"{url}/api/v1/query?query={query}&time={at}&nocache=1")
    result: list[object] = json.loads(said)["data"]["result"]
    return result


def test_all_of_it_comes_back(filled: Installation) -> None:
    """A backup while everything runs, every volume deleted, and the steps of the guide: logins, network and series."""
    stores = {"http://prometheus:9090": "up", "http://recorded:8428": "circuit:up:avg5m"}

    def filling() -> bool:
        return all(_known(filled, url, query, int(time.time()) - 5) for url, query in stores.items())

    wait_until(filling, "series in both stores", timeout=60, interval=1)
    at = int(time.time()) - 5
    said = filled.compose("run", "--rm", "-T", "backup")
    made = re.search(r"/backups/(backhaul-\S+):", said)
    assert made is not None, said
    manifest = manifests.read(filled.backups / made[1])
    assert [line for line in manifest.left_out if not line.startswith("BACKHAUL_SECRET_KEY")] == []
    assert {path.split("/")[0] for path in manifest.files} == {"database", "prometheus", "recorded"}
    assert (
        manifest.version == tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    )
    assert filled.compose("exec", "-T", "prometheus", "ls", "/prometheus/snapshots").split() == []
    assert json.loads(filled.get("portal", "http://recorded:8428/snapshot/list"))["snapshots"] == []

    filled.compose("down", "--volumes")
    filled.up("postgres")
    filled.wait_healthy("postgres")
    restore = ("run", "--rm", "-T", "restore", f"/backups/{made[1]}")
    assert "whole" in filled.compose(*restore, "--check")
    assert "restored" in filled.compose(*restore, "--prometheus-data", "/prometheus", "--recorded-data", "/recorded")
    filled.up()
    filled.wait_healthy(*SERVICES)
    assert "Near" in log_in(filled).get(f"{filled.url}/my", timeout=20).text
    assert "id: sky" in filled.backhaul("inventory", "export", "--isp", "sky")
    for url, query in stores.items():
        assert _known(filled, url, query, at), f"{query} of before the backup in {url}"
