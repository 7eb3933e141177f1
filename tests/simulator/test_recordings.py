from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness import fixture_path
from tests.simulator.network import network

RECORDED = {
    "/interface": "routeros/v6_interface_print.json",
    "/system/resource": "routeros/v7_ccr2004_system_resource_print.json",
    "/system/health": "routeros/v7_ccr2004_system_health_print.json",
    "/queue/simple": "routeros/v7_queue_simple_print.json",
    "/queue/tree": "routeros/v7_queue_tree_print.json",
    "/ping": "routeros/v6_ping.json",
}
SAMPLES = "routeros/v7_rest_interface_print_6_samples.json"


def wire(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def rows_in(path: Path) -> list[dict[str, Any]]:
    document = json.loads(path.read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = document["data"] if isinstance(document, dict) else document
    return rows


def test_recorded_rows_are_served_word_for_word(tmp_path: Path) -> None:
    """Every row of every recording comes over the API as it was recorded."""
    files = {path: fixture_path(name) for path, name in RECORDED.items()}
    device = {"id": "core-1", "recording": {path: str(file) for path, file in files.items()}}
    with network(tmp_path, [device]) as net:
        client = net.raw()
        for path, file in files.items():
            command = (path, "=address=127.0.0.1") if path == "/ping" else (f"{path}/print",)
            expected = [{name: wire(value) for name, value in row.items()} for row in rows_in(file)]
            assert client.rows(*command) == expected


@pytest.mark.parametrize("sample", [0, 5])
def test_one_of_several_readings_is_served(tmp_path: Path, sample: int) -> None:
    """A recording of several moments serves the one that was asked for."""
    file = fixture_path(SAMPLES)
    recording = {"/interface": {"file": str(file), "sample": sample}}
    with network(tmp_path, [{"id": "core-1", "recording": recording}]) as net:
        rows = net.raw().rows("/interface/print")
    assert rows == json.loads(file.read_text(encoding="utf-8"))[sample]["interface_print"]
