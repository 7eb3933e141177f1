"""A circuit outside its active dates is measured by nobody: it is sold to nobody either, on any page and in the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from inventory.models import ActivePeriod, BitsPerSecond, Committed
from inventory.registry import tables
from inventory.registry.audit import Actor
from inventory.registry.circuits import get_circuit, save_circuit
from inventory.registry.listing import in_service
from inventory.registry.scope import SERVICE, Scope
from portal.app import create_app
from portal.prometheus import Prometheus
from portal.services import Services
from tests.portal.conftest import LoginAs, logged_in_client, on_both_databases
from tests.portal.staff.acting import errors_of, saved, send, text_of
from tests.portal.stand_in import StandIn, stand_in
from tests.portal.world import SKY, World

OWN, MAIN = SKY.resellers[0], SKY.circuit(SKY.resellers[0])
BACKUP = f"{OWN}-backup"


@pytest.fixture
def figures() -> Iterator[StandIn]:
    """170 of the 200 Mbps that are in service."""
    with stand_in() as found:
        found.circuit(SKY.id, OWN, MAIN, up=1, download=170e6, upload=20e6, used=0.85)
        found.tenant(SKY.id, OWN, download=170e6, upload=20e6, used=0.85, measured=1)
        yield found


@pytest.fixture
def measured(services: Services, figures: StandIn) -> Services:
    return replace(services, prometheus=Prometheus(figures.url))


def browser(services: Services, world: World, who: str) -> FlaskClient:
    return logged_in_client(create_app(services), services, world.user(who), SKY.id)


def today() -> date:
    """In the isp's zone."""
    return datetime.now(ZoneInfo("Asia/Dhaka")).date()


def active(services: Services, first: date | None, last: date | None) -> None:
    """Let the second circuit of the first reseller be in service on these days."""
    days = {"active_from": first and first.isoformat(), "active_until": last and last.isoformat()}
    with services.registry.write(SERVICE) as tx:
        tx.connection.execute(tables.circuits.update().where(tables.circuits.c.circuit == BACKUP).values(days))


def test_an_expired_circuit_is_neither_bought_nor_unknown(measured: Services, world: World) -> None:
    """The alert says 85 % of 200 Mbps, and so does everything else."""
    active(measured, None, today() - timedelta(days=1))
    staff = browser(measured, world, "engineer")
    listed = text_of(staff, "/resellers")
    assert "85 % high" in listed
    assert "170 Mbps 20 Mbps 200 Mbps / 100 Mbps 1 of 2" in listed
    page = text_of(staff, f"/tenants/{OWN}")
    assert "85 % high" in page
    assert f"Line {BACKUP} {BACKUP} ○ Not in service" in page
    assert "○ Not in service" in text_of(staff, f"/circuits/{BACKUP}")
    usage = staff.get(f"/api/v1/resellers/{OWN}/usage").get_json()
    now = usage["now"]
    assert (now["committed_download_mbps"], now["utilization_ratio"], now["level"]) == (200, 0.85, "yellow")
    assert now["complete"] is True
    assert [(one["circuit"], one["in_service"]) for one in usage["circuits"]] == [(MAIN, True), (BACKUP, False)]


def test_the_tenant_sees_the_same(measured: Services, world: World) -> None:
    """One circuit is in service, so there is nothing to add up; the other is not unknown."""
    active(measured, None, today() - timedelta(days=1))
    own = browser(measured, world, OWN)
    page = text_of(own, "/my")
    assert "circuits together" not in page
    assert "Unknown" not in page
    assert "○ Not in service In service always" in page
    assert str(today() - timedelta(days=1)) in page
    assert "○ Not in service" in text_of(own, f"/my/circuits/{BACKUP}")
    now = own.get(f"/api/v1/resellers/{OWN}/usage").get_json()["now"]
    assert (now["committed_download_mbps"], now["utilization_ratio"]) == (200, 0.85)


@on_both_databases
@pytest.mark.parametrize(
    ("first", "last", "count"), [(None, None, 2), (0, 0, 2), (1, None, 1), (None, -1, 1), (-9, 9, 2), (-9, -1, 1)]
)
def test_both_ends_are_in_service(services: Services, first: int | None, last: int | None, count: int) -> None:
    """Days from today; in the tenant's own eyes, in the query itself."""
    days = [None if each is None else today() + timedelta(days=each) for each in (first, last)]
    active(services, *days)
    with services.registry.read(Scope("tenant", SKY.id, OWN)) as tx:
        found = in_service(tx, today())
    assert (found.circuits, found.committed.download, found.committed.upload) == (count, count * 200e6, count * 100e6)


@on_both_databases
@pytest.mark.parametrize("day", [date.min, date.max])
def test_a_day_at_the_end_of_the_calendar_can_be_corrected(login_as: LoginAs, services: Services, day: date) -> None:
    """None is taken any more; a circuit that has one from before has its pages."""
    with services.registry.write(Scope("staff", SKY.id)) as tx:
        row = get_circuit(tx, SKY.circuit(SKY.client))
        assert row is not None
        bought = Committed(BitsPerSecond(300_000_000), BitsPerSecond(1))
        changed = replace(row.circuit, committed=bought, active=ActivePeriod(day, None))
        save_circuit(tx, changed, version=row.version, actor=Actor("test"))
    client, page = login_as("engineer"), f"/circuits/{SKY.circuit(SKY.client)}"
    assert "download now, of 300 Mbps" in text_of(client, page)
    assert client.get(f"/api/v1{page}").get_json()["active"] == {"from": str(day)}
    assert text_of(login_as(SKY.client), f"/my{page}")
    wrong = errors_of(send(client, f"{page}/edit", {"name": "Another"}))
    assert wrong == {"active-from": f'from is "{day}"; expected a date from 1971 to 2199'}
    assert "Not in service" not in saved(client, f"{page}/edit", {"active.from": "2026-01-01"})
