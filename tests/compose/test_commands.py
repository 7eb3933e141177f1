"""Each command line of the compose file, without Docker, beside Debian's PostgreSQL, Prometheus and Alertmanager."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.compose.commands import Commands
from tests.harness import ROOT, Service, answers, program, require_root, service, wait_until
from tests.postgres import APP, OWNER, Cluster

pytestmark = pytest.mark.root

DATABASE = "compose_commands"
SID, TOKEN = "AC" + "0" * 32, "a-token-of-the-tests-own-and-long"
SERVICES = {
    "exporter": "/-/ready",
    "alert_webhook": "/-/ready",
    "portal": "/-/ready",
    "recorded": "/health",
    "alertmanager": "/-/ready",
    "prometheus": "/-/ready",
}


def settings() -> dict[str, str]:
    """Of .env.example, with the numbers of this run."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))


@pytest.fixture(scope="module")
def commands(postgresql: Cluster) -> Iterator[Commands]:
    require_root()
    postgresql.empty(DATABASE)
    with tempfile.TemporaryDirectory(prefix="backhaul-commands-") as folder:
        made = Commands(Path(folder), settings())
        made.settings["TWILIO_API_URL"] = made.url("twilio")
        made.settings["BACKHAUL_TRUSTED_PROXIES"] = "127.0.0.0/8"  # where Prometheus asks from here
        made.secret("database_owner_url", postgresql.url(OWNER, DATABASE))
        made.secret("database_app_url", postgresql.url(APP, DATABASE))
        made.secret("secret_key", base64.b64encode(b"k" * 32).decode())
        made.secret("smtp_url", "smtp://user:p%40ss@127.0.0.1:2525?starttls")
        for name in ("webhook_token", "twilio_auth_token", "grafana_gateway_token", "grafana_admin_password"):
            made.secret(name, TOKEN)
        made.secret("grafana_secret_key", TOKEN)
        for volume in (
            "prometheus_configuration",
            "alertmanager_configuration",
            "prometheus",
            "alertmanager",
            "recorded",
        ):
            made.volume(volume, 65534)
        made.settings["BACKUP_FOLDER"] = str(made.volume("backups", 65534))
        yield made


def run(commands: Commands, step: str, expected: int = 0) -> str:
    """What a step says that has to end so."""
    done = subprocess.run(
        commands.confined(step, commands.words(step)),
        env=commands.environ(step),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def migrated(commands: Commands) -> Commands:
    """On a database without a table."""
    assert "done 0001" in run(commands, "migrate")
    return commands


@pytest.fixture(scope="module")
def configured(migrated: Commands) -> Commands:
    run(migrated, "configure")
    return migrated


@pytest.fixture(scope="module")
def stack(configured: Commands) -> Iterator[dict[str, Service]]:
    """All services that have a command line in the file, in the order it starts them."""
    twilio = [sys.executable, "-m", "simulator.twilio", "--listen", f"127.0.0.1:{configured.ports['twilio']}"]
    twilio += ["--account-sid", SID, "--auth-token", TOKEN]
    with ExitStack() as started:
        started.enter_context(
            service(
                twilio, configured.folder / "twilio.log", ready=lambda: answers(f"{configured.url('twilio')}/-/ready")
            )
        )
        yield {name: started.enter_context(configured.running(name, ready)) for name, ready in SERVICES.items()}


def test_nothing_starts_on_a_database_that_was_not_migrated(commands: Commands, postgresql: Cluster) -> None:
    """Each says what to run; `depends_on` sees to it that this does not happen."""
    postgresql.empty("compose_unmigrated")
    commands.secret("database_app_url", postgresql.url(APP, "compose_unmigrated"))
    try:
        for name in ("exporter", "portal", "alert_webhook"):
            done = subprocess.run(
                commands.confined(name, commands.words(name)),
                env=commands.environ(name),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode != 0, name
            assert "Traceback" not in done.stderr, done.stderr
    finally:
        commands.secret("database_app_url", postgresql.url(APP, DATABASE))


def test_the_second_migration_does_nothing(migrated: Commands) -> None:
    """`up` runs the step every time."""
    assert "the database is up to date" in run(migrated, "migrate")


def test_configuration_names_the_stacks_own_addresses(configured: Commands) -> None:
    """Accepted by promtool and amtool; no address of the shipped files is left; the password is nobody else's."""
    volumes = configured.folder / "volumes"
    prometheus = volumes / "prometheus_configuration" / "prometheus.yml"
    alertmanager = volumes / "alertmanager_configuration" / "alertmanager.yml"
    subprocess.run([program("promtool"), "check", "config", prometheus], check=True, capture_output=True)
    subprocess.run([program("amtool"), "check-config", alertmanager], check=True, capture_output=True)
    ours = {f"127.0.0.1:{port}" for port in configured.ports.values()} | {"127.0.0.1:2525"}
    for path in (prometheus, alertmanager):
        assert set(re.findall(r"127\.0\.0\.1:\d+", path.read_text(encoding="utf-8"))) <= ours, path
    password = volumes / "alertmanager_configuration" / "smtp-password"
    assert (password.read_text(encoding="utf-8"), password.stat().st_mode & 0o777) == ("p@ss", 0o600)


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_runs_without_a_privilege(stack: dict[str, Service], commands: Commands, name: str) -> None:
    """Its user of the file, no capability, none to be got; and its code it cannot write."""
    status = Path(f"/proc/{stack[name].pid}/status").read_text(encoding="ascii")
    told = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert told["Uid"].split()[0] == commands.services[name]["user"].split(":")[0]
    assert {told[which] for which in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
    assert told["NoNewPrivs"] == "1"
    mounts = Path(f"/proc/{stack[name].pid}/mounts").read_text(encoding="utf-8")
    assert re.search(rf" {commands.app} \S+ ro,", mounts), "the code is read only"


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("name", ["exporter", "alert_webhook", "portal"])
def test_the_health_check_of_the_file_tells_well_from_ill(commands: Commands, name: str) -> None:
    """On the service's port it ends with 0; on one where nobody listens with 1."""
    words = commands.services[name]["healthcheck"]["test"]
    assert words[:3] == ["CMD", "python", "-IS"]
    for port, expected in ((commands.ports[name], 0), (1, 1)):
        command = [sys.executable, "-IS", str(ROOT / words[3]), str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == expected, done.stdout + done.stderr


@pytest.mark.usefixtures("stack")
def test_prometheus_reaches_all_it_scrapes(commands: Commands) -> None:
    """Every target of the written configuration is up."""

    def targets() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = requests.get(f"{commands.url('prometheus')}/api/v1/targets", timeout=10).json()[
            "data"
        ]["activeTargets"]
        return found

    wait_until(lambda: targets() and all(each["health"] == "up" for each in targets()), "targets", timeout=60)
    jobs = {each["labels"]["job"] for each in targets()}
    assert {"backhaul-exporter", "backhaul-webhook", "prometheus", "alertmanager"} <= jobs


@pytest.mark.usefixtures("stack")
def test_alertmanager_reaches_the_webhook(commands: Commands) -> None:
    """The Watchdog goes from rule to webhook, which notes when it came."""

    def heard() -> bool:
        text = requests.get(f"{commands.url('alert_webhook')}/metrics", timeout=10).text
        return bool(re.search(r"^backhaul_webhook_watchdog_timestamp_seconds [1-9]", text, re.MULTILINE))

    wait_until(heard, "the Watchdog to reach the webhook", timeout=60, interval=0.5)


@pytest.mark.usefixtures("stack")
def test_recorded_series_reach_the_second_store(commands: Commands) -> None:
    """Those of the rules and nothing that was scraped."""

    def names() -> list[str]:
        url = f"{commands.url('recorded')}/api/v1/label/__name__/values"
        found: list[str] = requests.get(url, params={"nocache": "1"}, timeout=10).json()["data"]
        return found

    kept = wait_until(names, "a recorded series", timeout=60, interval=0.5)
    assert all(":" in name for name in kept), kept


@pytest.mark.usefixtures("stack")
def test_a_backup_has_the_database_and_both_stores(commands: Commands) -> None:
    """Nothing is left out but the key, no snapshot stays behind, and the other service finds it whole."""
    said = run(commands, "backup")
    assert re.findall(r"^not in it: (\w+)", said, re.MULTILINE) in ([], ["BACKHAUL_SECRET_KEY"]), said
    (made,) = Path(commands.settings["BACKUP_FOLDER"]).iterdir()
    assert {path.name for path in made.iterdir()} == {"database", "prometheus", "recorded", "manifest.json"}
    for store in ("prometheus", "recorded"):
        assert not list((commands.folder / "volumes" / store).rglob("snapshots/*")), store
    check = [sys.executable, "-m", *commands.services["restore"]["entrypoint"][2:], "--check", str(made)]
    done = subprocess.run(
        commands.confined("restore", check),
        env=commands.environ("restore"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "whole" in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.usefixtures("stack")
def test_grafana_is_made_ready_by_its_step(commands: Commands) -> None:
    """Organisations, data sources and dashboards in the stand-in for Grafana, which has the file's own settings."""
    grafana = [sys.executable, "-m", "simulator.grafana", "--listen", f"127.0.0.1:{commands.ports['grafana']}"]
    log = commands.folder / "grafana.log"
    ready = f"{commands.url('grafana')}/api/health"
    with service(grafana, log, ready=lambda: answers(ready), env=commands.environ("grafana")):
        assert "made" in run(commands, "grafana_setup")
        assert "made" not in run(commands, "grafana_setup"), "the second time there is nothing to make"
