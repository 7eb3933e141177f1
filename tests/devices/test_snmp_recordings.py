"""Recorded agents served by snmpsim, read through both engines: the same rows, and the recorded facts."""

from collections import Counter

import pytest

from devices.session import Deadline, Interface, PppoeSession, Queue, R, Sensor, System, Unsupported
from devices.snmp import open_snmp
from tests.devices.agents import community, device

RECORDINGS = (
    "airos_airos8",
    "huawei_s3050c",
    "iosxe_asr920",
    "iosxe_c3850",
    "junos_ex",
    "junos_vmx",
    "routeros_crs317",
    "routeros_rb433gl",
    "routeros_rb5009uprpsp",
    "routeros_rb750",
    "routeros_rb952ui",
)


def read(port: int, name: str, kind: type[R], *, version: str = "2c", engine: str = "gufo") -> list[R]:
    session = open_snmp(device(port, community(name, version=version, engine=engine)), Deadline(30))
    try:
        return list(session.rows(kind, Deadline(30)))
    finally:
        session.close()


@pytest.mark.parametrize("name", RECORDINGS)
def test_both_engines_give_the_same_rows(recorded_agents: int, name: str) -> None:
    """Which library asks makes no difference to any row (boot times are taken at the moment of reading)."""
    for kind in (Interface, Sensor):
        assert read(recorded_agents, name, kind) == read(recorded_agents, name, kind, engine="pysnmp")
    one, other = (read(recorded_agents, name, System, engine=engine)[0] for engine in ("gufo", "pysnmp"))
    assert (one.vendor, one.model, one.version, one.cpu, one.memory_used, one.memory_total) == (
        other.vendor,
        other.model,
        other.version,
        other.cpu,
        other.memory_used,
        other.memory_total,
    )
    assert (one.boot_time is None) == (other.boot_time is None)


@pytest.mark.parametrize("engine", ["gufo", "pysnmp"])
def test_version_1_reads_the_same_by_getnext(recorded_agents: int, engine: str) -> None:
    """An agent that speaks version 1 only gives the same interfaces, one cell at a time."""
    wide = read(recorded_agents, "airos_airos8", Interface)
    assert read(recorded_agents, "airos_airos8", Interface, version="1", engine=engine) == wide
    assert read(recorded_agents, "airos_airos8", System, version="1", engine=engine)[0].vendor == "Ubiquiti"


@pytest.mark.parametrize(
    ("name", "identity"),
    [
        ("routeros_rb433gl", ("MikroTik", "RB433GL", "7.18.2")),
        ("routeros_crs317", ("MikroTik", "CRS317-1G-16S+", "6.44.2")),
        ("routeros_rb5009uprpsp", ("MikroTik", "RB5009UPr+S+", "7.20.6")),
        ("routeros_rb952ui", ("MikroTik", None, "6.40.5")),  # its sysDescr says "router"
        ("routeros_rb750", ("MikroTik", "RB750", "5.16")),
        ("iosxe_asr920", ("Cisco", "ASR920", "17.6.2")),
        ("iosxe_c3850", ("Cisco", None, "16.9.6")),  # "Catalyst L3 Switch" is no model
        ("junos_vmx", ("Juniper", "vmx", "18.2R1.9")),
        ("junos_ex", ("Juniper", "ex3200-24t", "10.0R2.10")),
        ("huawei_s3050c", ("Huawei", "S3050C", "3.10")),
        ("airos_airos8", ("Ubiquiti", None, None)),
    ],
)
def test_identity(recorded_agents: int, name: str, identity: tuple[str | None, ...]) -> None:
    """Vendor, model and version where the agent certainly says them, else nothing."""
    system = read(recorded_agents, name, System)[0]
    assert (system.vendor, system.model, system.version) == identity


def test_processor_and_memory(recorded_agents: int) -> None:
    """The mean of the processors; RAM only; nothing where the agent has no such table."""
    crs, vmx = (read(recorded_agents, name, System)[0] for name in ("routeros_crs317", "junos_vmx"))
    assert crs.cpu == pytest.approx(0.165)
    assert (crs.memory_used, crs.memory_total) == (49655808, 1073741824)
    # Juniper's routing engine, not every component; 300 storage cells, none of them RAM.
    assert (vmx.cpu, vmx.memory_total) == (0.26, None)


@pytest.mark.parametrize("name", ["iosxe_asr920", "iosxe_c3850"])
def test_an_agent_without_uptime_has_no_boot_time(recorded_agents: int, name: str) -> None:
    """No sysUpTime: absent, not "booted just now"."""
    assert read(recorded_agents, name, System)[0].boot_time is None


def test_temperatures(recorded_agents: int) -> None:
    """Gauges in degrees, older scalars in tenths, Juniper's 0 is no sensor, other gauges are no temperature."""
    assert read(recorded_agents, "routeros_crs317", Sensor) == [
        Sensor("temperature", 45.0),
        Sensor("cpu-temperature", 36.0),
        Sensor("sfp-temperature", 45.0),
    ]
    assert read(recorded_agents, "routeros_rb5009uprpsp", Sensor) == [Sensor("cpu-temperature", 50.0)]
    assert read(recorded_agents, "routeros_rb952ui", Sensor) == [Sensor("temperature", 33.0)]
    assert read(recorded_agents, "routeros_rb433gl", Sensor) == []  # a voltage only
    assert [sensor.celsius for sensor in read(recorded_agents, "junos_ex", Sensor)] == [47.0, 47.0]


@pytest.mark.parametrize(
    ("name", "count", "wide"),
    [
        ("airos_airos8", 9, 0),
        ("huawei_s3050c", 52, 0),
        ("iosxe_asr920", 37, 36),
        ("iosxe_c3850", 174, 0),
        ("junos_ex", 66, 66),
        ("junos_vmx", 59, 59),
        ("routeros_crs317", 20, 20),
        ("routeros_rb433gl", 14, 14),
        ("routeros_rb5009uprpsp", 13, 13),
        ("routeros_rb750", 10, 10),
        ("routeros_rb952ui", 12, 12),
    ],
)
def test_interfaces_and_their_counter_width(recorded_agents: int, name: str, count: int, wide: int) -> None:
    """Every interface is there; 64-bit counters where the agent has them, 32-bit ones in their place."""
    interfaces = read(recorded_agents, name, Interface)
    assert len(interfaces) == count
    assert sum(interface.counter_bits == 64 for interface in interfaces) == wide


def test_what_an_interface_row_holds(recorded_agents: int) -> None:
    """Names, aliases, state and counters land in their fields."""
    rows = {interface.key: interface for interface in read(recorded_agents, "routeros_rb433gl", Interface)}
    guest = rows["12"]
    assert (guest.name, guest.descr, guest.alias) == ("Vlan2", "Vlan2", "Guest7")
    assert (guest.receive_bytes, guest.transmit_bytes, guest.counter_bits) == (49740277, 818771829, 64)
    assert rows["1"].alias is None
    cisco = {interface.key: interface for interface in read(recorded_agents, "iosxe_asr920", Interface)}
    assert (cisco["2"].name, cisco["2"].descr) == ("Gi0/0/1", "GigabitEthernet0/0/1")
    assert (cisco["2"].alias, cisco["2"].discontinuity) == ("AR1222C-PE01 Gi9", 4599)


def test_names_that_repeat_are_kept_apart(recorded_agents: int) -> None:
    """The ASR920 lists three ports twice (its MPLS rows): by ifIndex they are different interfaces."""
    interfaces = read(recorded_agents, "iosxe_asr920", Interface)
    repeated = [name for name, times in Counter(interface.name for interface in interfaces).items() if times > 1]
    assert len(repeated) == 3
    assert len({interface.key for interface in interfaces}) == 37


def test_counters_past_32_bits(recorded_agents: int) -> None:
    """A 64-bit counter is read whole."""
    assert max(i.transmit_bytes or 0 for i in read(recorded_agents, "routeros_rb5009uprpsp", Interface)) > 2**32


def test_an_interface_whose_hardware_is_missing_is_down(recorded_agents: int) -> None:
    """The state notPresent(6) of ifOperStatus is not up."""
    assert sum(i.up is False for i in read(recorded_agents, "routeros_rb5009uprpsp", Interface)) >= 1
    assert all(i.up is not None for i in read(recorded_agents, "routeros_rb5009uprpsp", Interface))


def test_simple_queues(recorded_agents: int) -> None:
    """A queue's download is what the router transmits to its target's interface (Vlan2 above)."""
    queues = read(recorded_agents, "routeros_rb433gl", Queue)
    assert len(queues) == 4
    assert queues[0] == Queue(
        key="21",
        name="guest",
        upload_bytes=48665868,
        download_bytes=808891769,
        upload_drops=713,
        download_drops=242457,
    )


def test_a_table_only_mikrotik_has(recorded_agents: int) -> None:
    """Empty on a MikroTik without any, unsupported elsewhere: nobody takes one for the other."""
    assert read(recorded_agents, "routeros_crs317", Queue) == []
    assert read(recorded_agents, "routeros_crs317", PppoeSession) == []
    for kind in (Queue, PppoeSession):
        with pytest.raises(Unsupported, match="MikroTik"):
            read(recorded_agents, "junos_vmx", kind)
