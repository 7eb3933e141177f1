"""An update of an installation that has data: the volumes of the version before, and the images of this one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose_engine.engine import Engine
from tests.compose_engine.installation import Installation, check_out

pytestmark = [pytest.mark.compose, pytest.mark.timeout(600)]

# All steps but the last, as the version before knew them, and what a provider may have put in since.
_AS_BEFORE = """
import os
from alembic.script import ScriptDirectory
from sqlalchemy import text
from inventory.database import open_database
from inventory.registry import schema
from inventory.settings import setting

script = schema._script()
before = script.get_revision(script.get_current_head()).down_revision
steps = ScriptDirectory._upgrade_revs
ScriptDirectory._upgrade_revs = lambda self, wanted, now: steps(self, before if wanted == "head" else wanted, now)
engine = open_database(setting(os.environ, "BACKHAUL_OWNER_DATABASE_URL"))
print("made", schema.migrate(engine))
with engine.begin() as connection:
    connection.execute(text("SELECT set_config('app.context', 'service', true)"))
    connection.execute(text(
        "INSERT INTO isp (isp, name, timezone, currency, version) VALUES ('old', 'An old ISP', 'Asia/Dhaka', 'BDT', 1)"
    ))
    connection.execute(text("INSERT INTO revision (isp, revision) VALUES ('old', 7)"))
"""


@pytest.fixture
def old(engine: Engine, images: str, place: Path) -> Iterator[Installation]:
    """Its database runs, in the form of the version before."""
    assert images
    check_out(place / "old")
    made = Installation(engine, place / "old", "old")
    made.prepare()
    try:
        made.up("postgres")
        made.wait_healthy("postgres")
        said = made.compose("run", "--rm", "-T", "--no-deps", "--entrypoint", "python", "migrate", "-c", _AS_BEFORE)
        assert "made" in said, said
        yield made
    finally:
        made.remove()


def test_an_update_keeps_what_was_there(old: Installation) -> None:
    """The step does what lacks, services start after it, and the data are there; once more, nothing is left to do."""
    check = ("run", "--rm", "-T", "--no-deps", "migrate", "inventory", "migrate", "--check")
    assert "lacks" in old.compose(*check, check=False)
    old.up("portal")
    old.wait_healthy("portal")
    assert old.containers()["migrate"]["State"]["ExitCode"] == 0
    assert "the database is up to date" in old.compose(*check)
    assert "name: An old ISP" in old.backhaul("inventory", "export", "--isp", "old")
