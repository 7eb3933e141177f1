"""The fake Twilio as a process of its own, one for all tests of a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.harness import ROOT, answers, free_port, service

ACCOUNT, AUTH_TOKEN = "AC" + "a" * 32, "twilio-auth-token"


class Twilio:
    """The fake Twilio: its inbox, and faults to order."""

    def __init__(self, url: str) -> None:
        self.url = url

    def inbox(self, number: str | None = None) -> list[dict[str, Any]]:
        """Messages it accepted, oldest first."""
        query = {} if number is None else {"to": f"whatsapp:{number}"}
        messages: list[dict[str, Any]] = requests.get(f"{self.url}/inbox.json", params=query, timeout=5).json()[
            "messages"
        ]
        return messages

    def bodies(self, number: str | None = None) -> list[str]:
        return [message["body"] for message in self.inbox(number)]

    def fault(self, kind: str, **details: object) -> None:
        answer = requests.post(f"{self.url}/control/faults", json={"kind": kind, **details}, timeout=5)
        assert answer.status_code == 204, answer.text

    def used(self) -> int:
        """How many requests a fault has befallen."""
        faults = requests.get(f"{self.url}/control/faults", timeout=5).json()
        return sum(fault["used"] for fault in faults)

    def heal(self) -> None:
        requests.delete(f"{self.url}/control/faults", timeout=5)


@pytest.fixture(scope="session")
def twilio_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twilio]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words = ["--listen", f"127.0.0.1:{port}", "--account-sid", ACCOUNT, "--auth-token", AUTH_TOKEN]
    command = [sys.executable, "-m", "simulator.twilio", *words, "--pace", "0.1,0.2"]
    log = tmp_path_factory.mktemp("twilio") / "log"
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with service(command, log, ready=lambda: answers(f"{url}/-/ready"), env=environ):
        yield Twilio(url)
