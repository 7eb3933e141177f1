"""kill -9 at any moment: what was acknowledged is told, and hardly ever twice."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from sqlalchemy import select

from inventory.database import open_database
from inventory.outbox import NoticeState, notices
from tests.alert_webhook.conftest import Stack, Webhook, alert, link_alert
from tests.harness import answers, free_port, wait_until

KILLS = 20
CONTACTS = 20

# Forks a webhook for each line it reads and says its number, then that it is gone. Twenty that each import everything
# would be busy with that for most of the test.
NURSERY = """
import os, sys
from alert_webhook.server import serve
from inventory.settings import parse_listen
for _ in sys.stdin:
    pid = os.fork()
    if pid == 0:
        os.dup2(2, 1)
        serve(parse_listen(sys.argv[1]), os.environ)
    print(pid, flush=True)
    os.waitpid(pid, 0)
    print("gone", flush=True)
"""


class Nursery:
    """Where webhooks on one port are born and die, one at a time."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self._process = process
        self._url = url

    def born(self) -> int:
        """The number of a new process that answers."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        pid = int(self._said())
        wait_until(lambda: answers(f"{self._url}/-/ready"), "the webhook")
        return pid

    def die(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        assert self._said() == "gone\n"

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def nursery(stack: Stack, port: int) -> Iterator[Nursery]:
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-c", NURSERY, f"127.0.0.1:{port}"]
    pipe = subprocess.PIPE
    with (
        (stack.folder / "nursery.log").open("wb") as log,
        subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=log, text=True, env=stack.of_process(url), start_new_session=True
        ) as process,
    ):
        try:
            yield Nursery(process, url)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


class Load:
    """Posts numbered alerts until told to stop; remembers which were acknowledged. Like Alertmanager, it repeats."""

    def __init__(self, url: str) -> None:
        self.webhook = Webhook(url, None, None)  # type: ignore[arg-type]  # only posts
        self.acknowledged: list[int] = []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        number = 0
        while not self.stopped.is_set():
            number += 1
            tenant = f"t{number % CONTACTS:03}"
            body = alert("CircuitLossHigh", number, tenant=tenant, circuit=f"{tenant}-main", severity="warning")
            while not self.stopped.is_set():
                try:
                    if self.webhook.post(body).status_code == 200:
                        self.acknowledged.append(number)
                        break
                except requests.RequestException:
                    time.sleep(0.02)  # as a client that was refused does


def tenants() -> str:
    """Twenty tenants on top of the inventory's own, so that many messages are on their way at any moment."""
    entries = []
    for number in range(CONTACTS):
        circuit = (
            f"{{id: t{number:03}-main, name: c, device: core-1, attach: {{queue: t{number:03}}}, committed_mbps: 10}}"
        )
        entries.append(
            f"  - id: t{number:03}\n    kind: reseller\n    name: T{number}\n"
            f'    contacts: [{{name: NOC, whatsapp: "+88018{number:08}"}}]\n    circuits:\n      - {circuit}\n'
        )
    return "".join(entries)


@pytest.mark.slow
def test_twenty_kills_under_load_lose_nothing(stack: Stack) -> None:
    """Every acknowledged alert is in the inbox; at most one duplicate for each kill."""
    inventory = stack.folder / "inventory.yml"
    inventory.write_text(inventory.read_text(encoding="utf-8") + tenants(), encoding="utf-8")
    port = free_port()
    stack.twilio.fault("slow", seconds=0.3, times=None)  # so that a kill falls between a POST and its answer
    load = Load(f"http://127.0.0.1:{port}")
    load.thread.start()
    try:
        with nursery(stack, port) as webhooks:
            for _ in range(KILLS):
                pid = webhooks.born()
                known = len(load.acknowledged)
                wait_until(lambda known=known: len(load.acknowledged) > known + 10, "load")  # type: ignore[misc]
                webhooks.die(pid)
    finally:
        load.stopped.set()
        load.thread.join()
    with stack.start(port) as webhook:
        wait_until(
            lambda: webhook.metric("backhaul_webhook_messages_pending", channel="whatsapp") == 0, "the backlog", 60
        )
    told = Counter(int(number) for body in stack.twilio.bodies() for number in re.findall(r"number (\d+)", body))
    done = select(notices.c.fingerprint).where(notices.c.state.in_((NoticeState.ACCEPTED, NoticeState.DELIVERED)))
    with open_database(stack.environ["BACKHAUL_DATABASE_URL"]).begin() as connection:
        accepted = {int(fingerprint[-8:], 16) for fingerprint in connection.execute(done).scalars()}
    assert set(load.acknowledged) <= accepted
    assert load.acknowledged, "there was load"
    assert sum(times - 1 for times in told.values()) <= KILLS


def test_ten_thousand_alerts_at_once_are_all_told_the_gravest_first(stack: Stack) -> None:
    """A storm is a few digests; no alert is left behind, and each POST is answered in time."""
    with stack.start() as webhook:
        began = time.monotonic()
        for batch in range(10):
            numbers = range(batch * 1000, batch * 1000 + 1000)
            storm = [link_alert(n, severity="critical" if n % 100 == 0 else "warning") for n in numbers]
            assert webhook.post(*storm).status_code == 200
        wait_until(
            lambda: webhook.metric("backhaul_webhook_messages_pending", channel="whatsapp") == 0, "the backlog", 60
        )
        took = time.monotonic() - began
        # Counted after the commit that takes them off the backlog.
        wait_until(
            lambda: webhook.metric("backhaul_webhook_delivery_latency_seconds_count") == 10_000, "their count", 30
        )
    bodies = stack.twilio.bodies()
    assert len(bodies) <= 3 + took / 6, "one message in 6 s"
    assert sum(int(body.split(" alerts")[0].split()[-1]) for body in bodies if " alerts" in body) == 10_000
    assert all(body.splitlines()[1].startswith("\U0001f534") for body in bodies)
    assert all(len(body) <= 1024 for body in bodies)
