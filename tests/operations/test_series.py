"""The time series of a backup, with the real Prometheus and the real VictoriaMetrics."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests

from backhaul.backup import manifest as manifests
from backhaul.backup.past import told_until
from tests.harness import ROOT, answers, free_port, program, service, wait_until
from tests.operations.conftest import Installation

CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: backhaul-webhook
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


class _Webhook(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(b"backhaul_webhook_oldest_pending_seconds 0\n")

    def log_message(self, *_: object) -> None:
        """Nothing of it is of interest."""


@pytest.fixture
def webhook() -> Iterator[int]:
    """The port of what Prometheus takes for the webhook."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Webhook) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextmanager
def prometheus(folder: Path, webhook: int, *flags: str) -> Iterator[str]:
    url = f"http://127.0.0.1:{free_port()}"
    config = folder.parent / "prometheus.yml"
    config.write_text(CONFIG.format(rules=ROOT / "prometheus/rules/backhaul.yml", port=webhook), encoding="utf-8")
    words = [f"--config.file={config}", f"--storage.tsdb.path={folder}", *flags]
    address = url.removeprefix("http://")
    command = [program("prometheus"), *words, f"--web.listen-address={address}"]
    with service(command, folder.parent / "prometheus.log", ready=lambda: answers(f"{url}/-/ready")):
        yield url


def value(url: str, query: str) -> float | None:
    result = requests.get(f"{url}/api/v1/query", params={"query": query}, timeout=10).json()["data"]["result"]
    return float(result[0]["value"][1]) if result else None


def test_prometheus_goes_into_a_backup_and_back(small: Installation, webhook: int, tmp_path: Path) -> None:
    """By a snapshot it makes of itself; restored into an empty folder it knows what it knew."""
    began = time.time()
    with prometheus(tmp_path / "data", webhook, "--web.enable-admin-api") as url:
        wait_until(lambda: value(url, "webhook:told:timestamp"), "the rules to be evaluated")
        small.settings["PROMETHEUS_URL"] = url
        folder = small.backup("--prometheus-data", tmp_path / "data")
        assert list((tmp_path / "data/snapshots").iterdir()) == []  # nothing is left of it
        # Asked by a restore: until when people were told, though the backup is younger than the last record of it. Less
        # the 15 s an alert may take on its way.
        until = told_until(None, time.time(), {"PROMETHEUS_URL": url})
        assert until is not None
        assert time.time() - 30 < until < time.time() - 14
        code, _, complaint = small.run("restore", folder, "--prometheus-data", tmp_path / "data")
        assert (code, "is not empty" in complaint) == (2, True), complaint
        code, said, complaint = small.run("restore", folder, "--prometheus-data", tmp_path / "new")
        assert (code, "mails about what happened before" in said) == (0, True), complaint
    small.settings.pop("PROMETHEUS_URL")
    assert any(name.startswith("prometheus/") for name in manifests.read(folder).files)
    with prometheus(tmp_path / "new", free_port()) as url:
        assert value(url, f'count_over_time(up{{job="backhaul-webhook"}}[{int(time.time() - began) + 1}s])')


def test_what_cannot_be_had_is_said(small: Installation, webhook: int, tmp_path: Path) -> None:
    """The rest is backed up all the same: an admin API that is off, a folder that is not its own, nobody there."""
    with prometheus(tmp_path / "data", webhook) as url:
        small.settings["PROMETHEUS_URL"] = url
        left_out = manifests.read(small.backup("--prometheus-data", tmp_path / "data")).left_out
        assert any("start Prometheus with --web.enable-admin-api" in line for line in left_out)
    time.sleep(1.0 - time.time() % 1.0)  # names of backups are whole seconds
    left_out = manifests.read(small.backup("--prometheus-data", tmp_path / "data")).left_out
    assert any("prometheus: it does not answer (ConnectionError)" in line for line in left_out)


@contextmanager
def victoria(folder: Path) -> Iterator[str]:
    port = free_port()
    command = [program("victoria-metrics"), f"-storageDataPath={folder}", f"-httpListenAddr=127.0.0.1:{port}"]
    url = f"http://127.0.0.1:{port}"
    with service(
        [*command, "-search.latencyOffset=1s", "-retentionPeriod=10y"],
        folder.parent / f"victoria-{port}.log",
        ready=lambda: answers(f"{url}/health"),
    ):
        yield url


def test_the_second_store_goes_into_a_backup_and_back(small: Installation, tmp_path: Path) -> None:
    """VictoriaMetrics, with its own snapshot."""
    at = int(time.time()) - 60
    with victoria(tmp_path / "store") as url:
        line = f'link:bandwidth_bits_per_second:rate5m{{isp="sky"}} 42 {at * 1000}\n'
        assert requests.post(f"{url}/api/v1/import/prometheus", data=line, timeout=10).ok
        small.settings["RECORDED_URL"] = url
        folder = small.backup("--recorded-data", tmp_path / "store")
        assert any(name.startswith("recorded/") for name in manifests.read(folder).files)
        # Nor is anything left of its parts, which lie elsewhere: they would hold what retention deletes.
        assert [path for path in (tmp_path / "store").rglob("snapshots/*") if path.name != ".keep"] == []
    code, _, complaint = small.run("restore", folder, "--recorded-data", tmp_path / "again")
    assert code == 0, complaint
    with victoria(tmp_path / "again") as url:
        answer = requests.get(f"{url}/api/v1/export", params={"match[]": '{isp="sky"}'}, timeout=10)
        assert answer.json()["values"] == [42]
