"""`backhaul grafana setup`: a new Grafana becomes ours, and stays so."""

from __future__ import annotations

import subprocess
from pathlib import Path

import requests

from tests.harness import BIN
from tests.portal.grafana.conftest import ADMIN, TOKEN, Stack


def test_it_makes_everything_and_then_nothing(stack: Stack) -> None:
    """The fixture ran it once; again it finds all as it should be."""
    done = stack.setup()
    assert done.returncode == 0, done.stderr
    assert "made" not in done.stdout
    assert "organisation 3 Platform: kept" in done.stdout
    assert "organisation 2 dashboard staff-overview: kept" in done.stdout


def test_no_secret_is_printed(stack: Stack) -> None:
    """Neither the password nor the token."""
    done = stack.setup()
    for secret in (ADMIN, TOKEN):
        assert secret not in done.stdout + done.stderr


def test_the_data_source_sends_the_token_and_shows_it_to_nobody(stack: Stack) -> None:
    """Grafana keeps it sealed: also its admin reads only that there is one."""
    url = f"{stack.grafana}/api/datasources/uid/backhaul"
    said = requests.get(url, auth=("admin", ADMIN), headers={"X-Grafana-Org-Id": "2"}, timeout=5)
    assert said.json()["secureJsonFields"] == {"httpHeaderValue1": True}
    assert TOKEN not in said.text


def test_a_wrong_password_is_said(stack: Stack) -> None:
    """With the setting's name, and without the password."""
    settings = {**stack.settings, "GRAFANA_ADMIN_PASSWORD": "wrong-one"}
    settings.pop("GRAFANA_ADMIN_PASSWORD_FILE")
    done = Stack(stack.portal, stack.grafana, stack.control, settings).setup()
    assert done.returncode == 1
    assert "GRAFANA_ADMIN_USER" in done.stderr
    assert "wrong-one" not in done.stderr


def test_what_is_missing_is_named(stack: Stack) -> None:
    """One setting at a time."""
    for name in ("GRAFANA_URL", "GRAFANA_ADMIN_PASSWORD_FILE", "GRAFANA_GATEWAY_TOKEN", "GRAFANA_GATEWAY_URL"):
        settings = {key: value for key, value in stack.settings.items() if key != name}
        done = Stack(stack.portal, stack.grafana, stack.control, settings).setup()
        assert done.returncode == 2, name
        assert name.removesuffix("_FILE") in done.stderr


def test_a_grafana_of_somebody_else_is_left(stack: Stack) -> None:
    """Organisations with other names are not renamed, but the first, which every Grafana has."""
    name = {"name": "Somebody"}
    url = f"{stack.grafana}/api/orgs/2"
    assert requests.put(url, json=name, auth=("admin", ADMIN), timeout=5).status_code == 200
    done = stack.setup()
    assert done.returncode == 1
    assert "a Grafana of its own" in done.stderr
    assert requests.put(url, json={"name": "Staff"}, auth=("admin", ADMIN), timeout=5).status_code == 200


def test_it_waits_for_grafana_no_longer_than_told(stack: Stack) -> None:
    """A Grafana that is not ready yet is waited for; one that never is, is said."""
    stack.fault(path="/api/health", status=503, times=1)
    assert stack.setup().returncode == 0
    settings = {**stack.settings, "GRAFANA_URL": "http://127.0.0.1:9"}
    command: list[str | Path] = [BIN / "backhaul", "grafana", "setup", "--wait", "1"]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert "waited 1 s in vain" in done.stderr
