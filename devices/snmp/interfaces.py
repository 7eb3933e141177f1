"""IF-MIB (RFC 2863): the interfaces of any agent, with 64-bit counters where there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from devices.session import Deadline, Interface
from devices.snmp.cells import counter, number, text
from devices.snmp.engine import Value
from devices.snmp.walk import Column, Walker

_IF = "1.3.6.1.2.1.2.2.1"
_IFX = "1.3.6.1.2.1.31.1.1.1"

IF_DESCR = f"{_IF}.2"
IF_OPER_STATUS = f"{_IF}.8"
IF_IN_OCTETS = f"{_IF}.10"
IF_IN_DISCARDS = f"{_IF}.13"
IF_IN_ERRORS = f"{_IF}.14"
IF_OUT_OCTETS = f"{_IF}.16"
IF_OUT_DISCARDS = f"{_IF}.19"
IF_OUT_ERRORS = f"{_IF}.20"
IF_NAME = f"{_IFX}.1"
IF_HC_IN_OCTETS = f"{_IFX}.6"
IF_HC_OUT_OCTETS = f"{_IFX}.10"
IF_ALIAS = f"{_IFX}.18"
IF_COUNTER_DISCONTINUITY_TIME = f"{_IFX}.19"

COLUMNS = (
    IF_DESCR,
    IF_OPER_STATUS,
    IF_IN_DISCARDS,
    IF_IN_ERRORS,
    IF_OUT_DISCARDS,
    IF_OUT_ERRORS,
    IF_NAME,
    IF_HC_IN_OCTETS,
    IF_HC_OUT_OCTETS,
    IF_ALIAS,
    IF_COUNTER_DISCONTINUITY_TIME,
)
# What an interface is known by: without the others its row still stands.
_NEEDED = (IF_DESCR, IF_NAME)
# Read only where some interface has no 64-bit counters.
NARROW_COLUMNS = (IF_IN_OCTETS, IF_OUT_OCTETS)

# ifOperStatus: up(1), down(2), testing(3), unknown(4), dormant(5), notPresent(6), lowerLayerDown(7).
# RFC 2863: a testing interface passes no operational packets, and a dormant one is not in a condition to
# pass packets, so for a customer both are down, as is one whose hardware is missing.
_UP = {1: True, 2: False, 3: False, 5: False, 6: False, 7: False}


def read_interfaces(walker: Walker, deadline: Deadline) -> list[Interface]:
    """All interfaces of the agent. Raises DeviceError."""
    columns = walker.columns(COLUMNS, deadline, _NEEDED)
    if _some_lack_wide_counters(columns):
        columns |= walker.columns(NARROW_COLUMNS, deadline, _NEEDED)
    return parse_interfaces(columns)


def parse_interfaces(columns: Mapping[str, Column]) -> list[Interface]:
    """One row per ifIndex that any identifying column has; what a column does not hold is None."""
    read = [columns.get(oid, {}) for oid in (*COLUMNS, *NARROW_COLUMNS)]
    return [_interface(index, [column.get(index) for column in read]) for index in _indexes(columns)]


def _indexes(columns: Mapping[str, Column]) -> list[str]:
    """Every ifIndex, in the agent's order: some agents have rows in one of the two tables only."""
    return list(
        dict.fromkeys([*columns.get(IF_DESCR, ()), *columns.get(IF_NAME, ()), *columns.get(IF_OPER_STATUS, ())])
    )


def _some_lack_wide_counters(columns: Mapping[str, Column]) -> bool:
    received, transmitted = columns[IF_HC_IN_OCTETS], columns[IF_HC_OUT_OCTETS]
    return any(index not in received or index not in transmitted for index in _indexes(columns))


def _interface(index: str, cells: Sequence[Value]) -> Interface:
    """The row of `cells`, which are in the order of COLUMNS and NARROW_COLUMNS."""
    descr, status, in_drops, in_errors, out_drops, out_errors, *others = cells
    name, wide_in, wide_out, alias, discontinuity, narrow_in, narrow_out = others
    # Both from one width: bandwidth from a pair that wraps differently would be wrong. The 64-bit one, unless the
    # agent gives more of the other.
    wide, narrow = (counter(wide_in), counter(wide_out)), (counter(narrow_in), counter(narrow_out))
    is_wide = wide != (None, None) and wide.count(None) <= narrow.count(None)
    received, transmitted = wide if is_wide else narrow
    return Interface(
        key=index,
        name=text(name),
        descr=text(descr),
        alias=text(alias),
        up=_UP.get(number(status) or 0),
        receive_bytes=received,
        transmit_bytes=transmitted,
        receive_errors=counter(in_errors),
        transmit_errors=counter(out_errors),
        receive_drops=counter(in_drops),
        transmit_drops=counter(out_drops),
        counter_bits=64 if is_wide else 32,
        discontinuity=counter(discontinuity),
    )
