"""The time series of a backup, with the real Prometheus and the real VictoriaMetrics."""

from __future__ import annotations

import shutil
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
from backhaul.backup.series import SPARE_BYTES
from inventory.registry import audit
from inventory.registry.scope import SERVICE
from tests.harness import ROOT, answers, free_port, program, service, wait_until
from tests.operations.conftest import Installation
from tests.operations.test_backup import flip, opened

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


def next_second() -> None:
    """Names of backups are whole seconds."""
    time.sleep(1.0 - time.time() % 1.0)


def noted(installation: Installation) -> list[str | None]:
    """The backups that count, the newest first: what BackupLate goes by."""
    with opened(installation.database) as registry, registry.read(SERVICE) as tx:
        return [entry.object_id for entry in audit.entries(tx).items if entry.action == "backup"]


def backup_that_lacks(installation: Installation, *words: str | Path) -> tuple[Path, tuple[str, ...]]:
    """A backup without the series that were asked for: its folder, and what it says is not in it."""
    code, said, complaint = installation.run("backup", installation.folder / "backups", *words)
    assert (code, "were asked for and are not in it" in complaint) == (1, True), (said, complaint)
    folder = Path(said.partition(":")[0])
    return folder, manifests.read(folder).left_out


def test_series_that_were_asked_for_and_cannot_be_had_are_a_failure(
    small: Installation, webhook: int, tmp_path: Path
) -> None:
    """It says why: an admin API that is off, nobody there. The rest is backed up, but no good backup goes for it."""
    good = small.backup("--keep", "1")  # none were asked for
    with prometheus(tmp_path / "data", webhook) as url:
        small.settings["PROMETHEUS_URL"] = url
        next_second()
        first, left_out = backup_that_lacks(small, "--keep", "1", "--prometheus-data", tmp_path / "data")
        assert any("start Prometheus with --web.enable-admin-api" in line for line in left_out)
    next_second()
    second, left_out = backup_that_lacks(small, "--keep", "1", "--prometheus-data", tmp_path / "data")
    assert any("prometheus: it does not answer (ConnectionError)" in line for line in left_out)
    assert sorted((small.folder / "backups").iterdir()) == [good, first, second]
    assert noted(small) == [good.name]
    code, _, complaint = small.run("restore", second)
    assert code == 0, complaint


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


def record(url: str) -> None:
    """One value of a minute ago."""
    line = f'link:bandwidth_bits_per_second:rate5m{{isp="sky"}} 42 {(int(time.time()) - 60) * 1000}\n'
    assert requests.post(f"{url}/api/v1/import/prometheus", data=line, timeout=10).ok


def recorded(url: str) -> list[float]:
    answer = requests.get(f"{url}/api/v1/export", params={"match[]": '{isp="sky"}'}, timeout=10)
    values: list[float] = answer.json()["values"]
    return values


def test_the_second_store_goes_into_a_backup_and_back(small: Installation, tmp_path: Path) -> None:
    """VictoriaMetrics, with its own snapshot."""
    with victoria(tmp_path / "store") as url:
        record(url)
        small.settings["RECORDED_URL"] = url
        folder = small.backup("--recorded-data", tmp_path / "store")
        assert any(name.startswith("recorded/") for name in manifests.read(folder).files)
        # Nor is anything left of its parts, which lie elsewhere: they would hold what retention deletes.
        assert [path for path in (tmp_path / "store").rglob("snapshots/*") if path.name != ".keep"] == []
    code, _, complaint = small.run("restore", folder, "--recorded-data", tmp_path / "again")
    assert code == 0, complaint
    with victoria(tmp_path / "again") as url:
        assert recorded(url) == [42]


def test_backups_share_what_did_not_change(small: Installation, tmp_path: Path) -> None:
    """A night costs what came since: the rest is the same file, private as before; each goes back by itself."""
    with victoria(tmp_path / "store") as url:
        record(url)
        small.settings["RECORDED_URL"] = url
        backups = []
        for _ in range(2):
            next_second()
            backups.append(small.backup("--recorded-data", tmp_path / "store"))
        first, second = backups
        parts = [path for path in (first / "recorded/data").rglob("*.bin") if path.stat().st_size]
        assert parts
        assert all((second / part.relative_to(first)).samefile(part) for part in parts)
        for path in (second, *second.rglob("*")):
            assert path.stat().st_mode & 0o077 == 0, path
        # A file that the disk damaged is not handed on: the next backup is whole again.
        flip(parts[0])
        assert "is damaged" in small.run("restore", second, "--check")[2]
        next_second()
        small.backup("--recorded-data", tmp_path / "store", "--keep", "1")
        (third,) = (small.folder / "backups").iterdir()
    code, _, complaint = small.run("restore", third, "--recorded-data", tmp_path / "again")
    assert code == 0, complaint
    with victoria(tmp_path / "again") as url:
        assert recorded(url) == [42]


def test_a_disk_that_is_too_small_is_not_filled(
    small: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at first: whoever else is on it can go on. Nor is the snapshot left behind."""
    with victoria(tmp_path / "store") as url:
        line = f'link:bandwidth_bits_per_second:rate5m{{isp="sky"}} 42 {int(time.time() - 60) * 1000}\n'
        assert requests.post(f"{url}/api/v1/import/prometheus", data=line, timeout=10).ok
        small.settings["RECORDED_URL"] = url
        disk = shutil.disk_usage(tmp_path)
        tight = disk._replace(free=SPARE_BYTES)
        monkeypatch.setattr("backhaul.backup.series.shutil.disk_usage", lambda _: tight)
        folder, left_out = backup_that_lacks(small, "--recorded-data", tmp_path / "store")
        assert any(line.startswith("recorded: no space: it needs") for line in left_out), left_out
        assert {path.name for path in folder.iterdir()} == {"database", manifests.NAME}
        assert requests.get(f"{url}/snapshot/list", timeout=10).json()["snapshots"] == []
