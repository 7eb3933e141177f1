"""The contract every notifier keeps: what an answer means, and that no secret leaks."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from alert_webhook.message import Finder, Message, Notifier
from alert_webhook.notifiers import NOTIFIERS, email, whatsapp
from alert_webhook.reasons import FAILURES, DeliveryError, Reason
from alert_webhook.settings import Settings, TwilioSettings
from inventory.mail import MailSettings
from inventory.secrets import Secret
from tests.harness import free_port

SECRET = "s3cret-never-shown"
MESSAGE = Message(
    "0123456789abcdef0123456789abcdef",
    "+8801700000000",
    "firing",
    "en",
    "subject",
    "private text",
    {"1": "private text"},
    "fedcba9876543210fedcba9876543210",
)


def settings(port: int) -> Settings:
    """Every notifier pointed at one local port."""
    return Settings(
        token=Secret(SECRET),
        public_url="http://127.0.0.1:1",
        twilio=TwilioSettings("AC" + "a" * 32, Secret(SECRET), "whatsapp:+14155238886", f"http://127.0.0.1:{port}"),
        mail=MailSettings("127.0.0.1", port, "a@example.net", username="user", password=Secret(SECRET)),
    )


class _Api(BaseHTTPRequestHandler):
    """A Twilio that gives one answer."""

    status, body, headers_out = 201, "{}", {}  # type: tuple[int, str, dict[str, str]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        self.send_response(self.status)
        for name, value in self.headers_out.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body.encode())

    def log_message(self, *_words: object) -> None:
        pass


def _smtp(answers: list[str], server: socket.socket) -> None:
    """An SMTP server that says these lines, one after each of the client's or, after 354, after a whole mail."""
    client, _ = server.accept()
    with client, client.makefile("rwb") as stream:
        for answer in answers:
            stream.write(answer.replace("\n", "\r\n").encode() + b"\r\n")
            stream.flush()
            end = b".\r\n" if answer.startswith("354") else b""
            while (line := stream.readline()) and end not in {b"", line}:
                pass
            if not line:
                break


@pytest.fixture
def twilio_says() -> Iterator[Callable[..., Notifier]]:
    servers: list[tuple[HTTPServer, threading.Thread]] = []

    def start(status: int, body: str, headers: dict[str, str]) -> Notifier:
        kind = type("Api", (_Api,), {"status": status, "body": body, "headers_out": headers})
        server = HTTPServer(("127.0.0.1", 0), kind)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        servers.append((server, thread))
        return NOTIFIERS["whatsapp"](settings(server.server_port))

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "headers", "reason", "retryable"),
    [
        (429, "", {"Retry-After": "7"}, Reason.RATE_LIMITED, True),
        (429, "<html>", {}, Reason.RATE_LIMITED, True),
        (500, "oops", {}, Reason.UNKNOWN, False),
        (503, '{"code": 20503}', {}, Reason.UNKNOWN, False),
        (302, "", {"Location": "http://127.0.0.1:1/"}, Reason.UNKNOWN, False),
        (201, '{"status": "queued"}', {}, Reason.UNKNOWN, False),
        (201, "<html>a proxy's page</html>", {}, Reason.UNKNOWN, False),
        (201, "null", {}, Reason.UNKNOWN, False),
        (200, "[]", {}, Reason.UNKNOWN, False),
        (401, '{"code": 20003}', {}, Reason.CREDENTIALS, False),
        (400, '{"code": 21211}', {}, Reason.BAD_RECIPIENT, False),
        (400, '{"code": 21610}', {}, Reason.OPTED_OUT, False),
        (400, '{"code": 21656}', {}, Reason.TEMPLATE, False),
        (400, '{"code": 63007}', {}, Reason.BAD_SENDER, False),
        (400, '{"code": 63016}', {}, Reason.OUTSIDE_WINDOW, False),
        (400, '{"code": 63018}', {}, Reason.RATE_LIMITED, True),
        (400, '{"code": 99999}', {}, Reason.REFUSED, True),
        (404, "no json", {}, Reason.REFUSED, True),
    ],
)
def test_what_twilio_says(  # noqa: PLR0917 - the columns of the table
    status: int,
    body: str,
    headers: dict[str, str],
    reason: Reason,
    retryable: bool,  # noqa: FBT001 - a column of the table
    twilio_says: Callable[..., Notifier],
) -> None:
    """An answer has one meaning; an unclear one is unknown and never retried."""
    with pytest.raises(DeliveryError) as caught:
        twilio_says(status, body, headers).send(MESSAGE)
    assert (caught.value.reason, caught.value.retryable) == (reason, retryable)
    assert caught.value.retry_after == (7 if headers.get("Retry-After") else None)
    check_no_leak(caught.value)


@pytest.mark.parametrize(
    "body", ["", "<html>", "null", "[]", '{"messages": null}', '{"messages": [null]}', '{"messages": [{"body": 5}]}']
)
def test_a_garbled_list_says_nothing_about_a_message(body: str, twilio_says: Callable[..., Notifier]) -> None:
    """Neither that it is there nor that it is not, and the look-up of others goes on."""
    finder = twilio_says(200, body, {})
    assert isinstance(finder, Finder)
    with pytest.raises(DeliveryError) as caught:
        finder.find("+8801700000000", "01234567")
    assert caught.value.reason is Reason.UNKNOWN
    check_no_leak(caught.value)


HELLO = ["220 hello", "250-here\n250 AUTH PLAIN"]


@pytest.mark.parametrize(
    ("answers", "reason", "retryable"),
    [
        ([*HELLO, "535 no"], Reason.CREDENTIALS, True),
        ([*HELLO, "235 ok", "550 sender?"], Reason.REFUSED, False),
        ([*HELLO, "235 ok", "250 ok", "550 nobody"], Reason.BAD_RECIPIENT, False),
        ([*HELLO, "235 ok", "250 ok", "451 later"], Reason.TEMPORARY, True),
        ([*HELLO, "235 ok", "250 ok", "250 ok", "452 full"], Reason.TEMPORARY, True),
        (["421 busy"], Reason.TEMPORARY, True),
        (["220 hello", "250 here"], Reason.REFUSED, True),
        ([], Reason.UNREACHABLE, True),
    ],
)
def test_what_a_mail_server_says(
    answers: list[str],
    reason: Reason,
    retryable: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """4xx is later, 5xx is never."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_smtp, args=(answers, server))
        thread.start()
        with pytest.raises(DeliveryError) as caught:
            NOTIFIERS["email"](settings(server.getsockname()[1])).send(MESSAGE)
        thread.join()
    assert (caught.value.reason, caught.value.retryable) == (reason, retryable)
    check_no_leak(caught.value)


def test_a_mail_server_with_tls_is_spoken_to_in_tls_from_the_first_byte() -> None:
    """What hangs up in the middle of the handshake has got nothing."""
    heard: list[bytes] = []

    def hang_up(server: socket.socket) -> None:
        client, _ = server.accept()
        with client:
            heard.append(client.recv(1))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=hang_up, args=(server,))
        thread.start()
        mail = MailSettings("127.0.0.1", server.getsockname()[1], "a@example.net", tls=True)
        with pytest.raises(DeliveryError) as caught:
            NOTIFIERS["email"](replace(settings(1), mail=mail)).send(MESSAGE)
        thread.join()
    assert heard == [b"\x16"], "a handshake (RFC 8446, 5.1)"
    assert caught.value.reason is Reason.UNREACHABLE


@pytest.mark.parametrize("good_bye", [["421 too late"], []])
def test_a_mail_that_was_taken_is_taken_however_the_server_says_good_bye(good_bye: list[str]) -> None:
    """An answer to QUIT, or none, is no reason to send it twice."""
    answers = [*HELLO, "235 ok", "250 ok", "250 ok", "354 go on", "250 taken", *good_bye]
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_smtp, args=(answers, server))
        thread.start()
        assert NOTIFIERS["email"](settings(server.getsockname()[1])).send(MESSAGE)
        thread.join()


@pytest.mark.parametrize(
    ("channel", "start", "reason"),
    [("whatsapp", b"HTTP/1.1 201 Created\r\nX: ", Reason.UNKNOWN), ("email", b"220 ", Reason.UNREACHABLE)],
)
def test_an_answer_that_never_ends_holds_nobody(
    channel: str, start: bytes, reason: Reason, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then keeps every single read within its time; the whole has its own."""
    for notifier in (whatsapp, email):
        monkeypatch.setattr(notifier, "WHOLE_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_trickle, args=(start, server))
        thread.start()
        with pytest.raises(DeliveryError) as caught:
            NOTIFIERS[channel](settings(server.getsockname()[1])).send(MESSAGE)
        thread.join()
    assert caught.value.reason is reason
    check_no_leak(caught.value)


def _trickle(start: bytes, server: socket.socket) -> None:
    client, _ = server.accept()
    with client, suppress(OSError):
        client.sendall(start)
        while True:
            client.sendall(b"a")
            time.sleep(0.05)  # the pace of the trickle


@pytest.mark.parametrize("channel", NOTIFIERS)
def test_nobody_there_is_worth_another_try(channel: str) -> None:
    """A refused connection has certainly not delivered anything."""
    with pytest.raises(DeliveryError) as caught:
        NOTIFIERS[channel](settings(free_port())).send(MESSAGE)
    assert caught.value.reason is Reason.UNREACHABLE
    assert caught.value.retryable
    check_no_leak(caught.value)


def check_no_leak(error: DeliveryError) -> None:
    """Neither the secrets nor the address nor the text; and a reason the metrics know."""
    assert error.reason in FAILURES
    shown = f"{error!r} {error} {error.detail} {error.__cause__!r}"
    for private in (SECRET, "0170", "private", "AC" + "a" * 32):
        assert private not in shown
