"""Programs with tokens, as the API meets them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from inventory.registry.scope import LOGIN
from inventory.registry.tokens import GoodFor, create_token
from portal.services import Services
from tests.portal.world import SKY, Isp, World


@dataclass(frozen=True)
class Program:
    """A client that sends its token; `ask` is relative to /api/v1."""

    client: FlaskClient
    token: str

    def ask(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.ask("GET", path, **options)

    def body(self, path: str) -> Any:
        """What is there; it has to be."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()

    def write(self, method: str, path: str, body: Any = None) -> TestResponse:
        """PUT, PATCH or DELETE with the ETag of what is there now."""
        tag = self.get(path).headers["ETag"]
        return self.ask(method, path, json=body, headers={"If-Match": tag})


ProgramOf = Callable[..., Program]


@pytest.fixture
def program_of(app: Flask, services: Services, world: World) -> ProgramOf:
    """`program_of("engineer")` may read and write as one; `program_of("sky-r1", scopes=("read",))`."""

    def make(
        who: str, isp: Isp = SKY, *, scopes: tuple[str, ...] = ("read", "write"), seconds: float | None = None
    ) -> Program:
        user = world.user(who, isp)
        with services.registry.write(LOGIN) as tx:
            token = create_token(tx, user, GoodFor("test", scopes, isp.id, seconds))
        return Program(app.test_client(), token)

    return make
