"""What is broken, endless or meant to break something is refused with a problem, and never with a 5xx."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.portal.api.conftest import ProgramOf
from tests.portal.conftest import on_both_databases
from tests.portal.world import SKY

pytestmark = on_both_databases

NAME = {"id": "x", "name": "x"}


def _is_problem(answer: TestResponse, *statuses: int) -> dict[str, Any]:
    assert answer.status_code in statuses, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.get_data())
    assert {"type", "title", "status"} <= set(body)
    assert body["status"] == answer.status_code
    return body


NO_OBJECTS = [
    b"",
    b"{",
    b"[]",
    b'"text"',
    b"null",
    b"NaN",
    b'{"id": "x", "name": NaN}',
    b'{"id": "x", "name": "x", "n": Infinity}',
    b'{"id": "x", "name": "x", "n": 1e999}',
    b'{"id": "x", "id": "y", "name": "x"}',
    b'{"id": "x", "name": "\\ud800"}',
    b'{"\\udfff": 1}',
    b'{"id": "x", "name": "\xff"}',
    b'\xef\xbb\xbf{"id": "x"}',
    b'{"n": ' + b"9" * 10_000 + b"}",
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"a": ' + b"[" * 100_000,
    b'{"id": "x", "name": "x",}',
    b"{'id': 'x'}",
]


def test_what_is_no_object_of_json(program_of: ProgramOf) -> None:
    """400, and it says what is wrong."""
    program = program_of("sales")
    for data in NO_OBJECTS:
        answer = program.ask("POST", "/resellers", data=data, content_type="application/json")
        assert _is_problem(answer, 400)["detail"]


def test_another_media_type(program_of: ProgramOf) -> None:
    """415: a form is no JSON, whatever is in it."""
    program = program_of("sales")
    for content_type in ("application/x-www-form-urlencoded", "text/plain", None, "application/merge-patch+json"):
        _is_problem(program.ask("POST", "/resellers", data=json.dumps(NAME), content_type=content_type), 415)


def test_too_large(program_of: ProgramOf) -> None:
    """413, before it is read where it says so."""
    program = program_of("sales")
    huge = json.dumps({**NAME, "name": "x" * 2_000_000})
    _is_problem(program.ask("POST", "/resellers", data=huge, content_type="application/json"), 413)
    large = json.dumps({**NAME, "name": "x" * 300_000})
    _is_problem(program.ask("POST", "/resellers", data=large, content_type="application/json"), 413)


NO_TEXTS = ["\x00", "a\x00b", "x" * 256, " ", "\u202e" * 300, "\n", "\u2028", "${HOME}" * 60]


def test_text_that_is_none(program_of: ProgramOf) -> None:
    """422 by field."""
    program = program_of("sales")
    for name in NO_TEXTS:
        answer = program.ask("POST", "/resellers", json={"id": "sky-x", "name": name})
        assert _is_problem(answer, 422)["errors"][0]["field"] == "name"


ODD_TEXTS = ["<script>alert(1)</script>", '=cmd|"/c"', "${HOME}", "a'; DROP TABLE tenant; --", "عربي"]


def test_text_that_only_looks_odd(program_of: ProgramOf) -> None:
    """It is kept as it was typed: nothing is expanded, nothing is run."""
    program = program_of("sales")
    for number, name in enumerate(ODD_TEXTS):
        assert program.ask("POST", "/resellers", json={"id": f"sky-x{number}", "name": name}).status_code == 201
        assert program.body(f"/resellers/sky-x{number}")["name"] == name


SHAPES = [
    {"id": 5, "name": "x"},
    {"id": None, "name": "x"},
    {"id": ["x"], "name": "x"},
    {"id": "x", "name": {"x": "y"}},
    {"id": "x", "name": "x", "contacts": "x"},
    {"id": "x", "name": "x", "contacts": [[]]},
    {"id": "x", "name": "x", "contacts": [None]},
    {"id": "x", "name": "x", "contacts": [{"name": "x"}] * 3_000},
    {"id": "x", "name": "x", "\x00": 1},
    {"id": "x", "name": "x", "kind": "client"},
    {"id": "x", "name": "x", "version": 7},
    {},
]


def test_other_shapes(program_of: ProgramOf) -> None:
    """422, whatever stands where."""
    program = program_of("sales")
    for body in SHAPES:
        assert _is_problem(program.ask("POST", "/resellers", json=body), 422)["errors"]


RATES = [0, -1, 1e-9, 1e12, 10**30, True, "5", [], {"download": 1}, {"download": 1, "up": 1}]


def test_rates(program_of: ProgramOf) -> None:
    """A rate is a number of Mbps within reason, or one for each way."""
    program = program_of("sales")
    for rate in RATES:
        body = {"id": "sky-c", "name": "x", "device": SKY.device, "attach": {"queue": "x"}, "committed_mbps": rate}
        answer = program.ask("POST", f"/resellers/{SKY.resellers[0]}/circuits", json=body)
        assert any(error["field"].startswith("committed_mbps") for error in _is_problem(answer, 422)["errors"])


def test_days_at_the_ends_of_the_calendar(program_of: ProgramOf) -> None:
    """Their beginning or end may be none in UTC: 422 with the bounds."""
    program, path = program_of("sales"), f"/circuits/{SKY.circuit(SKY.client)}"
    for name, day in (("from", "0001-01-01"), ("until", "9999-12-31")):
        answer = program.write("PATCH", path, {"active": {name: day}})
        (error,) = _is_problem(answer, 422)["errors"]
        assert error == {"field": f"active.{name}", "text": f'{name} is "{day}"; expected a date from 1971 to 2199'}
    days = {"from": "1971-01-01", "until": "2199-12-31"}
    assert program.write("PATCH", path, {"active": days}).get_json()["active"] == days


def test_files_and_variables_are_not_for_bodies(program_of: ProgramOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret is the text that was sent: no file is opened, no variable taken."""
    monkeypatch.setenv("LEAK", "from-the-environment")
    program = program_of("engineer")
    device = {"id": "sky-d", "driver": "routeros", "host": "192.0.2.9", "username": "${LEAK}", "password": "x"}
    made = program.ask("POST", "/devices", json=device)
    assert made.status_code == 201, made.get_json()
    assert made.get_json()["username"] == "${LEAK}"
    for wrong in ({"password": {"file": "/etc/passwd"}}, {"tls": {"ca_file": "/etc/passwd"}}):
        _is_problem(program.ask("POST", "/devices", json={**device, "id": "sky-e", **wrong}), 422)


NO_ADDRESSES = [
    "/resellers/%00",
    "/resellers/..%2f..",
    "/resellers/" + "x" * 64,
    "/resellers/A",
    "/resellers/",
    "/alerts/99999999999999999999999999",
    "/alerts/-1",
    "/alerts/x",
    "/nothing",
    "/circuits/%ff",
    "/circuits/%ED%A0%80",
]


def test_addresses_of_nothing(program_of: ProgramOf) -> None:
    """404."""
    program = program_of("admin")
    for path in NO_ADDRESSES:
        _is_problem(program.get(path), 404)


METHODS = ["POST", "DELETE", "TRACE", "QUERY", "PUT"]


def test_other_methods(program_of: ProgramOf) -> None:
    """405 with what is allowed."""
    program = program_of("admin")
    for method in METHODS:
        answer = program.ask(method, "/me", json={})
        _is_problem(answer, 405)
        assert "GET" in answer.headers["Allow"]


NO_QUERIES = [
    "/alerts?since=yesterday",
    "/alerts?since=9999-99-99T00:00Z",
    "/alerts?since=2026-11-20T01:00",
    "/alerts?since=1970-12-31T23:59Z",
    "/maintenance?until=2199-12-31T23:59-00:01",
    "/alerts?severity=bad",
    "/alerts?firing=maybe",
    "/alerts?tenant=A%00",
    "/alerts?page=99999999999999999999",
    "/alerts?search=%F0%9F%98%80%00",
    "/circuits?device=..",
    "/maintenance?until=nan",
    f"/resellers/{SKY.resellers[0]}/usage?start=inf",
    f"/resellers/{SKY.resellers[0]}/usage?start=0",
    f"/resellers/{SKY.resellers[0]}/usage?start=0001-01-01T00:00%2B06:00&end=0001-01-02T00:00Z",
    f"/resellers/{SKY.resellers[0]}/usage?start=9999-12-31T00:00-06:00&end=9999-12-31T12:00-06:00",
    f"/resellers/{SKY.resellers[0]}/usage?step=60",
    f"/resellers/{SKY.resellers[0]}/usage?start=1700000000&end=1700000000",
    f"/resellers/{SKY.resellers[0]}/usage?start=1700000000&end=1701000000&step=15",
    f"/resellers/{SKY.resellers[0]}/usage?start=1700000000&end=1700001000&step=1",
    "/resellers?page=1&colour=red",
]


def test_queries_that_ask_for_nothing(program_of: ProgramOf) -> None:
    """422 by parameter."""
    program = program_of("admin")
    for query in NO_QUERIES:
        assert _is_problem(program.get(query), 422)["errors"]


NO_TAGS = ['"', "x", '"x', "W/", ", ,", '"a"' * 500, "\u00e9"]


def test_tags_that_are_none(program_of: ProgramOf) -> None:
    """A tag that is not that of the present version is another version's."""
    program = program_of("admin")
    for tag in NO_TAGS:
        _is_problem(program.ask("DELETE", f"/resellers/{SKY.resellers[0]}", headers={"If-Match": tag}), 412, 428)
        assert program.get(f"/resellers/{SKY.resellers[0]}", headers={"If-None-Match": tag}).status_code == 200


def test_a_note_is_text(program_of: ProgramOf, world: Any) -> None:
    """And not endless."""
    program = program_of("support")
    path = f"/alerts/{world.alerts[SKY.id, '']}/acknowledge"
    for body in ({"note": 5}, {"note": "x" * 1001}, {"note": "\x00"}, {"other": 1}):
        _is_problem(program.ask("POST", path, json=body), 422)
    assert program.ask("POST", path, json={"note": "technician is on the way"}).status_code == 200
