from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.harness import Service, answers, free_port, service
from tests.simulator.twilio.support import FakeTwilio


@pytest.fixture(scope="session")
def _process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeTwilio, Service]]:
    twilio = FakeTwilio(port=free_port())
    command = [sys.executable, "-m", "simulator.twilio", *twilio.arguments(), "--pace", "0.05,0.1,0.15"]
    log: Path = tmp_path_factory.mktemp("twilio") / "log"
    with service(command, log, ready=lambda: answers(f"{twilio.url}/-/ready")) as running:
        yield twilio, running


@pytest.fixture
def twilio(_process: tuple[FakeTwilio, Service]) -> Iterator[FakeTwilio]:
    """A running fake Twilio, empty and without faults."""
    fake, _ = _process
    requests.delete(f"{fake.url}/inbox.json", timeout=5).raise_for_status()
    yield fake
    requests.delete(f"{fake.url}/control/faults", timeout=5).raise_for_status()
