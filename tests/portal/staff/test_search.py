"""One field finds whatever staff have a word, a number or an address of; never what is another isp's."""

from __future__ import annotations

import pytest

from tests.portal.conftest import LoginAs, on_both_databases
from tests.portal.staff.acting import saved, text_of
from tests.portal.world import SKY


@on_both_databases
def test_everything_is_found_by_what_people_know(login_as: LoginAs) -> None:
    """Names, ids, contacts, VLAN numbers, interfaces, addresses, places: in any case."""
    client = login_as("engineer")
    for words, found in {
        "company SKY-R2": "Resellers 1 Company sky-r2",
        "+8801700000001": "Clients 1 Company sky-c1",
        "desk@sky-c1": "Clients 1 Company sky-c1",
        "sky-c1-main": "Circuits 1 Line sky-c1-main",
        "203.0.113.10": "Circuits 4",
        "nttn": "NTTN links 1 NTTN sky",
        "20": "VLAN 20",
        "vlan 20": "VLAN 20",
        "vlan10": "VLAN 10",
        "192.0.2.1": "Routers 1 sky-core",
        "tower": "Routers 1 sky-core",
    }.items():
        assert found in text_of(client, f"/search?q={words.replace('+', '%2B')}"), words


@on_both_databases
def test_an_address_is_found_in_all_its_forms(login_as: LoginAs) -> None:
    """IPv6 is written in many ways."""
    client = login_as("engineer")
    saved(client, f"/circuits/{SKY.circuit(SKY.client)}/edit", {"ping": "2001:db8::ff"})
    for words in ("2001:db8::ff", "2001:DB8:0:0::FF", "2001:0db8:0000:0000:0000:0000:0000:00ff"):
        assert "Circuits 1" in text_of(client, f"/search?q={words}"), words


@on_both_databases
@pytest.mark.parametrize(
    "words", ["del", "delta", "Company del-r1", "%", "_", "' OR 1=1 --", "\x00", "\ud800", "x" * 5000]
)
def test_nothing_of_another_isp_and_nothing_breaks(login_as: LoginAs, words: str) -> None:
    """A wildcard of SQL is a character like others, and half a character is none."""
    page = login_as("support").get("/search", query_string={"q": words.encode("utf-8", "surrogatepass")})
    assert page.status_code == 200
    assert "del-" not in page.get_data(as_text=True).partition("<main")[2].replace(words, "")


def test_more_than_a_few_lead_to_the_list(login_as: LoginAs) -> None:
    """Ten of each, how many there are, and where all of them are."""
    client = login_as("engineer")
    for number in range(11):
        saved(client, "/tenants/new?kind=client", {"id": f"many-{number}", "name": f"Many {number:02d}"})
    page = text_of(client, "/search?q=many")
    assert "Clients 11" in page
    assert "Many 09" in page
    assert "Many 10" not in page
    assert "All 11" in page
    assert "Many 10" in text_of(client, "/clients?q=many")
