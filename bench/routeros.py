"""A RouterOS device with 1,000 queues: what a scrape of it costs Backhaul and mktxp, side by side."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from bench.common import PEERS, Row, Scrape, Scraped, compared, scrape_in_turns, whole
from tests.exporter.served import circuit, exporter, routeros, tenant
from tests.harness import Service, free_port, listens, service
from tests.simulator.network import network

QUEUES = 1000
SCRAPES = 8
IDLE_SECONDS = 8.0
PASSWORD = "secret-of-the-router"  # what tests.exporter.served gives the exporter

# Of mktxp's collectors those that read what Backhaul reads; its other twenty are off, which favours it.
COLLECTORS = ("health", "interface", "queue")
OFF = """
    installed_packages dhcp dhcp_lease connections route pool firewall neighbor total_address_list_counts poe
    monitor netwatch public_ip wireless wireless_clients capsman capsman_clients user
"""


def measure() -> list[Row]:
    """Scrape both, in turns, each from a router of its own that is the same as the other's."""
    with (
        tempfile.TemporaryDirectory() as folder,
        network(Path(folder), [router("ours"), router("theirs")]) as net,
        exporter(Path(folder), **inventory(net.ports["ours"])) as served,
        mktxp(Path(folder), net.ports["theirs"]) as (running, url),
        requests.Session() as session,
    ):
        assert served.process is not None
        ours = Scraped("ours", f"{served.url}/probe?target=ours", served.process.pid)
        theirs = Scraped("theirs", url, running.pid)
        scrape_in_turns(session, (ours, theirs), 1)  # so that sessions are open and rates have a reading before
        before = [net.describe(side.name) for side in (ours, theirs)]
        scrape_in_turns(session, (ours, theirs), SCRAPES)
        after = [net.describe(side.name) for side in (ours, theirs)]
        check(ours.answers[-1], theirs.answers[-1], before, after)
        return rows(ours, theirs, (after[0]["logins"] - before[0]["logins"], after[1]["logins"] - before[1]["logins"]))


def rows(ours: Scraped, theirs: Scraped, logins: tuple[int, int]) -> list[Row]:
    mine, peer = ours.answers[-1], theirs.answers[-1]
    return [
        compared(f"routeros: CPU of a scrape, {QUEUES:,} queues (peer: mktxp)", ours.cpu, theirs.cpu, at_most=0.1),
        Row(f"routeros: logins in {SCRAPES} scrapes", str(logins[0]), str(logins[1]), limit="0", met=logins[0] == 0),
        compared("routeros: wall time of a scrape", ours.wall, theirs.wall),
        compared("routeros: series", mine.series, peer.series, whole),
        compared("routeros: bytes of text", len(mine.text.encode()), len(peer.text.encode()), whole),
        compared("routeros: bytes on the wire (gzip)", mine.wire_bytes, peer.wire_bytes, whole),
    ]


def check(ours: Scrape, theirs: Scrape, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """What is compared was really done: every queue is there, and both asked the router at every scrape."""
    assert ours.count("isp_circuit_download_bytes_total{") == QUEUES + 1, ours.text[:2000]
    assert ours.count("isp_circuit_bandwidth_bits_per_second{") == 2 * (QUEUES + 1)
    assert theirs.count("mktxp_queue_simple_bytes_download_total{") == QUEUES, theirs.text[:2000]
    for now, then in zip(after, before, strict=True):
        assert now["commands"] - then["commands"] >= 4 * SCRAPES, f"{now['id']} was not asked at every scrape"


def router(name: str) -> dict[str, Any]:
    ports = [{"name": f"sfp{n}", "traffic": {"mean": "500M"}} for n in range(1, 5)]
    queues = [
        {
            "name": f"r{n}",
            "target": f"10.{n // 250}.{n % 250}.0/24",
            "max_limit": {"upload": "100M", "download": "200M"},
            "traffic": {"mean": "50M"},
        }
        for n in range(QUEUES)
    ]
    return {"id": name, "users": {"monitor": PASSWORD}, "interfaces": ports, "queues": queues}


def inventory(port: int) -> dict[str, Any]:
    """A circuit on every queue, and one on a port, so that interfaces are read too."""
    circuits = [circuit(f"c{n}", "ours", {"queue": f"r{n}"}) for n in range(QUEUES)]
    uplink = circuit("uplink", "ours", {"interface": "sfp1"})
    return {"devices": [routeros("ours", port)], "tenants": [tenant("r1", uplink, *circuits)]}


@contextmanager
def mktxp(folder: Path, router_port: int) -> Iterator[tuple[Service, str]]:
    """Run mktxp with its default settings, but for the collectors; yields it and the address of its metrics."""
    port, log = free_port(), folder / "mktxp.log"
    switches = [*(f"{name} = True" for name in COLLECTORS), *(f"{name} = False" for name in OFF.split())]
    entry = ["[theirs]", "hostname = 127.0.0.1", f"port = {router_port}", "username = monitor"]
    (folder / "mktxp.conf").write_text(
        "\n".join([*entry, f"password = {PASSWORD}", *switches, "[default]", "enabled = True", ""]), "utf-8"
    )
    # It answers from its cache for 5 s; we come later than that.
    (folder / "_mktxp.conf").write_text(f"[MKTXP]\nlisten = 127.0.0.1:{port}\nminimal_collect_interval = 5\n", "utf-8")
    program = Path(os.environ.get("MKTXP") or PEERS / "mktxp")
    env = dict(os.environ) | {"PYTHONUNBUFFERED": "1"}
    with service([program, "--cfg-dir", folder, "export"], log, ready=lambda: listens(port), env=env) as running:
        yield running, f"http://127.0.0.1:{port}/metrics"
