"""The history of alerts by its filters, as a program asks for it."""

from __future__ import annotations

import pytest

from portal.services import Services
from tests.portal.api.conftest import ProgramOf
from tests.portal.conftest import on_both_databases
from tests.portal.staff.operation import report

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
