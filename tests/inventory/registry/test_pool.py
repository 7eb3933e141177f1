"""Many who ask on few connections: a context never outlives its transaction."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, text

from inventory.registry.scope import Registry, Scope
from inventory.registry.tables import circuits
from tests.inventory.registry.kit import filled
from tests.postgres import MakeDatabase

READS, THREADS, CONNECTIONS = 100_000, 10, 5

ISPS = ("sky", "metro")
SCOPES = [
    *(Scope("staff", isp) for isp in ISPS),
    *(Scope("tenant", isp, f"{isp}-t{number}") for isp in ISPS for number in range(1, 5)),
]


def may_see(scope: Scope) -> set[str]:
    if scope.tenant is None:
        return {f"{scope.isp}-c{number}" for number in range(1, 5)}
    return {scope.tenant.replace("-t", "-c")}


@pytest.mark.slow
def test_interleaved_readings_leak_nothing(make_database: MakeDatabase, tmp_path: Path) -> None:
    """100,000 readings of ten scopes by ten threads on five connections: each sees its own, all of it.

    The query carries no condition, so row-level security alone decides. Every hundredth says nothing of itself, as a
    forgotten scope would, and sees nothing.
    """
    database = make_database("postgresql")
    with database.registry() as registry:
        filled(registry, tmp_path, *ISPS, tenants=4)
    with database.registry(pool_size=CONNECTIONS) as registry:
        registry.engine.pool._max_overflow = 0  # type: ignore[attr-defined]
        registry.engine.pool._timeout = 200  # type: ignore[attr-defined]  # who waits has no right to be next
        with ThreadPoolExecutor(THREADS) as threads:
            wrong = list(threads.map(lambda seed: readings(registry, seed), range(THREADS)))
    assert wrong == [[]] * THREADS


def readings(registry: Registry, seed: int) -> list[str]:
    """What was seen that should not have been, or was not that should have."""
    dice, query, wrong = random.Random(seed), select(circuits.c.circuit), []
    for number in range(READS // THREADS):
        if number % 100 == 0:
            with registry.engine.connect() as connection:
                if connection.execute(text("SELECT count(*) FROM circuit")).scalar():
                    wrong.append("nobody sees something")
            continue
        scope = dice.choice(SCOPES)
        with registry.read(scope) as tx:
            seen = set(tx.connection.execute(query).scalars())
        if seen != may_see(scope):
            wrong.append(f"{scope} sees {seen}")
    return wrong
