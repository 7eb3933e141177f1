"""The gateway as Grafana's data source meets it, before a Prometheus that tells what it was asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from inventory.secrets import Secret
from portal.app import create_app
from portal.prometheus import Prometheus
from portal.services import Services
from tests.portal.stand_in import StandIn, stand_in
from tests.portal.world import ISPS, SKY, Isp, World

TOKEN = "a-token-of-the-tests-" + "x" * 20


@dataclass
class Gateway:
    """`ask` sends what a data source sends; `asked` is what came through to Prometheus."""

    client: FlaskClient
    world: World
    asked: list[str] = field(default_factory=list)

    def login(self, who: str, isp: Isp = SKY) -> str:
        """What Grafana calls that account."""
        return self.world.user(who, isp).id

    def ask(self, expr: str, who: str = "sky-r1", isp: Isp = SKY, **more: str) -> TestResponse:
        """An instant query about now."""
        return self.post("query", {"query": expr, "time": f"{time.time():.3f}", **more}, self.login(who, isp))

    def draw(self, expr: str, who: str = "sky-r1", isp: Isp = SKY, **more: str) -> TestResponse:
        """A range query about the last hour."""
        end = int(time.time()) // 60 * 60
        form = {"query": expr, "start": str(end - 3600), "end": str(end), "step": "60"}
        return self.post("query_range", {**form, **more}, self.login(who, isp))

    def post(self, path: str, form: Any, login: str | None, **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {TOKEN}"} | ({} if login is None else {"X-Grafana-User": login})
        return self.client.post(f"/gateway/api/v1/{path}", data=form, headers=headers, **options)


class Recording(Prometheus):
    """Asks the stand-in, and remembers what."""

    def __init__(self, url: str, asked: list[str]) -> None:
        super().__init__(url)
        self._asked = asked

    def _post(self, path: str, form: Any, kind: str) -> Any:
        self._asked.append(form["query"])
        return super()._post(path, form, kind)


@pytest.fixture(scope="session")
def figures_of_all() -> Iterator[StandIn]:
    """Series of every circuit of both isps: what a leak would show."""
    with stand_in() as found:
        for isp in ISPS:
            for tenant in isp.tenants:
                figures = {"up": 1.0, "download": 1e8, "upload": 5e7, "used": 0.5, "rtt": 0.01, "loss": 0.0}
                found.circuit(isp.id, tenant, isp.circuit(tenant), **figures)
            found.put("link:bandwidth_bits_per_second:rate5m", 3e8, isp=isp.id, link=isp.link)
            found.put("isp_device_up", 1.0, isp=isp.id, device=isp.device)
        yield found


@pytest.fixture
def gateway(services: Services, world: World, figures_of_all: StandIn) -> Gateway:
    return gateway_on(services, world, figures_of_all)


def gateway_on(services: Services, world: World, figures: StandIn) -> Gateway:
    """That of an application with these services, in front of these figures."""
    asked: list[str] = []
    settings = replace(services.settings, grafana_gateway_token=Secret(TOKEN))
    app = create_app(replace(services, settings=settings, prometheus=Recording(figures.url, asked)))
    return Gateway(app.test_client(), world, asked)
