"""Recorded RouterOS replies, versions 6 and 7, through the pure parsers."""

import json
from typing import Any

from devices.routeros import tables
from devices.session import Queue, Sensor
from tests.harness import fixture_path


def as_sent(value: Any) -> str:
    """A recorded value as the router sends it: the recorder turned text into bools and numbers."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def rows(recording: Any) -> list[dict[str, str]]:
    return [{name: as_sent(value) for name, value in row.items()} for row in recording]


def recorded(name: str) -> Any:
    content = json.loads(fixture_path(f"routeros/{name}").read_text(encoding="utf-8"))
    return content["data"] if isinstance(content, dict) else content


def test_version_6_interfaces() -> None:
    """All counters of version 6; a port without link is down."""
    interfaces = {i.name: i for i in tables.parse_interfaces(rows(recorded("v6_interface_print.json")))}
    assert len(interfaces) == 8
    assert interfaces["ether2"].up is False
    ether3 = interfaces["ether3"]
    assert (ether3.key, ether3.receive_bytes, ether3.transmit_bytes) == ("*3", 38784330741, 70881296060)
    assert ether3.counter_bits == 64


def test_version_7_interfaces_over_six_readings() -> None:
    """Keys and names stay, counters are whole numbers, a comment becomes the alias."""
    samples = recorded("v7_rest_interface_print_6_samples.json")
    readings = [tables.parse_interfaces(rows(sample["interface_print"])) for sample in samples]
    assert len(readings) == 6
    assert {tuple(i.key for i in reading) for reading in readings} == {tuple(i.key for i in readings[0])}
    first = {i.name: i for i in readings[0]}
    assert (first["ether1"].receive_bytes, first["ether1"].alias, first["ether1"].up) == (22004, None, True)
    assert first["ether2"].alias == "TO-R18M"


def test_version_7_system() -> None:
    """Uptime becomes a boot time, free memory becomes used, the version loses its channel."""
    system = tables.parse_system(rows(recorded("v7_ccr2004_system_resource_print.json")), now=2_000_000.0)
    assert (system.vendor, system.model, system.version) == ("MikroTik", "CCR2004-16G-2S+", "7.4")
    assert system.boot_time == 2_000_000 - 1_034_769
    assert (system.cpu, system.memory_used, system.memory_total) == (0.0, 277217280, 4227858432)


def test_a_load_that_cannot_be_is_absent() -> None:
    """More than all processors is no share of them."""
    assert tables.parse_system([{"cpu-load": "100"}], now=0.0).cpu == 1.0
    assert tables.parse_system([{"cpu-load": "4294967295"}], now=0.0).cpu is None


def test_a_short_version_6_system_row() -> None:
    """What the row does not hold is absent, not 0."""
    system = tables.parse_system(rows(recorded("v6_system_resource_print.json")), now=1000.0)
    assert (system.version, system.model, system.boot_time) == ("6.33.3", "x86", 910.0)
    assert (system.cpu, system.memory_used, system.memory_total) == (None, None, None)


def test_version_7_health_gives_temperatures_only() -> None:
    """Fans, voltages and states written as text are no temperatures."""
    sensors = tables.parse_sensors(rows(recorded("v7_ccr2004_system_health_print.json")))
    assert Sensor("cpu-temperature", 58.0) in sensors
    assert [sensor.name for sensor in sensors] == [
        "temperature",
        "cpu-temperature",
        "sfp-temperature",
        "board-temperature1",
        "board-temperature2",
    ]


def test_version_6_health_is_one_row() -> None:
    """Version 6 puts all sensors in one row."""
    row = {"voltage": "24.1", "temperature": "37", "cpu-temperature": "55", "psu1-state": "ok"}
    assert tables.parse_sensors([row]) == [Sensor("temperature", 37.0), Sensor("cpu-temperature", 55.0)]


def test_version_7_queue() -> None:
    """Pairs are upload/download."""
    assert tables.parse_queues(rows(recorded("v7_queue_simple_print.json"))) == [
        Queue(
            key="*4",
            name="queue1",
            upload_bytes=45666,
            download_bytes=172388,
            upload_limit=1_000_000_000,
            download_limit=1_000_000_000,
            upload_drops=0,
            download_drops=0,
            disabled=False,
        )
    ]


def test_version_6_ping() -> None:
    """Five echoes from the router itself, faster than it can tell."""
    assert tables.parse_ping(rows(recorded("v6_ping.json"))) == [0.0] * 5
