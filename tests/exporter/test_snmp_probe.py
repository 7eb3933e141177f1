"""What /probe says of an SNMP device, over real sockets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.devices.scripted_agent import Cell, Question, agent
from tests.exporter.agents import answer, snmp
from tests.exporter.served import circuit, exporter, tenant, value

HOST_RESOURCES = "1.3.6.1.2.1.25"


def test_a_device_that_is_silent_about_a_part_is_up(tmp_path: Path) -> None:
    """An agent that drops every question about HOST-RESOURCES-MIB is read for all the rest."""

    def script(question: Question) -> Sequence[Cell] | None:
        return None if any(oid.startswith(HOST_RESOURCES) for oid in question.oids) else answer(question, b"ether1")

    circuits = tenant("t1", circuit("c1", "core-1", {"interface": "ether1"}))
    with agent(script) as port, exporter(tmp_path, devices=[snmp(port)], tenants=[circuits]) as served:
        got = served.probe("core-1", timeout=20)
    assert value(got, "isp_device_up", device="core-1") == 1
    assert value(got, "isp_device_collector_success", collector="system") == 1
    assert value(got, "isp_device_boot_time_seconds") is not None
    assert value(got, "isp_device_cpu_ratio") is None
    assert value(got, "isp_circuit_download_bytes_total", circuit="c1") == 200


def test_interface_names_as_a_reader_sees_them(tmp_path: Path) -> None:
    """White space at the end and Latin-1 do not hide an interface; exact names come first, and two are an error."""
    names = [b"ether1 ", b"uplink\r", b"Z\xfcrich", "Süd".encode(), b"twin ", b"twin\t", b"exact", b"exact "]
    found = ["ether1", "uplink", "Zürich", "Süd", "exact"]
    attached = {f"c{n}": name for n, name in enumerate([*found, "twin"])}
    circuits = [circuit(name, "core-1", {"interface": interface}) for name, interface in attached.items()]
    with (
        agent(lambda question: answer(question, *names)) as port,
        exporter(tmp_path, devices=[snmp(port)], tenants=[tenant("t1", *circuits)]) as served,
    ):
        got = served.probe("core-1", timeout=20)
        log = served.log()
    read = {name: value(got, "isp_circuit_download_bytes_total", circuit=name) for name in attached}
    assert read == {"c0": 200, "c1": 200, "c2": 200, "c3": 200, "c4": 200, "c5": None}
    assert "2 interfaces answer to 'twin'" in log


def test_a_missing_interface_is_told_with_the_closest_names(tmp_path: Path) -> None:
    """A slip of the pen is seen in the log, with all that does not show on a screen."""
    circuits = tenant("t1", circuit("c1", "core-1", {"interface": "ge-0/0/l"}))
    with (
        agent(lambda question: answer(question, b"ge-0/0/1\r", b"<pppoe-ge-0/0/l>", b"lo0")) as port,
        exporter(tmp_path, devices=[snmp(port)], tenants=[circuits]) as served,
    ):
        served.probe("core-1", timeout=20)
        log = served.log()
    assert "no interface named 'ge-0/0/l', nor one described so; the closest are 'ge-0/0/1\\\\r'" in log
