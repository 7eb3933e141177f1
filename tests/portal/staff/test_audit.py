"""Who did what: the page, the file for a spreadsheet, and a chain that shows when somebody tampered."""

from __future__ import annotations

import csv
import io

from sqlalchemy import event, update

from inventory.database import open_database
from inventory.registry import audit
from inventory.registry.audit import Actor
from inventory.registry.scope import SERVICE, Registry, Scope
from inventory.registry.tables import audit as audit_table
from portal.services import Services
from tests.portal.conftest import LoginAs, on_both_databases
from tests.portal.staff.acting import saved, text_of
from tests.portal.staff.operation import post
from tests.portal.world import DELTA, SKY
from tests.postgres import OWNER

pytestmark = on_both_databases

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\uff1d1+1", "|cmd", '=HYPERLINK("http://x")', "\u202e=1")


def record(services: Services, *objects: str, isp: str = SKY.id, actor: str = "a@example") -> None:
    with services.registry.write(Scope("staff", isp)) as tx:
        for each in objects:
            audit.record(tx, Actor(actor, "192.0.2.1"), "update", "tenant", each, {"note": f'{each}\r\nnext, "line"'})


def rows(client_answer: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client_answer.removeprefix("\ufeff"))))


def test_entries_are_found_by_what_and_who_and_when(services: Services, login_as: LoginAs) -> None:
    """One's own isp's alone."""
    record(services, "r1001")
    record(services, "r1002", actor="b@example")
    record(services, "d2001", isp=DELTA.id)
    finance = login_as("finance")
    assert "d2001" not in text_of(finance, "/audit")
    for query, shown, hidden in (("search=r1001", "r1001", "r1002"), ("search=b%40example", "r1002", "r1001")):
        page = text_of(finance, f"/audit?{query}")
        assert shown in page
        assert hidden not in page
    assert "No entry fits that" in text_of(finance, "/audit?until=2020-01-01")
    assert login_as("support").get("/audit").status_code == 404
    assert login_as("support").get("/audit.csv").status_code == 404


def test_the_file_is_harmless_in_a_spreadsheet(services: Services, login_as: LoginAs) -> None:
    """Every cell quoted, one entry a line, none of them a formula, all of them there."""
    record(services, *FORMULAS, *(f"plain-{number}" for number in range(600)))
    answer = login_as("finance").get("/audit.csv")
    body = answer.get_data(as_text=True)
    assert answer.headers["Content-Type"].startswith("text/csv; charset=utf-8")
    assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="audit-{SKY.id}-')
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    found = rows(body)
    assert len(found) == len(FORMULAS) + 600
    assert len(body.splitlines()) == len(found) + 1
    assert len({row["number"] for row in found}) == len(found)
    for row in found:
        assert not any(str(cell).startswith(("=", "+", "-", "@", "\t", "|", "\uff1d")) for cell in row.values())
        assert "\u202e" not in "".join(row.values())
    assert all(line.startswith('"') and line.endswith('"') for line in body.removeprefix("\ufeff").splitlines())
    assert [row["id"] for row in rows(login_as("finance").get("/audit.csv?search=plain-7").get_data(as_text=True))][
        -1:
    ] == ["plain-7"]


def test_the_file_of_a_long_audit_gets_no_slower(services: Services, login_as: LoginAs) -> None:
    """Each part goes on where the last one ended: nothing is counted again, and what is added shifts nothing."""
    record(services, *(f"entry-{number}" for number in range(1_100)))
    asked: list[str] = []
    client = login_as("finance")
    engine = services.registry.engine
    event.listen(engine, "before_cursor_execute", lambda *said: asked.append(f"{said[2]} {said[3]}"))
    parts = iter(client.get("/audit.csv").iter_encoded())
    first = next(parts) + next(parts)
    asked.clear()
    record(services, "added meanwhile")
    text = (first + b"".join(parts)).decode()
    names = [row["id"] for row in rows(text)]
    assert names == [f"entry-{number}" for number in reversed(range(1_100))]
    assert not [one for one in asked if "count(" in one and "FROM audit" in one]


def test_the_page_says_where_the_chain_breaks(services: Services, login_as: LoginAs) -> None:
    """An entry that was changed behind the portal's back is named; before that it is unbroken."""
    record(services, "first", "second", "third")
    finance = login_as("finance")
    assert "Unbroken" in text_of(finance, "/audit")
    with services.registry.read(Scope("staff", SKY.id)) as tx:
        entry = next(each for each in audit.entries(tx).items if each.object_id == "second")
    url = services.registry.engine.url  # the portal's own role could not do it
    engine = open_database(str(url if url.get_backend_name() == "sqlite" else url.set(username=OWNER)))
    with Registry(engine).write(SERVICE) as tx:
        tx.connection.execute(update(audit_table).where(audit_table.c.id == entry.id).values(actor="somebody else"))
    engine.dispose()
    assert f"Broken at entry {entry.id}" in text_of(finance, "/audit")


def test_a_change_is_told_in_lines(login_as: LoginAs) -> None:
    """What was before and what is now, in words, on the page and in the file; a password is only said to be another."""
    engineer = login_as("engineer")
    tenant, device = SKY.resellers[0], SKY.device
    saved(engineer, f"/tenants/{tenant}/edit", {"name": "Other", "contacts.0.whatsapp": "+8801799999999"})
    saved(engineer, f"/devices/{device}/edit", {"password": "zq-new", "host": "192.0.2.99"})
    post(engineer, f"/tenants/{SKY.client}/delete", {"_sure": "yes", "_version": "1"})
    page = text_of(login_as("finance"), "/audit")
    assert f"name: Company {tenant} → Other" in page
    before, after = (f"name Desk {tenant}, whatsapp {number}," for number in ("+8801700000001", "+8801799999999"))
    assert f"contacts: {before}" in page
    assert f" → {after}" in page
    assert "host: 192.0.2.1 → 192.0.2.99 password: replaced" in page
    assert f"circuits: {SKY.circuit(SKY.client)}" in page
    text = login_as("finance").get("/audit.csv").get_data(as_text=True)
    assert "host: 192.0.2.1 → 192.0.2.99 | password: replaced" in text
    assert "zq-new" not in page + text
    assert "{" not in page + text
