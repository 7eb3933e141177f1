"""Devices: what they are and enforce, the test of the connection, and secrets that are written and never read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import yaml
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from devices import open_session
from exporter.ping.pinger import Pinger
from exporter.service import Exporter
from exporter.views import create_app as exporter_app
from inventory.models import Inventory, Tls
from inventory.registry.devices import get_device
from inventory.registry.inventories import load_inventory_of
from inventory.registry.scope import SERVICE
from inventory.secrets import Secret
from inventory.shards import WHOLE, Shard, shard_of
from portal.app import create_app
from portal.prometheus import Prometheus
from portal.services import Services
from tests.exporter.routers import Router
from tests.harness import free_port
from tests.portal.conftest import LoginAs, logged_in_client, on_both_databases
from tests.portal.staff.acting import errors_of, exported, fields_of, read, saved, send, text_of
from tests.portal.stand_in import StandIn, stand_in
from tests.portal.templates import VAULT
from tests.portal.world import MBPS, SKY, World

NEW_ROUTER = {"id": "edge-1", "host": "2001:db8::1", "username": "monitor", "password": "s3cret pass"}
NEW_SWITCH = {
    "id": "agg-1",
    "host": "192.0.2.77",
    "snmp.version": "3",
    "snmp.username": "u",
    "snmp.auth.protocol": "SHA256",
    "snmp.auth.key": "auth-key-of-ours",
    "snmp.privacy.protocol": "AES128",
    "snmp.privacy.key": "privacy-key-of-ours",
    "place": "Mirpur, rack 3",
}


@pytest.fixture
def figures() -> Iterator[StandIn]:
    with stand_in() as found:
        yield found


@pytest.fixture
def measured(services: Services, world: World, figures: StandIn) -> FlaskClient:
    with_figures = replace(services, prometheus=Prometheus(figures.url))
    return logged_in_client(create_app(with_figures), with_figures, world.user("engineer"), SKY.id)


def secrets_in(services: Services, device: str) -> dict[str, str]:
    """The device's secrets as the exporter reads them."""
    with services.registry.read(SERVICE) as tx:
        row = get_device(tx, device, VAULT)
    assert row is not None
    return {name: secret.reveal() for name, secret in row.device.secrets()}


@on_both_databases
def test_devices_are_made_and_their_secrets_stay_hidden(login_as: LoginAs, services: Services) -> None:
    """The exporter gets them; no page, no form and no export shows them."""
    client = login_as("engineer")
    saved(client, "/devices/new", NEW_ROUTER)
    page = saved(client, "/devices/new?driver=snmp", NEW_SWITCH)
    assert "SNMP version 3, user u" in page
    assert "Mirpur, rack 3" in page
    assert secrets_in(services, "edge-1") == {"password": "s3cret pass"}
    assert secrets_in(services, "agg-1") == {"auth": "auth-key-of-ours", "privacy": "privacy-key-of-ours"}
    shown = exported(services)
    for path in (
        "/devices",
        "/devices/edge-1",
        "/devices/edge-1/edit",
        "/devices/agg-1",
        "/devices/agg-1/edit",
        "/audit",
    ):
        shown += client.get(path).get_data(as_text=True)
    for secret in ("s3cret", "auth-key-of-ours", "privacy-key-of-ours", "hunter2"):
        assert secret not in shown
    assert {each["id"]: each["port"] for each in yaml.safe_load(exported(services))["devices"]}["edge-1"] == 8729


@on_both_databases
def test_a_secret_left_empty_stays(login_as: LoginAs, services: Services) -> None:
    """And a new one takes its place; what was typed wrong is not kept."""
    client, path = login_as("engineer"), f"/devices/{SKY.device}/edit"
    assert "It is set" in text_of(client, path)
    saved(client, path, {"place": "Banani"})
    assert secrets_in(services, SKY.device) == {"password": "hunter2"}
    assert "Banani" in text_of(client, "/devices")
    saved(client, path, {"password": "new one"})
    assert secrets_in(services, SKY.device) == {"password": "new one"}


def test_a_secret_does_not_go_to_another_host(login_as: LoginAs, services: Services) -> None:
    """Whoever may change the address must not have the password sent to a machine of his."""
    client, path = login_as("engineer"), f"/devices/{SKY.device}/edit"
    errors = errors_of(send(client, path, {"host": "198.51.100.66"}))
    assert "has to be given again" in errors["password"]
    saved(client, path, {"host": "198.51.100.66", "password": "another"})
    assert secrets_in(services, SKY.device) == {"password": "another"}


def test_another_version_takes_other_keys(login_as: LoginAs, services: Services) -> None:
    """From SNMPv3 back to a community: the old keys are gone, and the form asked for what was missing."""
    client = login_as("engineer")
    saved(client, "/devices/new?driver=snmp", NEW_SWITCH)
    assert set(errors_of(send(client, "/devices/agg-1/edit", {"snmp.version": "2c"}))) == {"snmp-community"}
    saved(client, "/devices/agg-1/edit", {"snmp.version": "2c", "snmp.community": "a-community"})
    assert secrets_in(services, "agg-1") == {"community": "a-community"}


def test_no_file_is_named_by_a_form(login_as: LoginAs, services: Services) -> None:
    """A path is refused, whoever sends it."""
    answer = send(login_as("engineer"), "/devices/new", {**NEW_ROUTER, "tls.ca_file": "/etc/passwd"})
    assert answer.status_code == 200
    assert "edge-1" not in exported(services)


def test_a_device_in_use_stays(login_as: LoginAs) -> None:
    """Its page says what it carries instead of offering to delete it, and the route refuses as well."""
    client = login_as("engineer")
    page = text_of(client, f"/devices/{SKY.device}")
    assert "It carries 4 circuits and 1 link" in page
    fields = fields_of(client.get(f"/devices/{SKY.device}/edit").get_data(as_text=True))
    form = {"csrf": fields["csrf"], "_version": "1", "_sure": "yes"}
    client.post(f"/devices/{SKY.device}/delete", data=form)
    assert "Nothing was deleted: the device" in text_of(client, f"/devices/{SKY.device}")
    saved(client, "/devices/new", NEW_ROUTER)
    client.post("/devices/edge-1/delete", data=form)
    text_of(client, "/devices/edge-1", 404)


def test_what_a_device_says_of_itself(measured: FlaskClient, figures: StandIn) -> None:
    """State, model, health, what was not read, and the limits it enforces against what was bought."""
    on = {"isp": SKY.id, "device": SKY.device}
    figures.put("isp_device_up", 1, **on)
    figures.put("isp_device_info", 1, **on, driver="routeros", vendor="MikroTik", model="CCR2004", version="7.16.2")
    figures.put("isp_device_cpu_ratio", 0.42, **on)
    figures.put("isp_device_memory_used_bytes", 3e9, **on)
    figures.put("isp_device_memory_total_bytes", 4e9, **on)
    figures.put("isp_device_collector_success", 0, **on, collector="queues")
    for tenant, download in ((SKY.resellers[1], 200), (SKY.client, 150)):
        of = {**on, "tenant": tenant, "circuit": SKY.circuit(tenant)}
        figures.put("isp_circuit_limit_bits_per_second", download * MBPS, **of, direction="download")
        figures.put("isp_circuit_limit_bits_per_second", 100 * MBPS, **of, direction="upload")
    page = text_of(measured, f"/devices/{SKY.device}")
    for words in ("▲ Up", "MikroTik CCR2004", "7.16.2", "42 % processor", "75 % memory", "Not read whole queues"):
        assert words in page
    assert "200 Mbps / 100 Mbps 200 Mbps / 100 Mbps ✓ yes" in page
    assert "200 Mbps / 100 Mbps 150 Mbps / 100 Mbps ◆ differs" in page
    assert "200 Mbps / 100 Mbps — no limit seen" in page


def test_a_queue_that_limits_nothing_is_told(measured: FlaskClient, figures: StandIn) -> None:
    """No limit is another than what was bought, on the device's page and on the circuit's."""
    circuit = SKY.circuit(SKY.client)
    of = {"isp": SKY.id, "device": SKY.device, "tenant": SKY.client, "circuit": circuit}
    for direction in ("download", "upload"):
        figures.put("isp_circuit_limit_bits_per_second", float("inf"), **of, direction=direction)
    assert "200 Mbps / 100 Mbps no limit / no limit ◆ differs" in text_of(measured, f"/devices/{SKY.device}")
    assert "no limit / no limit ◆ not what was bought" in text_of(measured, f"/circuits/{circuit}")


@contextmanager
def exporting(inventory: Inventory, shard: Shard = WHOLE) -> Iterator[str]:
    """The exporter itself, on a port."""
    running = Exporter(lambda: inventory, Pinger(), open_session, shard)
    server = make_server("127.0.0.1", 0, exporter_app(running), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        running.close()


def after_the_test(services: Services, world: World, *urls: str) -> str:
    """What the page says after the button was pressed."""
    with_exporter = replace(services, settings=replace(services.settings, exporter_urls=urls))
    client = logged_in_client(create_app(with_exporter), with_exporter, world.user("engineer"), SKY.id)
    token = fields_of(client.get(f"/devices/{SKY.device}/edit").get_data(as_text=True))["csrf"]
    answer = client.post(f"/devices/{SKY.device}/test", data={"csrf": token})
    return read(answer)


def test_a_connection_that_is_refused_is_explained(services: Services, world: World) -> None:
    """By the exporter, with the reason and what to look at."""
    with services.registry.read(SERVICE) as tx:
        inventory = load_inventory_of(tx, SKY.id, VAULT)
    nobody = replace(inventory.devices[SKY.device], host="127.0.0.1", port=free_port())
    with exporting(replace(inventory, devices={SKY.device: nobody})) as url:
        page = after_the_test(services, world, url)
    assert "Connection test: it does not work" in page
    assert "Unreachable" in page
    assert "check its address and port" in page
    assert "logged in 0 times" in page
    assert "hunter2" not in page


def test_an_exporter_that_does_not_know_the_device_yet(services: Services, world: World) -> None:
    """It follows the registry within a scrape."""
    with services.registry.read(SERVICE) as tx:
        inventory = load_inventory_of(tx, SKY.id, VAULT)
    with exporting(replace(inventory, devices={}, links={}, tenants={}, maintenance=())) as url:
        assert "does not know this device yet" in after_the_test(services, world, url)


def test_of_several_exporters_the_one_that_reads_the_device_is_asked(services: Services, world: World) -> None:
    """Each reads its own devices; where the setting has them in another order, the page says so."""
    with services.registry.read(SERVICE) as tx:
        inventory = load_inventory_of(tx, SKY.id, VAULT)
    nobody = replace(inventory.devices[SKY.device], host="127.0.0.1", port=free_port())
    own = shard_of(SKY.device, 2)
    with exporting(replace(inventory, devices={SKY.device: nobody}), Shard(own, 2)) as url:
        other = f"http://127.0.0.1:{free_port()}"
        right = (url, other) if own == 0 else (other, url)
        assert "Unreachable" in after_the_test(services, world, *right)
    with exporting(replace(inventory, devices={SKY.device: nobody}), Shard(1 - own, 2)) as url:
        assert "in the order of their shards" in after_the_test(services, world, url)


def test_without_an_exporter_the_test_says_so(services: Services, world: World) -> None:
    """Nobody listens there, or nobody said where."""
    assert "The exporter does not answer" in after_the_test(services, world, f"http://127.0.0.1:{free_port()}")
    assert "EXPORTER_URL is not set" in after_the_test(services, world)


def test_a_reading_is_told_part_by_part(services: Services, world: World) -> None:
    """Of a router that lets us in: what was read, and what is missing and why."""
    router = Router()
    for number, circuit in enumerate(("sky-r1-main", "sky-r1-backup", "sky-r2-main"), start=1):
        router.queue(number, circuit, 1, 2)
    router.interface(1, "vlan10", 1, 2)
    with services.registry.read(SERVICE) as tx:
        inventory = load_inventory_of(tx, SKY.id, VAULT)
    there = replace(inventory.devices[SKY.device], host="127.0.0.1", port=router.port, tls=Tls(enabled=False))
    there = replace(there, password=Secret("secret-of-the-router"))
    try:
        with exporting(replace(inventory, devices={SKY.device: there})) as url:
            page = after_the_test(services, world, url)
    finally:
        router.close()
    assert "Connection test: it answers and lets us in" in page
    assert "2 parts could not be read whole" in page
    assert "queues ✗ incomplete" in page
    assert "sky-c1-main" in page.partition("queues ✗ incomplete")[2][:120]
    assert "vlans ✗ incomplete" in page
    assert "vlan20" in page.partition("vlans ✗ incomplete")[2][:120]
    assert "system ✓ read" in page
    assert "logged in 1 time since" in page
