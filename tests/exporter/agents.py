"""An SNMP agent for the exporter's tests: a MikroTik with the interfaces a test gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from devices.snmp.interfaces import IF_HC_IN_OCTETS, IF_HC_OUT_OCTETS, IF_NAME, IF_OPER_STATUS
from devices.snmp.system import SYS_DESCR, SYS_UP_TIME
from tests.devices.scripted_agent import PROTOCOL, SYS_OBJECT_ID, Cell, Question, integer, octets

END: Cell = ("1.3.6.1.2.1.99.0", integer(1))
ROUTER: dict[str, Any] = {
    SYS_DESCR: octets(b"RouterOS RB5009"),
    SYS_OBJECT_ID: PROTOCOL.ObjectIdentifier("1.3.6.1.4.1.14988.1"),
    SYS_UP_TIME: PROTOCOL.TimeTicks(500),
}


def snmp(port: int) -> dict[str, Any]:
    """A device of the inventory that is a scripted agent."""
    access = {"version": "2c", "community": "${ROUTER_PASSWORD}"}
    return {"id": "core-1", "driver": "snmp", "host": "127.0.0.1", "port": port, "timeout_seconds": 8, "snmp": access}


def answer(question: Question, *names: bytes, more: Mapping[str, Sequence[Any]] | None = None) -> Sequence[Cell]:
    """As a MikroTik with these interfaces, all up, each with 100 bytes in and 200 out, and with `more` columns."""
    columns = {
        IF_NAME: [octets(name) for name in names],
        IF_OPER_STATUS: [integer(1)] * len(names),
        IF_HC_IN_OCTETS: [PROTOCOL.Counter64(100)] * len(names),
        IF_HC_OUT_OCTETS: [PROTOCOL.Counter64(200)] * len(names),
        **(more or {}),
    }
    if not question.is_bulk:
        return [(oid, ROUTER[oid]) for oid in question.oids if oid in ROUTER]
    cells = columns.get(question.oids[0], [])
    return [*((f"{question.oids[0]}.{index}", cell) for index, cell in enumerate(cells, start=1)), END]
