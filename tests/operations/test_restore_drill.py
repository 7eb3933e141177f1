"""The drill: people are told, the installation is lost, a backup of an hour ago goes into an empty place.

Alertmanager then reports everything anew, since it remembers nothing either. Nobody may hear twice of what he was told,
and everybody has to hear of what began while nothing worked.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from inventory.database import open_database
from inventory.outbox import notices
from inventory.registry.alerts import Filters, list_alerts
from inventory.registry.scope import SERVICE, Registry
from tests.alert_webhook.conftest import BEARER, Stack, payload
from tests.harness import ROOT, Service, answers, free_port, service, wait_until
from tests.operations.conftest import Installation, MakeEmpty
from tests.postgres import Database
from tests.prometheus import daemons

NOC, TENANT, MAIL_ONLY = "+8801700000000", "+8801700000001", "desk@uttara.example.net"

INVENTORY = f"""
isp:
  id: skylink
  name: SkyLink Ltd
  timezone: Asia/Dhaka
  currency: BDT
  contacts: [{{name: NOC, whatsapp: "{NOC}", email: noc@skylink.example.net, language: en}}]
devices:
  - {{id: core-1, driver: routeros, host: 192.0.2.1, username: monitor, password: "device-password"}}
tenants:
  - id: r1001
    kind: reseller
    name: Uttara Net
    contacts:
      - {{name: NOC, whatsapp: "{TENANT}", language: en}}
      - {{name: Desk, email: {MAIL_ONLY}, language: en}}
    circuits:
      - {{id: r1001-main, name: Uttara uplink, device: core-1, attach: {{queue: r1001}}, committed_mbps: 200}}
"""

Alert = dict[str, Any]


class Alertmanager:
    """The real one, told of alerts as Prometheus tells it; `firing` is what it is told again and again."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v2/alerts"

    def tell(self, *alerts: Alert) -> None:
        """Each for an hour to come; an end that has passed resolves it."""
        answer = requests.post(self._url, json=[{**alert} for alert in alerts], timeout=10)
        assert answer.ok, answer.text


def alert(name: str, *, tenant: bool = False, **labels: str) -> Alert:
    """One that begins now. A tenant's is a warning, so that operators hear of others than tenants do."""
    own = {"tenant": "r1001", "circuit": "r1001-main", "severity": "warning"} if tenant else {"severity": "critical"}
    now = time.time()
    return {
        "labels": {"alertname": name, "isp": "skylink", **own, **labels},
        "annotations": {"summary": f"{name} began", "value": "962000000", "limit": "950000000", "unit": "bps"},
        "startsAt": moment(now),
        "endsAt": moment(now + 3600),
    }


def over(alert: Alert) -> Alert:
    return {**alert, "endsAt": moment(time.time())}


def moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


class Site:
    """One place where an installation runs: webhook and Alertmanager on ports of their own."""

    def __init__(self, installation: Installation, stack: Stack, folder: Path) -> None:
        self.installation, self.stack, self.folder = installation, stack, folder
        self.ports = {name: free_port() for name in daemons.SHIPPED}
        folder.mkdir()
        daemons.settle(folder, self.ports, BEARER)

    @contextmanager
    def webhook(self) -> Iterator[Service]:
        url = f"http://127.0.0.1:{self.ports['webhook']}"
        environ = {name: value for name, value in self.stack.environ.items() if name != "BACKHAUL_INVENTORY"}
        environ = {**os.environ, **environ, **self.installation.environ(), "BACKHAUL_PUBLIC_URL": url}
        command = [sys.executable, "-m", "backhaul", "webhook", "--listen", f"127.0.0.1:{self.ports['webhook']}"]
        environ |= {"PYTHONPATH": str(ROOT)}
        log = self.folder / f"webhook-{time.monotonic_ns()}.log"
        with service(command, log, ready=lambda: answers(f"{url}/-/ready"), env=environ) as running:
            yield running

    @contextmanager
    def alertmanager(self) -> Iterator[Alertmanager]:
        with daemons.alertmanager(self.folder, self.ports):
            yield Alertmanager(self.ports["alertmanager"])

    def report(self, *alerts: Alert) -> None:
        """What an Alertmanager that kept its own memory would go on reporting: the end of what it had told."""
        url = f"http://127.0.0.1:{self.ports['webhook']}/alerts"
        answer = requests.post(url, json=payload(*alerts), headers={"Authorization": f"Bearer {BEARER}"}, timeout=10)
        assert answer.ok, answer.text

    def open_notices(self) -> list[tuple[str, str, str]]:
        """What is still to be told."""
        engine = open_database(self.installation.database.url, "service")
        columns = (notices.c.alertname, notices.c.recipient, notices.c.state)
        open_ones = notices.c.state.in_(("held", "pending", "sending", "unknown"))
        try:
            with engine.begin() as connection:
                return [tuple(row) for row in connection.execute(select(*columns).where(open_ones))]
        finally:
            engine.dispose()

    def quiet(self) -> None:
        wait_until(lambda: not self.open_notices(), "everything to be told")


def told(stack: Stack) -> Counter[tuple[str, str]]:
    """How often each person was told of each beginning ("X began") and end ("Resolved: X began")."""
    heard: Counter[tuple[str, str]] = Counter()
    texts = [(each["to"].removeprefix("whatsapp:"), each["body"]) for each in stack.twilio.inbox()]
    texts += [(str(each["To"]), each.get_content()) for each in stack.mailbox.mails]
    for person, text in texts:
        for name in NAMES:
            ends = text.count(f"Resolved: {name} began")
            begins = text.count(f"{name} began") - ends
            heard[person, f"{name} over"] += ends
            heard[person, name] += begins
    return heard


NAMES = ("Before", "Single", "DigestOne", "DigestTwo", "Ended", "During", "Tenant", "TenantLater")


@pytest.fixture
def first(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Installation:
    """The installation that will be lost."""
    made = Installation(database, tmp_path, monkeypatch, capsys)
    (tmp_path / "network.yml").write_text(INVENTORY, encoding="utf-8")
    made.type("inventory", "import", "network.yml")
    return made


def test_restored_nobody_is_told_twice_and_nothing_is_lost(
    first: Installation, empty: MakeEmpty, stack: Stack, tmp_path: Path
) -> None:
    """On each database, with the real Alertmanager and the real commands."""
    began = time.monotonic()
    old = Site(first, stack, tmp_path / "old")
    with ExitStack() as until_lost:
        webhook = until_lost.enter_context(old.webhook())
        alertmanager = until_lost.enter_context(old.alertmanager())
        before, tenant = alert("Before", link="nttn"), alert("Tenant", tenant=True)
        ended = alert("Ended", link="nttn")
        alertmanager.tell(before, tenant)
        wait_until(lambda: told(stack)[NOC, "Before"] and told(stack)[MAIL_ONLY, "Tenant"], "the first to be told")
        old.quiet()
        backup = Path(first.type("backup", "backups").partition(":")[0])
        # What the backup knows nothing of: one message, a digest, a tenant's, one that will end meanwhile.
        single = alert("Single", link="nttn")
        alertmanager.tell(single)
        wait_until(lambda: told(stack)[NOC, "Single"], "what began after the backup to be told")
        digest = [alert("DigestOne", link="a"), alert("DigestTwo", link="b"), ended]
        later = alert("TenantLater", tenant=True)
        alertmanager.tell(*digest, later)
        wait_until(lambda: told(stack)[NOC, "Ended"], "the digest to be told")
        wait_until(lambda: told(stack)[MAIL_ONLY, "TenantLater"], "the tenant to be told")
        old.quiet()
        webhook.kill()
    stopped_at = moment(time.time())
    heard = told(stack)
    during = alert("During", link="nttn"), over(ended)

    place = first.elsewhere(empty(first.database.kind))
    said = place.type("restore", tmp_path / backup, "--stopped-at", stopped_at)
    assert "restored" in said
    new = Site(place, stack, tmp_path / "new")
    with new.webhook(), new.alertmanager() as alertmanager:
        alertmanager.tell(before, tenant, single, *digest[:2], later, during[0])
        new.report(as_reported(during[1]))
        wait_until(lambda: told(stack)[NOC, "During"], "what began meanwhile to be told")
        wait_until(lambda: told(stack)[NOC, "Ended over"], "what ended meanwhile to be told")
        wait_until(lambda: len(known(place)) >= 8, "Alertmanager to have reported all")
        new.quiet()
        assert told(stack) - heard == Counter({(NOC, "During"): 1, (NOC, "Ended over"): 1})
        assert {name: count for name, count in told(stack).items() if count > 1} == {}
        assert told(stack)[TENANT, "TenantLater"] == told(stack)[MAIL_ONLY, "TenantLater"] == 1
    assert time.monotonic() - began < 15 * 60


def as_reported(ended: Alert) -> Alert:
    """The end of an alert as Alertmanager posts it; the fingerprint is any, since the new tables do not know it."""
    return {**ended, "status": "resolved", "fingerprint": "0123456789abcdef"}


def known(place: Installation) -> list[str]:
    """The alerts of the history."""
    engine = open_database(place.database.url, "service")
    try:
        with Registry(engine).read(SERVICE) as tx:
            return [row.alertname for row in list_alerts(tx, Filters()).items]
    finally:
        engine.dispose()
