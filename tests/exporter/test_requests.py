"""What the endpoints accept, refuse and promise."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from devices import open_session
from exporter.ping.pinger import Pinger
from exporter.service import Exporter as Service
from exporter.views import create_app, scrape_seconds
from inventory.loader import load_inventory
from tests.exporter.routers import Router, router
from tests.exporter.served import Exporter, exporter, routeros


@pytest.fixture(scope="module")
def device() -> Iterator[Router]:
    with router() as running:
        yield running


@pytest.fixture(scope="module")
def served(device: Router, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    with exporter(tmp_path_factory.mktemp("exporter"), devices=[routeros("core-1", device.port)]) as running:
        yield running


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("?target=", 400),
        ("?target=core-1&target=core-1", 400),
        ("?module=core-1", 400),
        ("?target=core-2", 404),
        ("?target=127.0.0.1", 404),
        ("?target=http://192.0.2.1/", 404),
        ("?target=CORE-1", 404),
        ("?target=core-1%0A", 404),
        ("?target=core-1", 200),
        ("?target=core-1&host=192.0.2.1&port=1&debug=yes", 200),
    ],
)
def test_a_probe_takes_one_known_target_and_no_address(served: Exporter, query: str, status: int) -> None:
    """Anything but one id of the inventory is refused in one line; other parameters change nothing."""
    answer = served.get(f"/probe{query}")
    assert answer.status_code == status
    if status != 200:
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert answer.text.count("\n") == 1
    else:
        assert 'isp_device_up{isp="skylink",device="core-1"} 1\n' in answer.text


def test_the_log_of_a_probe_is_for_this_machine(served: Exporter, tmp_path: Path) -> None:
    """`debug=true` tells what each collector did to a loopback peer, and is refused to any other."""
    shown = served.get("/probe?target=core-1&debug=true")
    assert shown.status_code == 200
    assert "system: success after" in shown.text
    assert "sensors: success after" in shown.text
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("isp: {id: a, name: A, timezone: UTC, currency: BDT}\ndevices: []\n", encoding="utf-8")
    client = create_app(Service(lambda: load_inventory(inventory, {}), Pinger(), open_session)).test_client()
    for address, status in (("192.0.2.7", 403), ("2001:db8::7", 403), ("::1", 404), ("::ffff:127.0.0.1", 404)):
        answer = client.get("/probe?target=core-1&debug=true", environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == status, address


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("10", 9.5),
        ("4.5", 4.0),
        ("0.4", 0.2),
        ("3600", 120.0),
        *((senseless, 9.5) for senseless in (None, "", "ten", "-3", "0", "nan", "inf", "1e999")),
    ],
)
def test_the_scrape_timeout_is_the_deadline(header: str | None, seconds: float) -> None:
    """Half a second less than Prometheus waits; its default where the header says nothing sensible."""
    assert scrape_seconds(header) == seconds


@pytest.mark.parametrize("path", ["/probe?target=core-1", "/metrics"])
def test_answers_are_compressed_only_for_those_who_ask(served: Exporter, path: str) -> None:
    """Compressed where it is accepted, plain text of version 0.0.4 elsewhere."""
    with requests.get(served.url + path, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=10) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert b"# HELP " in gzip.decompress(answer.raw.read())
    for accepted in ("identity", "gzip;q=0"):
        plain = served.get(path, headers={"Accept-Encoding": accepted})
        assert "Content-Encoding" not in plain.headers
        assert plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_discovery_names_every_device_for_prometheus(served: Exporter) -> None:
    """One target a device, reached at the address that was asked, with labels that do not push ours aside."""
    assert served.get("/sd").json() == [
        {
            "targets": [served.url.removeprefix("http://")],
            "labels": {"__param_target": "core-1", "__meta_backhaul_isp": "skylink"},
        }
    ]


def test_discovery_takes_the_name_it_was_asked_by(served: Exporter) -> None:
    """Of the second shard in docker-compose.scale.yml it has an underscore: without an address no device is read."""
    (found,) = served.get("/sd", headers={"Host": "exporter_1:9909"}).json()
    assert found["targets"] == ["exporter_1:9909"]


def test_the_small_endpoints_answer(served: Exporter) -> None:
    """Health, readiness and an index; a wrong path or method is one line of text."""
    assert [served.get(path).status_code for path in ("/", "/-/healthy", "/-/ready")] == [200, 200, 200]
    assert served.get("/-/reload").status_code == 405
    missing = served.get("/probes")
    assert (missing.status_code, missing.text) == (404, "404 Not Found\n")
