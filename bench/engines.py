"""The columns of 1,000 interfaces through each SNMP engine, and through snmpbulkwalk: reading alone, per cell."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path
from statistics import median

from bench.common import Row, compared, inside_namespace, own_cpu, print_json
from bench.snmp import INTERFACES, NOTHING, agent, make_interfaces, walk
from devices.addresses import Endpoint
from devices.session import Deadline
from devices.snmp.gufo_engine import GufoEngine
from devices.snmp.interfaces import COLUMNS
from devices.snmp.pysnmp_engine import PysnmpEngine
from devices.snmp.walk import Walker
from inventory.models import SnmpSettings
from inventory.secrets import Secret

CELLS = (INTERFACES + 1) * len(COLUMNS)  # the loopback is one more


def measure() -> list[Row]:
    """Run `measure_inside` in a network namespace of its own."""
    return inside_namespace("bench.engines")


def measure_inside() -> list[Row]:
    """CPU a cell: the engine in use against the other one, and against the program."""
    make_interfaces()
    with tempfile.TemporaryDirectory() as folder, agent(Path(folder)) as port:
        endpoint = Endpoint(socket.AF_INET, ("127.0.0.1", port))
        settings = SnmpSettings(version="2c", community=Secret("public"))
        gufo = read(Walker(GufoEngine(endpoint, settings, Deadline(60))), times=10)
        pysnmp = read(Walker(PysnmpEngine(endpoint, settings, Deadline(60))), times=2)
        program = median(walk(port).cpu for _ in range(5))
        starts = median(walk(port, NOTHING).cpu for _ in range(5))
    what = "engines: CPU a cell, gufo-snmp"
    return [
        compared(f"{what} (peer: snmpbulkwalk)", gufo / CELLS, program / CELLS, microseconds),
        compared(
            f"{what} (peer: snmpbulkwalk less its starts)", gufo / CELLS, (program - starts) / CELLS, microseconds
        ),
        compared(f"{what} (peer: pysnmp)", gufo / CELLS, pysnmp / CELLS, microseconds),
    ]


def read(walker: Walker, times: int) -> float:
    """Processor seconds of reading all columns once."""

    def read_all() -> None:
        columns = walker.columns(COLUMNS, Deadline(60))
        assert sum(map(len, columns.values())) == CELLS

    try:
        return own_cpu(read_all, times)
    finally:
        walker.close()


def microseconds(seconds: float) -> str:
    return f"{seconds * 1e6:.2f} us"


if __name__ == "__main__":
    print_json(measure_inside())
