"""The webhook as a real process between a fake Twilio, a real SMTP server and a database in a file."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
import requests
from aiosmtpd.controller import Controller
from sqlalchemy import select

from alert_webhook.settings import read_settings
from alert_webhook.wiring import build
from inventory.outbox import notices
from tests.alert_webhook.twilio import ACCOUNT, AUTH_TOKEN, Twilio
from tests.harness import ROOT, Service, answers, free_port, service

BEARER = "bearer-token"
NOC, TENANT, TENANT_BN = "+8801700000000", "+8801700000001", "+8801700000002"

INVENTORY = f"""
isp:
  id: skylink
  name: SkyLink Ltd
  timezone: Asia/Dhaka
  currency: BDT
  contacts: [{{name: NOC, whatsapp: "{NOC}", email: noc@skylink.example.net, language: en}}]
devices:
  - {{id: core-1, driver: routeros, host: 192.0.2.1, username: monitor, password: "device-password"}}
links:
  - id: nttn-dhaka
    name: NTTN Dhaka
    threshold_mbps: 950
    vlans: [{{vlan: 10, device: core-1, interface: vlan10, capacity_mbps: 200}}]
tenants:
  - id: r1001
    kind: reseller
    name: Uttara Net
    contacts: [{{name: NOC, whatsapp: "{TENANT}", email: noc@uttara.example.net, language: en}}]
    circuits:
      - {{id: r1001-main, name: Uttara uplink, device: core-1, attach: {{queue: r1001}}, committed_mbps: 200}}
  - id: r1002
    kind: reseller
    name: Mirpur Net
    contacts: [{{name: Office, whatsapp: "{TENANT_BN}", language: bn}}]
    circuits:
      - {{id: r1002-main, name: Mirpur uplink, device: core-1, attach: {{queue: r1002}}, committed_mbps: 100}}
"""

SERVE = """
import os, sys
from alert_webhook.server import serve
from inventory.settings import parse_listen
serve(parse_listen(sys.argv[1]), os.environ)
"""


class Mailbox:
    """Takes every mail, or refuses as many as told."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        mail = BytesParser(policy=policy.default).parsebytes(envelope.content)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["To"] == address]


@dataclass
class Webhook:
    """A running webhook and the way to talk to it."""

    url: str
    database: Path
    process: Service

    def post(self, *alerts: Mapping[str, Any], timeout: float = 30) -> requests.Response:
        return self.post_raw(payload(*alerts), timeout=timeout)

    def post_raw(self, body: Any, token: str = BEARER, timeout: float = 30) -> requests.Response:
        keyword = "data" if isinstance(body, bytes) else "json"
        headers = {"Authorization": f"Bearer {token}"}
        return requests.post(f"{self.url}/alerts", headers=headers, timeout=timeout, **{keyword: body})

    def metric(self, name: str, **labels: str) -> float:
        """The value of one series; fails when it is not exposed."""
        wanted = name + ("{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}" if labels else "")
        for line in requests.get(f"{self.url}/metrics", timeout=5).text.splitlines():
            series, _, value = line.rpartition(" ")
            if series == wanted:
                return float(value)
        pytest.fail(f"no series {wanted}")


@dataclass
class Stack:
    """What a test needs to start webhooks; `environ` may be changed before."""

    twilio: Twilio
    mailbox: Mailbox
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def start(self, port: int | None = None) -> AbstractContextManager[Webhook]:
        return _running(self, port or free_port())

    def of_process(self, url: str) -> dict[str, str]:
        """The environment of a webhook that is reached at `url`."""
        return {**os.environ, "BACKHAUL_PUBLIC_URL": url, "PYTHONPATH": str(ROOT), **self.environ}


@contextmanager
def _running(stack: Stack, port: int) -> Iterator[Webhook]:
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-c", SERVE, f"127.0.0.1:{port}"]
    log = stack.folder / f"webhook-{time.monotonic_ns()}.log"
    with service(command, log, ready=lambda: answers(f"{url}/-/ready"), env=stack.of_process(url)) as process:
        yield Webhook(url, stack.folder / "backhaul.db", process)


@pytest.fixture
def twilio(twilio_server: Twilio) -> Iterator[Twilio]:
    twilio_server.heal()
    requests.delete(f"{twilio_server.url}/inbox.json", timeout=5)
    yield twilio_server
    twilio_server.heal()


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    with ExitStack() as stack:
        controller.start()
        stack.callback(controller.stop)
        yield box, port


@pytest.fixture
def stack(twilio: Twilio, mailbox: tuple[Mailbox, int], tmp_path: Path) -> Stack:
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(INVENTORY, encoding="utf-8")
    environ = {
        "BACKHAUL_DATABASE_URL": f"sqlite:///{tmp_path}/backhaul.db",
        "BACKHAUL_INVENTORY": str(inventory),
        "BACKHAUL_WEBHOOK_TOKEN": BEARER,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_FROM_NUMBER": "whatsapp:+14155238886",
        "TWILIO_API_URL": twilio.url,
        "SMTP_URL": f"smtp://127.0.0.1:{mailbox[1]}",
        "MAIL_FROM": "Backhaul <alerts@skylink.example.net>",
    }
    return Stack(twilio, mailbox[0], tmp_path, environ)


@pytest.fixture
def webhook(stack: Stack) -> Iterator[Webhook]:
    with stack.start() as running:
        yield running


def payload(*alerts: Mapping[str, Any]) -> dict[str, Any]:
    """An Alertmanager body of version 4."""
    return {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "backhaul", "alerts": list(alerts)}


def alert(name: str, number: int = 1, status: str = "firing", **labels: str) -> dict[str, Any]:
    """One alert; `number` makes its fingerprint."""
    return {
        "status": status,
        "fingerprint": f"{name.lower()}{number:08x}",
        "startsAt": "2026-11-20T20:31:00.123456789Z",
        "endsAt": "2026-11-20T20:43:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "labels": {"alertname": name, "severity": "critical", "isp": "skylink", **labels},
        "annotations": {
            "summary": f"{name} number {number}",
            "value": "962000000",
            "limit": "950000000",
            "unit": "bps",
        },
    }


def link_alert(number: int = 1, status: str = "firing", severity: str = "critical") -> dict[str, Any]:
    """An alert that concerns the operators alone."""
    return alert("NttnBandwidthHigh", number, status, link="nttn-dhaka", severity=severity)


class Clock:
    """A time that moves when the test says so."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Hand:
    """The webhook without threads: a test is its worker and moves its clock; Twilio, mail and database are real."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.clock = Clock()
        settings = read_settings({"BACKHAUL_PUBLIC_URL": "http://127.0.0.1:1", **environ}, ("bn", "en"))
        self.service = build(settings, environ, self.clock)
        self.parts = self.service.parts

    def post(self, *alerts: Mapping[str, Any]) -> None:
        self.service.reception.take(json.dumps(payload(*alerts)).encode())

    def work(self, seconds: float = 0.0) -> None:
        """Let time pass, then do everything that is due."""
        self.clock.now += seconds
        if self.parts.verifier is not None:
            self.parts.verifier.round(self.clock.now)
        self.parts.reconciler.round(self.clock.now)
        self.parts.sweeps.mend_times(self.clock.now)
        self.parts.metrics.dead(self.parts.sweeps.fall_back(self.clock.now))
        for lane in self.parts.leases.claim(100, self.clock.now):
            self.parts.sender.serve(lane)

    def states(self, **columns: str) -> list[str]:
        """The states of the notices with these values, in the order they came."""
        chosen = [notices.c[name] == value for name, value in columns.items()]
        with self.service.engine.begin() as connection:
            return list(connection.execute(select(notices.c.state).where(*chosen).order_by(notices.c.id)).scalars())


@pytest.fixture
def hand(stack: Stack) -> Hand:
    return Hand(stack.environ)
