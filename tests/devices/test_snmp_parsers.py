"""SNMP values to rows, for any value an agent may send."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.boottime import SteadyBootTime
from devices.session import Interface, PppoeSession, Sensor
from devices.snmp import interfaces, queues, sensors, sysdescr, system
from devices.snmp.cells import counter, number, text

VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.integers(-(2**63), 2**64), st.floats(), st.binary(max_size=40), st.text(max_size=20)
)
COLUMN = st.dictionaries(st.integers(1, 5).map(str), VALUES, max_size=5)


def table(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, dict[str, Any]]]:
    return st.fixed_dictionaries(dict.fromkeys(names, COLUMN))


@given(table((*interfaces.COLUMNS, *interfaces.NARROW_COLUMNS)))
def test_any_interface_table_gives_rows_of_the_right_types(columns: dict[str, dict[str, Any]]) -> None:
    """No cell of a wrong type reaches a row or costs another cell."""
    for row in interfaces.parse_interfaces(columns):
        assert row.name is None or isinstance(row.name, str)
        for count in (row.receive_bytes, row.transmit_bytes, row.receive_errors, row.transmit_drops, row.discontinuity):
            assert count is None or count >= 0
        assert row.up in (True, False, None)
        assert row.counter_bits in (32, 64)


@given(table((sensors.GAUGE_NAME, sensors.GAUGE_VALUE, sensors.GAUGE_UNIT)))
def test_any_gauge_table(columns: dict[str, dict[str, Any]]) -> None:
    """Gauges of any shape give sensors or nothing."""
    assert all(isinstance(sensor.celsius, float) for sensor in sensors.parse_gauges(columns))


@given(
    table(
        (
            queues.QUEUE_NAME,
            queues.QUEUE_BYTES_IN,
            queues.QUEUE_BYTES_OUT,
            queues.QUEUE_DROPPED_IN,
            queues.QUEUE_DROPPED_OUT,
        )
    ),
    table((interfaces.IF_NAME, interfaces.IF_OPER_STATUS)),
    table((sensors.OPERATING_DESCR, sensors.OPERATING_TEMP)),
)
def test_any_vendor_table(
    queue: dict[str, dict[str, Any]], names: dict[str, dict[str, Any]], operating: dict[str, dict[str, Any]]
) -> None:
    """Queues, sessions and Juniper's components of any shape give rows or nothing."""
    assert all(row.name for row in queues.parse_queues(queue))
    assert all(row.interface for row in queues.parse_pppoe_sessions(names))
    assert all(row.celsius for row in sensors.parse_operating(operating))


@given(st.one_of(st.none(), st.integers(0, 2**32)), st.text(max_size=300), VALUES)
def test_no_sysdescr_raises(enterprise: int | None, description: str, object_id: Any) -> None:
    """Whatever an agent calls itself, a model and a version are text or None."""
    for known in (enterprise, sysdescr.MIKROTIK, sysdescr.CISCO, sysdescr.JUNIPER, sysdescr.HUAWEI):
        assert sysdescr.model_of(known, description) != ""
        assert sysdescr.version_of(known, description) != ""
    assert sysdescr.enterprise_of(object_id) is None or isinstance(object_id, str)
    assert sysdescr.vendor_of(enterprise) is None or enterprise


@pytest.mark.parametrize(
    ("enterprise", "description", "identity"),
    [
        (14988, "RouterOS CCR2116-12G-4S+", ("CCR2116-12G-4S+", None)),
        (14988, "router", (None, None)),
        (9, "Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(55)SE7, R", ("C2960", "12.2(55)SE7")),
        (9, '"Cisco IOS Software [Fuji], Catalyst L3 Switch Software (CAT3K), Version 16.9.6, R\n', (None, "16.9.6")),
        (9, "Cisco IOS XR Software (Cisco ASR9K Series),  Version 5.3.3[Default]", (None, "5.3.3")),
        (2636, "Juniper Networks, Inc. mx204 internet router, kernel JUNOS 21.4R3-S5.4, B", ("mx204", "21.4R3-S5.4")),
        (2011, "S57\r\nHuawei VRP\r\n VRP (R) software,Version 5.170 (S5720 V200R010C00SPC600)", ("S5720", "5.170")),
        (None, "Linux router 6.1.0", (None, None)),
    ],
)
def test_sysdescr(enterprise: int | None, description: str, identity: tuple[str | None, str | None]) -> None:
    """Models and versions as vendors write them."""
    assert (sysdescr.model_of(enterprise, description), sysdescr.version_of(enterprise, description)) == identity


@given(VALUES)
def test_a_cell_is_its_type_or_none(value: Any) -> None:
    """Numbers are numbers, counters are not negative, text is never empty."""
    assert number(value) is None or isinstance(value, int)
    assert (counter(value) or 0) >= 0
    assert text(value) != ""


def test_both_counters_come_from_one_width() -> None:
    """With one 64-bit counter missing, both are read from the 32-bit table."""
    columns: dict[str, dict[str, Any]] = {
        interfaces.IF_DESCR: {"1": b"eth0"},
        interfaces.IF_HC_IN_OCTETS: {"1": 5_000_000_000},
        interfaces.IF_IN_OCTETS: {"1": 705_032_704},
        interfaces.IF_OUT_OCTETS: {"1": 10},
    }
    assert interfaces.parse_interfaces(columns) == [
        Interface(key="1", descr="eth0", receive_bytes=705_032_704, transmit_bytes=10, counter_bits=32)
    ]


def test_one_64_bit_counter_is_better_than_none() -> None:
    """With one 64-bit counter missing and no 32-bit table, the other one is still read."""
    columns: dict[str, dict[str, Any]] = {
        interfaces.IF_DESCR: {"1": b"eth0"},
        interfaces.IF_HC_IN_OCTETS: {"1": 5_000_000_000},
    }
    assert interfaces.parse_interfaces(columns) == [
        Interface(key="1", descr="eth0", receive_bytes=5_000_000_000, counter_bits=64)
    ]


@pytest.mark.parametrize(
    ("status", "up"),
    [(1, True), (2, False), (3, False), (4, None), (5, False), (6, False), (7, False), (8, None), (None, None)],
)
def test_oper_status(status: int | None, up: bool | None) -> None:  # noqa: FBT001 - the expected value
    """Only up(1) is up; unknown(4) and what the standard does not know stay unknown."""
    columns: dict[str, dict[str, Any]] = {interfaces.IF_DESCR: {"1": b"eth0"}, interfaces.IF_OPER_STATUS: {"1": status}}
    assert interfaces.parse_interfaces(columns)[0].up is up


@pytest.mark.parametrize(
    ("host", "agent", "engine", "seconds"),
    [
        (None, 5000, None, 50.0),
        (9000, 5000, None, 90.0),  # the agent was restarted, the host was not
        (None, 100, 42949673, 42949673.96),  # 497 days and one second: the ticks have wrapped once
        (9000, 5000, 50, 90.0),  # the engine is as old as the agent
        (None, None, 3703088, 3703088.0),
        (None, None, None, None),
        (-1, None, None, None),
    ],
)
def test_uptime(host: int | None, agent: int | None, engine: int | None, seconds: float | None) -> None:
    """The host's uptime before the agent's, wraps counted by the engine's clock."""
    scalars = {system.HR_SYSTEM_UPTIME: host, system.SYS_UP_TIME: agent, system.SNMP_ENGINE_TIME: engine}
    assert system.uptime_seconds(scalars) == (None if seconds is None else pytest.approx(seconds, abs=0.01))


@pytest.mark.parametrize(
    ("scale", "precision", "value", "status", "celsius"),
    [
        (9, 0, 42, 1, 42.0),
        (9, 1, 425, 1, 42.5),
        (8, 0, 42500, 1, 42.5),  # milli
        (9, 0, 42, 2, None),  # unavailable
        (9, 0, None, 1, None),
        (99, 0, 42, 1, None),
        (None, 0, 42, 1, None),
    ],
)
def test_entity_sensors(
    scale: int | None, precision: int | None, value: int | None, status: int | None, celsius: float | None
) -> None:
    """SI prefix and decimal places of RFC 3433; a sensor that does not work has no value."""
    assert sensors.scaled(scale, precision, value, status) == (None if celsius is None else pytest.approx(celsius))


def test_scalar_temperatures_are_those_asked_for() -> None:
    """Tenths of a degree by their OID; an object the agent sent unasked, or of another type, is passed over."""
    values: dict[str, Any] = {
        "1.3.6.1.4.1.14988.1.1.3.10.0": 415,
        "1.3.6.1.4.1.14988.1.1.3.11.0": b"38",
        "1.3.6.1.2.1.99.0": 1,
    }
    assert sensors.parse_scalars(values) == [Sensor("temperature", 41.5)]


def test_pppoe_sessions_by_interface_name() -> None:
    """Only RouterOS' own interfaces that are not down; a user's name may hold anything."""
    columns: dict[str, dict[str, Any]] = {
        interfaces.IF_NAME: {"1": b"ether1", "2": b"<pppoe-a b>c>", "3": b"<pppoe-down>", "4": b"<pppoe-new>"},
        interfaces.IF_OPER_STATUS: {"1": 1, "2": 1, "3": 2},
    }
    assert queues.parse_pppoe_sessions(columns) == [
        PppoeSession("a b>c", "<pppoe-a b>c>"),
        PppoeSession("new", "<pppoe-new>"),  # its state was read before it came
    ]


@given(st.floats(0, 2e9), st.lists(st.floats(-2, 2), max_size=20))
def test_a_boot_time_stays_while_it_only_jitters(boot: float, jitter: list[float]) -> None:
    """Two seconds of noise around one boot time give one value; an hour later is another boot."""
    steady = SteadyBootTime()
    assert len({steady.settle(boot + noise) for noise in (0.0, *jitter)}) == 1
    assert steady.settle(boot + 3600) == round(boot + 3600)
