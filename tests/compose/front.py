"""The shipped front on a port of this machine, with stand-ins behind it that tell what reached them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.harness import ROOT, free_port, listens, program, service

NOBODY = 65534
LARGE = 8_000_000  # bytes of /static/large: twice what a kernel keeps for a connection


class _Server(ThreadingHTTPServer):
    request_queue_size = 512  # a test opens hundreds at once


@dataclass
class Behind:
    """A server that answers every request with the path, the headers and the body it was sent."""

    name: str
    port: int = field(default_factory=free_port)
    seen: list[str] = field(default_factory=list)
    second: threading.Event = field(default_factory=threading.Event)  # set when a stream may send its second event

    @contextmanager
    def running(self) -> Iterator[Behind]:
        server = _Server(("127.0.0.1", self.port), self._handler())
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def _handler(behind) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the request's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                behind.seen.append(self.path)
                if self.path.startswith("/live"):
                    self._stream()
                    return
                if self.path.startswith("/static/large.js"):
                    self._large()
                    return
                length = int(self.headers.get("Content-Length") or 0)
                told = {
                    "behind": behind.name,
                    "method": self.command,
                    "path": self.path,
                    "headers": [[name.lower(), value] for name, value in self.headers.items()],
                    "body": self.rfile.read(length).decode("latin-1"),
                }
                body = json.dumps(told).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Strict-Transport-Security", "max-age=1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - as the library calls them

            def _stream(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                self.close_connection = True  # which is the end of a body without a length
                self.wfile.write(b"data: first\n\n")
                if behind.second.wait(20):
                    self.wfile.write(b"data: second\n\n")

            def _large(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/octet-stream")
                self.send_header("Content-Length", str(LARGE))
                self.end_headers()
                self.wfile.write(b"x" * LARGE)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@dataclass(frozen=True)
class Front:
    https: int
    http: int
    health: int
    certificate: Path
    log: Path
    portal: Behind
    webhook: Behind

    @property
    def url(self) -> str:
        return f"https://localhost:{self.https}"


@contextmanager
def front(folder: Path) -> Iterator[Front]:
    """Run nginx as an unprivileged user with front/nginx.conf, whose addresses and folders are this run's."""
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "secrets.sh", folder / "scripts")
    subprocess.run([folder / "scripts" / "secrets.sh", "localhost"], check=True, capture_output=True)
    certificate = folder / "secrets" / "tls_certificate"
    portal, webhook = Behind("portal"), Behind("webhook")
    made = Front(free_port(), free_port(), free_port(), certificate, folder / "front.log", portal, webhook)
    changes = {
        " /tmp/": f" {folder}/tmp/",
        "listen 8443": f"listen 127.0.0.1:{made.https}",
        "listen 8080": f"listen 127.0.0.1:{made.http}",
        "listen 127.0.0.1:8081": f"listen 127.0.0.1:{made.health}",
        "default portal:8080": f"default 127.0.0.1:{portal.port}",
        "default alert_webhook:9910": f"default 127.0.0.1:{webhook.port}",
        "/run/secrets/": f"{folder}/secrets/",
        "root /acme": f"root {folder}/acme",
        "access_log /dev/stdout": f"access_log {folder}/access.log",
    }
    text = (ROOT / "front" / "nginx.conf").read_text(encoding="utf-8")
    for shipped, ours in changes.items():
        assert shipped in text, f"front/nginx.conf has no {shipped!r}"
        text = text.replace(shipped, ours)
    (folder / "tmp").mkdir()
    (folder / "acme/.well-known/acme-challenge").mkdir(parents=True)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    command = [program("nginx"), "-c", str(folder / "nginx.conf"), "-g", "daemon off;", "-e", "stderr"]
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", folder], check=True)
        command = [program("setpriv"), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--", *command]
    with ExitStack() as stack:
        stack.enter_context(portal.running())
        stack.enter_context(webhook.running())
        stack.enter_context(service(command, made.log, ready=lambda: listens(made.https)))
        yield made
