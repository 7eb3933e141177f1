"""The compose file as it is written: valid for both composes, and closed where it has to be."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy.pool import QueuePool

from inventory.database import open_database
from tests.harness import ROOT, program

sys.path.insert(0, str(ROOT))
from scripts.check_compose import floating, problems

SERVER_MIB = 4096
SYSTEM_MIB = 600  # what Debian, Docker and the file cache take beside it
STEPS = {"migrate", "configure", "grafana_setup"}
OPERATIONS = {"backup", "restore"}  # what an operator runs, and `up` does not
ENDING = STEPS | OPERATIONS
OURS = {*ENDING, "exporter", "alert_webhook", "portal"}


@pytest.fixture(scope="module")
def file() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="module")
def services(file: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = file["services"]
    return found


def config(*, env_file: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """`docker-compose config` on the shipped file with those settings and none of this machine's."""
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [program("docker-compose"), "-f", str(ROOT / "docker-compose.yml"), "--env-file", str(env_file), "config"],
        env=known | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_is_valid_with_the_settings_of_the_example() -> None:
    """As the compose that is installed here reads it: Debian's 1.29."""
    done = config(env_file=ROOT / ".env.example")
    assert done.returncode == 0, done.stderr
    assert "WARN" not in done.stderr.upper(), done.stderr


@pytest.mark.parametrize("name", ["BACKHAUL_PUBLIC_URL", "TWILIO_ACCOUNT_SID", "TWILIO_FROM_NUMBER"])
def test_it_says_which_setting_is_missing(tmp_path: Path, name: str) -> None:
    """What has no default is asked for by name, before anything is started."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    (tmp_path / "env").write_text("\n".join(line for line in lines if not line.startswith(f"{name}=")))
    done = config(env_file=tmp_path / "env")
    assert done.returncode != 0
    assert name in done.stderr
    assert ".env.example" in done.stderr


def test_the_example_explains_every_setting_the_file_takes() -> None:
    """Each in the example, each line of it used, each with a word beside or above it."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    taken = set(re.findall(r"\$\{([A-Za-z_]+)", text)) - {"PYTHON_IMAGE", "NODE_IMAGE"}
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    given = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert taken == given
    assert not re.search(r"^[A-Z_]+_(TOKEN|PASSWORD|KEY)=", example, re.MULTILINE), "secrets are files"


def test_only_keys_both_composes_know(file: dict[str, Any], services: dict[str, Any]) -> None:
    """Compose 1.29 knows no `start_interval`, v2 warns of `version`; neither is here."""
    assert "version" not in file
    for name, service in services.items():
        assert set(service.get("healthcheck", {})) <= {"test", "interval", "timeout", "retries", "start_period"}, name
        assert not {"deploy", "container_name", "links"} & set(service), name


def test_images_are_exact_and_grafanas_settings_are_grafanas(services: dict[str, Any]) -> None:
    """As `make check` holds them, and the check itself sees what it is there for."""
    assert problems(services) == []
    wrong = {"x": {"image": "grafana/grafana:latest", "environment": {"GF_AUTH_PROXY_ENABLE": "true"}}}
    assert problems(wrong) == [
        "x: GF_AUTH_PROXY_ENABLE is not in grafana/settings.txt",
        "x: grafana/grafana:latest has no exact tag",
    ]
    twice = {name: {"image": "ours:1.0.0", "build": {"context": "."}} for name in ("x", "y")}
    assert problems(twice) == ["y: builds ours:1.0.0, which x builds; at the same time one of them fails"]


def test_the_image_is_built_from_patch_releases() -> None:
    """Those the compose file hands over, too; a tag that moves is found."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert floating(text) == []
    shipped = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for name, image in re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", text, re.MULTILINE):
        assert f"{name}: ${{{name}:-{image}}}" in shipped
    assert floating("ARG BASE=python:3.11-slim\nFROM ${BASE} AS one\nFROM node:22.22.2\n") == [
        "Dockerfile: python:3.11-slim is no patch release"
    ]


def test_nothing_is_published_but_the_front(services: dict[str, Any]) -> None:
    assert {name for name, service in services.items() if "ports" in service} == {"front"}


def test_only_the_front_the_portal_and_the_webhook_meet_who_comes_from_outside(services: dict[str, Any]) -> None:
    """Grafana is on the network it shares with the portal, and on no other."""
    members = {
        network: {name for name, service in services.items() if network in service.get("networks", [])}
        for network in ("public", "web", "panels")
    }
    assert members == {
        "public": {"front"},
        "web": {"front", "portal", "alert_webhook"},
        "panels": {"portal", "grafana", "grafana_setup"},
    }


def test_networks_are_closed_but_those_that_lead_out(file: dict[str, Any], services: dict[str, Any]) -> None:
    """The one that is published, and one for each service that speaks to the world, where it is alone."""
    open_ones = {name for name, network in file["networks"].items() if not network.get("internal")} - {"public"}
    members = {
        network: [name for name, service in services.items() if network in service.get("networks", [])]
        for network in open_ones
    }
    assert sorted(name for alone in members.values() for name in alone) == [
        "alert_webhook",
        "alertmanager",
        "exporter",
        "portal",
    ]
    assert all(network.startswith("outward_") and len(alone) == 1 for network, alone in members.items())


def test_every_service_is_confined(services: dict[str, Any]) -> None:
    """Unprivileged, read only, without capabilities, with a limit of memory and of processes, its log bounded."""
    for name, service in services.items():
        uid = service["user"].split(":")[0]
        assert uid.isdigit(), name
        assert int(uid) > 0, name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert {"max-size", "max-file"} <= set(service["logging"]["options"]), name
        assert "mem_limit" in service, name
        assert service["pids_limit"] > 0, name
        assert not service.get("privileged"), name
        assert service["restart"] == ("no" if name in ENDING else "unless-stopped"), name
        assert service.get("profiles", []) == (["operations"] if name in OPERATIONS else []), name


def test_memory_fits_a_server_of_4_gib(services: dict[str, Any]) -> None:
    """All limits together, and the system beside them. Steps run before what they are for."""
    given = {name: service["mem_limit"] for name, service in services.items() if name not in ENDING}
    limits = [int(re.findall(r"(\d+)m\}?$", limit)[0]) for limit in given.values()]
    assert sum(limits) + SYSTEM_MIB <= SERVER_MIB


def test_the_portals_processes_and_postgresql_fit_each_other(services: dict[str, Any]) -> None:
    """As many connections as the processes of the example take at most, and what else there is."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    workers = int(re.findall(r"^PORTAL_WORKERS=(\d+)$", example, re.MULTILINE)[0])
    most = re.findall(
        r"max_connections=\$\{POSTGRES_MAX_CONNECTIONS:-(\d+)\}", " ".join(services["postgres"]["command"])
    )
    pool = open_database("postgresql://nobody@localhost/none").pool
    assert isinstance(pool, QueuePool)
    each = pool.size() + pool._max_overflow
    assert each * workers + 50 <= int(most[0])
    assert f"takes {each} connections for each, and 50 for all else" in example.replace("\n# ", " ")


def test_grafana_knows_its_limit(services: dict[str, Any]) -> None:
    """Its documentation asks for 512 MB; Go is told of less than the limit, so that it collects before it is killed."""
    grafana = services["grafana"]
    limit = int(grafana["mem_limit"].removesuffix("m"))
    assert limit >= 512
    assert 0.8 * limit < int(grafana["environment"]["GOMEMLIMIT"].removesuffix("MiB")) < 0.9 * limit


def test_everything_waits_for_what_it_needs(services: dict[str, Any]) -> None:
    """For a step that ended well, or a service that says that it is well; which every service can say."""
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if needed in STEPS else "service_healthy"
            assert how == {"condition": expected}, f"{name} -> {needed}"
        assert ("healthcheck" in service) == (name not in ENDING), name


def test_secrets_are_files_and_each_service_has_its_own_only(file: dict[str, Any], services: dict[str, Any]) -> None:
    """No variable holds one; what a service is given a file of, it names; the database's owner's is two's."""
    for name, service in services.items():
        for variable, value in (service.get("environment") or {}).items():
            if re.search(r"TOKEN|PASSWORD|SECRET|_KEY|SMTP_URL|DATABASE_URL", variable) and value != "false":
                assert variable.endswith("_FILE"), f"{name}: {variable}"
                assert value.startswith("/run/secrets/"), f"{name}: {variable}"
                assert value.removeprefix("/run/secrets/") in service["secrets"], f"{name}: {variable}"
    used = {secret for service in services.values() for secret in service.get("secrets", [])}
    assert used == set(file["secrets"])
    owner = {name for name, service in services.items() if "database_owner_url" in service.get("secrets", [])}
    assert owner == {"migrate", "restore"}


def test_a_backup_sees_what_it_copies_and_changes_no_more_than_it_has_to(services: dict[str, Any]) -> None:
    """Both stores and their addresses, as the user whose their files are; only a restore writes the year of series."""
    backup, restore = services["backup"], services["restore"]
    folder = "${BACKUP_FOLDER:-/srv/backups}:/backups"
    assert backup["volumes"] == ["prometheus:/prometheus", "recorded:/recorded:ro", folder]
    assert restore["volumes"] == ["prometheus:/prometheus", "recorded:/recorded", f"{folder}:ro"]
    for each in (backup, restore):
        assert each["user"] == services["prometheus"]["user"] == services["recorded"]["user"]
        assert {"PROMETHEUS_URL", "RECORDED_URL", "BACKHAUL_SECRET_KEY_FILE"} <= set(each["environment"])
        assert each["networks"] == ["database", "metrics"]
    assert "--web.enable-admin-api" in services["prometheus"]["command"], "else there is no snapshot to copy"


def test_every_volume_has_a_name(file: dict[str, Any], services: dict[str, Any]) -> None:
    """Data are in named volumes; what is of this folder is read only."""
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if name in OPERATIONS and volume.startswith("${BACKUP_FOLDER:-"):
                continue
            assert source in file["volumes"] or (source.startswith("./") and volume.endswith(":ro")), (
                f"{name}: {volume}"
            )


def test_prometheus_keeps_by_size_and_the_second_store_a_year(services: dict[str, Any]) -> None:
    words = " ".join(services["prometheus"]["command"])
    assert re.search(r"--storage\.tsdb\.retention\.size=\$\{PROMETHEUS_RETENTION_SIZE:-\d+GB\}", words)
    days = re.search(r"--retentionPeriod=\$\{RECORDED_RETENTION:-(\d+)d\}", " ".join(services["recorded"]["command"]))
    assert days is not None
    assert int(days[1]) >= 366
    assert "--storage.minFreeDiskSpaceBytes=2GB" in services["recorded"]["command"]
    assert services["configure"]["environment"]["REMOTE_WRITE_URL"] == "http://recorded:8428/api/v1/write"


def test_one_image_is_ours(services: dict[str, Any]) -> None:
    """Built once, by a step that needs nothing that has it, and asked of no registry: nobody's there is ours."""
    assert {name for name, service in services.items() if "build" in service} == {"migrate"}
    assert {name for name, service in services.items() if service.get("pull_policy") == "never"} == OURS
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert {services[name]["image"] for name in OURS} == {f"backhaul:{version}"}, "an update keeps the image before it"


def test_what_goes_into_the_image_is_named() -> None:
    """Nothing of an operator's folder: no secret, no inventory, no settings."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert next(line for line in lines if not line.startswith("#")) == "*"
    allowed = {line[1:].split("/")[0] for line in lines if line.startswith("!")}
    assert not allowed & {"secrets", ".env", "inventory.yml", "tests", "var", ".git", "simulator"}
