"""Everything in the registry can be listed, made, read, changed and deleted, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.portal.api.conftest import ProgramOf
from tests.portal.conftest import on_both_databases
from tests.portal.world import DELTA, SKY

pytestmark = on_both_databases

TENANT = {
    "id": "sky-new",
    "name": "নতুন Net",
    "contacts": [{"name": "NOC", "whatsapp": "+8801700000009", "email": "noc@new.example", "language": "bn"}],
}
CIRCUIT = {
    "id": "sky-new-main",
    "name": "Uplink <b>1</b>",
    "device": SKY.device,
    "attach": {"queue": "new"},
    "faces": "customer",
    "committed_mbps": {"download": 20, "upload": 2.5},
    "ping": "2001:db8::7",
    "ping_from": "server",
    "sla": {"uptime_percent": 99.95, "latency_ms": 12.5, "loss_percent": 0.1},
    "active": {"from": "2026-01-01", "until": "2027-12-31"},
}
LINK = {
    "id": "sky-link-2",
    "name": "Second",
    "threshold_mbps": 380.5,
    "measure": "sum",
    "vlans": [
        {"vlan": 30, "device": SKY.device, "interface": "vlan30", "capacity_mbps": 200},
        {"vlan": 40, "device": SKY.device, "interface": "ge-0/0/1.40", "capacity_mbps": 0.5},
    ],
}
DEVICE = {
    "id": "sky-edge",
    "driver": "snmp",
    "place": "Dhaka, rack 4",
    "host": "2001:db8::2",
    "port": 161,
    "timeout_seconds": 2.5,
    "snmp": {
        "version": "3",
        "username": "u",
        "auth": {"protocol": "SHA256"},
        "privacy": {"protocol": "AES128"},
        "engine": "gufo",
    },
}
SECRETS = {"snmp": {"auth": {"key": "geheim-auth"}, "privacy": {"key": "geheim-priv"}}}
MAINTENANCE = {
    "id": "sky-mw-2",
    "circuits": [SKY.circuit(SKY.resellers[0])],
    "links": [SKY.link],
    "starts": "2030-11-20T01:00:00+06:00",
    "ends": "2030-11-20T03:00:00+06:00",
    "approved_at": "2025-11-10T10:00:00+06:00",
    "approved_by": "noc",
    "reason": "fibre\nsplice",
}

# A change that told no approval would be approved by whoever makes it.
APPROVED_LATER = {"reason": "other work", "approved_at": "2025-11-11T10:00:00+06:00"}


def _with(body: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    merged = dict(body)
    for key, value in more.items():
        merged[key] = _with(merged.get(key, {}), value) if isinstance(value, dict) else value
    return merged


THINGS = [
    pytest.param("/resellers", (TENANT, {}), {"kind": "reseller"}, {"name": "Renamed"}, id="reseller"),
    pytest.param("/clients", (TENANT, {}), {"kind": "client"}, {"name": "Renamed"}, id="client"),
    pytest.param("/links", (LINK, {}), {}, {"threshold_mbps": 400}, id="link"),
    pytest.param("/devices", (DEVICE, SECRETS), {}, {"place": "Khulna"}, id="device"),
    pytest.param("/maintenance", (MAINTENANCE, {}), {}, APPROVED_LATER, id="maintenance"),
]


@pytest.mark.parametrize(("path", "sent", "added", "change"), THINGS)
def test_round_trip(
    program_of: ProgramOf,
    path: str,
    sent: tuple[dict[str, Any], dict[str, Any]],
    added: dict[str, Any],
    change: dict[str, Any],
) -> None:
    """What was written is read, by its address and in its list; it can be put back as it was read, changed, deleted."""
    program = program_of("admin")
    body, secrets = sent
    made = program.ask("POST", path, json=_with(body, secrets))
    assert made.status_code == 201, made.get_json()
    assert made.get_json() == {**body, **added}
    one = f"{path}/{body['id']}"
    assert made.headers["Location"] == f"/api/v1{one}"

    read = program.get(one)
    assert read.get_json() == {**body, **added}
    assert read.headers["ETag"] == made.headers["ETag"]
    assert {**body, **added} in program.body(path)["items"]

    replaced = program.write("PUT", one, read.get_json())
    assert replaced.status_code == 200, replaced.get_json()
    assert replaced.get_json() == read.get_json()
    assert replaced.headers["ETag"] != read.headers["ETag"]

    changed = program.write("PATCH", one, change)
    assert changed.get_json() == {**read.get_json(), **change}

    assert program.write("DELETE", one).status_code == 204
    assert program.get(one).status_code == 404
    assert program.ask("DELETE", one, headers={"If-Match": '"x"'}).status_code == 404


def test_circuit_round_trip(program_of: ProgramOf) -> None:
    """A circuit is made below its tenant, and known by its own id from then on."""
    program = program_of("sales")
    tenant = SKY.resellers[1]
    made = program.ask("POST", f"/resellers/{tenant}/circuits", json=CIRCUIT)
    assert made.status_code == 201, made.get_json()
    assert made.get_json() == {**CIRCUIT, "tenant": tenant}
    assert made.headers["Location"] == "/api/v1/circuits/sky-new-main"
    listed = program.body(f"/resellers/{tenant}/circuits")["items"]
    assert [item["id"] for item in listed] == [SKY.circuit(tenant), "sky-new-main"]
    assert program.write("PATCH", "/circuits/sky-new-main", {"committed_mbps": 50, "ping": None}).get_json() == {
        **{key: value for key, value in CIRCUIT.items() if key != "ping"},
        "tenant": tenant,
        "committed_mbps": 50,
    }
    moved = program.write("PATCH", "/circuits/sky-new-main", {"tenant": SKY.resellers[0]})
    assert moved.status_code == 422
    assert moved.get_json()["errors"][0]["field"] == "tenant"
    assert program.write("DELETE", "/circuits/sky-new-main").status_code == 204


def test_ids_are_unique_in_the_installation(program_of: ProgramOf) -> None:
    """Also against another isp's: 409, and nothing is said of whose it is."""
    program = program_of("admin")
    answer = program.ask("POST", "/resellers", json={**TENANT, "id": DELTA.resellers[0]})
    assert answer.status_code == 409
    assert "delta" not in answer.get_data(as_text=True)


def test_what_is_in_use_stays(program_of: ProgramOf) -> None:
    """A device that carries circuits is not deleted from under them."""
    answer = program_of("engineer").write("DELETE", f"/devices/{SKY.device}")
    assert answer.status_code == 409
    assert "circuits" in answer.get_json()["detail"]


def test_a_write_needs_the_version_it_changes(program_of: ProgramOf) -> None:
    """428 without If-Match, 412 with that of another version; the first of two writers wins."""
    program = program_of("admin")
    one = f"/resellers/{SKY.resellers[0]}"
    read = program.get(one)
    body = read.get_json()
    for method in ("PUT", "PATCH", "DELETE"):
        assert program.ask(method, one, json=body).status_code == 428
        assert program.ask(method, one, json=body, headers={"If-Match": '"1-0000000000000000"'}).status_code == 412
    tag = {"If-Match": read.headers["ETag"]}
    assert program.ask("PUT", one, json={**body, "name": "First"}, headers=tag).status_code == 200
    assert program.ask("PUT", one, json={**body, "name": "Second"}, headers=tag).status_code == 412
    assert program.body(one)["name"] == "First"
    again = program.get(one)
    assert program.get(one, headers={"If-None-Match": again.headers["ETag"]}).status_code == 304


def test_secrets_are_written_and_never_read(program_of: ProgramOf) -> None:
    """Left out, a secret stays as long as it goes where it went; no answer shows one."""
    program = program_of("engineer")
    made = program.ask("POST", "/devices", json=_with(DEVICE, SECRETS))
    assert "geheim" not in made.get_data(as_text=True)
    kept = program.write("PATCH", "/devices/sky-edge", {"place": "Sylhet"})
    assert kept.status_code == 200, kept.get_json()
    away = program.write("PATCH", "/devices/sky-edge", {"host": "198.51.100.66"})
    assert away.status_code == 422
    assert {error["field"] for error in away.get_json()["errors"]} == {"snmp.auth.key", "snmp.privacy.key"}
    for path in ("/devices", "/devices/sky-edge", "/router/status"):
        text = program.get(path).get_data(as_text=True)
        assert "geheim" not in text
        assert "sealed" not in text


def test_all_that_is_wrong_is_said_by_field(program_of: ProgramOf) -> None:
    """The errors are those of the inventory file, each with the path of its field."""
    wrong = {
        "id": "Sky New",
        "name": "",
        "device": "nowhere",
        "attach": {"queue": "a", "pppoe": "b"},
        "committed_mbps": "200",
        "sla": {"uptime_percent": 101},
        "colour": "red",
    }
    answer = program_of("sales").ask("POST", f"/resellers/{SKY.resellers[0]}/circuits", json=wrong)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    fields = {error["field"] for error in answer.get_json()["errors"]}
    assert {"id", "name", "device", "attach", "committed_mbps", "sla.uptime_percent", "colour"} <= fields


def test_a_circuit_reads_nothing_of_another_tenant(program_of: ProgramOf) -> None:
    """Neither a new nor a changed one: its tenant would be shown the other's traffic."""
    program, theirs = program_of("sales"), SKY.circuit(SKY.client)
    path, shared = f"/resellers/{SKY.resellers[0]}/circuits", {"attach": {"queue": theirs}}
    no_end = {key: value for key, value in CIRCUIT.items() if key != "active"}
    made = program.ask("POST", path, json={**no_end, **shared})
    changed = program.write("PATCH", f"/circuits/{SKY.circuit(SKY.resellers[0])}", shared)
    for answer in (made, changed):
        assert answer.status_code == 409
        assert f'carries circuit "{theirs}" of {SKY.client}' in answer.get_json()["detail"]


def test_json_types_are_meant(program_of: ProgramOf) -> None:
    """A number is no text, though a file's reader could not tell."""
    program = program_of("sales")
    contact = {"name": "x", "email": "a@b.example", "language": 1}
    changes: list[dict[str, Any]] = [{"name": 5}, {"contacts": [contact]}, {"contacts": {"0": {}}}]
    for change in changes:
        assert program.ask("POST", "/resellers", json={**TENANT, **change}).status_code == 422


def test_circuits_are_not_written_within_their_tenant(program_of: ProgramOf) -> None:
    """They would be deleted by being left out."""
    answer = program_of("sales").ask("POST", "/resellers", json={**TENANT, "circuits": [CIRCUIT]})
    assert answer.get_json()["errors"][0]["field"] == "circuits"


def test_pages(program_of: ProgramOf) -> None:
    """Lists come in pages, in an order that stays, with links from one to the next."""
    program = program_of("admin")
    first = program.get("/resellers?per_page=1&search=company")
    assert first.get_json()["total"] == 2
    assert first.get_json()["pages"] == 2
    assert first.headers["X-Total-Count"] == "2"
    links = first.headers["Link"]
    assert '</api/v1/resellers?per_page=1&search=company&page=2>; rel="next"' in links
    assert 'rel="prev"' not in links
    second = program.body("/resellers?per_page=1&search=company&page=2")
    assert [item["id"] for item in first.get_json()["items"] + second["items"]] == list(SKY.resellers)
    assert program.body("/resellers?page=9")["items"] == []
    assert program.body("/resellers?search=nobody%25")["total"] == 0
    for bad in ("page=0", "per_page=201", "page=x", "colour=red", "search=%00", "search="):
        assert program.get(f"/resellers?{bad}").status_code == 422, bad


def test_kinds_are_apart(program_of: ProgramOf) -> None:
    """A client is no reseller."""
    program = program_of("admin")
    assert program.get(f"/resellers/{SKY.client}").status_code == 404
    assert program.get(f"/clients/{SKY.client}").status_code == 200
    assert program.get(f"/resellers/{SKY.client}/alerts").status_code == 404


def test_a_tenant_counts_its_circuits(program_of: ProgramOf) -> None:
    """One that got a circuit since it was read is not deleted, and the id of one that was is not used again."""
    program = program_of("engineer")
    made = program.ask("POST", "/resellers", json=TENANT)
    tag = {"If-Match": made.headers["ETag"]}
    assert program.ask("POST", "/resellers/sky-new/circuits", json=CIRCUIT).status_code == 201
    assert program.ask("DELETE", "/resellers/sky-new", headers=tag).status_code == 412
    assert program.write("DELETE", "/resellers/sky-new").status_code == 204
    again = program.ask("POST", "/clients", json=TENANT)
    assert again.status_code == 409
    assert "was that of a tenant that was deleted" in again.get_json()["detail"]
