"""Two small HTTP servers around the real daemons: an exporter that says what a test wants, and a receiver of alerts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

_INVENTORY = """\
isp_inventory_reload_success 1
isp_tenant_info{isp="skylink",tenant="acme",kind="client",name="Acme"} 1
isp_circuit_info{isp="skylink",tenant="acme",circuit="acme-1",device="core-1",kind="client",name="Acme"} 1
isp_circuit_maintenance{isp="skylink",tenant="acme",circuit="acme-1"} 0
"""


class Exporter:
    """What /metrics says of one circuit; `gone` makes every request fail."""

    def __init__(self) -> None:
        self.circuit_up = 1
        self.gone = False

    def answer(self, path: str, host: str) -> tuple[int, str, str]:
        """Status, content type and text of a GET from `host`."""
        if self.gone:
            return 503, "text/plain", "away"
        if path == "/sd":
            target = {"targets": [host], "labels": {"__param_target": "core-1", "__meta_backhaul_isp": "skylink"}}
            return 200, "application/json", json.dumps([target])
        if path == "/probe?target=core-1":
            return 200, "text/plain; version=0.0.4", 'isp_device_up{isp="skylink",device="core-1"} 1\n'
        series = 'isp_circuit_up{isp="skylink",tenant="acme",circuit="acme-1"}'
        return 200, "text/plain; version=0.0.4", f"{_INVENTORY}{series} {self.circuit_up}\n"


class Receiver:
    """The alerts that arrived with the right token, in their order."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._alerts: list[dict[str, Any]] = []
        self._lock = Lock()

    def take(self, authorization: str | None, body: bytes) -> int:
        """Keep the alerts of one payload; the HTTP status to answer with."""
        if authorization != f"Bearer {self._token}":
            return 401
        with self._lock:
            self._alerts += json.loads(body)["alerts"]
        return 200

    def got(self, name: str, status: str) -> list[dict[str, Any]]:
        """What arrived of one alert with that status."""
        with self._lock:
            return [a for a in self._alerts if a["labels"]["alertname"] == name and a["status"] == status]


@contextmanager
def serving(port: int, exporter: Exporter, receiver: Receiver) -> Iterator[None]:
    """Answer for both on one port of 127.0.0.1 until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, text = exporter.answer(self.path, self.headers["Host"])
            self._reply(status, kind, text.encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._reply(receiver.take(self.headers["Authorization"], body), "text/plain", b"")

        def _reply(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say nothing: a failed test shows the daemons' own output."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
