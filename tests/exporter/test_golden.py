"""The whole exposition of every recorded device, end to end: agent or router, driver, collectors, HTTP.

`UPDATE_GOLDEN=1` writes the files anew; the difference is then for a person to read.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.devices.agents import recordings
from tests.exporter.served import Exporter, circuit, exporter, link, routeros, tenant
from tests.harness import fixture_path, free_port, service

GOLDEN = Path(__file__).parent / "golden"

# Which interfaces of each recorded agent carry VLANs, and which circuits; some of them by description or alias, some
# that are there twice, not at all, or without counters.
SNMP: dict[str, tuple[list[str], list[dict[str, str]]]] = {
    "airos_airos8": (["ath0"], [{"interface": "br0"}, {"interface": "gre0"}]),
    "huawei_s3050c": (
        ["Vlan-interface2", "GigabitEthernet1/1"],
        [{"interface": "Ethernet0/4"}, {"interface": "Ethernet0/1"}],
    ),
    "iosxe_asr920": (
        ["Gi0/0/1.SI.10"],
        [{"interface": "AR1222C-PE01 Gi9"}, {"interface": "Te0/0/25"}, {"interface": "GigabitEthernet0/0/3"}],
    ),
    "iosxe_c3850": (
        ["Vl300", "VLAN-71"],
        [{"interface": "Port-channel1"}, {"interface": "*** XXX-M1-ESX01 - MGMT - NIC5 ***"}],
    ),
    "junos_ex": (["xe-0/1/0.0"], [{"interface": "ge-0/0/2"}, {"interface": "lo0"}, {"interface": "ge-9/9/9"}]),
    "junos_vmx": (["ge-0/0/4.0"], [{"interface": "fxp0"}, {"queue": "there-are-none"}]),
    "routeros_crs317": (["bridge1"], [{"interface": "nas.site1.example.net - iSCSI"}, {"interface": "server-trunk"}]),
    "routeros_rb433gl": (
        ["Vlan210", "Vlan7"],
        [{"interface": "trunk: Crkva (wifi1)"}, {"interface": "Guest7"}, {"queue": "guest"}],
    ),
    "routeros_rb5009uprpsp": (["Tunnel"], [{"interface": "ether8"}, {"interface": "wg"}]),
    "routeros_rb750": (["VLAN1", "VLAN10"], [{"interface": "ether3"}]),
    "routeros_rb952ui": (["pppoe-out1"], [{"interface": "WAN"}, {"interface": "wlan2"}]),
}

# Directories of recorded routers, and what is attached where.
ROUTEROS: dict[str, tuple[dict[str, Any], list[str], list[dict[str, str]]]] = {
    "v6_x86": (
        {"/interface": "v6_interface_print.json", "/system/resource": "v6_system_resource_print.json"},
        ["ether3"],
        [{"interface": "ether2"}, {"queue": "none"}],
    ),
    "v7_ccr2004": (
        {
            "/interface": {"file": "v7_rest_interface_print_6_samples.json", "sample": 5},
            "/system/resource": "v7_ccr2004_system_resource_print.json",
            "/system/health": "v7_ccr2004_system_health_print.json",
            "/queue/simple": "v7_queue_simple_print.json",
        },
        ["ether1"],
        [{"interface": "TO-R18M"}, {"queue": "queue1"}, {"pppoe": "nobody"}],
    ),
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """One exporter for all recordings, SNMP and RouterOS."""
    folder = tmp_path_factory.mktemp("golden")
    with recordings(folder) as agents, simulated_routers(folder) as routers:
        community = [
            {"id": name.replace("_", "-"), "driver": "snmp", "host": "127.0.0.1", "port": agents}
            | {"snmp": {"version": "2c", "community": name}}
            for name in SNMP
        ]
        api = [routeros(name.replace("_", "-"), port) for name, port in routers.items()]
        attached = SNMP | {name: (vlans, circuits) for name, (_, vlans, circuits) in ROUTEROS.items()}
        with exporter(folder, devices=[*community, *api], **sections(attached)) as served:
            yield served


def sections(attached: dict[str, tuple[list[str], list[dict[str, str]]]]) -> dict[str, Any]:
    links, tenants = [], []
    for recording, (vlans, circuits) in attached.items():
        device = recording.replace("_", "-")
        links.append(link(device, *((number, device, name) for number, name in enumerate(vlans, start=10))))
        named = [circuit(f"{device}-{n}", device, attach) for n, attach in enumerate(circuits, start=1)]
        tenants.append(tenant(device, *named))
    return {"links": links, "tenants": tenants}


@contextmanager
def simulated_routers(folder: Path) -> Iterator[dict[str, int]]:
    """The simulator with a router for each of ROUTEROS that answers with its recordings; yields their ports."""
    ports = {name: free_port() for name in ROUTEROS}
    devices = [
        {"id": name, "listen": f"127.0.0.1:{ports[name]}", "users": {"monitor": "secret-of-the-router"}}
        | {"recording": {directory: located(what) for directory, what in directories.items()}}
        for name, (directories, _, _) in ROUTEROS.items()
    ]
    network, log = folder / "network.yml", folder / "simulator.log"
    network.write_text(yaml.safe_dump({"devices": devices}), encoding="utf-8")
    with service([sys.executable, "-m", "simulator", network], log, ready=lambda: "ready:" in log.read_text()):
        yield ports


def located(what: Any) -> dict[str, Any]:
    """A recording with the file it is in."""
    described = what if isinstance(what, dict) else {"file": what}
    return described | {"file": str(fixture_path(f"routeros/{described['file']}"))}


def masked(text: str) -> str:
    """The exposition without what differs from run to run: durations, and the boot time, a clock less an uptime."""
    return re.sub(r"(?m)^(isp_device_(?:collector_duration|boot_time)_seconds\{.*\}) .*$", r"\1 ...", text)


@pytest.mark.parametrize("recording", [*SNMP, *ROUTEROS])
def test_the_exposition_of_a_recorded_device(recorded: Exporter, recording: str) -> None:
    """Every series, label, help and value a recorded device leads to, as kept in golden/."""
    answer = recorded.get(f"/probe?target={recording.replace('_', '-')}", timeout=30)
    golden, text = GOLDEN / f"{recording}.prom", masked(answer.text)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
