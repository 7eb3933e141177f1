"""The shipped file with the overlay that runs two of each, on a real engine: each second one does its part."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from inventory.shards import shard_of
from tests.compose_engine.engine import Engine
from tests.compose_engine.installation import HERE, SERVICES, STEPS, Installation, check_out
from tests.compose_engine.people import PASSWORD, TENANT, log_in
from tests.harness import wait_until

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]

SECONDS = ("exporter_1", "alert_webhook_2", "portal_2", "prometheus_2", "alertmanager_2", "series")
DEVICES = {"core-1", "core-2", "core-3", "core-4"}
PHONE = "whatsapp:+8801700000001"


@pytest.fixture(scope="module")
def scaled(engine: Engine, images: str, place: Path) -> Iterator[Installation]:
    """All of both files from empty volumes. It runs before the others, and is gone when they begin."""
    assert images
    check_out(place / "scaled")
    made = Installation(engine, place / "scaled", "scaled", overlays=["docker-compose.scale.yml"])
    made.prepare(ALERTMANAGER_NETWORK="198.19.93")
    try:
        made.up()
        made.wait_healthy(*SERVICES, *SECONDS)
        yield made
    finally:
        made.remove()


def put_in(installation: Installation, near: str) -> None:
    """Several devices in place of one, and where the circuit that is near is pinged."""
    said: dict[str, Any] = yaml.safe_load((HERE / "inventory.yml").read_text(encoding="utf-8"))
    said["devices"] = [{**said["devices"][0], "id": name} for name in sorted(DEVICES)]
    said["tenants"][0]["circuits"][0]["ping"] = near
    file = installation.folder / "network.yml"
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    file.chmod(0o644)
    mounted = ("-v", f"{file}:/network.yml:ro", "-e", "CORE1_COMMUNITY=public")
    installation.compose("run", "--rm", "-T", "--no-deps", *mounted, "portal", "inventory", "import", "/network.yml")


def told(installation: Installation) -> Counter[str]:
    """How many messages the tenant got about each circuit."""
    inbox = json.loads(installation.get("alert_webhook_2", "http://twilio:9912/inbox.json"))
    bodies = [each["body"] or "" for each in inbox["messages"] if each["to"] == PHONE]
    return Counter(name for name in ("Near", "Far") for body in bodies if name in body)


def query(installation: Installation, url: str, expr: str) -> list[dict[str, str]]:
    """The labels of what an instant query finds."""
    said = json.loads(installation.get("portal_2", f"{url}/api/v1/query?query={quote(expr)}"))
    return [each["metric"] for each in said["data"]["result"]]


def test_all_of_both_files_is_healthy(scaled: Installation) -> None:
    """The steps ended well, and nothing was started twice."""
    states = scaled.containers()
    assert {name: states[name]["State"]["ExitCode"] for name in STEPS} == dict.fromkeys(STEPS, 0)
    every = (*SERVICES, *SECONDS)
    assert {name: states[name]["RestartCount"] for name in every} == dict.fromkeys(every, 0)


def test_the_alertmanagers_are_one_cluster(scaled: Installation) -> None:
    """Each knows both."""
    for name in ("alertmanager", "alertmanager_2"):
        url = f"http://{name}:9093/api/v2/status"
        wait_until(
            lambda url=url: len(json.loads(scaled.get("portal", url))["cluster"]["peers"]) == 2,  # type: ignore[misc]
            f"{name} to know the other",
            timeout=60,
            interval=1,
        )


def test_one_message_whichever_alertmanager_is_there(scaled: Installation) -> None:
    """Two that evaluate, one or two that tell, two that write down: the tenant hears of each circuit once."""
    scaled.compose("stop", "alertmanager")
    put_in(scaled, "127.0.0.1")
    wait_until(lambda: told(scaled)["Far"], "a message by the second Alertmanager", timeout=120, interval=1)
    scaled.compose("start", "alertmanager")
    scaled.wait_healthy("alertmanager")
    scaled.compose("stop", "alertmanager_2")
    put_in(scaled, "198.51.100.8")
    wait_until(lambda: told(scaled)["Near"], "a message by the first Alertmanager", timeout=120, interval=1)
    scaled.compose("start", "alertmanager_2")
    scaled.wait_healthy("alertmanager_2")
    assert told(scaled) == {"Far": 1, "Near": 1}


def test_every_device_is_read_by_one_shard_and_known_to_both_prometheus(scaled: Installation) -> None:
    """Each from the shard that its id falls to; the two together have all, and no device twice."""
    shards = {f"http://exporter{end}:9909": number for number, end in enumerate(("", "_1"))}
    assert {shard_of(device, 2) for device in DEVICES} == {0, 1}
    for url, number in shards.items():
        known = {each["labels"]["__param_target"] for each in json.loads(scaled.get("portal", f"{url}/sd"))}
        assert known == {device for device in DEVICES if shard_of(device, 2) == number}

    def read(url: str) -> list[str]:
        return sorted(each["device"] for each in query(scaled, url, "isp_device_up"))

    for url in ("http://prometheus:9090", "http://prometheus_2:9090", "http://series:8428"):
        wait_until(lambda url=url: read(url) == sorted(DEVICES), f"{url} to have each once", timeout=60, interval=1)  # type: ignore[misc]
        wait_until(lambda url=url: not query(scaled, url, "up == 0"), f"{url} to reach all", timeout=60, interval=1)  # type: ignore[misc]


def test_pages_have_figures_while_a_prometheus_is_away(scaled: Installation) -> None:
    """They are the store's, which the other Prometheus goes on writing to."""
    add = ("user", "add", "--email", TENANT, "--role", "reseller", "--isp", "sky", "--tenant", "r1", "--password-stdin")
    scaled.backhaul(*add, stdin=f"{PASSWORD}\n".encode())
    client = log_in(scaled)
    scaled.compose("stop", "prometheus")
    asked = f"{scaled.url}/charts/circuit-up?circuit=r1-cut&range=24h"

    def last() -> object:
        drawn = client.get(asked, timeout=20).json()
        return None if drawn["away"] or not drawn["series"] else drawn["series"][0]["values"][-1]

    assert wait_until(lambda: last() is not None, "a figure of the circuit", timeout=90, interval=1)
    assert "Down" in client.get(f"{scaled.url}/my", timeout=20).text
    scaled.compose("start", "prometheus")
    scaled.wait_healthy("prometheus")
