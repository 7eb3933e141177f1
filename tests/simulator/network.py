"""A simulated network as a process of its own, and a client that knows nothing but the documented bytes."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import routeros_api
import yaml

from tests.harness import BIN, ROOT, free_port, service

PASSWORD = "s3cret"
HOSTILE = 'NTTN "ঢাকা" 😀\nline'
# What a router carries for customers; its interfaces `vlan10` and `ether 4` carry it.
CARRIED: dict[str, Any] = {
    "queues": [
        {
            "name": name,
            "target": "10.0.0.0/24",
            "max_limit": {"upload": "100M", "download": "200M"},
            "interface": "ether 4",
            "traffic": {"mean": "50M"},
        }
        for name in ("r1001", "yes", "123")
    ],
    "ppp": [{"name": "user 1", "address": "10.9.0.1", "caller_id": "00:11:22:33:44:55", "traffic": {"mean": "3M"}}],
    "pings": [
        {"address": "203.0.113.10", "rtt_ms": 9, "interface": "vlan10"},
        {"address": "203.0.113.11", "loss": 1.0},
    ],
}


class Network:
    """A running simulator: where its devices and its control API are."""

    def __init__(self, control: int, ports: dict[str, int], log: Path) -> None:
        self.url = f"http://127.0.0.1:{control}"
        self.ports = ports
        self.log = log

    def describe(self, device: str = "core-1") -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self.url}/devices/{device}", timeout=10).json()
        return found

    def fault(self, device: str = "core-1", **fault: Any) -> dict[str, Any]:
        answer = requests.post(f"{self.url}/devices/{device}/faults", json=fault, timeout=10)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def repair(self, device: str = "core-1") -> None:
        requests.delete(f"{self.url}/devices/{device}/faults", timeout=10).raise_for_status()

    def api(self, device: str = "core-1", **options: Any) -> Any:
        """The `routeros-api` package, logged in."""
        options = {"username": "monitor", "password": PASSWORD, "plaintext_login": True} | options
        return routeros_api.RouterOsApiPool("127.0.0.1", port=self.ports[device], **options).get_api()

    def raw(self, device: str = "core-1", *, login: bool = True, timeout: float = 5) -> RawClient:
        client = RawClient(self.ports[device], timeout)
        if login:
            assert client.ask("/login", "=name=monitor", f"=password={PASSWORD}") == [["!done"]]
        return client


@contextmanager
def network(tmp_path: Path, devices: list[dict[str, Any]]) -> Iterator[Network]:
    """Run the simulator with these devices, each on a free port."""
    ports: dict[str, int] = {}
    for device in devices:
        is_agent = device.get("kind") == "snmp"
        ports[device["id"]] = free_port(socket.SOCK_DGRAM if is_agent else socket.SOCK_STREAM)
        device["listen"] = f"127.0.0.1:{ports[device['id']]}"
        if not is_agent:
            device.setdefault("users", {"monitor": PASSWORD})
    file, log, control = tmp_path / "network.yml", tmp_path / "simulator.log", free_port()
    file.write_text(yaml.safe_dump({"devices": devices}, allow_unicode=True), encoding="utf-8")
    command: list[str | Path] = [BIN / "python", "-m", "simulator", file, "--control", f"127.0.0.1:{control}"]
    # The tests themselves may run from anywhere; the package is found from the project's folder.
    env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    with service(command, log, ready=lambda: "ready:" in log.read_text(encoding="utf-8"), env=env):
        yield Network(control, ports, log)


class RawClient:
    """Words of up to 127 bytes out, words of up to 16383 bytes in: enough of the manual to check the server by."""

    def __init__(self, port: int, timeout: float) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self._stream = self.socket.makefile("rb")

    def send(self, *words: str) -> None:
        encoded = [word.encode() for word in words]
        self.socket.sendall(b"".join(bytes([len(word)]) + word for word in encoded) + b"\x00")

    def sentence(self) -> list[str]:
        words: list[str] = []
        while word := self._word():
            words.append(word)
        return words

    def ask(self, *words: str) -> list[list[str]]:
        """All sentences up to `!done` or `!fatal`."""
        self.send(*words)
        replies = [self.sentence()]
        while replies[-1][0] not in ("!done", "!fatal"):
            replies.append(self.sentence())
        return replies

    def rows(self, *words: str) -> list[dict[str, str]]:
        """The `!re` sentences of a command, as name and value."""
        replies = [reply for reply in self.ask(*words) if reply[0] == "!re"]
        return [dict(word[1:].split("=", 1) for word in reply[1:] if word[0] == "=") for reply in replies]

    def close(self) -> None:
        self._stream.close()
        self.socket.close()

    def _word(self) -> str:
        first = self._bytes(1)[0]
        assert first < 0xC0, "not a length a router would send here"
        size = first if first < 0x80 else (first & 0x3F) << 8 | self._bytes(1)[0]
        return self._bytes(size).decode()

    def _bytes(self, count: int) -> bytes:
        data = self._stream.read(count)
        if len(data) < count:
            raise ConnectionError("the device closed the connection")
        return data
