"""Several exporters of one inventory: each device is read by exactly one, and together they say what one alone says."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from devices import open_session
from exporter.ping.pinger import Pinger
from exporter.service import Exporter, ReadElsewhere
from inventory.loader import load_inventory
from inventory.settings import SettingError
from inventory.shards import MOST_SHARDS, Shard, parse_shard, shard_of
from tests.exporter.routers import Router, router
from tests.exporter.served import ISP, Samples, circuit, exporter, link, parse, routeros, tenant
from tests.harness import BIN, answers, free_port, program, service, wait_until

IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)

# What each process says of itself; everything else there is once.
OWN = ("isp_inventory_", "backhaul_", "process_", "python_")


def known(samples: Samples) -> Counter[Any]:
    """How often each series is there, but for those of the process itself."""
    return Counter(key for key in samples if not key[0].startswith(OWN))


@settings(deadline=None)
@given(device=IDS, count=st.integers(1, MOST_SHARDS))
def test_every_device_is_on_exactly_one_shard(device: str, count: int) -> None:
    """Whatever its id and however many there are."""
    shards = [Shard(number, count) for number in range(count)]
    assert [shard.number for shard in shards if shard.reads(device)] == [shard_of(device, count)]


@settings(deadline=None, max_examples=50)  # each makes exporters: on a busy machine one takes its time
@given(devices=st.sets(IDS, min_size=1, max_size=12), count=st.integers(1, 5))
def test_shards_together_say_what_one_alone_says(
    devices: set[str], count: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Targets and inventory: nothing is missing, nothing is there twice, and what no device says is with the first."""
    names = sorted(devices)
    inventory = tmp_path_factory.mktemp("shards") / "inventory.yml"
    circuits = [circuit(f"c-{place}", name, {"queue": name}) for place, name in enumerate(names)]
    sections = {
        "devices": [routeros(name, 8728) for name in names],
        "links": [link("nttn", *((10 + place, name, "v") for place, name in enumerate(names)))],
        "tenants": [tenant("t1", *circuits)],
    }
    inventory.write_text(yaml.safe_dump({"isp": ISP} | sections), encoding="utf-8")

    def made(shard: Shard) -> Exporter:
        environ = {"ROUTER_PASSWORD": "secret-of-the-router"}
        return Exporter(lambda: load_inventory(inventory, environ), Pinger(), open_session, shard)

    with ExitStack() as stack:
        alone = stack.enter_context(closing(made(Shard(0, 1))))
        shards = [stack.enter_context(closing(made(Shard(number, count)))) for number in range(count)]
        assert Counter(alone.targets) == sum((Counter(shard.targets) for shard in shards), Counter())
        said = [known(parse(shard.metrics().decode())) for shard in shards]
        assert said[0] == known(parse(alone.metrics().decode()))
        assert not any(said[1:])
        for shard in shards[1:]:
            for _, elsewhere in set(alone.targets) - set(shard.targets):
                with pytest.raises(ReadElsewhere):
                    shard.probe(elsewhere, 1)


@pytest.fixture(scope="module")
def sections() -> Iterator[dict[str, Any]]:
    """An inventory of six scripted routers that answer; each has a VLAN, a circuit, and a circuit that is pinged."""
    with ExitStack() as stack:
        devices: dict[str, Router] = {f"core-{number}": stack.enter_context(router()) for number in range(6)}
        circuits = []
        for name, device in devices.items():
            device.interface(1, "sfp1", 1, 2)
            device.interface(2, "v10", 3, 4)
            circuits += [circuit(f"{name}-a", name, {"interface": "sfp1"}, ping="127.0.0.1")]
        yield {
            "devices": [routeros(name, device.port) for name, device in devices.items()],
            "links": [link("nttn", *((10 + place, name, "v10") for place, name in enumerate(devices)))],
            "tenants": [tenant("t1", *circuits)],
        }


def test_real_shards_share_the_work(tmp_path: Path, sections: dict[str, Any]) -> None:
    """Two processes: their targets, readings and pings are together those of one, each there once."""
    with ExitStack() as stack:
        served = []
        for words in ([], ["--shard", "0/2"], ["--shard", "1/2"]):
            folder = tmp_path / "-".join(("exporter", *words)).replace("/", "-of-")
            folder.mkdir()
            served.append(stack.enter_context(exporter(folder, *words, **sections)))
        alone, *shards = served
        for each in served:
            wait_until(lambda each=each: _settled(each.metrics()), "every circuit's state and jitter")  # type: ignore[misc]
        targets = [_targets(each.url) for each in served]
        assert targets[1]
        assert targets[2]
        assert Counter(targets[0]) == Counter(targets[1] + targets[2])
        whole = known(alone.metrics())
        assert whole == known(shards[0].metrics()) + known(shards[1].metrics())
        assert not any(name == "isp_circuit_info" for name, _ in known(shards[1].metrics()))
        pinged = {dict(labels)["circuit"] for name, labels in shards[1].metrics() if name == "isp_circuit_up"}
        assert pinged == {f"{device}-a" for device in targets[2]}
        for shard, own, others in zip(shards, targets[1:], reversed(targets[1:]), strict=True):
            for device in own:
                assert known(shard.probe(device)) == known(alone.probe(device))
            refused = shard.get(f"/probe?target={others[0]}")
            assert refused.status_code == 404
            number = served.index(shard) - 1
            assert refused.text == f"This is shard {number}/2; that device is read by shard {1 - number}/2.\n"
            assert shard.get("/probe?target=nowhere").text == "The inventory has no device of that id.\n"


def test_a_reload_brings_each_shard_its_own(tmp_path: Path, sections: dict[str, Any]) -> None:
    """A device that is put into the inventory is read by the one it belongs to, and by no other."""
    new = next(f"new-{number}" for number in range(100) if shard_of(f"new-{number}", 2) == 1)
    with ExitStack() as stack:
        shards = []
        for number in (0, 1):
            folder = tmp_path / str(number)
            folder.mkdir()
            shards.append(stack.enter_context(exporter(folder, "--shard", f"{number}/2", **sections)))
        for shard in shards:
            shard.write(**sections | {"devices": [*sections["devices"], routeros(new, free_port())]})
            assert shard.reload().status_code == 200
        assert [new in _targets(shard.url) for shard in shards] == [False, True]
        assert [shard.get(f"/probe?target={new}").status_code for shard in shards] == [404, 200]


def _settled(samples: Samples) -> bool:
    """Whether all that pings tell is there: a state takes three of them."""
    told = Counter(name for name, _ in samples)
    return told["isp_circuit_ping_sent_total"] == told["isp_circuit_up"] == told["isp_circuit_ping_jitter_seconds"]


def _targets(url: str) -> list[str]:
    listed = requests.get(f"{url}/sd", timeout=5).json()
    return [one["labels"]["__param_target"] for one in listed]


def test_prometheus_counts_shards_the_same_way(tmp_path: Path) -> None:
    """Its `hashmod` puts every device where we put it: relabelling and `--shard` can be exchanged."""
    devices = [*(f"core-{number}" for number in range(40)), "a", "0", "x" * 63]
    static = [{"targets": ["127.0.0.1:9"], "labels": {"__param_target": device}} for device in devices]
    relabel = [
        {"source_labels": ["__param_target"], "target_label": "device"},
        {"source_labels": ["__param_target"], "modulus": 7, "target_label": "shard", "action": "hashmod"},
    ]
    scrape = [{"job_name": "devices", "static_configs": static, "relabel_configs": relabel}]
    (tmp_path / "prometheus.yml").write_text(
        yaml.safe_dump({"global": {"scrape_interval": "1h"}, "scrape_configs": scrape}), encoding="utf-8"
    )
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        *(program("prometheus"), f"--config.file={tmp_path / 'prometheus.yml'}"),
        *(f"--storage.tsdb.path={tmp_path / 'data'}", f"--web.listen-address={url.removeprefix('http://')}"),
    ]
    with service(command, tmp_path / "log", ready=lambda: answers(f"{url}/-/ready")):
        active = wait_until(
            lambda: requests.get(f"{url}/api/v1/targets", timeout=5).json()["data"]["activeTargets"], "its targets"
        )
    found = {target["labels"]["device"]: int(target["labels"]["shard"]) for target in active}
    assert found == {device: shard_of(device, 7) for device in devices}


@pytest.mark.parametrize("text", ["", "1", "2/2", "-1/2", "0/0", "1/", "/2", "00/2", "0/02", "0/1001", "a/b", "0 /2"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="expected I/N"):
        parse_shard(text)


def test_the_command_says_what_a_shard_is(tmp_path: Path) -> None:
    """One line and the exit code of words that are off, before anything is read."""
    command: list[str | Path] = [BIN / "backhaul", "exporter", "--inventory", tmp_path / "none.yml", "--shard", "2/2"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30, env=dict(os.environ))
    assert ended.returncode == 2
    assert '"2/2" is no shard' in ended.stderr
