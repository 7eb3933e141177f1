"""MikroTik's simple queues and PPPoE sessions, as far as SNMP shows them."""

from __future__ import annotations

from collections.abc import Mapping

from devices.session import Deadline, PppoeSession, Queue
from devices.snmp.cells import counter, text
from devices.snmp.engine import Value
from devices.snmp.interfaces import IF_NAME, IF_OPER_STATUS
from devices.snmp.walk import Column, Walker

# MIKROTIK-MIB mtxrQueueSimpleTable. In and Out are the target's, not the router's: on an RB433GL with
# RouterOS 7.18 a queue's BytesIn follow ifHCOutOctets of the one interface its target is on. The table
# has no limits. Its byte counters are 64 bits, its drop counters 32.
QUEUE_NAME, QUEUE_BYTES_IN, QUEUE_BYTES_OUT, QUEUE_DROPPED_IN, QUEUE_DROPPED_OUT = (
    f"1.3.6.1.4.1.14988.1.1.2.1.1.{column}" for column in (2, 8, 9, 14, 15)
)
_QUEUE_COLUMNS = (QUEUE_NAME, QUEUE_BYTES_IN, QUEUE_BYTES_OUT, QUEUE_DROPPED_IN, QUEUE_DROPPED_OUT)

# MIKROTIK-MIB mtxrInterfaceStatsName. RouterOS leaves PPP interfaces out of IF-MIB where there are many, never out of
# this table (FreeRADIUS' checkrad reads it for that reason).
INTERFACE_STATS_NAME = "1.3.6.1.4.1.14988.1.1.14.1.1.2"

_PPPOE_PREFIX, _PPPOE_SUFFIX = "<pppoe-", ">"
_IF_UP = 1


def read_queues(walker: Walker, deadline: Deadline) -> list[Queue]:
    """All simple queues. Raises DeviceError."""
    return parse_queues(walker.columns(_QUEUE_COLUMNS, deadline))


def parse_queues(columns: Mapping[str, Column]) -> list[Queue]:
    """One row per queue that has a name."""
    return [
        Queue(
            key=index,
            name=name,
            upload_bytes=counter(columns[QUEUE_BYTES_OUT].get(index)),
            download_bytes=counter(columns[QUEUE_BYTES_IN].get(index)),
            upload_drops=counter(columns[QUEUE_DROPPED_OUT].get(index)),
            download_drops=counter(columns[QUEUE_DROPPED_IN].get(index)),
        )
        for index, cell in columns[QUEUE_NAME].items()
        if (name := text(cell))
    ]


def read_pppoe_sessions(walker: Walker, deadline: Deadline) -> list[PppoeSession]:
    """The PPPoE sessions that are up. Raises DeviceError, also where the names cannot be read to their end.

    Who is missing is taken to be cut off, so an agent without any such name is one where all of them are.
    """
    columns = {oid: walker.whole_column(oid, deadline) for oid in (IF_NAME, IF_OPER_STATUS)}
    if not any(map(_is_session, columns[IF_NAME].values())):
        columns |= {INTERFACE_STATS_NAME: walker.whole_column(INTERFACE_STATS_NAME, deadline)}
    return parse_pppoe_sessions(columns)


def parse_pppoe_sessions(columns: Mapping[str, Column]) -> list[PppoeSession]:
    """The interfaces RouterOS made for PPPoE users, `<pppoe-USER>`: each is there for as long as its session."""
    status = columns[IF_OPER_STATUS]
    cells = [cell for index, cell in columns[IF_NAME].items() if status.get(index, _IF_UP) == _IF_UP]
    names = [
        text(cell) or "" for cell in (*cells, *columns.get(INTERFACE_STATS_NAME, {}).values()) if _is_session(cell)
    ]
    return [PppoeSession(user=name[len(_PPPOE_PREFIX) : -len(_PPPOE_SUFFIX)], interface=name) for name in names]


def _is_session(cell: Value) -> bool:
    name = text(cell) or ""
    return name.startswith(_PPPOE_PREFIX) and name.endswith(_PPPOE_SUFFIX)
