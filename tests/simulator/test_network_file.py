from __future__ import annotations

import re
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.faults import KINDS
from simulator.network_file import load_network, parse_network
from simulator.sections import NetworkError
from tests.harness import BIN, ROOT

ROUTER = {"id": "core-1", "listen": "127.0.0.1:8728", "users": {"m": "p"}}


def router(**changes: Any) -> dict[str, Any]:
    return {"devices": [ROUTER | changes]}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "network.yml: expected a mapping"),
        ({"devices": 5}, "network.yml: devices: expected a list, found 5"),
        ({"devices": [{}]}, "network.yml: devices[0]: id is missing"),
        (router(kind="junos"), "devices[core-1]: kind: expected routeros or snmp, found 'junos'"),
        (router(listen="8728"), "devices[core-1]: listen: expected HOST:PORT"),
        (router(users={}), "users is missing"),
        (router(kind="snmp"), "an agent needs a community or snmp_users"),
        (router(colour=1), 'unknown key "colour"; expected one of board, booted'),
        (router(interfaces=[{"name": "e1", "traffic": {"mean": "fast"}}]), "mean: expected bits per second"),
        (router(interfaces=[{"name": "e1", "mac": "nonsense"}]), "mac: expected six octets"),
        (router(interfaces=[{"name": "e1", "sum_of": ["e2"]}]), '"e2" is none'),
        (router(interfaces=[{"name": "e1"}, {"name": "e1"}]), "interfaces: expected names that differ"),
        (
            router(interfaces=[{"name": "e1", "traffic": {"events": [{"start": 5, "end": 4, "factor": 1}]}}]),
            "ends after",
        ),
        (router(interfaces=[{"name": "e1", "traffic": {"weekdays": [1, 2]}}]), "seven"),
        (router(interfaces=[{"name": "e1", "traffic": {"busier": "upload"}}]), "busier: expected receive or transmit"),
        (router(queues=[{"name": "q", "interface": "e9"}]), 'there is no interface "e9" on core-1'),
        (router(pings=[{"address": "1.1.1.1", "loss": "all"}]), "loss: expected a number"),
        (router(faults=[{"kind": "hang"}]), "at is missing"),
        (router(faults=[{"kind": "boom", "at": 5}]), 'unknown fault "boom"'),
        (router(version="seven"), "version: expected a RouterOS version, for example 7.16.2, found 'seven'"),
        (router(encoding="latin-1", interfaces=[{"name": "😀"}]), "encoding"),
        (router(encoding="klingon"), "encoding"),
        (router(recording={"/interface": "nowhere.json"}), "recording: /interface: cannot read"),
        ({"devices": [ROUTER, ROUTER]}, "two devices have the same id"),
        ({"devices": [ROUTER, ROUTER | {"id": "b"}]}, "two devices have the same listen"),
        (
            router(kind="snmp", snmp_users=[{"name": "u", "auth_protocol": "ROT13"}]),
            "auth_protocol: expected one of MD5",
        ),
    ],
)
def test_a_bad_network_names_the_place(document: object, reason: str) -> None:
    """Each mistake has its own sentence: where, what was expected, what was found."""
    with pytest.raises(NetworkError) as caught:
        parse_network(document, "network.yml", Path())
    assert reason in str(caught.value)


def test_the_readme_is_true(tmp_path: Path) -> None:
    """Its example loads, and its table lists every fault there is."""
    readme = (ROOT / "simulator" / "README.md").read_text(encoding="utf-8")
    network, traffic = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    (tmp_path / "v6_interface_print.json").write_text("[]", encoding="utf-8")
    (tmp_path / "samples.json").write_text('[{"rows": [{"uptime": "1s"}]}]', encoding="utf-8")
    document = yaml.safe_load(network)
    document["devices"][0]["interfaces"][1] |= yaml.safe_load(traffic)
    (device,) = parse_network(document, "README.md", tmp_path)
    assert device.interfaces[1].receive.rate(1790000200) == 190e6
    assert set(re.findall(r"^\| `([a-z-]+)` \| ", readme, re.MULTILINE)) == set(KINDS)


@pytest.mark.parametrize("text", ["devices: [", "devices: []: x"])
def test_what_is_no_yaml_is_said_so(tmp_path: Path, text: str) -> None:
    """The parser's own place is passed on."""
    file = tmp_path / "network.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(NetworkError, match="not YAML"):
        load_network(file)


def test_history_and_live_counters_share_their_functions() -> None:
    """Loading a file twice gives profiles that agree to the octet, also with events and limits."""
    traffic = {
        "mean": "50M",
        "phase_hours": -6,
        "events": [{"start": 1e9, "end": 1e9 + 900, "bps": "190M", "ramp": 60}],
    }
    document = router(queues=[{"name": "q", "max_limit": {"download": "150M"}, "traffic": traffic}])
    (one,), (other,) = parse_network(document, "a", Path()), parse_network(document, "b", Path())
    span = (1e9 - 1e6, 1e9 + 500)
    assert one.queues[0].download.octets(*span) == other.queues[0].download.octets(*span) > 0
    assert one.queues[0].download.rate(1e9 + 400) == 150e6
    assert one.queues[0].upload.rate(1e9 + 400) == 190e6 * 0.25


def test_an_interface_may_send_more_than_it_receives() -> None:
    """A port that faces a customer transmits what the customer downloads; mean and surge are those of that way."""
    traffic = {"mean": "40M", "busier": "transmit", "noise": 0, "events": [{"start": 100, "end": 200, "bps": "90M"}]}
    (device,) = parse_network(router(interfaces=[{"name": "e1", "traffic": traffic}]), "network.yml", Path())
    port = device.interfaces[0]
    assert (port.transmit.rate(150), port.receive.rate(150)) == (90e6, 22.5e6)
    assert port.receive.rate(1000) == pytest.approx(port.transmit.rate(1000) / 4)


def test_an_address_that_is_taken_ends_with_a_reason(tmp_path: Path) -> None:
    """Exit status 2 and one line on stderr, no traceback."""
    file = tmp_path / "network.yml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file.write_text(yaml.safe_dump(router(listen=f"127.0.0.1:{port}")), encoding="utf-8")
        command = [str(BIN / "python"), "-m", "simulator", str(file)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert ended.returncode == 2
    assert f"{port}" in ended.stderr
    assert "Traceback" not in ended.stderr
