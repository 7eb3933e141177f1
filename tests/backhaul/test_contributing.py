"""CONTRIBUTING.md is followed to the letter on a copy of the rooms, and what it promises is looked at."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import yaml

from tests.harness import ROOT, answers, free_port, service, wait_until

ROOMS = ("inventory", "devices", "exporter", "alert_webhook", "portal", "backhaul")
STEP = re.compile(
    r"^`(?P<path>[^`]+)`, (?P<kind>new|change):\n\n(?P<blocks>(?:```(?:python|diff)\n.*?^```\n\n?)+)",
    re.MULTILINE | re.DOTALL,
)
BLOCK = re.compile(r"```(?:python|diff)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Workspace:
    """A copy of the rooms in which recipes are followed."""

    root: Path

    def follow(self, recipe: str) -> None:
        """Do what the section of that title says."""
        text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
        section = text.split(f"## {recipe}\n")[1].split("\n## ")[0]
        steps = list(STEP.finditer(section))
        assert steps, f"no steps under {recipe}"
        for step in steps:
            for block in BLOCK.findall(step["blocks"]):
                self._do(self.root / step["path"], step["kind"], block)

    def _do(self, path: Path, kind: str, block: str) -> None:
        if kind == "new":
            assert not path.exists()
            path.write_text(block, encoding="utf-8")
            return
        lines = block.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{path.name} has not just one place that reads:\n{before}"
        path.write_text(text.replace(before, after), encoding="utf-8")

    @property
    def environ(self) -> dict[str, str]:
        """Runs the copy and not the project it was made from."""
        return dict(os.environ, PYTHONPATH=str(self.root), PYTHONSAFEPATH="1")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / "copy" / room, ignore=shutil.ignore_patterns("__pycache__", "vendor"))
    return Workspace(tmp_path / "copy")


def probe(workspace: Workspace, device: dict[str, object]) -> str:
    """What the copy's exporter answers for the one device of its inventory."""
    inventory, port = workspace.root / "inventory.yml", free_port()
    isp = {"id": "skylink", "name": "SkyLink", "timezone": "Asia/Dhaka", "currency": "BDT"}
    link = {
        "id": "up",
        "name": "Up",
        "threshold_mbps": 950,
        "vlans": [{"vlan": 10, "device": device["id"], "interface": "lo", "capacity_mbps": 200}],
    }
    inventory.write_text(yaml.safe_dump({"isp": isp, "devices": [device], "links": [link]}), encoding="utf-8")
    listen = f"127.0.0.1:{port}"
    command = [sys.executable, "-m", "backhaul", "exporter", "--inventory", str(inventory), "--listen", listen]
    with service(
        command, workspace.root / "log", ready=lambda: answers(f"http://{listen}/-/ready"), env=workspace.environ
    ):
        return requests.get(f"http://{listen}/probe", params={"target": str(device["id"])}, timeout=15).text


def test_a_driver_added_by_the_recipe_is_read(workspace: Workspace) -> None:
    """The inventory takes the new driver's name, and its probe gives counters of this machine."""
    workspace.follow("Add a device driver")
    text = probe(workspace, {"id": "here", "driver": "procfs", "host": "127.0.0.1"})
    assert 'isp_device_up{isp="skylink",device="here"} 1' in text
    assert re.search(r'isp_vlan_receive_bytes_total\{isp="skylink",link="up",vlan="10",device="here"\} \d+', text)


def test_a_collector_added_by_the_recipe_is_exposed(workspace: Workspace) -> None:
    """Its metric is in the probe, and its outcome is told like any other's."""
    workspace.follow("Add a device driver")
    workspace.follow("Add a collector")
    text = probe(workspace, {"id": "here", "driver": "procfs", "host": "127.0.0.1"})
    assert re.search(r'isp_device_interfaces\{isp="skylink",device="here"\} [1-9]', text)
    assert 'isp_device_collector_success{isp="skylink",device="here",collector="interfaces"} 1' in text


@contextmanager
def webhook(workspace: Workspace, contact: dict[str, str], settings: dict[str, str]) -> Iterator[str]:
    """The copy's webhook on a registry with one operator to tell, who is exported as imported; yields its address."""
    inventory, listen = workspace.root / "inventory.yml", f"127.0.0.1:{free_port()}"
    isp = {"id": "skylink", "name": "SkyLink", "timezone": "Asia/Dhaka", "currency": "BDT", "contacts": [contact]}
    inventory.write_text(yaml.safe_dump({"isp": isp, "devices": []}), encoding="utf-8")
    needed = {
        "BACKHAUL_DATABASE_URL": f"sqlite:///{workspace.root}/registry.db",
        "BACKHAUL_SECRET_KEY": base64.urlsafe_b64encode(b"k" * 32).decode(),
        "BACKHAUL_WEBHOOK_TOKEN": "token",
        "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
        "TWILIO_AUTH_TOKEN": "none",
        "TWILIO_FROM_NUMBER": "whatsapp:+14155238886",
        "TWILIO_API_URL": "http://127.0.0.1:9",
    }
    environ = workspace.environ | needed | settings
    for words in (("import", str(inventory)), ("export", "--isp", "skylink")):
        command = [sys.executable, "-m", "backhaul", "inventory", *words]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["isp"]["contacts"] == [contact | {"language": "en"}]
    command = [sys.executable, "-m", "backhaul", "webhook", "--listen", listen]
    ready = f"http://{listen}/-/ready"
    with service(command, workspace.root / "log", ready=lambda: answers(ready), env=environ):
        yield f"http://{listen}"


def test_a_notifier_added_by_the_recipe_delivers(workspace: Workspace) -> None:
    """An alert that is posted to the copy's webhook is a file in the spool of the SMS gateway, as that wants it.

    The registry, the forms and the API know the new field as the file does.
    """
    workspace.follow("Add a notifier")
    shutil.copytree(ROOT / "tests", workspace.root / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    own = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib"]
    done = subprocess.run(
        [*own, "--rootdir", str(workspace.root), "tests/portal/test_contact_fields.py"],
        cwd=workspace.root, env=workspace.environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    outgoing = workspace.root / "spool" / "outgoing"
    outgoing.mkdir(parents=True)
    alert = {
        "status": "firing",
        "labels": {"alertname": "DeviceDown", "isp": "skylink", "device": "core-1", "severity": "critical"},
        "annotations": {"summary": "Device core-1 does not answer"},
        "startsAt": "2026-11-21T03:49:19Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": "0123456789abcdef",
    }
    settings = {"SMS_SPOOL": str(outgoing.parent)}
    with webhook(workspace, {"name": "NOC", "sms": "+8801700000000"}, settings) as url:
        body = {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "backhaul", "alerts": [alert]}
        answer = requests.post(f"{url}/alerts", json=body, headers={"Authorization": "Bearer token"}, timeout=10)
        assert answer.status_code == 200
        (file,) = wait_until(lambda: list(outgoing.iterdir()), "the SMS", timeout=20)
    header, _, text = file.read_text(encoding="utf-8").partition("\n\n")
    assert header.splitlines() == ["To: 8801700000000", "Alphabet: UTF-8"]
    assert "Device core-1 does not answer" in text
