"""Announced work: a month, a form without script, and what may be changed once it has begun."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import event

from inventory.models import Maintenance
from inventory.registry.audit import Actor
from inventory.registry.scope import SERVICE, Scope
from inventory.registry.windows import MaintenanceRow, get_maintenance, list_maintenance, save_maintenance
from portal.services import Services
from tests.portal.conftest import LoginAs, csrf_of, on_both_databases
from tests.portal.staff.acting import errors_of, read, saved, send, text_of
from tests.portal.staff.operation import post
from tests.portal.world import SKY

pytestmark = on_both_databases

DHAKA = ZoneInfo("Asia/Dhaka")
LINE = SKY.circuit(SKY.client)


def typed(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M")


def at(**ahead: float) -> datetime:
    return (datetime.now(DHAKA) + timedelta(**ahead)).replace(second=0, microsecond=0)


def window(services: Services, name: str) -> MaintenanceRow | None:
    with services.registry.read(Scope("staff", SKY.id)) as tx:
        return get_maintenance(tx, name)


def begun(services: Services, *, ends: datetime, name: str = "mw-begun") -> str:
    """A window that began an hour ago."""
    made = Maintenance(name, (LINE,), (), at(hours=-1), ends, at(hours=-2), "noc", "splice under way")
    with services.registry.write(SERVICE) as tx:
        save_maintenance(tx, made, version=None, actor=Actor("test"), isp=SKY.id)
    return name


def test_a_window_is_announced_and_stands_in_the_calendar(services: Services, login_as: LoginAs) -> None:
    """Times are typed in the isp's zone; who approved it and when is taken down without being asked."""
    starts = at(days=2)
    support = login_as("support")
    form = {
        "reason": "Fibre splice <b>",
        "starts": typed(starts),
        "ends": typed(starts + timedelta(hours=3)),
        "circuits.0": LINE,
        "links.0": SKY.link,
        "id": "mw-1",
    }
    assert "kept out of the SLA" in saved(support, "/maintenance/new", form)
    row = window(services, "mw-1")
    assert row is not None
    assert (row.maintenance.starts, row.maintenance.circuits, row.maintenance.links) == (starts, (LINE,), (SKY.link,))
    assert row.maintenance.approved_by == f"support of {SKY.id}"
    assert abs((row.maintenance.approved_at - datetime.now(DHAKA)).total_seconds()) < 60
    page = support.get(f"/maintenance?month={starts:%Y-%m}").get_data(as_text=True)
    assert "Fibre splice &lt;b&gt;" in page
    assert page.count('class="day') in {28, 35, 42}


def test_the_id_may_be_left_out(services: Services, login_as: LoginAs) -> None:
    """One is made of the day."""
    starts = at(days=2)
    form = {"reason": "x", "starts": typed(starts), "ends": typed(starts + timedelta(hours=1)), "circuits.0": LINE}
    saved(login_as("support"), "/maintenance/new", form)
    with services.registry.read(Scope("staff", SKY.id)) as tx:
        names = [row.maintenance.id for row in list_maintenance(tx).items]
    assert any(name.startswith(f"mw-{datetime.now(DHAKA):%Y%m%d}-") for name in names)


def test_what_is_wrong_is_said_at_its_field(login_as: LoginAs) -> None:
    """In the past, backwards, approved afterwards, on nothing, on another isp's circuit."""
    support = login_as("support")
    later, past = at(days=2), at(days=-1)
    good = {"reason": "x", "starts": typed(later), "ends": typed(later + timedelta(hours=1)), "circuits.0": LINE}
    told = errors_of(send(support, "/maintenance/new", good | {"starts": typed(past)}))
    assert "the SLA counts only work that is announced before it" in told["starts"]
    assert "ends" in errors_of(send(support, "/maintenance/new", good | {"ends": typed(past)}))
    for approved in (later + timedelta(days=1), at(hours=5)):
        assert "approved_at" in errors_of(send(support, "/maintenance/new", good | {"approved_at": typed(approved)}))
    answer = send(support, "/maintenance/new", good | {"circuits.0": "del-c1-main"})
    assert 'unknown circuit "del-c1-main"' in read(answer)
    answer = send(support, "/maintenance/new", good | {"circuits.0": ""})
    assert "neither circuits nor links are named" in read(answer)


def test_circuits_are_found_without_a_script(login_as: LoginAs) -> None:
    """The button that finds saves nothing, and keeps what is ticked and typed."""
    support = login_as("support")
    form = {
        "csrf": csrf_of(support),
        "reason": "typed already",
        "circuits.0": LINE,
        "_find": "backup",
        "_add": "circuits",
    }
    page = support.post("/maintenance/new", data=form).get_data(as_text=True)
    assert 'value="typed already"' in page
    assert f'name="circuits.0" value="{LINE}" checked' in page
    assert f'name="circuits.1" value="{SKY.resellers[0]}-backup"' in page


def test_windows_that_meet_are_pointed_out(services: Services, login_as: LoginAs) -> None:
    """On the same circuit at the same time: said when it is announced, and in the calendar."""
    row = window(services, SKY.maintenance)
    assert row is not None
    there = row.maintenance
    form = {
        "reason": "a second crew",
        "starts": typed(there.starts.astimezone(DHAKA) + timedelta(minutes=10)),
        "ends": typed(there.ends.astimezone(DHAKA) + timedelta(hours=1)),
        "circuits.0": there.circuits[0],
        "id": "mw-2",
    }
    text = saved(login_as("support"), "/maintenance/new", form)
    assert f"It overlaps {SKY.maintenance} ({there.circuits[0]})" in text, text
    assert "Overlaps mw-2" in text
    assert f"Overlaps {SKY.maintenance}" in text


def test_a_window_that_has_begun_can_only_be_ended(services: Services, login_as: LoginAs) -> None:
    """Anything else would change what the SLA counts after the fact, and the page says so."""
    name = begun(services, ends=at(hours=2))
    support = login_as("support")
    text = text_of(support, f"/maintenance/{name}/edit")
    assert "The SLA counts only work that was announced before it started" in text
    form = {"reason": "x", "starts": typed(at(days=1)), "ends": typed(at(days=9)), "circuits.0": LINE, "_version": "1"}
    assert "Nothing was changed" in read(post(support, f"/maintenance/{name}/edit", form))
    post(support, f"/maintenance/{name}/delete", {"_sure": "yes", "_version": "1"})
    row = window(services, name)
    assert row is not None
    assert row.maintenance.ends > datetime.now(DHAKA)
    post(support, f"/maintenance/{name}/end")
    row = window(services, name)
    assert row is not None
    assert row.maintenance.ends <= datetime.now(DHAKA)
    ended = row.maintenance.ends
    assert "It stays as it was" in text_of(support, f"/maintenance/{name}/edit")
    post(support, f"/maintenance/{name}/end")
    row = window(services, name)
    assert row is not None
    assert row.maintenance.ends == ended, "what is over stays as it was"


def test_a_window_ahead_is_changed_and_called_off(services: Services, login_as: LoginAs) -> None:
    """A change is approved anew; calling it off asks first."""
    support = login_as("support")
    before = window(services, SKY.maintenance)
    path = f"/maintenance/{SKY.maintenance}"
    saved(support, f"{path}/edit", {"reason": "another reason", "approved_by": "the boss"})
    after = window(services, SKY.maintenance)
    assert before is not None
    assert after is not None
    assert (after.maintenance.reason, after.maintenance.approved_by) == ("another reason", "the boss")
    assert after.maintenance.approved_at > before.maintenance.approved_at
    saved(support, f"{path}/edit", {"reason": "a third one", "approved_at": typed(at(hours=-1))})
    third = window(services, SKY.maintenance)
    assert third is not None
    assert third.maintenance.approved_by == f"support of {SKY.id}"
    assert third.maintenance.approved_at > after.maintenance.approved_at, "a change is not approved before it is made"
    after = third
    post(support, f"{path}/delete", {"_version": str(after.version)})
    assert window(services, SKY.maintenance) is not None
    post(support, f"{path}/delete", {"_version": str(after.version), "_sure": "yes"})
    assert window(services, SKY.maintenance) is None


def test_who_may_only_read_has_no_form(login_as: LoginAs) -> None:
    """Sales see the calendar."""
    sales = login_as("sales")
    assert f"splice at {SKY.letters}" in text_of(sales, "/maintenance")
    assert "New window" not in text_of(sales, "/maintenance")
    for path in ("/maintenance/new", f"/maintenance/{SKY.maintenance}/edit"):
        assert sales.get(path).status_code == 404
    for month in ("2026-13", "0001-01", "9999-12", "%00", "x"):
        assert sales.get(f"/maintenance?month={month}").status_code == 200


def test_of_two_who_end_a_window_at_once_one_is_told(services: Services, login_as: LoginAs) -> None:
    """In PostgreSQL the second has read it as open and waits for his turn; in SQLite he reads after it."""
    name, support = begun(services, ends=at(hours=2)), login_as("support")
    engine = services.registry.engine
    faster: list[str] = []

    def be_faster(_connection: Any, _cursor: Any, said: str, *_: Any) -> None:
        if said.startswith("UPDATE revision") and not faster:
            faster.append(name)
            with services.registry.write(Scope("staff", SKY.id)) as tx:
                row = get_maintenance(tx, name)
                assert row
                ended = replace(row.maintenance, ends=datetime.now(UTC))
                save_maintenance(tx, ended, version=row.version, actor=Actor("a@example"))

    if engine.dialect.name == "postgresql":
        event.listen(engine, "before_cursor_execute", be_faster)
    else:
        post(support, f"/maintenance/{name}/end")
    answer = post(support, f"/maintenance/{name}/end")
    assert "Nothing was changed:" in text_of(support, answer.headers["Location"])
