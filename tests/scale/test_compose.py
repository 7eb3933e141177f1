"""The overlay that runs more than one of each: valid, and every second one is its first one but for its share."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from backhaul import configure
from inventory.shards import parse_shard
from scripts.check_compose import problems
from tests.compose.test_file import ENDING
from tests.harness import ROOT, program
from tests.scale.conftest import STORE_FLAGS

FILES = ("docker-compose.yml", "docker-compose.scale.yml")
NOT_OURS = {"BACKHAUL_PUBLIC_URL", "GF_SERVER_ROOT_URL", "TWILIO_API_URL"}
# Each second one, its first one, and the keys in which they may differ.
PAIRS = {
    "exporter_1": ("exporter", {"command", "networks"}),
    "alert_webhook_2": ("alert_webhook", {"networks"}),
    "portal_2": ("portal", {"networks"}),
    "prometheus_2": ("prometheus", {"command", "networks", "volumes"}),
    "alertmanager_2": ("alertmanager", {"command", "networks", "volumes"}),
}


def rendered(*, files: tuple[str, ...] = FILES, **environ: str) -> dict[str, Any]:
    """What `docker-compose config` makes of the files with the settings of the example, and these."""
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    words = [word for file in files for word in ("-f", str(ROOT / file))]
    done = subprocess.run(
        [program("docker-compose"), *words, "--env-file", str(ROOT / ".env.example"), "config"],
        env=known | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARN" not in done.stderr.upper(), done.stderr
    read: dict[str, Any] = yaml.safe_load(done.stdout)
    return read


@pytest.fixture(scope="module")
def file() -> dict[str, Any]:
    return rendered()


@pytest.fixture(scope="module")
def services(file: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = file["services"]
    return found


@pytest.mark.parametrize(("second", "first", "apart"), [(name, *said) for name, said in PAIRS.items()])
def test_a_second_one_is_its_first_one(services: dict[str, Any], second: str, first: str, apart: set[str]) -> None:
    """Whoever changes one of them in one file is told of the other file."""
    one, other = services[first], services[second]
    own = {"build", "depends_on", *apart}  # one of them builds the image
    assert {key: value for key, value in other.items() if key not in own} == {
        key: value for key, value in one.items() if key not in own
    }
    assert [_plain(word, first, second) for word in other["command"] if "--shard" not in word] == [
        _plain(word, first, second) for word in one["command"] if "--shard" not in word
    ]
    assert set(one["depends_on"]) == set(other["depends_on"])


def _plain(word: str, first: str, second: str) -> str:
    """A word of a command line without what tells the two apart."""
    return re.sub(r"(\d+\.){3}\d+:", "ADDRESS:", re.sub(r"\d/2", "SHARD", word.replace(second, first)))


def test_shards_are_one_set(services: dict[str, Any]) -> None:
    """Each number once, and the portal knows them in their order."""
    exporters = {name: services[name]["command"] for name in services if name.startswith("exporter")}
    shards = {name: parse_shard(words[words.index("--shard") + 1]) for name, words in exporters.items()}
    assert {shard.count for shard in shards.values()} == {len(shards)}
    ordered = sorted(shards, key=lambda name: shards[name].number)
    assert [shards[name].number for name in ordered] == list(range(len(shards)))
    for name in ("configure", "portal", "portal_2"):
        assert services[name]["environment"]["EXPORTER_URL"] == ",".join(f"http://{each}:9909" for each in ordered)


def _reached(value: str) -> list[tuple[str, int | None]]:
    return [(urlsplit(url).hostname or "", urlsplit(url).port) for url in value.split(",")]


def test_every_address_is_a_services_port_on_a_network_they_share(services: dict[str, Any]) -> None:
    """Names and ports in settings and command lines are those somebody answers at."""
    ports = {"exporter": 9909, "alert_webhook": 9910, "portal": 8080, "prometheus": 9090, "alertmanager": 9093}
    ports |= {"recorded": 8428, "series": 8428, "grafana": 3000}
    for name, service in services.items():
        for variable, value in (service.get("environment") or {}).items():
            if not re.fullmatch(r"[A-Z_]+_URL", variable) or variable in NOT_OURS:
                continue
            for host, port in _reached(value):
                assert host in services, f"{name}: {variable}"
                assert port == ports[re.sub(r"_\d$", "", host)], f"{name}: {variable}"
                if name != "configure":
                    assert set(service["networks"]) & set(services[host]["networks"]), f"{name} cannot reach {host}"
    for name in ("prometheus", "prometheus_2"):
        scraped = {
            "exporter",
            "exporter_1",
            "alert_webhook",
            "alert_webhook_2",
            "alertmanager",
            "alertmanager_2",
            "series",
        }
        assert all("metrics" in services[each]["networks"] for each in (name, *scraped))


def test_a_name_for_two_leads_to_both(services: dict[str, Any]) -> None:
    """The front and Grafana ask for `portal`, Twilio's reports go to `alert_webhook`: either of the two may answer."""
    assert services["portal_2"]["networks"]["web"]["aliases"] == ["portal"]
    assert services["portal_2"]["networks"]["panels"]["aliases"] == ["portal"]
    assert services["alert_webhook_2"]["networks"]["web"]["aliases"] == ["alert_webhook"]
    # Prometheus has to tell the two apart, and Alertmanager tells both.
    for name in ("portal_2", "alert_webhook_2"):
        assert not (services[name]["networks"]["metrics"] or {}).get("aliases")


def test_the_alertmanagers_are_each_others_peer(file: dict[str, Any], services: dict[str, Any]) -> None:
    """At the addresses they have, in a network where nobody else is."""
    listens, peers, addresses = {}, {}, {}
    for name in ("alertmanager", "alertmanager_2"):
        words = dict(word.removeprefix("--").split("=", 1) for word in services[name]["command"])
        listens[name], peers[name] = words["cluster.listen-address"], words["cluster.peer"]
        addresses[name] = services[name]["networks"]["alertmanagers"]["ipv4_address"]
        assert listens[name] == f"{addresses[name]}:9094"
    assert peers["alertmanager"] == listens["alertmanager_2"]
    assert peers["alertmanager_2"] == listens["alertmanager"]
    assert file["networks"]["alertmanagers"]["internal"] is True
    assert [name for name, each in services.items() if "alertmanagers" in (each.get("networks") or {})] == list(
        addresses
    )


def test_it_is_as_closed_as_the_file_below_it(file: dict[str, Any], services: dict[str, Any]) -> None:
    """Unprivileged, read only, bounded; nothing more is published; each way out is one service's own."""
    assert problems(services) == []
    assert {name for name, service in services.items() if "ports" in service} == {"front"}
    for name, service in services.items():
        assert service["user"].split(":")[0] not in {"0", "root"}, name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert {"mem_limit", "pids_limit"} <= set(service), name
        assert service["restart"] == ("no" if name in ENDING else "unless-stopped"), name
        assert "version" not in service
    for network, said in file["networks"].items():
        members = [name for name, service in services.items() if network in (service.get("networks") or {})]
        assert (said or {}).get("internal") or network == "public" or len(members) == 1, network


def test_the_query_address_is_one_setting(services: dict[str, Any]) -> None:
    """An engine somebody has takes the store's place; the webhook goes on asking those that evaluate the rules."""
    theirs = rendered(
        PROMETHEUS_URL="https://mimir.example.net/prometheus",
        REMOTE_WRITE_ALL_URL="https://mimir.example.net/api/v1/push",
    )["services"]
    for name in ("portal", "portal_2"):
        assert services[name]["environment"]["PROMETHEUS_URL"] == "http://series:8428"
        assert theirs[name]["environment"]["PROMETHEUS_URL"] == "https://mimir.example.net/prometheus"
    for name in ("alert_webhook", "alert_webhook_2"):
        told = {kind[name]["environment"]["PROMETHEUS_URL"] for kind in (services, theirs)}
        assert told == {"http://prometheus:9090,http://prometheus_2:9090"}
    assert theirs["configure"]["environment"]["REMOTE_WRITE_ALL_URL"] == "https://mimir.example.net/api/v1/push"


def test_what_both_prometheus_write_is_kept_once(services: dict[str, Any]) -> None:
    """Each store they write to drops what comes twice within the shortest time between two samples of one series."""
    read = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    rules = yaml.safe_load((ROOT / "prometheus" / "rules" / "backhaul.yml").read_text(encoding="utf-8"))
    times = [each.get("scrape_interval") for each in read["scrape_configs"]] + [
        read["global"][name] for name in ("scrape_interval", "evaluation_interval")
    ]
    times += [group.get("interval") for group in rules["groups"]]
    shortest = min(int(time.removesuffix("s")) for time in times if time and time.endswith("s"))
    written = {services["configure"]["environment"][name] for name in ("REMOTE_WRITE_URL", "REMOTE_WRITE_ALL_URL")}
    for host, _ in (_reached(url)[0] for url in written):
        assert f"--dedup.minScrapeInterval={shortest}s" in services[host]["command"], host


def test_both_stores_answer_as_prometheus_does(services: dict[str, Any]) -> None:
    """The portal asks either: with the flags under which its every query was held against Prometheus."""
    for name in ("series", "recorded"):
        assert {f"-{flag}" for flag in STORE_FLAGS} <= set(services[name]["command"]), name
    for name in ("portal", "portal_2"):
        assert services[name]["environment"]["RECORDED_URL"] == "http://recorded:8428"


def test_the_settings_it_adds_are_explained() -> None:
    """In the guide, each with its default; the rest are the example's."""
    text = (ROOT / FILES[1]).read_text(encoding="utf-8")
    guide = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    for name, default in re.findall(r"\$\{([A-Z_]+)(?::-([^}]*))?", text):
        if f"\n{name}=" not in example:
            assert f"`{name}`" in guide, name
            assert default in guide, name


def test_both_prometheus_and_both_alertmanagers_read_files_that_are_good(
    services: dict[str, Any], tmp_path: Path
) -> None:
    """What `configure` writes with the overlay's settings: promtool and amtool take it, and each is named by itself."""
    (tmp_path / "token").write_text("t", encoding="utf-8")
    environ = {
        **services["configure"]["environment"],
        "BACKHAUL_WEBHOOK_TOKEN_FILE": str(tmp_path / "token"),
        "SMTP_URL_FILE": "",
    }
    prometheus = configure.prometheus(tmp_path / "prometheus", environ)
    alertmanager = configure.alertmanager(tmp_path / "alertmanager", environ)
    for words in (("promtool", "check", "config", prometheus), ("amtool", "check-config", alertmanager)):
        done = subprocess.run([program(words[0]), *words[1:]], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    read = yaml.safe_load(prometheus.read_text(encoding="utf-8"))
    jobs = {job["job_name"]: job for job in read["scrape_configs"]}
    targets = {name: job["static_configs"][0]["targets"] for name, job in jobs.items() if "static_configs" in job}
    assert targets["backhaul-exporter"] == ["exporter:9909", "exporter_1:9909"]
    assert targets["backhaul-webhook"] == ["alert_webhook:9910", "alert_webhook_2:9910"]
    assert targets["backhaul-portal"] == ["portal:8080", "portal_2:8080"]
    assert targets["prometheus"] == ["prometheus:9090", "prometheus_2:9090"]
    assert [one["url"] for one in jobs["backhaul-devices"]["http_sd_configs"]] == [
        "http://exporter:9909/sd",
        "http://exporter_1:9909/sd",
    ]
    (told,) = read["alerting"]["alertmanagers"]
    assert (
        told["static_configs"][0]["targets"] == targets["alertmanager"] == ["alertmanager:9093", "alertmanager_2:9093"]
    )
    recorded, everything = read["remote_write"]
    assert recorded["write_relabel_configs"][0]["regex"] == ".+:.+"
    assert everything == {"url": "http://series:8428/api/v1/write"}
    assert "external_labels" not in read["global"], "both Prometheus' series and alerts have to be the same ones"
    receivers = yaml.safe_load(alertmanager.read_text(encoding="utf-8"))["receivers"]
    urls = [one["url"] for receiver in receivers for one in receiver.get("webhook_configs", ())]
    assert urls == ["http://alert_webhook:9910/alerts", "http://alert_webhook_2:9910/alerts"]
