"""The shipped configuration in the real daemons: from a value to the webhook, through every kind of absence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness import free_port, wait_until
from tests.prometheus import daemons
from tests.prometheus.stage import Exporter, Receiver, serving

# The one thing shortened here: how long Prometheus goes on seeing a series nobody writes, 5 minutes as shipped. An
# outage of 10 seconds is then as long as one of 6 minutes.
LOOKBACK_SECONDS = 8
LOOKBACK = f"--query.lookback-delta={LOOKBACK_SECONDS}s"


@dataclass
class Stage:
    directory: Path
    ports: dict[str, int]
    exporter: Exporter
    receiver: Receiver


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    ours = free_port()
    ports = {"prometheus": free_port(), "alertmanager": free_port(), "exporter": ours, "webhook": ours}
    daemons.settle(tmp_path, ports, token="made-up-token")
    made = Stage(tmp_path, ports, Exporter(), Receiver("made-up-token"))
    with serving(ours, made.exporter, made.receiver), daemons.alertmanager(tmp_path, ports):
        yield made


@pytest.mark.slow
def test_an_alert_arrives_and_ends_by_a_value_alone(stage: Stage) -> None:
    """It is there within the promised time, outlives the exporter and Prometheus, and ends when the circuit is up."""
    exporter, receiver, ports = stage.exporter, stage.receiver, stage.ports
    with daemons.prometheus(stage.directory, ports, LOOKBACK) as running:
        wait_until(lambda: daemons.query(ports, "isp_circuit_up") == 1, "the first scrape")
        exporter.circuit_up = 0
        # 5 s to the scrape, 5 s to the rules, 1 s of group_wait; the rest of the 30 s is the webhook's.
        wait_until(lambda: receiver.got("CircuitDown", "firing"), "the alert at the webhook", timeout=15)
        exporter.gone = True
        wait_until(lambda: "ExporterDown" in daemons.firing(ports), "Prometheus to miss the exporter")
        assert "CircuitDown" in daemons.firing(ports)
        # It fires a moment before the last rule of the round has put it on record, which is what outlives a kill.
        remembered = 'alerts:firing:timestamp{alertname="ExporterDown"}'
        wait_until(lambda: daemons.query(ports, remembered) is not None, "it to be on record")
        running.kill()
    killed = time.monotonic()
    wait_until(lambda: time.monotonic() > killed + LOOKBACK_SECONDS + 2, "the last samples to be out of sight")
    with daemons.prometheus(stage.directory, ports, LOOKBACK):
        # Watchdog is the last rule: once it fires, all others have been evaluated.
        wait_until(lambda: "Watchdog" in daemons.firing(ports), "the rules to be evaluated")
        assert {"CircuitDown", "ExporterDown"} <= daemons.firing(ports)
        assert receiver.got("CircuitDown", "resolved") == []
        exporter.circuit_up, exporter.gone = 1, False
        (ended,) = wait_until(lambda: receiver.got("CircuitDown", "resolved"), "the end of the alert", timeout=60)
    assert ended["fingerprint"] == receiver.got("CircuitDown", "firing")[0]["fingerprint"]
    labels = ended["labels"]
    assert {"isp": "skylink", "tenant": "acme", "circuit": "acme-1", "device": "core-1"}.items() <= labels.items()
    assert not {"job", "instance"} & labels.keys()
