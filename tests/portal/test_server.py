"""The portal as it runs: started by the command line, met over HTTP, ended by Ctrl-C or SIGTERM."""

from __future__ import annotations

import base64
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pyotp
import pytest
import requests

from tests.harness import BIN, Service, answers, free_port, service, wait_until

_TOKEN = re.compile(r'name="csrf" value="([^"]*)"')


@dataclass(frozen=True)
class Running:
    """A portal with nothing but an owner, made by the command line."""

    url: str
    port: int
    process: Service
    env: Mapping[str, str]
    link: str


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return _environ(tmp_path)


def _environ(folder: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("BACKHAUL_", "SMTP_"))}
    return inherited | {
        "BACKHAUL_DATABASE_URL": f"sqlite:///{folder / 'portal.db'}",
        "BACKHAUL_SECRET_KEY": base64.b64encode(os.urandom(32)).decode(),
    }


def _backhaul(env: Mapping[str, str], *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "backhaul", *words], env=dict(env), input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for all tests that leave it running."""
    with _start(tmp_path_factory.mktemp("portal"), BACKHAUL_TRUSTED_PROXIES="127.0.0.1") as started:
        yield started


@pytest.fixture
def ending(tmp_path: Path) -> Iterator[Running]:
    """One to be ended."""
    with _start(tmp_path) as started:
        yield started


@contextmanager
def _start(folder: Path, **settings: str) -> Iterator[Running]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = _environ(folder) | {"BACKHAUL_PUBLIC_URL": url, **settings}
    made = _backhaul(env, "user", "add", "--email", "boss@x.example", "--role", "owner", "--name", "Boss")
    assert made.returncode == 0, made.stderr
    link = made.stdout.strip().splitlines()[-1]
    command: list[str | Path] = [BIN / "backhaul", "portal", "--listen", f"127.0.0.1:{port}"]
    with service(command, folder / "log", ready=lambda: answers(f"{url}/-/ready"), env=env) as process:
        yield Running(url, port, process, env, link)


def _send(browser: requests.Session, url: str, **fields: str) -> requests.Response:
    found = _TOKEN.search(browser.get(url, timeout=20).text)
    assert found is not None
    return browser.post(url, data={"csrf": found[1], **fields}, timeout=20)


def test_the_first_owner_gets_in_by_the_link_that_was_printed(running: Running) -> None:
    """Command line, link, second factor, page; and the log has neither the link nor the code."""
    assert running.link.startswith(f"{running.url}/login/link/")
    with requests.Session() as browser:
        enrolment = _send(browser, running.link)
        assert enrolment.url == f"{running.url}/login/enrol"
        key = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', enrolment.text)
        assert key is not None
        page = _send(browser, enrolment.url, code=pyotp.TOTP(key[1].replace(" ", "")).now())
        assert page.url == f"{running.url}/platform"
        assert "There is no isp yet" in page.text
    log = running.process.output()
    assert running.link.rpartition("/")[2] not in log
    assert "path=/login/link/<token>" in log
    assert "Traceback" not in log


@pytest.mark.parametrize(("how", "to_all"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_it_ends_and_leaves_nothing(ending: Running, how: signal.Signals, to_all: bool) -> None:  # noqa: FBT001
    """Ctrl-C reaches all processes at once, a service manager's SIGTERM the first: none is left, the port is free."""
    running = ending
    children = psutil.Process(running.process.pid).children(recursive=True)
    assert len(children) >= 2
    with requests.Session() as browser:
        # A connection that stays open; what it says of a proxy counts for nothing.
        browser.get(f"{running.url}/login", timeout=20, headers={"X-Forwarded-For": "192.0.2.77"})
        assert "192.0.2.77" not in running.process.output()
        if to_all:
            os.killpg(running.process.pid, how)
        else:
            os.kill(running.process.pid, how)
        assert running.process.process.wait(timeout=15) in {0, 130}
        _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    assert "Traceback" not in running.process.output()
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", running.port))


def test_ctrl_c_while_its_processes_start_is_no_error(env: dict[str, str], tmp_path: Path) -> None:
    """It reaches a process that has only just been made."""
    assert _backhaul(env, "user", "add", "--email", "boss@x.example", "--role", "owner").returncode == 0
    command: list[str | Path] = [BIN / "backhaul", "portal", "--listen", f"127.0.0.1:{free_port()}"]
    with service(command, tmp_path / "log", ready=lambda: True, env=env) as process:
        parent = psutil.Process(process.pid)
        made = lambda: [one for one in parent.children() if "spawn_main" in " ".join(one.cmdline())]  # noqa: E731
        wait_until(made, "a process")
        os.killpg(process.pid, signal.SIGINT)
        assert process.process.wait(timeout=60) in {0, 130}
        assert "Traceback" not in process.output()
        assert "portal ended" in process.output()


def test_a_parent_that_is_killed_takes_its_processes_along(ending: Running) -> None:
    """The others notice when the first one is gone by kill -9."""
    children = psutil.Process(ending.process.pid).children(recursive=True)
    os.kill(ending.process.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=15)
    assert alive == []


def test_a_port_that_is_taken_is_said(running: Running) -> None:
    """One line, no trace."""
    second = _backhaul(running.env, "portal", "--listen", f"127.0.0.1:{running.port}")
    assert second.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {running.port}: Address already in use" in second.stderr
    assert "Traceback" not in second.stderr


def test_what_is_missing_is_said(env: dict[str, str]) -> None:
    """Without a key there is no start, and how to make one."""
    del env["BACKHAUL_SECRET_KEY"]
    done = _backhaul(env, "portal", "--listen", f"127.0.0.1:{free_port()}")
    assert done.returncode == 2
    assert "BACKHAUL_SECRET_KEY is not set" in done.stderr
    assert "backhaul secrets new-key" in done.stderr


def test_requests_that_are_none(running: Running) -> None:
    """Bytes outside of ASCII, bodies in pieces, too long, cut short: an answer each, and the server goes on."""

    def ask(raw: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
            connection.sendall(raw)
            return connection.recv(200)

    host = b"Host: 127.0.0.1\r\nConnection: close\r\n"
    assert ask(b"GET /login?next=/\xff\xfe HTTP/1.1\r\n" + host + b"\r\n").split()[1] in {b"200", b"400"}
    assert ask(b"GET /%ff%00 HTTP/1.1\r\n" + host + b"\r\n").split()[1] == b"404"
    chunked = b"Transfer-Encoding: chunked\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
    assert ask(b"POST /login HTTP/1.1\r\n" + host + chunked + b"5\r\ncsrf=\r\n0\r\n\r\n").split()[1] == b"400"
    assert ask(b"nonsense\r\n\r\n").split()[1] == b"400"
    big = requests.post(f"{running.url}/login", data=b"x" * (2 << 20), timeout=20)
    assert big.status_code == 413
    pieces = requests.post(f"{running.url}/login", data=(b"x" * 65536 for _ in range(20)), timeout=20)
    assert pieces.status_code == 413
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as cut:
        cut.sendall(b"POST /login HTTP/1.1\r\n" + host + b"Content-Length: 100\r\n\r\nabc")
    assert requests.get(f"{running.url}/login", timeout=20).status_code == 200
    assert "Traceback" not in running.process.output()


def test_a_head_without_end_is_ended(running: Running) -> None:
    """Nobody fills the memory with a header that never ends; a body may be longer, and the next head begins anew."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as endless:
        endless.sendall(b"GET /login HTTP/1.1\r\nHost: " + running.url.removeprefix("http://").encode() + b"\r\nX: ")
        taken = 0
        with suppress(ConnectionError):
            for _ in range(1_000):
                endless.sendall(b"a" * 10_000)
                taken += 1
        assert taken < 1_000
    with requests.Session() as browser:
        for _ in range(4):
            assert browser.get(f"{running.url}/login", headers={"X-Long": "a" * 20_000}).status_code == 200
            assert browser.post(f"{running.url}/login", data={"email": "a" * 200_000}).status_code == 400


def test_a_proxy_is_believed_where_it_is_trusted(running: Running) -> None:
    """The last address that is no proxy of ours is the client's; the one with an underscore is nobody's word."""
    headers = {"X-Forwarded-For": "192.0.2.77, 198.51.100.5", "X_Forwarded_For": "192.0.2.99"}
    assert requests.get(f"{running.url}/my", headers=headers, timeout=20).history[0].status_code == 303
    assert "address=198.51.100.5" in running.process.output()
    assert "192.0.2" not in running.process.output()


def test_clients_that_send_slowly_hold_nobody_up(running: Running) -> None:
    """Forty that never finish their body are more than there are threads; a page comes all the same."""
    slow = [socket.create_connection(("127.0.0.1", running.port), timeout=20) for _ in range(40)]
    for connection in slow:
        connection.sendall(b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n")
    assert requests.get(f"{running.url}/login", timeout=20).status_code == 200
    for connection in slow:
        connection.close()


def test_many_who_log_in_at_once_hold_nobody_up(running: Running) -> None:
    """Fifty passwords are hashed one after the other in a lane of their own; pages do not stand behind them."""

    def login(number: int) -> int:
        with requests.Session() as browser:
            return _send(browser, f"{running.url}/login", email=f"u{number}@x.example", password="wrong").status_code

    with ThreadPoolExecutor(50) as crowd:
        logins = [crowd.submit(login, number) for number in range(50)]
        wait_until(lambda: any(each.done() for each in logins), "the first login to be answered")
        assert requests.get(f"{running.url}/login/link", timeout=20).status_code == 200
        assert not all(each.done() for each in logins), "the page was last in the line"
        assert {each.result() for each in logins} == {422}


def test_the_command_line_helps_who_cannot_get_in(env: dict[str, str]) -> None:
    """List, disable, enable, a new link, a reset; each in the audit. No password is ever a default."""
    added = _backhaul(env, "user", "add", "--email", "o@x.example", "--role", "owner", "--password-stdin", stdin="\n")
    assert added.returncode == 2
    assert "at least 12 characters" in added.stderr
    words = ("user", "add", "--email", "o@x.example", "--role", "owner", "--password-stdin")
    added = _backhaul(env, *words, stdin="a few words in a row\n")
    assert added.stdout == "o@x.example may log in as owner.\n"
    assert "already" in _backhaul(env, *words, stdin="a few words in a row\n").stderr
    assert "/login/link/" in _backhaul(env, "user", "link", "O@X.example").stdout
    assert _backhaul(env, "user", "disable", "o@x.example").returncode == 0
    assert _backhaul(env, "user", "list").stdout == "o@x.example\towner\t\t\to@x.example\tdisabled\n"
    assert "enable it first" in _backhaul(env, "user", "link", "o@x.example").stderr
    assert _backhaul(env, "user", "enable", "o@x.example").returncode == 0
    assert _backhaul(env, "user", "reset-totp", "o@x.example").returncode == 0
    unknown = _backhaul(env, "user", "disable", "nobody@x.example")
    assert (unknown.returncode, unknown.stderr) == (1, "backhaul: nobody@x.example has no account\n")
    of_none = _backhaul(env, "user", "add", "--email", "e@x.example", "--role", "engineer")
    assert of_none.returncode == 1
    assert "belongs to an isp" in of_none.stderr
