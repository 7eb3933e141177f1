"""The whole way: a running portal, the stand-in for Grafana set up by our command, a real Prometheus behind them."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from inventory.registry.scope import Registry
from portal.grafana.panels import Dashboard, load_panels
from tests.harness import BIN, answers, free_port, service
from tests.portal.conftest import services_on, stock
from tests.portal.prometheus import Measured
from tests.portal.serving import KEY, Served
from tests.portal.stand_in import StandIn
from tests.portal.world import SKY, Isp

ADMIN = "a-password-of-the-tests"
TOKEN = "t" * 40
JSON = {"Content-Type": "application/json"}
FIRST = {"circuit": "sky-r1-main", "link": SKY.link, "device": SKY.device}  # what is in the places


@dataclass(frozen=True)
class Stack:
    """`portal` runs, `grafana` is the stand-in's own address (with the sub-path), `control` its faults."""

    portal: Served
    grafana: str
    control: str
    settings: dict[str, str]

    @property
    def url(self) -> str:
        return f"{self.portal.url}/grafana"

    def setup(self) -> subprocess.CompletedProcess[str]:
        """Run `backhaul grafana setup`."""
        command: list[str | Path] = [BIN / "backhaul", "grafana", "setup", "--wait", "30"]
        return subprocess.run(command, env=self.settings, capture_output=True, text=True, check=False, timeout=60)

    def seen(self) -> list[dict[str, Any]]:
        """What Grafana was asked since `forget`."""
        found: list[dict[str, Any]] = requests.get(f"{self.control}/seen", timeout=5).json()
        return found

    def forget(self) -> None:
        """Forget what was asked, and all faults."""
        requests.delete(f"{self.control}/faults", timeout=5)

    def fault(self, **said: Any) -> None:
        """Let Grafana misbehave."""
        assert requests.post(f"{self.control}/faults", json=said, timeout=5).status_code == 200

    def draw(
        self,
        browser: requests.Session,
        uid: str,
        panel: str,
        *,
        change: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        query: str = "ds_type=prometheus&requestId=SQR1",
        places: Mapping[str, str] = FIRST,
        hours: int = 1,
    ) -> requests.Response:
        """Ask for a panel's figures as Grafana's page does; `change` goes into each query."""
        now = int(time.time() * 1000)
        queries = [{**one, **(change or {})} for one in self.queries(uid, panel, places)]
        said = {"queries": queries, "from": str(now - hours * 3_600_000), "to": str(now)}
        return browser.post(
            f"{self.url}/api/ds/query?{query}",
            data=json.dumps(said).encode() if body is None else body,
            headers={**JSON, "X-Dashboard-Uid": uid, "X-Panel-Id": panel, **(headers or {})},
            timeout=30,
        )

    def queries(self, uid: str, panel: str, places: Mapping[str, str]) -> list[dict[str, Any]]:
        """The queries of a panel as the page sends them, the variables put in."""
        found = []
        for ref, target in self.table[uid].panels[panel].items():
            expr = target.query.expr
            for name, value in places.items():
                expr = expr.replace(f"${name}", value)
            instant = target.kind == "instant"
            found.append({"refId": ref, "expr": expr, "instant": instant, "range": not instant, "maxDataPoints": 500})
        return found

    @property
    def table(self) -> dict[str, Dashboard]:
        return dict(load_panels())

    def browser(self, who: str, isp: Isp | None = SKY) -> requests.Session:
        return self.portal.browser(who, isp)


@pytest.fixture(scope="package")
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, filled_prometheus: Measured
) -> Iterator[Stack]:
    """Set up once; tests leave it as it was."""
    folder = tmp_path_factory.mktemp("grafana")
    database, world = stock(request, "sqlite", folder)
    registry = services_on(database).registry
    yield from running(folder, database, registry, world, filled_prometheus.url)
    registry.engine.dispose()


def running(folder: Path, database: str, registry: Registry, world: Any, prometheus: str) -> Iterator[Stack]:
    """The portal and the stand-in on ports of their own, until the block ends."""
    grafana, portal = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    secret = folder / "admin"
    secret.write_text(f"{ADMIN}\n")
    rest = {name: value for name, value in os.environ.items() if not name.startswith(("BACKHAUL_", "GRAFANA_", "GF_"))}
    settings = {
        **rest,
        "BACKHAUL_DATABASE_URL": database,
        "BACKHAUL_SECRET_KEY": KEY,
        "PROMETHEUS_URL": prometheus,
        "GRAFANA_URL": grafana,
        "GRAFANA_ADMIN_PASSWORD_FILE": str(secret),
        "GRAFANA_GATEWAY_TOKEN": TOKEN,
        "GRAFANA_GATEWAY_URL": f"{portal}/gateway",
    }
    own = {
        "GF_SERVER_ROOT_URL": f"{portal}/grafana/",
        "GF_SERVER_SERVE_FROM_SUB_PATH": "true",
        "GF_AUTH_PROXY_ENABLED": "true",
        "GF_AUTH_PROXY_WHITELIST": "127.0.0.1",
        "GF_DATAPROXY_SEND_USER_HEADER": "true",
        "GF_SECURITY_CONTENT_SECURITY_POLICY": "true",
        "GF_SECURITY_ADMIN_PASSWORD__FILE": str(secret),
    }
    python = BIN / "python"
    standin: list[str | Path] = [python, "-m", "simulator.grafana", "--listen", grafana.removeprefix("http://")]
    serve: list[str | Path] = [BIN / "backhaul", "portal", "--listen", portal.removeprefix("http://")]
    with (
        service(standin, folder / "grafana.log", ready=lambda: answers(f"{grafana}/api/health"), env={**rest, **own}),
        service(serve, folder / "portal.log", ready=lambda: answers(f"{portal}/-/ready"), env=settings),
    ):  # fmt: skip
        told = StandIn()
        told.url = prometheus
        made = Stack(Served(portal, registry, world, told), f"{grafana}/grafana", f"{grafana}/-", settings)
        done = made.setup()
        assert done.returncode == 0, done.stderr
        yield made


@pytest.fixture(autouse=True)
def afresh(request: pytest.FixtureRequest) -> None:
    """Each test finds Grafana well, and asked for nothing."""
    if "stack" in request.fixturenames:
        request.getfixturevalue("stack").forget()
