"""Who reads slowly: what he waits for costs the portal next to nothing, however many he is."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from portal.app import create_app
from portal.bodies import SMALL, Bodies
from tests.harness import BIN, ROOT, Service, answers, free_port, service
from tests.portal.conftest import logged_in_client, services_on
from tests.portal.serving import KEY
from tests.portal.templates import Stocked
from tests.portal.world import SKY

FILE = "vendor/swagger-ui/swagger-ui-bundle.js"
READERS = 100


@pytest.fixture
def running(sqlite_template: tuple[str, object], tmp_path: Path) -> Iterator[tuple[str, Service]]:
    """A portal of the test's own, for its memory is looked at."""
    (tmp_path / "portal.db").write_bytes(Path(sqlite_template[0]).read_bytes())
    url = f"http://127.0.0.1:{free_port()}"
    env = {"BACKHAUL_DATABASE_URL": f"sqlite:///{tmp_path / 'portal.db'}", "BACKHAUL_SECRET_KEY": KEY}
    command: list[str | Path] = [BIN / "backhaul", "portal", "--listen", url.removeprefix("http://"), "--workers", "1"]
    with service(command, tmp_path / "log", ready=lambda: answers(f"{url}/-/ready"), env=env) as process:
        yield url, process


def slow_reader(url: str) -> socket.socket:
    """A connection that asked for the file, was sent its beginning, and takes no more yet."""
    place = urlsplit(url)
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.settimeout(60)
    reader.connect((place.hostname, place.port))
    head = f"GET /static/{FILE} HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n\r\n"
    reader.sendall(head.encode())
    assert reader.recv(12) == b"HTTP/1.1 200"
    return reader


def whole(reader: socket.socket) -> bytes:
    """The body, read as fast as it comes."""
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    answer = bytearray()
    while chunk := reader.recv(1 << 20):
        answer += chunk
    return bytes(answer.partition(b"\r\n\r\n")[2])


def memory(process: Service) -> int:
    """Bytes of all processes of the portal."""
    parent = psutil.Process(process.pid)
    return sum(each.memory_info().rss for each in [parent, *parent.children(recursive=True)])


def test_a_hundred_slow_readers_of_a_file_share_it(running: tuple[str, Service]) -> None:
    """Of the largest file anybody may ask for. Each has all of it in the end, and its type and its digest as ever."""
    url, process = running
    file = (ROOT / "portal" / "static" / FILE).read_bytes()
    asked = requests.get(f"{url}/static/{FILE}", timeout=60)
    assert asked.content == file
    assert re.match(r"text/javascript\b", asked.headers["Content-Type"])
    again = requests.get(f"{url}/static/{FILE}", headers={"If-None-Match": asked.headers["ETag"]}, timeout=60)
    assert (again.status_code, again.content) == (304, b"")
    before = memory(process)
    with ExitStack() as stack:
        readers = [stack.enter_context(slow_reader(url)) for _ in range(READERS)]
        assert requests.get(f"{url}/static/{FILE}", timeout=60).content == file, "somebody else, meanwhile"
        assert memory(process) - before < READERS * len(file) / 4
        assert all(whole(reader) == file for reader in readers)


class Grafana(BaseHTTPRequestHandler):
    """Answers every path with the same large script."""

    def do_GET(self) -> None:
        body = b"x" * (2 * SMALL)
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def test_readers_of_a_script_of_grafana_share_it(stocked: Stocked) -> None:
    """Each is asked for anew, and what two are sent is one object."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Grafana)
    Thread(target=server.serve_forever, daemon=True).start()
    services = services_on(stocked[0], grafana_url=f"http://127.0.0.1:{server.server_address[1]}")
    app = create_app(services)
    try:
        clients = [logged_in_client(app, services, stocked[1].user(who, SKY), None) for who in ("sky-r1", "sky-r2")]
        answers = [client.get("/grafana/public/build/app.js") for client in clients]
        assert [answer.status_code for answer in answers] == [200, 200]
        first, second = ([*answer.iter_encoded()] for answer in answers)
        assert len(first) == len(second) == 1
        assert first[0] == b"x" * (2 * SMALL)
        assert first[0] is second[0]
    finally:
        services.registry.engine.dispose()
        server.shutdown()
        server.server_close()


def test_what_is_held_has_an_end() -> None:
    """Equal bodies are one; what nobody asked for lately goes, and small or huge ones are not held at all."""
    bodies = Bodies(most=3 * SMALL)
    first, second, third = (bytes([number]) * (SMALL + 1) for number in (1, 2, 3))
    assert bodies.one(first) is first
    assert bodies.one(bytes(bytearray(first))) is first
    bodies.one(second)
    bodies.one(third)
    anew = bytes(bytearray(first))
    assert bodies.one(anew) is anew, "the oldest went for the third"
    for size in (SMALL, 3 * SMALL + 1):
        body = b"x" * size
        same = bytes(bytearray(body))
        bodies.one(body)
        assert bodies.one(same) is same
