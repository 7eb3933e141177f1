"""Maintenance by the API: nobody takes an outage out of the SLA after it began."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from inventory.models import Maintenance
from inventory.registry.audit import CLI
from inventory.registry.scope import Scope
from inventory.registry.windows import save_maintenance
from portal.services import Services
from tests.portal.api.conftest import ProgramOf
from tests.portal.conftest import on_both_databases
from tests.portal.world import SKY

pytestmark = on_both_databases

CIRCUIT = SKY.circuit(SKY.resellers[0])


def ahead(hours: float) -> datetime:
    """From when the test runs: it may have been collected half an hour before."""
    return datetime.now(UTC) + timedelta(hours=hours)


def moment(hours: float) -> str:
    return ahead(hours).isoformat()


def under_way(services: Services) -> None:
    """A window that began an hour ago and goes on for two."""
    starts, ends, approved_at = map(ahead, (-1, 2, -5))
    window = Maintenance("sky-now", (CIRCUIT,), (), starts, ends, approved_at, "noc", "splice")
    with services.registry.write(Scope("staff", SKY.id)) as tx:
        save_maintenance(tx, window, version=None, actor=CLI)


def test_nothing_is_announced_afterwards(program_of: ProgramOf) -> None:
    """Neither a window that has begun nor an approval that is still to come."""
    program = program_of("support")
    body = {"id": "sky-late", "circuits": [CIRCUIT], "approved_by": "noc", "reason": "x"}
    for starts, approved, wrong in ((-1, -2, "starts"), (1, 0.5, "approved_at")):
        times = {"starts": moment(starts), "ends": moment(3), "approved_at": moment(approved)}
        answer = program.ask("POST", "/maintenance", json=body | times)
        assert answer.status_code == 422
        assert [error["field"] for error in answer.get_json()["errors"]] == [wrong]
    assert program.get("/maintenance/sky-late").status_code == 404
    path = f"/maintenance/{SKY.maintenance}"
    assert program.write("PUT", path, program.body(path) | {"starts": moment(-1)}).status_code == 422


def test_a_change_before_it_begins_is_approved_anew(program_of: ProgramOf) -> None:
    """By whoever makes it, whether it leaves the old approval as it was or repeats it; by whom it says, if it does."""
    program, path = program_of("support"), f"/maintenance/{SKY.maintenance}"
    old, asked = program.body(path), datetime.now(UTC)
    assert program.write("PUT", path, old).get_json() == old, "nothing was changed"
    changed = program.write("PATCH", path, {"ends": moment(24 * 19)}).get_json()
    assert asked <= datetime.fromisoformat(changed["approved_at"]) <= datetime.now(UTC)
    assert changed["approved_by"] == f"support of {SKY.id}"
    repeated = program.write("PUT", path, changed | {"approved_at": old["approved_at"]}).get_json()
    assert repeated["approved_at"] > changed["approved_at"]
    assert program.write("PATCH", path, {"approved_by": "the boss"}).get_json()["approved_by"] == "the boss"
    later = datetime.now(UTC)
    approval = {"approved_by": "the boss", "approved_at": later.isoformat()}
    told = program.write("PATCH", path, {"reason": "y", **approval}).get_json()
    assert (told["approved_by"], datetime.fromisoformat(told["approved_at"])) == ("the boss", later)


def test_who_says_now_ends_an_open_window_now(program_of: ProgramOf, services: Services) -> None:
    """To the second, by a clock a little behind: it ends when it is asked, and is not ended again."""
    under_way(services)
    program, path, asked = program_of("support"), "/maintenance/sky-now", datetime.now(UTC)
    assert program.write("PATCH", path, {"ends": moment(-2 / 60)}).status_code == 422
    said = (asked - timedelta(seconds=5)).replace(microsecond=0)
    answer = program.write("PATCH", path, {"ends": said.isoformat()})
    assert answer.status_code == 200, answer.get_json()
    assert asked <= datetime.fromisoformat(answer.get_json()["ends"]) <= datetime.now(UTC)
    assert program.write("PATCH", path, {"ends": datetime.now(UTC).isoformat()}).status_code == 422


def test_what_has_begun_can_only_end(program_of: ProgramOf, services: Services) -> None:
    """Earlier than it would have, not before now; it is neither extended nor changed nor taken away."""
    under_way(services)
    program, path = program_of("support"), "/maintenance/sky-now"
    whole = program.body(path)
    for change in ({"ends": moment(3)}, {"ends": moment(-0.5)}, {"reason": "more"}, {"starts": moment(1)}):
        assert program.write("PUT", path, whole | change).status_code == 422, change
    assert program.write("DELETE", path).status_code == 409
    assert program.body(path) == whole
    assert program.write("PUT", path, whole | {"ends": moment(1)}).status_code == 200
