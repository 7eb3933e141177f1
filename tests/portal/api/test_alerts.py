"""The history of alerts by its filters, as a program asks for it."""

from __future__ import annotations

import re

import pytest

from portal.services import Services
from tests.portal.api.conftest import ProgramOf
from tests.portal.conftest import on_both_databases
from tests.portal.staff.operation import report
from tests.portal.world import DELTA

pytestmark = on_both_databases


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"fires", "over", "seen"}),
        ("&firing=true", {"fires", "seen"}),
        ("&firing=false", {"over"}),
        ("&acknowledged=true", {"seen"}),
        ("&acknowledged=false", {"fires", "over"}),
        ("&firing=true&acknowledged=false", {"fires"}),
        ("&severity=warning", {"over"}),
    ],
)
def test_alerts_are_those_that_were_asked_for(
    services: Services, program_of: ProgramOf, query: str, found: set[str]
) -> None:
    """A filter that says no is another one than none."""
    name = "FilterTest"
    report(services, number=1, name=name, annotations={"summary": "fires"})
    report(services, number=2, name=name, annotations={"summary": "over"}, ended=60, severity="warning")
    alert = report(services, number=3, name=name, annotations={"summary": "seen"})
    program = program_of("engineer")
    assert program.ask("POST", f"/alerts/{alert.id}/acknowledge", json={"note": "mine"}).status_code == 200
    items = program.body(f"/alerts?alertname={name}{query}")["items"]
    assert {item["summary"] for item in items} == found


def test_a_list_is_followed_while_it_grows(services: Services, program_of: ProgramOf) -> None:
    """`next` goes on behind the last one that was read: none comes twice, none that was there is left out."""
    name, program = "Growing", program_of("engineer")
    begun = [report(services, number=number, name=name, ago=600).id for number in range(5)]
    read: list[int] = []
    address = f"/alerts?alertname={name}&per_page=2"
    while address:
        answer = program.ask("GET", address)
        read += [item["id"] for item in answer.json["items"]]  # type: ignore[index]
        following = re.search(r'</api/v1([^>]+)>; rel="next"', answer.headers["Link"])
        address = following[1] if following else ""
        report(services, number=100 + len(read), name=name, ago=0)
    assert read == begun[::-1]
    left = program.body(f"/alerts?alertname={name}&before={begun[1]}")
    assert ([item["id"] for item in left["items"]], left["total"]) == ([begun[0]], 1)


def test_it_goes_on_behind_ones_own_alerts_only(services: Services, program_of: ProgramOf) -> None:
    """The number of another's alert is as that of none."""
    theirs = report(services, number=1, isp=DELTA).id
    for number in (theirs, 10**15, 0):
        answer = program_of("engineer").ask("GET", f"/alerts?before={number}")
        assert answer.status_code == 422
        assert answer.json["errors"][0]["field"] == "before"  # type: ignore[index]


def test_what_is_over_cannot_be_acknowledged(services: Services, program_of: ProgramOf) -> None:
    """409, with why; nothing is taken down."""
    program, alert = program_of("engineer"), report(services, ended=60)
    answer = program.ask("POST", f"/alerts/{alert.id}/acknowledge", json={"note": "late"})
    assert answer.status_code == 409
    assert "is over" in answer.json["detail"]  # type: ignore[index]
    assert program.body(f"/alerts/{alert.id}")["acknowledged"] is None
