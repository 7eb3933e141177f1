"""The portal as it runs: its processes on a port, on a database of the session's own, before a stand-in Prometheus."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import requests

from inventory.registry import alert_log, sessions
from inventory.registry.alert_log import Reported
from inventory.registry.audit import Actor
from inventory.registry.scope import LOGIN, SERVICE, Registry, Scope
from inventory.registry.tenants import delete_circuit, get_circuit, save_circuit
from portal.login.cookies import session_cookie_name
from tests.harness import BIN, answers, free_port, service
from tests.portal.stand_in import StandIn
from tests.portal.world import SKY, Isp, World

KEY = base64.b64encode(b"k" * 32).decode()
COOKIE = session_cookie_name(https=False)

_numbers = count(1)


@dataclass(frozen=True)
class Served:
    """A running portal: `registry` is its database, seen from the test."""

    url: str
    registry: Registry
    world: World
    prometheus: StandIn

    def token(self, who: str, isp: Isp | None = SKY, *, second_factor: bool = True) -> str:
        """The cookie of a new session of that role or tenant."""
        user = self.world.user(who, isp or SKY)
        seen_as = replace(user, isp=user.isp or (isp.id if isp else None))
        with self.registry.write(LOGIN) as tx:
            return sessions.start_session(tx, seen_as, second_factor=second_factor, address="127.0.0.1", agent="test")

    def browser(self, who: str, isp: Isp | None = SKY) -> requests.Session:
        """An HTTP client that is logged in."""
        client = requests.Session()
        client.cookies.set(COOKIE, self.token(who, isp))
        return client


@contextmanager
def serve(database_url: str, registry: Registry, world: World, prometheus: StandIn, folder: Path) -> Iterator[Served]:
    """Run `backhaul portal` until the block ends."""
    url = f"http://127.0.0.1:{free_port()}"
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("BACKHAUL_", "SMTP_", "TWILIO_"))},
        "BACKHAUL_DATABASE_URL": database_url,
        "BACKHAUL_SECRET_KEY": KEY,
        "PROMETHEUS_URL": prometheus.url,
    }
    command: list[str | Path] = [BIN / "backhaul", "portal", "--listen", url.removeprefix("http://")]
    with service(command, folder / "portal.log", ready=lambda: answers(f"{url}/-/ready"), env=env):
        yield Served(url, registry, world, prometheus)


def alert(
    isp: Isp = SKY,
    *,
    tenant: str | None = None,
    name: str = "CircuitDown",
    severity: str = "critical",
    summary: str = "Circuit down",
    **labels: str,
) -> Reported:
    """An alert that fires, as Alertmanager reports it."""
    own = {"isp": isp.id, "alertname": name, "severity": severity, **labels} | ({"tenant": tenant} if tenant else {})
    said: dict[str, Any] = {"labels": own, "annotations": {"summary": summary}, "severity": severity}
    fingerprint = f"test{next(_numbers):012x}{os.getpid():x}"
    return Reported(fingerprint, "2026-11-20T00:00:00Z", time.time(), None, name, **said)


def fire(registry: Registry, isp: Isp = SKY, **said: Any) -> Reported:
    """Let an alert begin; `said` is as for `alert`. Gives it back, for `end`."""
    begun = alert(isp, **said)
    note(registry, [begun])
    return begun


def end(registry: Registry, begun: Reported) -> None:
    """Let it be over."""
    note(registry, [replace(begun, ended=time.time())])


def note(registry: Registry, reported: Sequence[Reported]) -> None:
    """Write down what is reported, as the webhook does."""
    with registry.write(SERVICE) as tx:
        alert_log.note(tx.connection, reported, confirmed=True)


def given_anew(registry: Registry, circuit: str, isp: Isp, tenant: str) -> None:
    """Let a circuit go and its id be another tenant's, called SECRET."""
    with registry.write(Scope("staff", SKY.id)) as tx:
        row = get_circuit(tx, circuit)
        assert row is not None
        delete_circuit(tx, circuit, version=row.version, actor=Actor("test"))
    taken = replace(row.circuit, name="SECRET", tenant=tenant, device=isp.device)
    with registry.write(Scope("staff", isp.id)) as tx:
        save_circuit(tx, taken, version=None, actor=Actor("test"))
