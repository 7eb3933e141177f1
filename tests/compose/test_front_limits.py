"""What one address may have of the front: its memory, its connections, and neither at the cost of others."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
import yaml

from tests.compose.front import LARGE, Front, front
from tests.harness import ROOT, program, wait_until


@pytest.fixture
def shown() -> Iterator[Front]:
    """One of the test's own: it is used up."""
    with tempfile.TemporaryDirectory(prefix="backhaul-front-") as folder:
        Path(folder).chmod(0o755)  # nginx runs as nobody
        with front(Path(folder) / "run") as running:
            yield running


def get(shown: Front, path: str) -> requests.Response:
    return requests.get(f"{shown.url}{path}", verify=str(shown.certificate), timeout=20)


def slow_reader(shown: Front, path: str) -> ssl.SSLSocket:
    """A connection that asked for `path`, was sent the beginning, and takes no more yet."""
    context = ssl.create_default_context(cafile=str(shown.certificate))
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.settimeout(20)
    plain.connect(("127.0.0.1", shown.https))
    secured = context.wrap_socket(plain, server_hostname="localhost")
    secured.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert secured.recv(12) == b"HTTP/1.1 200"
    return secured


def whole(reader: ssl.SSLSocket) -> int:
    """How many bytes the body has, read as fast as it comes."""
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    answer = bytearray()
    while chunk := reader.recv(65536):
        answer += chunk
    return len(answer.partition(b"\r\n\r\n")[2])


def test_who_reads_slowly_takes_nobodys_room(shown: Front) -> None:
    """Twelve answers wait and none of them in /tmp, which all share; each comes whole in the end."""
    with ExitStack() as stack:
        readers = [stack.enter_context(slow_reader(shown, "/static/large.js")) for _ in range(12)]
        assert len(get(shown, "/static/large.js").content) == LARGE, "somebody else, meanwhile"
        assert "buffered to a temporary file" not in shown.log.read_text(encoding="utf-8")
        assert {whole(reader) for reader in readers} == {LARGE}


def test_one_client_cannot_fill_the_fronts_memory() -> None:
    """Bodies wait in a tmpfs, which counts as memory: what one address may send fits, and it is no half of it."""
    text = (ROOT / "front" / "nginx.conf").read_text(encoding="utf-8")
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]["front"]
    (place,) = service["tmpfs"]
    room = 1024 * int(re.findall(r"^/tmp:size=(\d+)m,", place)[0])
    largest = max(int(size) for size in re.findall(r"client_max_body_size (\d+)k;", text))
    connections = int(re.findall(r"limit_conn connections (\d+);", text)[0])
    assert largest * connections <= room
    assert 2 * room <= 1024 * int(service["mem_limit"].removesuffix("m"))
    both = [int(re.findall(rf"{name} (\d+);", text)[0]) for name in ("worker_processes", "worker_connections")]
    assert both[0] * both[1] * 18 + room <= 1024 * int(service["mem_limit"].removesuffix("m")), "all of them with TLS"
    assert not re.search(r"client_max_body_size (0|\d+m|\d+g);", text)


@pytest.mark.parametrize("path", ["/static/app.js", "/grafana/public/build/app.js", "/live"])
def test_where_many_may_ask_at_once_nobody_sends_a_body(shown: Front, path: str) -> None:
    """Else there would be more bodies than the front has room for."""
    answer = requests.post(
        f"{shown.url}{path}", data=b"x" * 2000, verify=str(shown.certificate), timeout=20, allow_redirects=False
    )
    assert answer.status_code == 413
    assert shown.portal.seen == []


def http2(shown: Front, paths: list[str], codes: Path) -> subprocess.Popen[bytes]:
    """A browser that asks for all of them at once; `codes` has version and status of each answer that has ended."""
    asked = [word for path in paths for word in ("--output", "/dev/null", f"{shown.url}{path}")]
    how = ["--silent", "--http2", "--parallel", "--parallel-max", str(len(paths)), "--cacert", str(shown.certificate)]
    command = [program("curl"), *how, "--write-out", "%{http_version} %{http_code}\n", *asked]
    with codes.open("wb") as sink:
        return subprocess.Popen(command, stdout=sink)


def test_an_office_behind_one_address_is_let_in(shown: Front, tmp_path: Path) -> None:
    """Sixty people with two pages open each, by HTTP/2, where each stream counts; and one more opens Grafana."""
    streams, files = tmp_path / "streams", tmp_path / "files"
    with http2(shown, [f"/live?{number}" for number in range(120)], streams) as pages:
        try:
            wait_until(lambda: len(shown.portal.seen) == 120, "every stream to be open")
            with http2(shown, [f"/grafana/public/{number}.js" for number in range(60)], files) as opened:
                assert opened.wait(timeout=20) == 0
            assert files.read_text(encoding="ascii").split("\n")[:-1] == ["2 200"] * 60
            assert get(shown, "/my").status_code == 200
        finally:
            shown.portal.second.set()
        assert pages.wait(timeout=20) == 0
    assert streams.read_text(encoding="ascii").split("\n")[:-1] == ["2 200"] * 120
