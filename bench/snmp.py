"""An agent with 1,000 interfaces: what reading it costs Backhaul, snmpbulkwalk and prometheus-snmp-exporter.

The agent is net-snmp's snmpd on real interfaces (veth pairs) of a network namespace that ends with this process.
It is written in C and keeps its tables in memory, so it answers faster than snmpsim or the simulator (Python).
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import requests

from bench.common import Cost, Row, Scraped, compared, inside_namespace, print_json, run, scrape_in_turns, whole
from devices.snmp.interfaces import COLUMNS
from devices.snmp.walk import PAGE_SIZES
from tests.exporter.served import circuit, exporter, tenant
from tests.harness import answers, free_port, program, service

INTERFACES = 1000
SCRAPES = 8
# Columns no agent has: what starting snmpbulkwalk as often costs, without any walk.
NOTHING = ["1.3.6.1.4.1.99999"] * len(COLUMNS)


def measure() -> list[Row]:
    """Run `measure_inside` in a network namespace of its own."""
    return inside_namespace("bench.snmp")


def measure_inside() -> list[Row]:
    """Scrape both exporters in turns and walk in between, all from the one agent."""
    make_interfaces()
    with (
        tempfile.TemporaryDirectory() as folder,
        agent(Path(folder)) as port,
        exporter(Path(folder), **inventory(port)) as served,
        snmp_exporter(Path(folder), port) as (pid, url),
        requests.Session() as session,
    ):
        assert served.process is not None
        ours = Scraped("ours", f"{served.url}/probe?target=agg-1", served.process.pid)
        theirs = Scraped("theirs", url, pid)
        scrape_in_turns(session, (ours, theirs), SCRAPES)
        assert ours.answers[-1].count("isp_circuit_download_bytes_total{") == INTERFACES, ours.answers[-1].text[:2000]
        assert theirs.answers[-1].count("ifHCInOctets{") >= INTERFACES, theirs.answers[-1].text[:2000]
        walks = [walk(port) for _ in range(SCRAPES)]
        starts = [walk(port, NOTHING) for _ in range(SCRAPES)]
        return rows(ours, theirs, walks, starts)


def rows(ours: Scraped, theirs: Scraped, walks: list[Cost], starts: list[Cost]) -> list[Row]:
    cpu, wall = median(cost.cpu for cost in walks), min(cost.wall for cost in walks)
    walking = cpu - median(cost.cpu for cost in starts)
    cells = f"{INTERFACES:,} interfaces x {len(COLUMNS)} columns"
    cost, lasted = "snmp: CPU of a probe", "snmp: wall time of a probe"
    peer = "prometheus-snmp-exporter"
    return [
        compared(f"{cost} (peer: snmpbulkwalk, {cells})", ours.cpu, cpu, at_most=1),
        compared(f"{cost} (peer: snmpbulkwalk less the starting of its processes)", ours.cpu, walking),
        compared(f"{cost} (peer: {peer})", ours.cpu, theirs.cpu),
        compared(f"{lasted} (peer: {peer})", ours.wall, theirs.wall, at_most=1),
        compared(f"{lasted} (peer: snmpbulkwalk)", ours.wall, wall),
        compared(f"snmp: series (peer: {peer})", ours.answers[-1].series, theirs.answers[-1].series, whole),
    ]


def walk(port: int, columns: Sequence[str] = COLUMNS) -> Cost:
    """All columns Backhaul reads, one snmpbulkwalk each, since it takes one at a time."""
    costs = [bulkwalk(port, column) for column in columns]
    return Cost(sum(cost.cpu for cost in costs), sum(cost.wall for cost in costs))


def bulkwalk(port: int, column: str) -> Cost:
    """One column with the page size we use, no MIB files read, the shortest output there is."""
    options = ["-v2c", "-c", "public", "-m", "", "-Oqn", f"-Cr{PAGE_SIZES[0]}"]
    return run(["snmpbulkwalk", *options, f"127.0.0.1:{port}", column])


def make_interfaces() -> None:
    """Loopback up, and veth pairs, all up, so that there are INTERFACES besides it."""
    pairs = range(INTERFACES // 2)
    commands = ["link set lo up", *(f"link add name p{n} type veth peer name q{n}" for n in pairs)]
    commands += [f"link set {end}{n} up" for n in pairs for end in "pq"]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, check=True)


@contextmanager
def agent(folder: Path) -> Iterator[int]:
    """snmpd, once it answers with all interfaces; yields its port."""
    port = free_port(socket.SOCK_DGRAM)
    config = folder / "snmpd.conf"
    config.write_text(f"agentaddress udp:127.0.0.1:{port}\nrocommunity public\n", encoding="utf-8")
    # -LE w: warnings only; it would write a line for every question.
    command = [program("snmpd"), "-f", "-LE", "w", "-C", "-c", str(config), "-I", "-smux"]
    environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(folder / "state"), "MIBS": ""}
    with service(command, folder / "snmpd.log", ready=lambda: has_answered(port), env=environment):
        yield port


def has_answered(port: int) -> bool:
    question = ["snmpget", "-v2c", "-c", "public", "-m", "", "-t", "1", "-r", "0", f"127.0.0.1:{port}"]
    return subprocess.run([*question, "1.3.6.1.2.1.1.3.0"], capture_output=True, check=False).returncode == 0


def inventory(port: int) -> dict[str, Any]:
    """A circuit on every interface but the loopback."""
    settings = {"version": "2c", "community": "public"}
    device = {"id": "agg-1", "driver": "snmp", "host": "127.0.0.1", "port": port, "snmp": settings}
    names = [f"{end}{n}" for n in range(INTERFACES // 2) for end in "pq"]
    circuits = [circuit(f"c-{name}", "agg-1", {"interface": name}) for name in names]
    return {"devices": [device], "tenants": [tenant("r1", *circuits)]}


@contextmanager
def snmp_exporter(folder: Path, agent_port: int) -> Iterator[tuple[int, str]]:
    """prometheus-snmp-exporter with a module of the same columns; yields its pid and the address to scrape."""
    port, config = free_port(), folder / "snmp.yml"
    config.write_text(json.dumps({"backhaul": module()}), encoding="utf-8")  # JSON is YAML
    command = [program("prometheus-snmp-exporter"), f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}"]
    url = f"http://127.0.0.1:{port}"
    with service(command, folder / "snmp_exporter.log", ready=lambda: answers(url)) as running:
        yield running.pid, f"{url}/snmp?module=backhaul&target=127.0.0.1:{agent_port}"


def module() -> dict[str, Any]:
    """A module as its generator writes one: the numbers as metrics, names as labels, our page size."""
    table, extension = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
    numbers = {
        f"{table}.8": ("ifOperStatus", "gauge"),
        f"{table}.13": ("ifInDiscards", "counter"),
        f"{table}.14": ("ifInErrors", "counter"),
        f"{table}.19": ("ifOutDiscards", "counter"),
        f"{table}.20": ("ifOutErrors", "counter"),
        f"{extension}.6": ("ifHCInOctets", "counter"),
        f"{extension}.10": ("ifHCOutOctets", "counter"),
        f"{extension}.19": ("ifCounterDiscontinuityTime", "gauge"),
    }
    texts = {f"{table}.2": "ifDescr", f"{extension}.1": "ifName", f"{extension}.18": "ifAlias"}
    assert {*numbers, *texts} == set(COLUMNS)
    lookups = [
        {"labels": ["ifIndex"], "labelname": name, "oid": oid, "type": "DisplayString"} for oid, name in texts.items()
    ]
    common = {"help": "-", "indexes": [{"labelname": "ifIndex", "type": "gauge"}], "lookups": lookups}
    metrics = [{"name": name, "oid": oid, "type": kind, **common} for oid, (name, kind) in numbers.items()]
    return {
        "walk": sorted(COLUMNS),
        "metrics": metrics,
        "version": 2,
        "max_repetitions": PAGE_SIZES[0],
        "auth": {"community": "public"},
    }


if __name__ == "__main__":
    print_json(measure_inside())
