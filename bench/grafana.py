"""50 tenants with four panels each, through the portal's proxy, the stand-in for Grafana and the gateway to Prometheus.

Each tenant has a circuit of his own, so that no answer is shared. Twice: spread as open dashboards refresh, and all at
one moment. Beside it the same queries to Prometheus itself, by one who asks one after the other.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import psutil
import requests
from sqlalchemy import Table

from bench.common import Row, compared, milliseconds
from inventory.database import open_database
from inventory.registry import people, tables
from inventory.registry.people import NewUser, User
from inventory.registry.schema import prepare
from inventory.registry.scope import SERVICE, Registry, Transaction
from portal.grafana.rebuild import step_of
from portal.queries import CATALOGUE
from portal.queries import bind as put_in
from tests.harness import answers, free_port, program, service
from tests.portal.grafana.conftest import Stack, running
from tests.portal.templates import VAULT
from tests.portal.world import MBPS, SKY, World, fill

USERS, PANELS = 50, ("1", "2", "3", "4")
REFRESH_SECONDS, ROUNDS = 10.0, 4  # a panel's shortest refresh is 30 s; three times as often
HOURS, RECORDED_SECONDS = 25, 60
LIMIT_SECONDS = 0.3

_SERIES = {
    "circuit:download_bits_per_second:rate5m": 150.0 * MBPS,
    "circuit:upload_bits_per_second:rate5m": 40.0 * MBPS,
    "circuit:ping_rtt_seconds:mean5m": 0.012,
    "circuit:ping_loss:ratio_rate5m": 0.0,
    "circuit:up:avg5m": 1.0,
    'circuit:committed_bits_per_second:max{direction="download"': 200.0 * MBPS,
    "circuit:sla_latency_seconds:max": 0.05,
    "circuit:sla_loss_ratio:max": 0.01,
}


def measure() -> list[Row]:
    """p95 of a panel against the limit, and what a panel costs beside its query."""
    with tempfile.TemporaryDirectory() as name, _prometheus(Path(name)) as prometheus:
        folder = Path(name)
        database = f"sqlite:///{folder / 'portal.db'}"
        registry = Registry(open_database(database))
        prepare(registry.engine)
        world = _many(registry)
        for stack in running(folder, database, registry, world, prometheus):
            crowd = [_browser(stack, number) for number in range(USERS)]
            _round(stack, crowd, 0.0)  # connections, caches of expressions
            before = _cpu()
            spread = [one for _ in range(ROUNDS) for one in _round(stack, crowd, REFRESH_SECONDS)]
            cost = {name: (used - before[name]) / len(spread) for name, used in _cpu().items()}
            at_once = _round(stack, crowd, 0.0)
            before = _cpu()
            direct = _direct(stack, prometheus)
            directly = (_cpu()["prometheus"] - before["prometheus"]) / len(direct)
        registry.engine.dispose()
    return _rows(spread, at_once, direct, cost, directly)


def _rows(
    spread: Sequence[float],
    at_once: Sequence[float],
    direct: Sequence[float],
    cost: Mapping[str, float],
    directly: float,
) -> list[Row]:
    p95 = quantiles(spread, n=20)[-1]
    where = ", ".join(f"{name} {milliseconds(used)}" for name, used in cost.items())
    limit = milliseconds(LIMIT_SECONDS)
    return [
        Row(f"grafana: a panel of {USERS} users x {len(PANELS)}, refreshed every {REFRESH_SECONDS:g} s, p95",
            milliseconds(p95), milliseconds(quantiles(direct, n=20)[-1]), limit=limit, met=p95 < LIMIT_SECONDS),
        compared("grafana: the same, p50 (peer: the query to Prometheus itself)", median(spread), median(direct)),
        Row(f"grafana: all {len(at_once)} at one moment, p95", milliseconds(quantiles(at_once, n=20)[-1]), ""),
        Row(f"grafana: CPU of a panel ({where})", milliseconds(sum(cost.values())), milliseconds(directly)),
    ]  # fmt: skip


def _round(stack: Stack, crowd: Sequence[tuple[requests.Session, str]], seconds: float) -> list[float]:
    """Everybody's panels once, each user at his own moment within `seconds`, his panels together."""
    with ThreadPoolExecutor(len(crowd) * len(PANELS)) as pool:
        began, waiting = time.monotonic(), []
        for number, (browser, circuit) in enumerate(crowd):
            time.sleep(max(0.0, began + seconds * number / len(crowd) - time.monotonic()))
            waiting += [pool.submit(_draw, stack, browser, panel, circuit) for panel in PANELS]
        found = [one.result() for one in waiting]
        time.sleep(max(0.0, began + seconds - time.monotonic()))
    return found


def _draw(stack: Stack, browser: requests.Session, panel: str, circuit: str) -> float:
    """Wall seconds of one panel with its day."""
    began = time.perf_counter()
    answer = stack.draw(browser, "tenant-circuit", panel, places={"circuit": circuit}, hours=24)
    wall = time.perf_counter() - began
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"]["A"]["frames"], "a panel without figures"
    return wall


def _direct(stack: Stack, prometheus: str) -> list[float]:
    """Wall seconds of the queries of one panel to Prometheus, for every panel of everybody."""
    session, end, found = requests.Session(), int(time.time()), []
    for number in range(USERS):
        for panel in PANELS:
            began = time.perf_counter()
            for target in stack.table["tenant-circuit"].panels[panel].values():
                entry = CATALOGUE[target.query.name]
                expr = put_in(entry, isp=SKY.id, tenant=f"t{number}", circuit=f"t{number}-main")
                form = {"query": expr, "start": str(end - 86_400), "end": str(end), "step": str(step_of(86_400))}
                session.post(f"{prometheus}/api/v1/query_range", data=form, timeout=10).raise_for_status()
            found.append(time.perf_counter() - began)
    return found


def _browser(stack: Stack, number: int) -> tuple[requests.Session, str]:
    return stack.browser(f"t{number}"), f"t{number}-main"


def _cpu() -> dict[str, float]:
    """Processor seconds so far of what we started, by what it is."""
    found = dict.fromkeys(("portal", "simulator.grafana", "prometheus"), 0.0)
    for process in psutil.Process().children(recursive=True):
        line = " ".join(process.cmdline())
        parent = " ".join(process.parent().cmdline()) if process.parent() else ""  # type: ignore[union-attr]
        for name in found:
            if name in line or (name == "portal" and "backhaul portal" in parent):
                times = process.cpu_times()
                found[name] += times.user + times.system
                break
    return found


def _many(registry: Registry) -> World:
    """The tests' world, and USERS tenants of its first isp with a circuit and an account each."""
    world = fill(registry, VAULT)
    with registry.write(SERVICE) as tx:
        made = {(SKY.id, f"t{number}"): _tenant(tx, f"t{number}", 100 + number) for number in range(USERS)}
    return World({**world.users, **made}, world.alerts, world.notices, world.tokens)


def _tenant(tx: Transaction, tenant: str, position: int) -> User:
    _insert(tx, tables.tenants, tenant=tenant, isp=SKY.id, kind="reseller", name=tenant, position=position)
    _insert(
        tx,
        tables.circuits,
        circuit=f"{tenant}-main",
        isp=SKY.id,
        tenant=tenant,
        position=0,
        name=tenant,
        device=SKY.device,
        attach_kind="queue",
        attach_name=tenant,
        faces="customer",
        ping="203.0.113.10",
        ping_from="server",
    )
    return people.create_user(tx, NewUser("reseller", tenant, f"{tenant}@example.net", SKY.id, tenant), by="owner")


def _insert(tx: Transaction, table: Table, **values: object) -> None:
    tx.connection.execute(table.insert().values(values))


@contextmanager
def _prometheus(folder: Path) -> Iterator[str]:
    """One that holds a day of what the rules would have recorded of everybody's circuit, and scrapes nothing."""
    end, source = int(time.time()), folder / "history.om"
    with source.open("w", encoding="ascii") as sink:
        for number in range(USERS):
            labels = f'isp="{SKY.id}",tenant="t{number}",circuit="t{number}-main"'
            for name, value in _SERIES.items():
                head = f"{name},{labels}}}" if "{" in name else f"{name}{{{labels}}}"
                sink.writelines(f"{head} {value} {when}\n" for when in range(end - HOURS * 3600, end, RECORDED_SECONDS))
        sink.write("# EOF\n")
    blocks = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=48h"]
    subprocess.run([*blocks, source, folder / "data"], check=True, stdout=subprocess.DEVNULL)
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 1m}\n", encoding="ascii")
    address = f"127.0.0.1:{free_port()}"
    command = [
        *(program("prometheus"), f"--config.file={folder / 'prometheus.yml'}"),
        *(f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={address}"),
    ]
    with service(command, folder / "prometheus.log", ready=lambda: answers(f"http://{address}/-/ready")):
        yield f"http://{address}"
