"""Both drivers against the simulated network, in its own process: every table, both RouterOS versions, TLS."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devices import open_session
from devices.session import (
    Deadline,
    DeviceError,
    Interface,
    LoginFailed,
    PppoeSession,
    Queue,
    Sensor,
    Session,
    System,
    Unreachable,
)
from inventory.models import Device, SnmpKey, SnmpSettings, Tls
from inventory.secrets import Secret
from tests.devices.certificates import self_signed
from tests.simulator.network import CARRIED, HOSTILE, PASSWORD, Network, network

ROUTER: dict[str, Any] = {
    "interfaces": [
        {"name": "vlan10", "type": "vlan", "vlan_id": 10, "comment": HOSTILE, "traffic": {"mean": "100M"}},
        {"name": "ether 4", "traffic": {"mean": "1M"}},
    ],
    **CARRIED,
}
USER = {"name": "u", "auth_protocol": "SHA256", "auth_key": "authauth1"}
USER |= {"privacy_protocol": "AES128", "privacy_key": "privpriv1"}


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory, pem: Path) -> Iterator[Network]:
    devices: list[dict[str, Any]] = [
        {"id": "v7", "version": "7.18.2", **ROUTER},
        {"id": "v6-43", "version": "6.44.2", **ROUTER},
        {"id": "v6", "version": "6.40.5", **ROUTER},
        {"id": "tls", "version": "7.18.2", "tls": {"cert": str(pem), "key": str(pem)}, **ROUTER},
        {
            "id": "switch",
            "kind": "snmp",
            "community": "public",
            "snmp_users": [USER],
            "interfaces": [
                {"name": f"ge-0/0/{i}", "comment": f"port {i}", "traffic": {"mean": "1M"}} for i in range(48)
            ],
        },
    ]
    with network(tmp_path_factory.mktemp("network"), devices) as running:
        yield running


def router(net: Network, name: str, **options: Any) -> Device:
    settings: dict[str, Any] = {"tls": Tls(enabled=False), "password": Secret(PASSWORD), **options}
    return Device(
        id=name,
        driver="routeros",
        host="127.0.0.1",
        port=net.ports[name],
        timeout_seconds=8,
        username="monitor",
        **settings,
    )


VERSIONS = ("v7", "v6-43", "v6")


@pytest.fixture(params=VERSIONS)
def session(net: Network, request: pytest.FixtureRequest) -> Iterator[Session]:
    opened = open_session(router(net, request.param), Deadline(10))
    yield opened
    opened.close()


def test_every_table_of_every_version(session: Session) -> None:
    """Login old and new, rows old and new: the same fields are filled."""
    system = session.rows(System, Deadline(10))[0]
    assert system.vendor == "MikroTik"
    assert None not in (system.version, system.boot_time, system.cpu, system.memory_used, system.memory_total)
    interfaces = {i.name: i for i in session.rows(Interface, Deadline(10))}
    vlan = interfaces["vlan10"]
    assert (vlan.up, vlan.alias) == (True, HOSTILE)
    assert (vlan.receive_bytes or 0) > 0
    assert "<pppoe-user 1>" in interfaces
    assert session.rows(PppoeSession, Deadline(10)) == [PppoeSession("user 1", None)]


def test_queues_keep_their_names_and_limits(session: Session) -> None:
    """A queue named `yes` or `123` is text; limits are bits per second."""
    queues = {queue.name: queue for queue in session.rows(Queue, Deadline(10))}
    assert {"r1001", "yes", "123"} <= queues.keys()
    assert (queues["yes"].upload_limit, queues["yes"].download_limit) == (100_000_000, 200_000_000)
    assert (queues["r1001"].download_bytes or 0) > 0


def test_sensors_are_temperatures(session: Session) -> None:
    """Whatever the board has, names and degrees."""
    assert all(sensor.name and -50 < sensor.celsius < 150 for sensor in session.rows(Sensor, Deadline(10)))


def test_pings_from_the_router(session: Session) -> None:
    """Replies in seconds, lost ones as None."""
    times = session.ping("203.0.113.10", 3, Deadline(10))
    assert len(times) == 3
    assert all(time is not None and 0.001 < time < 0.1 for time in times)
    assert session.ping("203.0.113.11", 2, Deadline(10)) == [None, None]


def test_a_wrong_password_on_every_version(net: Network) -> None:
    """Refused by the router, told as such, the session is not opened."""
    for version in VERSIONS:
        with pytest.raises(LoginFailed):
            open_session(router(net, version, password=Secret("wrong")), Deadline(10))


@pytest.mark.parametrize("fault", ["hang", "trickle", "garbage", "close", "refuse"])
def test_a_faulty_router_is_an_error_in_time(net: Network, fault: str) -> None:
    """Every fault ends in a DeviceError by the deadline, and the router is read again after its repair."""
    net.fault("v7", kind=fault)
    with pytest.raises(DeviceError):
        open_session(router(net, "v7"), Deadline(1)).rows(Interface, Deadline(1))
    net.repair("v7")
    repaired = open_session(router(net, "v7"), Deadline(10))
    assert repaired.rows(Interface, Deadline(10))
    repaired.close()


def test_tls(net: Network, pem: Path) -> None:
    """Verified by the CA the inventory names, refused without it, unverified where the operator says so."""
    with pytest.raises(Unreachable, match="certificate does not verify"):
        open_session(router(net, "tls", tls=Tls()), Deadline(10))
    for tls in (Tls(ca_file=pem), Tls(verify=False)):
        opened = open_session(router(net, "tls", tls=tls), Deadline(10))
        assert opened.rows(Interface, Deadline(10))
        opened.close()


@pytest.mark.parametrize("engine", ["gufo", "pysnmp"])
@pytest.mark.parametrize("version", ["1", "2c", "3"])
def test_the_switch_over_every_version_of_snmp(net: Network, version: Any, engine: Any) -> None:
    """48 ports, counted in 64 bits where the version can carry them."""
    settings = SnmpSettings(
        version=version,
        community=Secret("public"),
        username="u",
        auth=SnmpKey("SHA256", Secret("authauth1")),
        privacy=SnmpKey("AES128", Secret("privpriv1")),
        engine=engine,
    )
    switch = Device("switch", "snmp", "127.0.0.1", net.ports["switch"], timeout_seconds=8, snmp=settings)
    opened = open_session(switch, Deadline(20))
    ports = [i for i in opened.rows(Interface, Deadline(20)) if (i.name or "").startswith("ge-")]
    opened.close()
    assert len(ports) == 48
    assert {port.counter_bits for port in ports} == {32 if version == "1" else 64}
    assert (ports[0].name, ports[0].alias, ports[0].up) == ("ge-0/0/0", "port 0", True)
