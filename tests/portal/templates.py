"""The databases with the world in it that tests of the portal copy: made once a run, for all folders of tests."""

from __future__ import annotations

import pytest

from inventory.vault import Vault
from tests.portal.world import World, fill
from tests.postgres import MakeDatabase

VAULT = Vault([b"k" * 32])

Stocked = tuple[str, World]


@pytest.fixture(scope="session")
def sqlite_template(make_database: MakeDatabase) -> Stocked:
    """The path of a file with the world in it, made once."""
    made = make_database("sqlite")
    with made.registry() as registry:
        filled = fill(registry, VAULT)
    return made.url.removeprefix("sqlite:///"), filled


@pytest.fixture(scope="session")
def postgresql_template(make_database: MakeDatabase) -> Stocked:
    """The name of such a database, to be copied."""
    made = make_database("postgresql")
    with made.registry() as registry:
        filled = fill(registry, VAULT)
    return made.url.rpartition("/")[2], filled
