"""Two Alertmanagers that both tell two webhooks: a person hears of an alert once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from backhaul import configure
from tests.alert_webhook.conftest import BEARER, NOC, TENANT, Stack, Webhook
from tests.harness import answers, free_port, program, service, wait_until
from tests.postgres import MakeDatabase

LABELS = {
    "alertname": "CircuitDown",
    "severity": "critical",
    "isp": "skylink",
    "tenant": "r1001",
    "circuit": "r1001-main",
    "device": "core-1",
}
ANNOTATIONS = {"summary": "Circuit down", "description": "It is down.", "value": "0", "limit": "1", "unit": "up"}


@pytest.fixture
def webhooks(stack: Stack, make_database: MakeDatabase) -> Iterator[Sequence[Webhook]]:
    """Two of them on one database."""
    stack.environ["BACKHAUL_DATABASE_URL"] = make_database("postgresql").url
    with ExitStack() as running:
        yield [running.enter_context(stack.start()) for _ in range(2)]


@pytest.fixture(params=["clustered", "apart"])
def alertmanagers(
    request: pytest.FixtureRequest, webhooks: Sequence[Webhook], tmp_path: Path
) -> Iterator[Sequence[str]]:
    """Two with the shipped configuration; apart, as when the network between them is gone."""
    (tmp_path / "token").write_text(BEARER, encoding="utf-8")
    told = {
        "WEBHOOK_URL": ",".join(webhook.url for webhook in webhooks),
        "BACKHAUL_WEBHOOK_TOKEN_FILE": str(tmp_path / "token"),
    }
    file = configure.alertmanager(tmp_path / "alertmanager", {**os.environ, **told})
    gossip = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    peers = [f"--cluster.peer={one}" for one in gossip] if request.param == "clustered" else []
    urls = []
    with ExitStack() as running:
        for number, address in enumerate(gossip):
            url = f"http://127.0.0.1:{free_port()}"
            command = [
                *(program("alertmanager", "prometheus-alertmanager"), f"--config.file={file}"),
                *(
                    f"--storage.path={tmp_path / f'data-{number}'}",
                    f"--web.listen-address={url.removeprefix('http://')}",
                ),
                *(f"--cluster.listen-address={address}", "--cluster.peer-timeout=2s", "--cluster.settle-timeout=1s"),
                *("--cluster.gossip-interval=50ms", *peers),
            ]
            started = running.enter_context(
                service(command, tmp_path / f"log-{number}", ready=lambda url=url: answers(f"{url}/-/ready"))  # type: ignore[misc]
            )
            running.callback(started.kill)  # a farewell to its peers would take it seconds
            urls.append(url)
        members = 2 if peers else 1
        for url in urls:
            wait_until(lambda url=url: _members(url) == members, "the cluster to be whole")  # type: ignore[misc]
        yield urls


def _members(url: str) -> int:
    status = requests.get(f"{url}/api/v2/status", timeout=5).json()["cluster"]
    return len(status["peers"]) if status["status"] == "ready" else 0


def tell(urls: Sequence[str], began: datetime, *, ended: datetime | None = None) -> None:
    """As Prometheus does: an alert goes to every Alertmanager."""
    ends = ended or datetime.now(UTC) + timedelta(minutes=4)
    body = [{"labels": LABELS, "annotations": ANNOTATIONS, "startsAt": _at(began), "endsAt": _at(ends)}]
    for url in urls:
        assert requests.post(f"{url}/api/v2/alerts", json=body, timeout=5).status_code == 200


def _at(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")


def sent(urls: Sequence[str]) -> float:
    """How many notifications they have sent to webhooks, together."""
    return sum(_count(f"{url}/metrics", "alertmanager_notifications_total", 'integration="webhook"') for url in urls)


def _count(url: str, name: str, label: str = "") -> float:
    lines = requests.get(url, timeout=5).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name) and label in line)


def test_a_person_hears_once(
    request: pytest.FixtureRequest, stack: Stack, webhooks: Sequence[Webhook], alertmanagers: Sequence[str]
) -> None:
    """That it began, and that it is over; two Prometheus saw it begin two seconds apart, and both say so."""
    apart = "apart" in request.node.name
    began = datetime.now(UTC)
    tell(alertmanagers, began)
    tell(alertmanagers, began + timedelta(seconds=2))
    both = {TENANT, NOC}
    wait_until(lambda: {number for number in both if stack.twilio.bodies(number)} == both, "the first message")
    # Each of the four ways, or the two of one of them.
    wait_until(lambda: sent(alertmanagers) >= (4 if apart else 2), "Alertmanager to have told both webhooks")
    tell(alertmanagers, began, ended=datetime.now(UTC))
    wait_until(lambda: all(len(stack.twilio.bodies(number)) >= 2 for number in both), "the end to be told")
    wait_until(lambda: sent(alertmanagers) >= (8 if apart else 4), "Alertmanager to have told both webhooks")
    _settled(webhooks)
    for number in both:
        first, last = stack.twilio.bodies(number)
        assert "\U0001f534" in first
        assert "\U0001f534" not in last
    if not apart:
        assert sent(alertmanagers) == 4, "the second one held back what the first had told"


def _settled(webhooks: Sequence[Webhook]) -> None:
    def nothing_waits() -> bool:
        return all(
            webhook.metric("backhaul_webhook_messages_pending", channel=channel) == 0
            for webhook in webhooks
            for channel in ("whatsapp", "email")
        )

    began = time.monotonic()
    wait_until(lambda: nothing_waits() and time.monotonic() - began > 1, "nothing to wait any more")
