"""Keys are changed while people work: an edit under way does not put a secret back under the old key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from inventory.registry.audit import CLI
from inventory.registry.devices import DeviceRow, get_device
from inventory.registry.rotation import rotate
from inventory.registry.scope import SERVICE
from inventory.vault import Vault
from portal.services import Services
from tests.portal.api.conftest import (
    ProgramOf,
    program_of,  # noqa: F401 - a fixture
)
from tests.portal.conftest import LoginAs, on_both_databases
from tests.portal.staff.acting import saved, send
from tests.portal.world import SKY

pytestmark = on_both_databases

NEW, OLD = b"n" * 32, b"k" * 32


@pytest.fixture
def rotated_meanwhile(services: Services) -> Callable[[], None]:
    """Let the keys be changed under the next edit: in PostgreSQL when it has read the device, in SQLite just before."""
    engine = services.registry.engine
    done: list[str] = []

    def change_keys(_connection: Any, _cursor: Any, said: str, *_: Any) -> None:
        if said.startswith("UPDATE revision") and not done:
            done.append(said)
            with services.registry.write(SERVICE) as tx:
                assert rotate(tx, Vault([NEW, OLD]), CLI).sealed == 2

    def arm() -> None:
        if engine.dialect.name == "postgresql":
            event.listen(engine, "before_cursor_execute", change_keys)
        else:
            change_keys(None, None, "UPDATE revision")

    return arm


def stored(services: Services) -> DeviceRow:
    """The device, opened without the old key."""
    with services.registry.read(SERVICE) as tx:
        row = get_device(tx, SKY.device, Vault([NEW]))
    assert row is not None
    return row


def test_by_the_api(
    program_of: ProgramOf,  # noqa: F811
    services: Services,
    rotated_meanwhile: Callable[[], None],
) -> None:
    """Whoever had read the device before asks again, and then may."""
    program, path = program_of("engineer"), f"/devices/{SKY.device}"
    seen = program.get(path).headers["ETag"]
    rotated_meanwhile()
    answer = program.ask("PATCH", path, json={"place": "moved"}, headers={"If-Match": seen})
    assert answer.status_code == 412
    assert program.write("PATCH", path, {"place": "moved"}).status_code == 200
    row = stored(services)
    assert row.device.place == "moved"
    assert row.device.password is not None
    assert row.device.password.reveal() == "hunter2"


def test_by_the_form(login_as: LoginAs, services: Services, rotated_meanwhile: Callable[[], None]) -> None:
    """What was typed stays, and is saved the second time."""
    engineer, path = login_as("engineer"), f"/devices/{SKY.device}/edit"
    form = {"place": "moved", "_version": "1"}
    rotated_meanwhile()
    page = send(engineer, path, form).get_data(as_text=True)
    assert "Somebody else changed this while you were editing" in page
    assert 'value="moved"' in page
    saved(engineer, path, {"place": "moved"})
    row = stored(services)
    assert row.device.place == "moved"
    assert row.device.password is not None
    assert row.device.password.reveal() == "hunter2"
