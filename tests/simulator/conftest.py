from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulator.network import CARRIED, HOSTILE, Network, network

SINGLE = {"mean": "100M"}


def core() -> dict[str, Any]:
    return {
        "id": "core-1",
        "version": "7.18.2",
        "interfaces": [
            {"name": "sfp1", "sum_of": ["vlan10", "vlan20"], "mac": "D4:CA:6D:26:05:F7"},
            {"name": "vlan10", "type": "vlan", "vlan_id": 10, "comment": HOSTILE, "traffic": SINGLE},
            {"name": "vlan20", "type": "vlan", "vlan_id": 20, "traffic": SINGLE},
            {"name": "ether 4", "traffic": {"mean": "1M"}},
        ],
        **CARRIED,
    }


@pytest.fixture(scope="package")
def shared_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """One network for all tests of this room; each leaves it as it found it."""
    devices: list[dict[str, Any]] = [
        core(),
        core() | {"id": "old-1", "version": "6.40.5"},
        core() | {"id": "mid-1", "version": "6.44.2"},
        core() | {"id": "latin-1", "encoding": "latin-1", "interfaces": [{"name": "Zürich", "traffic": SINGLE}],
                  "queues": [], "pings": []},
        {"id": "switch-1", "kind": "snmp", "community": "public",
         "snmp_users": [{"name": "u", "auth_protocol": "SHA256", "auth_key": "authauth1",
                         "privacy_protocol": "AES128", "privacy_key": "privpriv1"}],
         "interfaces": [{"name": f"ge-0/0/{port}", "comment": f"port {port}", "traffic": SINGLE} for port in range(48)],
         "queues": [{"name": "guest", "traffic": SINGLE}]},
    ]  # fmt: skip
    with network(tmp_path_factory.mktemp("network"), devices) as running:
        yield running


@pytest.fixture
def net(shared_network: Network) -> Iterator[Network]:
    """The shared network, whole again after the test."""
    yield shared_network
    for device in shared_network.ports:
        shared_network.repair(device)
