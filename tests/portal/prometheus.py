"""A real Prometheus with the shipped rules, thirty days of the world's history, and things in every state now.

`filled_prometheus` is one for all tests; `services_with_figures` and `app_with_figures` are the portal's own on it. The
circuits `Measured.circuits` are no part of the registry: they show states.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask

from portal.app import create_app
from portal.prometheus import Prometheus
from portal.services import Services
from tests.harness import answers, free_port, program, service, wait_until
from tests.portal import own_metrics
from tests.portal.world import ISPS, MBPS, SKY, Isp
from tests.prometheus import files

DAY, HOUR, MINUTE = 86_400, 3_600, 60
NIGHT = range(8 * HOUR, 10 * HOUR)  # seconds before the start for which there is no history: a gap in the charts
PLAN = {"download": 200 * MBPS, "upload": 100 * MBPS}  # the world's
USED = 0.5  # of the plan: what every circuit of the registry carries

# Circuits that are in a state, by its name: of SKY's first reseller, on its device.
STATES = ("up", "idle", "down", "no-session", "busy-queue", "still-queue", "nothing", "window", "stale")

_CONFIG = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [rules/*.yml]
scrape_configs:
  - job_name: backhaul-exporter
    static_configs: [{{targets: ["127.0.0.1:{port}"], labels: {{instance: exporter}}}}]
{own}
  - job_name: prometheus
    static_configs: [{{targets: ["{itself}"]}}]
  - job_name: backhaul-devices
    metrics_path: /probe
    static_configs:
{targets}
"""
_TARGET = """\
      - targets: ["127.0.0.1:{port}"]
        labels: {{__param_target: {device}, instance: {device}, target_isp: {isp}}}
"""

_OWN = """\
  - job_name: {job}
    metrics_path: {path}
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""

_EXPORTER = {"job": "backhaul-exporter", "instance": "exporter"}

Sample = tuple[str, Mapping[str, str], float]  # a series and its value


@dataclass(frozen=True)
class Measured:
    """Where Prometheus is, and what it knows: circuits by the state they are in, and when the history ends."""

    url: str
    circuits: Mapping[str, str]
    began: int


@pytest.fixture(scope="session")
def filled_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    """Ready once the rules have counted."""
    folder = tmp_path_factory.mktemp("prometheus")
    began = int(time.time())
    backfill(folder, began)
    with exporting() as port, running(folder, port) as url:
        wait_until(
            lambda: Prometheus(url).instant(counted(began + 3)), "the rules to count what is read now", timeout=60
        )
        yield Measured(url, {state: f"sky-{state}" for state in STATES}, began)


@pytest.fixture
def services_with_figures(services: Services, filled_prometheus: Measured) -> Services:
    """The portal's services on a database of the test's own and the Prometheus of all tests."""
    settings = replace(services.settings, prometheus_url=filled_prometheus.url)
    return replace(services, settings=settings, prometheus=Prometheus(filled_prometheus.url))


@pytest.fixture
def app_with_figures(services_with_figures: Services) -> Flask:
    return create_app(services_with_figures)


def counted(since: int) -> str:
    """What has an answer once all devices were read after `since`, and everything often enough."""
    jobs = len(own_metrics.JOBS) + len(ISPS) + 2  # and the exporter, and Prometheus itself
    # A rate needs two readings, and under load the first of some target may be late.
    return f"min(device:read:timestamp) > {since} and count(count_over_time(up[1m]) >= 3) == {jobs}"


@contextmanager
def running(folder: Path, exporter: int, more: str = "") -> Iterator[str]:
    """Prometheus on the history in `folder`, with every interval of the shipped rules a second, and `more` settings."""
    targets = "".join(_TARGET.format(port=exporter, device=isp.device, isp=isp.id) for isp in ISPS)
    own = "".join(_OWN.format(job=job, path=path, port=exporter) for job, path in own_metrics.JOBS.items())
    address = f"127.0.0.1:{free_port()}"
    config = _CONFIG.format(port=exporter, targets=targets, own=own, itself=address)
    (folder / "prometheus.yml").write_text(config + more, encoding="utf-8")
    (folder / "rules").mkdir()
    for rules in files.RULES:
        text = rules.read_text(encoding="utf-8").replace("interval: 15s", "interval: 1s")
        (folder / "rules" / rules.name).write_text(text, encoding="utf-8")
    command = [
        *(program("prometheus"), f"--config.file={folder / 'prometheus.yml'}"),
        *(f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={address}"),
        "--storage.tsdb.retention.time=40d",
    ]
    with service(command, folder / "prometheus.log", ready=lambda: answers(f"http://{address}/-/ready")):
        yield f"http://{address}"


def backfill(folder: Path, end: int) -> None:
    """Put the history before `end` into the data of the Prometheus in `folder`."""
    source = folder / "history.om"
    with source.open("w", encoding="ascii") as sink:
        sink.writelines(history_lines(end))
        sink.write("# EOF\n")
    command = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=72h"]
    # It reads the file once for each block: fifteen seconds where others work too.
    done = subprocess.run([*command, source, folder / "data"], capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    source.unlink()


def history_lines(end: int, unit: int = 1) -> Iterator[str]:
    """Thirty days: coarse where only means are drawn, of every second for the 5 minutes that rates look back.

    The times are in `unit` of a second: 1,000 for milliseconds.
    """
    coarse = [*range(end - 30 * DAY, end - 7 * DAY, HOUR), *range(end - 7 * DAY, end - 25 * HOUR, 15 * MINUTE)]
    times = [
        *coarse,
        *range(end - 25 * HOUR, end - HOUR, 4 * MINUTE),
        *range(end - HOUR, end - 6 * MINUTE, 15),
        *range(end - 6 * MINUTE, end),
    ]
    kept = [when for when in times if end - when not in NIGHT]
    for name, labels, times_of in _history(kept, end):
        head = _series(name, labels)
        yield from (f"{head} {value:.17g} {when * unit}\n" for when, value in times_of)


def _history(times: list[int], end: int) -> Iterator[tuple[str, Mapping[str, str], Iterator[tuple[int, float]]]]:
    """What the rules would have recorded, and for the last hour the counters and gauges they record from."""
    lately = [when for when in times if end - when <= HOUR]
    for name, labels, value in _recorded():
        yield name, labels, ((when, value) for when in times)
    told = [(sample, _EXPORTER) for sample in _known()]
    told += [(sample, _device(sample[1]["device"], sample[1]["isp"])) for sample in _read()]
    for (name, labels, value), target in told:
        scraped = {**labels, **target}
        yield name, scraped, ((when, _at(name, value, when)) for when in lately)
    yield (
        "isp_circuit_up",
        {**_of("stale"), **_EXPORTER},
        ((when, 1.0) for when in lately if end - when > 2 * MINUTE),
    )


def _device(device: str, isp: str) -> dict[str, str]:
    return {"job": "backhaul-devices", "instance": device, "target_isp": isp}


def _recorded() -> Iterator[Sample]:
    for isp in ISPS:
        for circuit in _lines(isp):
            for way, bought in PLAN.items():
                yield f"circuit:{way}_bits_per_second:rate5m", circuit, bought * USED
                yield "circuit:committed_bits_per_second:max", {**circuit, "direction": way}, float(bought)
            yield "circuit:utilization:ratio_rate5m", circuit, USED
            yield "circuit:up:avg5m", circuit, 1.0
            yield "circuit:ping_rtt_seconds:mean5m", circuit, 0.012
            yield "circuit:ping_loss:ratio_rate5m", circuit, 0.0
            yield "circuit:sla_latency_seconds:max", circuit, 0.05
            yield "circuit:sla_loss_ratio:max", circuit, 0.01
        for tenant in isp.resellers:
            of = {"isp": isp.id, "tenant": tenant}
            count = sum(line["tenant"] == tenant for line in _lines(isp))
            for way, bought in PLAN.items():
                yield "reseller:bandwidth_bits_per_second:rate5m", {**of, "direction": way}, count * bought * USED
            yield "reseller:utilization:ratio_rate5m", of, USED
        yield "link:bandwidth_bits_per_second:rate5m", {"isp": isp.id, "link": isp.link}, 300.0 * MBPS
        for vlan in ("10", "20"):
            of = {"isp": isp.id, "link": isp.link, "vlan": vlan, "device": isp.device}
            yield "vlan:receive_bits_per_second:rate5m", of, 150.0 * MBPS
            yield "vlan:transmit_bits_per_second:rate5m", of, 50.0 * MBPS


def _known() -> Iterator[Sample]:
    """What /metrics says; a counter by its rate, which it has had since 1970."""
    for isp in ISPS:
        link = {"isp": isp.id, "link": isp.link}
        yield "isp_link_info", {**link, "measure": "max", "name": "NTTN"}, 1.0
        yield "isp_link_vlans", link, 2.0
        yield "isp_link_threshold_bits_per_second", link, 950.0 * MBPS
        yield "isp_link_maintenance", link, 0.0
        for tenant in isp.tenants:
            kind = "client" if tenant == isp.client else "reseller"
            yield "isp_tenant_info", {"isp": isp.id, "tenant": tenant, "kind": kind, "name": tenant}, 1.0
        for circuit in _lines(isp):
            yield from _circuit(circuit, isp.device)
            yield "isp_circuit_up", circuit, 1.0
            ping = {**circuit, "vantage": "server"}
            yield "isp_circuit_ping_last_rtt_seconds", ping, 0.013
            yield "isp_circuit_ping_loss_ratio", ping, 0.0
            yield "isp_circuit_ping_sent_total", ping, 1.0
            yield "isp_circuit_ping_received_total", ping, 1.0
            yield "isp_circuit_ping_rtt_seconds_sum", ping, 0.012
            yield "isp_circuit_ping_rtt_seconds_count", ping, 1.0
    for state in STATES:
        # Of a tenant of their own: the resellers of the registry keep their levels.
        yield "isp_circuit_info", {**_of(state), "device": SKY.device, "kind": "client", "name": state}, 1.0
        yield "isp_circuit_maintenance", _of(state), float(state == "window")
        if state in {"up", "idle", "down", "window"}:
            yield "isp_circuit_up", _of(state), float(state in {"up", "idle"})


def _circuit(circuit: Mapping[str, str], device: str) -> Iterator[Sample]:
    kind = "client" if circuit["tenant"].endswith("-c1") else "reseller"
    yield "isp_circuit_info", {**circuit, "device": device, "kind": kind, "name": "Line"}, 1.0
    yield "isp_circuit_maintenance", circuit, 0.0
    for way, bought in PLAN.items():
        yield "isp_circuit_committed_bits_per_second", {**circuit, "direction": way}, float(bought)
    yield "isp_circuit_sla_latency_seconds", circuit, 0.05
    yield "isp_circuit_sla_loss_ratio", circuit, 0.01


def _read() -> Iterator[Sample]:
    """What /probe says of each device."""
    for isp in ISPS:
        on = {"isp": isp.id, "device": isp.device}
        yield "isp_device_up", on, 1.0
        yield (
            "isp_device_info",
            {**on, "driver": "routeros", "vendor": "MikroTik", "model": "CCR", "version": "7.1"},
            1.0,
        )
        yield "isp_device_cpu_ratio", on, 0.25
        yield "isp_device_memory_used_bytes", on, 1e9
        yield "isp_device_memory_total_bytes", on, 4e9
        yield "isp_device_temperature_celsius", {**on, "sensor": "cpu"}, 51.0
        yield "isp_device_boot_time_seconds", on, 1.7e9
        yield "isp_device_collector_success", {**on, "collector": "circuits"}, 0.0
        yield "isp_device_collector_duration_seconds", {**on, "collector": "circuits"}, 0.02
        yield "isp_device_logins_total", on, 0.0
        for vlan in ("10", "20"):
            of = {"isp": isp.id, "link": isp.link, "vlan": vlan, "device": isp.device}
            yield "isp_vlan_up", of, 1.0
            yield "isp_vlan_capacity_bits_per_second", of, 200.0 * MBPS
            yield "isp_vlan_receive_bytes_total", of, 150.0 * MBPS / 8
            yield "isp_vlan_transmit_bytes_total", of, 50.0 * MBPS / 8
        for circuit in _lines(isp):
            for way, bought in PLAN.items():
                yield f"isp_circuit_{way}_bytes_total", {**circuit, "device": isp.device}, bought * USED / 8
                limit = {**circuit, "device": isp.device, "direction": way}
                yield "isp_circuit_limit_bits_per_second", limit, float(bought)
                yield "isp_circuit_errors_total", limit, 0.0
                yield "isp_circuit_drops_total", limit, 2.0
    yield "isp_circuit_oper_up", {**_of("no-session"), "device": SKY.device}, 0.0
    for state, octets in {"up": 1e6, "idle": 90.0, "busy-queue": 1e6, "still-queue": 0.0}.items():
        for way in PLAN:
            yield f"isp_circuit_{way}_bytes_total", {**_of(state), "device": SKY.device}, octets


def _lines(isp: Isp) -> list[dict[str, str]]:
    """The labels of the registry's circuits."""
    of = [(tenant, isp.circuit(tenant)) for tenant in isp.tenants] + [(isp.resellers[0], f"{isp.resellers[0]}-backup")]
    return [{"isp": isp.id, "tenant": tenant, "circuit": circuit} for tenant, circuit in of]


def _of(state: str) -> dict[str, str]:
    return {"isp": SKY.id, "tenant": "sky-states", "circuit": f"sky-{state}"}


def _at(name: str, value: float, when: float) -> float:
    """A counter has had its rate since 1970."""
    return value * when if name.endswith(("_total", "_sum", "_count", "_bucket")) else value


def _series(name: str, labels: Mapping[str, str]) -> str:
    return name + "{" + ",".join(f'{label}="{value}"' for label, value in labels.items() if value) + "}"


@contextmanager
def exporting() -> Iterator[int]:
    """Serves what is known and read, now; yields its port.

    In a process of its own: a test that is busy would keep a scrape waiting for longer than the second it may take, and
    after one that fails nothing is known until the next.
    """
    context = get_context("spawn")
    ours, its = context.Pipe()
    process = context.Process(target=_export, args=(its,))
    process.start()
    its.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join()


def _export(pipe: Connection) -> None:
    """Serve until the other end of the pipe, which is told the port, is closed."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Exporter)
    Thread(target=server.serve_forever, daemon=True).start()
    pipe.send(server.server_address[1])
    with suppress(EOFError):
        pipe.recv()


class _Exporter(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        now = time.time()
        said = chain(_said(self.path), own_metrics.own_metrics(self.path))
        body = "".join(
            f"{_series(name, labels)} {_at(name, value, now):.17g}\n" for name, labels, value in said
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


def _said(path: str) -> Iterator[Sample]:
    if path == "/metrics":
        return _known()
    return _of_device(path.partition("target=")[2])


def _of_device(device: str) -> Iterator[Sample]:
    return (sample for sample in _read() if sample[1].get("device") == device)
