"""Temperatures over SNMP: MikroTik's gauges, Juniper's operating table, and the standard's sensor table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from devices.session import Deadline, Sensor
from devices.snmp.cells import counter, number, text
from devices.snmp.engine import Value
from devices.snmp.sysdescr import CISCO, JUNIPER, MIKROTIK
from devices.snmp.walk import Column, Walker

# MIKROTIK-MIB mtxrGaugeTable: name, value, unit. Degrees are whole (its volts and watts are tenths).
GAUGE_NAME, GAUGE_VALUE, GAUGE_UNIT = (f"1.3.6.1.4.1.14988.1.1.3.100.1.{column}" for column in (2, 3, 4))
_GAUGE_CELSIUS = 1
# RouterOS before the gauge table: tenths of a degree in scalars.
_MTXR_SCALARS = {
    "1.3.6.1.4.1.14988.1.1.3.10.0": "temperature",
    "1.3.6.1.4.1.14988.1.1.3.11.0": "cpu-temperature",
}
# JUNIPER-MIB jnxOperatingTable.
OPERATING_DESCR, OPERATING_TEMP = (f"1.3.6.1.4.1.2636.3.1.13.1.{column}" for column in (5, 7))
# ENTITY-SENSOR-MIB (RFC 3433); CISCO-ENTITY-SENSOR-MIB has the same columns.
ENTITY_SENSORS = "1.3.6.1.2.1.99.1.1.1"
CISCO_SENSORS = "1.3.6.1.4.1.9.9.91.1.1.1.1"
ENTITY_NAME, ENTITY_DESCR = "1.3.6.1.2.1.47.1.1.1.1.7", "1.3.6.1.2.1.47.1.1.1.1.2"
_TYPE, _SCALE, _PRECISION, _VALUE, _STATUS = 1, 2, 3, 4, 5
_CELSIUS, _OK, _UNITS_SCALE = 8, 1, 9


def read_sensors(walker: Walker, enterprise: int | None, deadline: Deadline) -> list[Sensor]:
    """The temperatures of the device, from the table its vendor fills. Raises DeviceError."""
    return _READERS.get(enterprise or 0, _read_entity_sensors)(walker, deadline)


def _read_mikrotik(walker: Walker, deadline: Deadline) -> list[Sensor]:
    columns = walker.columns((GAUGE_NAME, GAUGE_VALUE, GAUGE_UNIT), deadline)
    return parse_gauges(columns) or parse_scalars(walker.get(list(_MTXR_SCALARS), deadline))


def parse_scalars(values: Mapping[str, Value]) -> list[Sensor]:
    """The scalars of older RouterOS; whatever else the agent sent is passed over."""
    return [
        Sensor(name, tenths / 10)
        for oid, name in _MTXR_SCALARS.items()
        if (tenths := number(values.get(oid))) is not None
    ]


def parse_gauges(columns: Mapping[str, Column]) -> list[Sensor]:
    """The celsius rows of mtxrGaugeTable."""
    sensors = []
    for index, unit in columns[GAUGE_UNIT].items():
        name, value = text(columns[GAUGE_NAME].get(index)), number(columns[GAUGE_VALUE].get(index))
        if unit == _GAUGE_CELSIUS and name and value is not None:
            sensors.append(Sensor(name, float(value)))
    return sensors


def _read_juniper(walker: Walker, deadline: Deadline) -> list[Sensor]:
    return parse_operating(walker.columns((OPERATING_DESCR, OPERATING_TEMP), deadline))


def parse_operating(columns: Mapping[str, Column]) -> list[Sensor]:
    """The components of jnxOperatingTable that have a sensor: the MIB gives 0 for those without."""
    sensors = []
    for index, value in columns[OPERATING_TEMP].items():
        if celsius := counter(value):
            sensors.append(Sensor(text(columns[OPERATING_DESCR].get(index)) or index, float(celsius)))
    return sensors


def _read_cisco(walker: Walker, deadline: Deadline) -> list[Sensor]:
    return _read_entity_sensors(walker, deadline, CISCO_SENSORS) or _read_entity_sensors(walker, deadline)


def _read_entity_sensors(walker: Walker, deadline: Deadline, table: str = ENTITY_SENSORS) -> list[Sensor]:
    types = walker.column(f"{table}.{_TYPE}", deadline)
    celsius = [index for index, kind in types.items() if kind == _CELSIUS]
    if not celsius:
        return []
    columns = walker.columns([f"{table}.{column}" for column in (_SCALE, _PRECISION, _VALUE, _STATUS)], deadline)
    names = walker.columns((ENTITY_NAME, ENTITY_DESCR), deadline)
    sensors = []
    for index in celsius:
        cells = [columns[f"{table}.{column}"].get(index) for column in (_SCALE, _PRECISION, _VALUE, _STATUS)]
        degrees = scaled(*(number(cell) for cell in cells))
        if degrees is not None:
            name = text(names[ENTITY_NAME].get(index)) or text(names[ENTITY_DESCR].get(index)) or index
            sensors.append(Sensor(name, degrees))
    return sensors


def scaled(scale: int | None, precision: int | None, value: int | None, status: int | None) -> float | None:
    """The value of an entity sensor that works: SI prefix (9 is units, steps of 1000), then decimal places."""
    if value is None or status != _OK or scale is None or not 1 <= scale <= 17:
        return None
    if precision is None or not -8 <= precision <= 9:
        return None
    return float(value * 10.0 ** (3 * (scale - _UNITS_SCALE) - max(precision, 0)))


_READERS: dict[int, Callable[[Walker, Deadline], list[Sensor]]] = {
    MIKROTIK: _read_mikrotik,
    JUNIPER: _read_juniper,
    CISCO: _read_cisco,
}
