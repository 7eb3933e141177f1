"""Many who ask on few connections: a context never outlives its transaction."""

from __future__ import annotations

import random
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy import select, text

from inventory.registry.scope import Registry, Scope
from inventory.registry.tables import circuits
from tests.inventory.registry.kit import filled
from tests.postgres import Database, MakeDatabase

READS, PROCESSES = 100_000, 2
THREADS, CONNECTIONS = 10, 5  # of each process

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
    """100,000 readings of ten scopes, by ten threads on five connections: each sees its own, all of it.

    The query carries no condition, so row-level security alone decides. Every hundredth says nothing of itself, as a
    forgotten scope would, and sees nothing. Two processes share the readings, as one keeps but one core busy.
    """
    database = make_database("postgresql")
    with database.registry() as registry:
        filled(registry, tmp_path, *ISPS, tenants=4)
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as processes:
        wrong = list(processes.map(readings_of_process, [database] * PROCESSES, range(PROCESSES)))
    assert wrong == [[[]] * THREADS] * PROCESSES


def readings_of_process(database: Database, process: int) -> list[list[str]]:
    """What each of its threads saw that should not have been, or did not see that should have."""
    seeds = range(process * THREADS, (process + 1) * THREADS)
    with database.registry(pool_size=CONNECTIONS) as registry:
        registry.engine.pool._max_overflow = 0  # type: ignore[attr-defined]
        registry.engine.pool._timeout = 200  # type: ignore[attr-defined]  # who waits has no right to be next
        with ThreadPoolExecutor(THREADS) as threads:
            return list(threads.map(lambda seed: readings(registry, seed), seeds))


def readings(registry: Registry, seed: int) -> list[str]:
    """The same of one thread."""
    dice, query, wrong = random.Random(seed), select(circuits.c.circuit), []
    for number in range(READS // (PROCESSES * THREADS)):
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
