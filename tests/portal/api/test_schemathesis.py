"""Every operation, with what its own description allows and with what it does not: no 5xx, and answers as described."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from inventory.registry.scope import LOGIN
from inventory.registry.tokens import GoodFor, create_token
from portal.app import create_app
from tests.portal.conftest import services_on, stock
from tests.portal.world import DELTA, SKY

load_all_checks()

EXAMPLES = 8  # of each operation in each mode
# What is there, so that more than 404 is met; `*` is the version that is there.
KNOWN: dict[str, list[Any]] = {
    "tenant": [*SKY.tenants, DELTA.resellers[0]],
    "circuit": [SKY.circuit(SKY.resellers[0]), DELTA.circuit(DELTA.resellers[0])],
    "device": [SKY.device, DELTA.device],
    "link": [SKY.link],
    "maintenance": [SKY.maintenance],
    "number": [1, 5],
}
# A body that is well-formed may name what is not there, or say what no JSON Schema can refuse.
EXCLUDED: Any = CHECKS.get_by_names(["positive_data_acceptance"])


@dataclass(frozen=True)
class Described:
    """The application's own description, and the token of an admin."""

    schema: schemathesis.BaseSchema
    token: str


@pytest.fixture(scope="module")
def described(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    url, world = stock(request, request.param, tmp_path_factory.mktemp("schemathesis"))
    services = services_on(url, api_per_minute=1_000_000, api_address_per_minute=1_000_000)
    app: Flask = create_app(services)
    with services.registry.write(LOGIN) as tx:
        token = create_token(tx, world.user("admin"), GoodFor("test", ("read", "write"), SKY.id))
    yield Described(schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app), token)
    services.registry.engine.dispose()


# What is broken is tried where the database is the stricter one: PostgreSQL takes no NUL and no integer past 64 bits.
@pytest.mark.parametrize(
    ("described", "mode"),
    [
        ("sqlite", GenerationMode.POSITIVE),
        ("postgresql", GenerationMode.POSITIVE),
        ("postgresql", GenerationMode.NEGATIVE),
    ],
    indirect=["described"],
)
def test_operations(described: Described, mode: GenerationMode) -> None:
    """Each by itself; what is wrong with any is said of all."""
    failures = []
    operations: list[Any] = [found.ok() for found in described.schema.get_all_operations()]  # type: ignore[union-attr]
    for operation in sorted(operations, key=lambda one: one.method == "delete"):  # last, or little would be there
        try:
            _attempt(operation, mode, described.token)
        except AssertionError as error:
            failures.append(f"{operation.label}: {error}")
        except BaseExceptionGroup as group:
            failures.append(f"{operation.label}: {group.exceptions}")
    assert not failures, "\n\n".join(failures)


def _attempt(operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, token: str) -> None:
    with_known = st.randoms(use_true_random=False)

    @seed(20261120)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), random=with_known)
    def run(case: Case[Any], random: Any) -> None:
        if mode is GenerationMode.POSITIVE:
            _name_what_is_there(case, random)
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=EXCLUDED)

    attempt: Callable[[], None] = run
    attempt()


def _name_what_is_there(case: Case[Any], random: Any) -> None:
    """In most cases each."""
    for name in case.path_parameters or {}:
        if random.random() < 0.7:
            case.path_parameters[name] = random.choice(KNOWN[name])
    if case.headers and "If-Match" in case.headers and random.random() < 0.7:
        case.headers["If-Match"] = "*"
