"""Resellers, clients and their circuits: made, changed, refused and taken away through the pages' own forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import yaml
from flask.testing import FlaskClient

from inventory.registry.scope import SERVICE
from inventory.registry.tenants import plan_history
from portal.app import create_app
from portal.prometheus import Prometheus
from portal.services import Services
from tests.portal.conftest import LoginAs, logged_in_client, on_both_databases
from tests.portal.staff.acting import errors_of, exported, fields_of, read, saved, send, text_of
from tests.portal.staff.operation import post
from tests.portal.staff.test_constant import crowd
from tests.portal.stand_in import StandIn, stand_in
from tests.portal.world import SKY, World

NEW = {
    "id": "uttara",
    "name": "Uttara Net",
    "contacts.0.name": "NOC",
    "contacts.0.whatsapp": "+8801700000009",
    "contacts.0.email": "noc@uttara.example.net",
    "contacts.0.language": "bn",
}
CIRCUIT = {
    "id": "uttara-main",
    "name": "Uttara uplink",
    "device": SKY.device,
    "attach_kind": "pppoe",
    "attach_name": "uttara",
    "committed_mbps.download": "200",
    "committed_mbps.upload": "99.5",
    "ping": "203.0.113.77",
    "sla.uptime_percent": "99.5",
    "active.from": "2026-01-01",
}


@pytest.fixture
def figures() -> Iterator[StandIn]:
    with stand_in() as found:
        yield found


@pytest.fixture
def measured(services: Services, world: World, figures: StandIn) -> FlaskClient:
    """The browser of an engineer, with measurements behind it."""
    with_figures = replace(services, prometheus=Prometheus(figures.url))
    return logged_in_client(create_app(with_figures), with_figures, world.user("engineer"), SKY.id)


@on_both_databases
def test_a_reseller_and_its_circuit_are_made(login_as: LoginAs, services: Services) -> None:
    """They stand on their pages, and in the export as the inventory file would have them."""
    client = login_as("sales")
    page = saved(client, "/tenants/new?kind=reseller", NEW)
    assert 'The reseller "Uttara Net" was made' in page
    page = saved(client, "/tenants/uttara/circuits/new", CIRCUIT)
    assert "download now, of 200 Mbps" in page
    assert "upload now, of 99.5 Mbps" in page
    assert "203.0.113.77 from this server" in page
    [tenant] = [each for each in yaml.safe_load(exported(services))["tenants"] if each["id"] == "uttara"]
    assert tenant["contacts"] == [
        {"name": "NOC", "whatsapp": "+8801700000009", "email": "noc@uttara.example.net", "language": "bn"}
    ]
    [circuit] = tenant["circuits"]
    assert circuit["attach"] == {"pppoe": "uttara"}
    assert circuit["committed_mbps"] == {"download": 200, "upload": 99.5}
    assert circuit["sla"] == {"uptime_percent": 99.5}
    assert str(circuit["active"]["from"]) == "2026-01-01"


@on_both_databases
def test_a_change_of_plan_is_kept_in_the_history(login_as: LoginAs, services: Services) -> None:
    """The old plan stays with its date; a change of anything else begins none."""
    client = login_as("engineer")
    path = f"/circuits/{SKY.circuit(SKY.client)}/edit"
    saved(client, path, {"name": "Another name"})
    page = saved(client, path, {"committed_mbps.download": "300", "committed_mbps.upload": ""})
    assert "300 Mbps 300 Mbps engineer@skylink.example" in page
    assert "200 Mbps 100 Mbps import" in page
    with services.registry.read(SERVICE) as tx:
        plans = plan_history(tx, SKY.circuit(SKY.client))
    assert [plan.committed.download for plan in plans] == [200_000_000, 300_000_000]


def test_what_is_wrong_is_said_at_its_field(login_as: LoginAs, services: Services) -> None:
    """All of it at once, with what was typed still there; nothing is written."""
    client, before = login_as("engineer"), exported(services)
    wrong = {
        **CIRCUIT,
        "id": "No Good",
        "device": "del-core",  # another isp's
        "attach_name": "",
        "committed_mbps.download": "much",
        "ping": "203.0.113.300",
        "sla.loss_percent": "100",
        "active.until": "2025-01-01",
    }
    answer = send(client, f"/tenants/{SKY.client}/circuits/new", wrong)
    errors = errors_of(answer)
    assert set(errors) == {
        "id",
        "device",
        "attach_name",
        "committed_mbps-download",
        "ping",
        "sla-loss_percent",
        "active-until",
    }
    assert "unknown device" in errors["device"]
    assert "expected a number of Mbps" in errors["committed_mbps-download"]
    assert "quotes" not in errors["committed_mbps-download"]
    kept = fields_of(answer.get_data(as_text=True))
    assert kept["committed_mbps.download"] == "much"
    assert kept["attach_kind"] == "pppoe"
    answer = send(client, "/tenants/new?kind=client", {"id": "sky-r1", "name": "  "})
    assert set(errors_of(answer)) == {"name"}
    answer = send(client, "/tenants/new?kind=client", {"id": SKY.resellers[0], "name": "Taken"})
    assert "in use" in errors_of(answer)["id"]
    answer = send(client, "/tenants/new?kind=client", {"id": "fine", "name": "Fine", "contacts.0.name": "Nobody"})
    assert "neither whatsapp nor email" in errors_of(answer)["contacts-0-email"]
    assert exported(services) == before


def test_a_circuit_reads_nothing_of_another_tenant(login_as: LoginAs, services: Services) -> None:
    """The form says whose it is, keeps what was typed, and writes nothing."""
    client, before = login_as("engineer"), exported(services)
    theirs = SKY.circuit(SKY.client)
    shared = {**CIRCUIT, "attach_kind": "queue", "attach_name": theirs}
    answer = send(client, f"/tenants/{SKY.resellers[0]}/circuits/new", shared)
    assert f'the queue "{theirs}" of {SKY.device} carries circuit "{theirs}" of {SKY.client}' in read(answer)
    assert fields_of(answer.get_data(as_text=True))["attach_name"] == theirs
    assert exported(services) == before


def test_a_reference_is_only_text(login_as: LoginAs) -> None:
    """`${PATH}` in a form is those characters: nothing of this machine's environment gets into the registry."""
    page = saved(login_as("engineer"), "/tenants/new?kind=client", {"id": "odd", "name": "${PATH} ${"})
    assert "${PATH} ${" in page


@on_both_databases
def test_whoever_was_overtaken_sees_both_versions(login_as: LoginAs) -> None:
    """Nothing is lost unseen: not by the first save, and by the second only what was shown."""
    first, second = login_as("engineer"), login_as("sales")
    path = f"/tenants/{SKY.client}/edit"
    mine = fields_of(first.get(path).get_data(as_text=True))
    saved(second, path, {"name": "Theirs"})
    answer = first.post(path, data={**mine, "name": "Mine"})
    page = read(answer)
    assert "Somebody else changed this" in page
    assert "name Theirs Mine" in page
    assert "Theirs" in text_of(first, f"/tenants/{SKY.client}")
    again = first.post(path, data=fields_of(answer.get_data(as_text=True)))
    assert again.status_code == 303
    assert "Mine" in text_of(first, f"/tenants/{SKY.client}")


@on_both_databases
def test_a_tenant_is_deleted_only_as_it_was_seen(login_as: LoginAs, services: Services) -> None:
    """Not without saying so, not in an old version; then with all that is its own."""
    client = login_as("engineer")
    page = f"/tenants/{SKY.resellers[0]}"
    assert "its 2 circuits" in text_of(client, page)
    markup = client.get(page).get_data(as_text=True)
    token = markup.split('name="csrf" value="', 1)[1].split('"', 1)[0]
    form = {"csrf": token, "_version": "1", "_sure": "yes"}
    client.post(f"{page}/delete", data={**form, "_sure": ""})
    assert "tick the box" in text_of(client, page)
    client.post(f"{page}/delete", data={**form, "_version": "7"})
    assert "somebody else changed this" in text_of(client, page)
    answer = client.post(f"{page}/delete", data=form)
    assert answer.headers["Location"] == "/resellers"
    text_of(client, page, 404)
    text_of(client, f"/circuits/{SKY.resellers[0]}-backup", 404)
    assert SKY.resellers[0] not in exported(services)


def test_rows_come_and_go_without_a_script(login_as: LoginAs) -> None:
    """The buttons of a list post the form, which keeps what was typed and saves nothing."""
    client = login_as("engineer")
    path = f"/tenants/{SKY.client}/edit"
    start = fields_of(client.get(path).get_data(as_text=True)) | {
        "contacts.1.name": "Second",
        "contacts.1.email": "b@c.de",
    }
    more = fields_of(client.post(path, data={**start, "_add": "contacts"}).get_data(as_text=True))
    assert more["contacts.1.name"] == "Second"
    assert "contacts.3.name" in more
    less = fields_of(client.post(path, data={**more, "_remove": "contacts.0"}).get_data(as_text=True))
    assert less["contacts.0.name"] == "Second"
    assert f"Desk {SKY.client}" in text_of(client, f"/tenants/{SKY.client}")
    client.post(path, data=less)
    assert f"Desk {SKY.client}" not in text_of(client, f"/tenants/{SKY.client}")


def test_a_list_knows_level_and_order(measured: FlaskClient, figures: StandIn) -> None:
    """The fullest first, one level alone, and a word of a contact; unknown is a level too."""
    first, second = SKY.resellers
    for tenant, used in ((first, 0.5), (second, 0.999)):
        figures.tenant(SKY.id, tenant, used=used, measured=1)
    page = text_of(measured, "/resellers?sort=use")
    assert page.index(f"Company {second}") < page.index(f"Company {first}")
    page = text_of(measured, "/resellers?level=red")
    assert f"Company {second}" in page
    assert f"Company {first}" not in page
    assert f"Company {first}" in text_of(measured, "/resellers?level=green")
    assert "No reseller is like that" in text_of(measured, "/resellers?level=unknown")
    assert f"Company {second}" in text_of(measured, f"/resellers?q=desk%40{second}")
    assert f"Company {first}" not in text_of(measured, f"/resellers?q=desk%40{second}")
    figures.tenant(SKY.id, SKY.client, "client", download=180e6, upload=1e6, used=0.9, measured=1)
    assert "90 % high" in text_of(measured, "/clients?level=yellow")


def test_a_client_is_as_full_as_its_circuits_together(measured: FlaskClient, figures: StandIn) -> None:
    """As in the API and on its own page; how full each is stands in the circuit's row."""
    figures.circuit(SKY.id, SKY.client, SKY.circuit(SKY.client), download=198e6, upload=1e6, used=0.99)
    figures.tenant(SKY.id, SKY.client, "client", download=198e6, upload=1e6, used=0.5, measured=1)
    page = text_of(measured, f"/tenants/{SKY.client}")
    assert "50 % ok" in page
    assert "99 %" in measured.get(f"/tenants/{SKY.client}").get_data(as_text=True)
    assert "50 % ok" in text_of(measured, "/clients")
    now = measured.get(f"/api/v1/clients/{SKY.client}/usage").get_json()["now"]
    assert (now["utilization_ratio"], now["level"], now["download_mbps"]) == (0.5, "green", 198)


def test_what_was_not_wholly_measured_is_not_green(measured: FlaskClient, figures: StandIn) -> None:
    """At least half may be anything; at least 85 % is high."""
    first, second = SKY.resellers
    figures.tenant(SKY.id, first, download=100e6, used=0.5, measured=0)
    figures.tenant(SKY.id, second, download=170e6, used=0.85, measured=0)
    for path in ("/resellers", f"/tenants/{first}"):
        page = text_of(measured, path)
        assert "? at least 50 %" in page, path
        assert "50 % ok" not in page, path
    assert "85 % high at least" in text_of(measured, "/resellers")


def test_all_circuits_of_a_tenant_are_on_its_pages(measured: FlaskClient, services: Services) -> None:
    """However many it has."""
    crowd(services.registry, 120)
    pages = [measured.get(f"/tenants/crowd-r0?page={number}").get_data(as_text=True) for number in (1, 2, 3)]
    found = [set(re.findall(r'href="/circuits/(crowd-r0-\d+)"', page)) for page in pages]
    assert [len(page) for page in found] == [50, 50, 20]
    assert len(set.union(*found)) == 120


def test_a_device_beyond_the_first_hundreds_can_be_chosen(measured: FlaskClient, services: Services) -> None:
    """All of them can be looked for, and the one it is on stands in the form."""
    crowd(services.registry, 510)
    path = f"/circuits/{SKY.circuit(SKY.client)}/edit"
    saved(measured, path, {"device": "crowd-509"})
    markup = measured.get(path).get_data(as_text=True)
    assert fields_of(markup)["device"] == "crowd-509"
    assert markup.count('<option value="crowd-') == 510
    assert f'<option value="{SKY.device}">sky tower</option>' in markup


def test_without_prometheus_nothing_is_zero(measured: FlaskClient, figures: StandIn) -> None:
    """The pages are there, say what is missing, and still sell."""
    figures.away = True
    for path in ("/resellers", "/resellers?sort=use", f"/tenants/{SKY.client}", f"/circuits/{SKY.circuit(SKY.client)}"):
        page = text_of(measured, path)
        assert "Measurements are not available right now" in page, path
        assert "0 bps" not in page
        assert " 0 %" not in page


def test_who_may_not_write_sees_no_buttons(login_as: LoginAs) -> None:
    """And the addresses behind them do not exist for him."""
    client = login_as("support")
    page = client.get(f"/tenants/{SKY.client}").get_data(as_text=True)
    assert "circuits/new" not in page
    assert "/delete" not in page
    assert "New reseller" not in text_of(client, "/resellers")
    for path in ("/tenants/new?kind=reseller", f"/tenants/{SKY.client}/edit", f"/tenants/{SKY.client}/circuits/new"):
        text_of(client, path, 404)


@on_both_databases
def test_the_id_of_a_deleted_tenant_is_not_used_again(login_as: LoginAs) -> None:
    """Said before it is deleted, and at the field of whoever tries."""
    client = login_as("sales")
    saved(client, "/tenants/new?kind=reseller", NEW)
    assert "The id of a deleted reseller cannot be used again." in text_of(client, "/tenants/uttara")
    form = {"_version": "1", "_sure": "yes"}
    assert post(client, "/tenants/uttara/delete", form).status_code == 303
    told = errors_of(send(client, "/tenants/new?kind=client", NEW))
    assert "was that of a tenant that was deleted" in told["id"]


@on_both_databases
def test_a_tenant_that_got_a_circuit_meanwhile_is_not_deleted(login_as: LoginAs) -> None:
    """Who deletes it has read what goes with it."""
    client = login_as("sales")
    saved(client, "/tenants/new?kind=reseller", NEW)
    form = {"_version": "1", "_sure": "yes"}
    saved(client, "/tenants/uttara/circuits/new", CIRCUIT)
    answer = post(client, "/tenants/uttara/delete", form)
    assert "somebody else changed this meanwhile" in text_of(client, answer.headers["Location"])
    assert "Uttara uplink" in text_of(client, "/tenants/uttara")
