"""Who may ask the gateway what, and what it puts in: on both databases."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import update

from inventory.registry import people
from inventory.registry.scope import SERVICE
from inventory.registry.tables import users
from portal.app import create_app
from portal.queries import CATALOGUE
from portal.services import Services
from tests.portal.conftest import on_both_databases
from tests.portal.gateway.conftest import TOKEN, Gateway
from tests.portal.world import DELTA, SKY

pytestmark = on_both_databases

DOWNLOAD = CATALOGUE["circuit-download"].expr
OWN = DOWNLOAD.replace("$circuit", "sky-r1-main")


def test_a_tenants_panel_is_answered_with_its_own_isp_and_tenant(gateway: Gateway) -> None:
    """The places for isp and tenant are filled from the registry, whatever Grafana sent of the circuit."""
    answer = gateway.draw(OWN)
    assert answer.status_code == 200, answer.text
    result = answer.get_json()["data"]["result"]
    assert [one["metric"]["circuit"] for one in result] == ["sky-r1-main"]
    assert gateway.asked == [
        'circuit:download_bits_per_second:rate5m{isp="skylink",tenant="sky-r1",circuit="sky-r1-main"}'
    ]
    assert len(result[0]["values"]) == 61


def test_an_instant_query_has_the_shape_of_prometheus(gateway: Gateway) -> None:
    """A vector with one value each, as text."""
    data = gateway.ask(CATALOGUE["tenant-download"].expr).get_json()["data"]
    assert data["resultType"] == "vector"
    assert data["result"][0]["value"][1] == "100000000"


def test_a_moment_of_the_past_is_asked_as_such(gateway: Gateway) -> None:
    """Whoever looks at yesterday does not see today's value."""
    then = time.time() - 86_400
    data = gateway.ask(OWN, time=f"{then:.3f}").get_json()["data"]
    assert data["resultType"] == "vector"
    assert data["result"][0]["value"][0] == pytest.approx(then, abs=0.01)


def test_a_get_says_the_same(gateway: Gateway) -> None:
    """Grafana sends GET where its data source is set so."""
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Grafana-User": gateway.login("sky-r1")}
    answer = gateway.client.get("/gateway/api/v1/query", query_string={"query": OWN}, headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("circuit", ["sky-r2-main", "sky-c1-main", "del-r1-main", "sky-nowhere"])
def test_another_ones_circuit_is_refused(gateway: Gateway, circuit: str) -> None:
    """Of another tenant, of another isp, of nobody: all the same, and Prometheus hears nothing of it."""
    answer = gateway.draw(DOWNLOAD.replace("$circuit", circuit))
    assert answer.status_code == 403
    assert circuit not in answer.text
    assert gateway.asked == []


def test_staff_ask_about_every_circuit_of_their_isp_and_no_other(gateway: Gateway) -> None:
    """The tenant is the circuit's own, by the registry."""
    assert gateway.draw(DOWNLOAD.replace("$circuit", "sky-c1-main"), "support").status_code == 200
    assert 'tenant="sky-c1"' in gateway.asked[0]
    assert gateway.draw(OWN, "engineer", DELTA).status_code == 403


def test_staff_ask_about_their_links_and_devices(gateway: Gateway) -> None:
    """Of their isp, and of no other."""
    bandwidth, up = CATALOGUE["link-bandwidth"].expr, CATALOGUE["device-up"].expr
    assert gateway.draw(bandwidth.replace("$link", SKY.link), "engineer").status_code == 200
    assert gateway.draw(up.replace("$device", SKY.device), "engineer").status_code == 200
    assert gateway.draw(bandwidth.replace("$link", DELTA.link), "engineer").status_code == 403
    assert gateway.draw(up.replace("$device", DELTA.device), "engineer").status_code == 403
    assert all('isp="skylink"' in one for one in gateway.asked)


def test_audiences_stay_apart(gateway: Gateway) -> None:
    """Tenants ask no staff's query, staff none of the platform, and the owner none of an isp."""
    staff = CATALOGUE["links-bandwidth"].expr
    platform = next(one.expr for one in CATALOGUE.values() if one.audience == "platform")
    assert gateway.draw(staff, "sky-r1").status_code == 403
    assert gateway.draw(platform, "sky-r1").status_code == 403
    assert gateway.draw(platform, "admin").status_code == 403
    assert gateway.draw(staff, "owner").status_code == 403
    assert gateway.draw(OWN, "owner").status_code == 403
    assert gateway.asked == []
    assert gateway.draw(staff, "admin").status_code == 200
    assert gateway.draw(platform, "owner").status_code == 200


def test_a_tenants_sum_needs_the_tenant(gateway: Gateway) -> None:
    """Staff are of no tenant: what names only the tenant is not theirs to ask."""
    assert gateway.draw(CATALOGUE["tenant-download"].expr, "admin").status_code == 403


@pytest.mark.parametrize(
    "login",
    [None, "", "nobody", "nobody@example.net", "0" * 32, "admin", "a,b", "a b", "\u0430dmin", "x" * 300],
)
def test_nobody_we_do_not_know(gateway: Gateway, login: str | None) -> None:
    """No header, an empty one, a stranger's."""
    answer = gateway.post("query", {"query": OWN}, login)
    assert answer.status_code == 403
    assert answer.get_json()["status"] == "error"


def test_two_headers_are_none(gateway: Gateway) -> None:
    """Whichever of them somebody else believes, here neither counts; also the same twice."""
    own, other = gateway.login("sky-r1"), gateway.login("sky-r2")
    for pair in ((own, other), (other, own), (own, own)):
        headers = [("Authorization", f"Bearer {TOKEN}"), *(("X-Grafana-User", one) for one in pair)]
        assert gateway.client.post("/gateway/api/v1/query", data={"query": OWN}, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Bearer wrong", f"bearer {TOKEN}", f"Bearer {TOKEN} ", TOKEN]
)
def test_without_the_token_nothing(gateway: Gateway, given: str) -> None:
    """The user's header alone says nothing."""
    headers = {"Authorization": given, "X-Grafana-User": gateway.login("sky-r1")}
    for path in ("query?query=1%2B1", "status/buildinfo", "series"):
        assert gateway.client.get(f"/gateway/api/v1/{path}", headers=headers).status_code == 403


def test_a_portal_without_a_token_has_no_gateway(services: Services) -> None:
    """Nobody is let in by leaving a setting out."""
    client = create_app(services).test_client()
    for token in ("", "Bearer ", "Bearer None"):
        headers = {"Authorization": token, "X-Grafana-User": "a"}
        assert client.get("/gateway/api/v1/query?query=1%2B1", headers=headers).status_code == 403


def test_a_disabled_account_is_out_at_once(gateway: Gateway, services: Services) -> None:
    """And in again when it is enabled."""
    login = gateway.login("sky-r1")
    with services.registry.write(SERVICE) as tx:
        people.disable(tx, login, by="admin")
    assert gateway.draw(OWN).status_code == 403
    with services.registry.write(SERVICE) as tx:
        people.enable(tx, login, by="admin")
    assert gateway.draw(OWN).status_code == 200


def test_an_account_that_belongs_to_nothing_asks_nothing(gateway: Gateway, services: Services) -> None:
    """A role without what it needs: refused, and not taken for something wider."""
    login = gateway.login("support")
    for row in ({"role": "reseller", "tenant": None}, {"role": "owner"}, {"role": "auditor"}):
        with services.registry.write(SERVICE) as tx:
            tx.connection.execute(update(users).where(users.c.id == login).values(row))
        assert gateway.draw(OWN, "support").status_code == 403, row
    assert gateway.asked == []


def test_an_address_names_the_account_too(gateway: Gateway) -> None:
    """Where Grafana knows people by their addresses."""
    assert gateway.post("query", {"query": OWN}, "boss@sky-r1.example").status_code == 200
    assert gateway.post("query", {"query": OWN}, "boss@sky-r2.example").status_code == 403


def test_the_health_check_of_the_data_source(gateway: Gateway) -> None:
    """Grafana asks 1+1 at second 4 and the version; both are constants."""
    answer = gateway.post("query", {"query": "1+1", "time": "4"}, "admin")
    assert answer.get_json() == {"status": "success", "data": {"resultType": "scalar", "result": [4.0, "2"]}}
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Grafana-User": "admin"}
    assert gateway.client.get("/gateway/api/v1/status/buildinfo", headers=headers).get_json()["status"] == "success"
    assert gateway.asked == []


@pytest.mark.parametrize(
    ("start", "end", "step"),
    [
        ("0", "1e9", "60"),
        ("1700000000", "1600000000", "60"),
        ("now-1h", "now", "60"),
        ("NaN", "1700000000", "60"),
        ("1700000000", "1700003600", "0"),
        ("1700000000", "1700003600", "-60"),
        ("1700000000", "1700003600", "1"),
        ("1700000000", "1700003600", "1m"),
        ("1700000000", "1700086400", "15"),
        ("1600000000", "1700000000", "1000000"),
        ("1700000000", "9700000000", "10000000"),
    ],
)
def test_times_are_bounded(gateway: Gateway, start: str, end: str, step: str) -> None:
    """An error in Prometheus' own shape, and Prometheus is not asked."""
    answer = gateway.draw(OWN, start=start, end=end, step=step)
    assert answer.status_code == 400
    assert answer.get_json()["errorType"] == "bad_data"
    assert gateway.asked == []
