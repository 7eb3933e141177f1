"""The shipped nginx configuration in a real nginx: what gets in, what is passed on, and what is not."""

from __future__ import annotations

import json
import socket
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.compose.front import Front, front
from tests.harness import wait_until


@pytest.fixture(scope="module")
def shown() -> Iterator[Front]:
    with tempfile.TemporaryDirectory(prefix="backhaul-front-") as folder:
        Path(folder).chmod(0o755)  # nginx runs as nobody
        with front(Path(folder) / "run") as running:
            yield running


def ask(shown: Front, path: str, method: str = "GET", **more: Any) -> requests.Response:
    return requests.request(
        method, f"{shown.url}{path}", verify=str(shown.certificate), timeout=10, allow_redirects=False, **more
    )


def raw(shown: Front, request: bytes) -> bytes:
    """The answer to these very bytes."""
    context = ssl.create_default_context(cafile=str(shown.certificate))
    with (
        socket.create_connection(("127.0.0.1", shown.https), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        secured.sendall(request)
        answer = b""
        while chunk := secured.recv(65536):
            answer += chunk
        return answer


def told(answer: requests.Response) -> dict[str, Any]:
    """What the one behind was sent."""
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


@pytest.mark.parametrize(
    "path", ["/", "/my", "/static/app.js", "/api/v1/me?x=1&y=%2F..", "/grafana/d-solo/tenant-circuit", "/search?q=a//b"]
)
def test_pages_come_from_the_portal_as_they_were_asked_for(shown: Front, path: str) -> None:
    """The path and the query to the letter: the portal judges them."""
    said = told(ask(shown, path))
    assert (said["behind"], said["path"]) == ("portal", path)


FORGED = {
    "X-WEBAUTH-USER": "admin",
    "x-webauth-user": "admin",
    "X_WEBAUTH_USER": "admin",
    "X-Webauth-Role": "Admin",
    "X-Grafana-User": "admin",
    "X-Grafana-Org-Id": "3",
    "X-Forwarded-For": "10.0.0.1",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Prefix": "/x",
    "X-Real-IP": "10.0.0.1",
    "Forwarded": "for=10.0.0.1",
    "X-Original-URL": "/platform",
    "X-HTTP-Method-Override": "DELETE",
    "Proxy": "http://evil.example",
    "Connection": "close, X-Grafana-User",
    "Upgrade": "websocket",
    "Transfer-Encoding-X": "chunked",
}


@pytest.mark.parametrize("name", FORGED)
def test_nothing_a_client_says_of_itself_is_passed_on(shown: Front, name: str) -> None:
    """Who he is, where he comes from and where he wants to be taken for."""
    said = told(ask(shown, "/my", headers={name: FORGED[name]}))
    assert FORGED[name] not in [value for _, value in said["headers"]]
    assert {"x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https"}.items() <= dict(said["headers"]).items()
    known = {"host", "x-forwarded-for", "x-forwarded-proto", "accept", "accept-language", "user-agent", "cookie"}
    assert {header for header, _ in said["headers"]} <= known


def test_a_header_said_twice_is_gone_too(shown: Front) -> None:
    """In two spellings, on two lines."""
    lines = (
        b"GET /my HTTP/1.1\r\nHost: localhost\r\nX-WEBAUTH-USER: a\r\nx-webauth-user: b\r\nConnection: close\r\n\r\n"
    )
    assert b"webauth" not in raw(shown, lines).lower()


def test_what_the_portal_needs_is_passed_on(shown: Front) -> None:
    """A session, a token, conditions, the event to go on from, the panel that asks, and a body with its type."""
    sent = {
        "Authorization": "Bearer t",
        "Content-Type": "application/json",
        "Cookie": "__Host-session=s",
        "If-Match": '"3"',
        "If-None-Match": '"4"',
        "Last-Event-ID": "17",
        "Origin": shown.url,
        "Referer": f"{shown.url}/my",
        "User-Agent": "test",
        "X-CSRF-Token": "c",
        "X-Dashboard-Uid": "tenant-circuit",
        "X-Panel-Id": "2",
    }
    said = told(ask(shown, "/grafana/api/ds/query", "POST", headers=sent, data='{"queries": []}'))
    assert said["body"] == '{"queries": []}'
    assert {name.lower(): value for name, value in sent.items()}.items() <= dict(said["headers"]).items()
    assert dict(said["headers"])["host"] == f"localhost:{shown.https}"


@pytest.mark.parametrize(
    "path",
    [
        "//grafana/api/org",
        "/grafana//api/org",
        "/my/../platform",
        "/static/..%2f..%2fetc/passwd",
        "/grafana/%2e%2e/gateway",
        "/grafana/%252e%252e/gateway",
        "/my;/platform",
        "/grafana/public%2fx",
        "/my%5cplatform",
        "/my\\platform",
        "/my%00",
        "/my%0d%0aX-WEBAUTH-USER:%20a",
    ],
)
def test_a_path_with_two_faces_is_refused(shown: Front, path: str) -> None:
    """No page has such a path; nobody behind is asked what he takes it for."""
    before = len(shown.portal.seen), len(shown.webhook.seen)
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    assert raw(shown, request).startswith(b"HTTP/1.1 400"), path
    assert (len(shown.portal.seen), len(shown.webhook.seen)) == before


def test_twilio_reaches_its_callback_and_nothing_else_of_the_webhook(shown: Front) -> None:
    """The signed report with its query; not the intake of alerts, not the metrics; and by POST alone."""
    said = told(
        ask(shown, "/twilio/status?message=m-1", "POST", data="MessageStatus=sent", headers={"X-Twilio-Signature": "s"})
    )
    assert (said["behind"], said["path"], said["body"]) == (
        "webhook",
        "/twilio/status?message=m-1",
        "MessageStatus=sent",
    )
    assert dict(said["headers"])["x-twilio-signature"] == "s"
    assert ask(shown, "/twilio/status").status_code == 403
    for path in ("/alerts", "/metrics", "/twilio", "/twilio/status/"):
        assert told(ask(shown, path))["behind"] == "portal"
    assert set(shown.webhook.seen) == {"/twilio/status?message=m-1"}


def test_the_gateway_is_not_for_the_world(shown: Front) -> None:
    """Grafana comes to it by the inner network."""
    assert ask(shown, "/gateway/api/v1/query?query=up").status_code == 404
    assert not any("gateway" in path for path in shown.portal.seen)


def test_events_come_as_they_happen(shown: Front) -> None:
    """The first event of a stream is here before the second is made."""
    with ask(shown, "/live", stream=True) as answer:
        lines = answer.iter_lines(chunk_size=1)
        assert next(lines) == b"data: first"
        shown.portal.second.set()
        assert [line for line in lines if line] == [b"data: second"]


def test_every_answer_asks_for_https_once(shown: Front) -> None:
    """Pages, refusals and errors, and never twice."""
    for path in ("/", "/gateway", "/my;x"):
        lines = raw(shown, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()).lower()
        assert lines.count(b"strict-transport-security: max-age=31536000; includesubdomains") == 1, path
        assert lines.count(b"strict-transport-security") == 1, path


def test_plain_http_leads_to_https_and_to_certbots_answer(shown: Front) -> None:
    """Nothing else is said in clear."""
    plain = f"http://127.0.0.1:{shown.http}"
    answer = requests.get(f"{plain}/my?a=b", headers={"Host": "portal.example.net"}, allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://portal.example.net/my?a=b")
    challenge = shown.log.parent / "acme/.well-known/acme-challenge/token"
    challenge.write_text("answer", encoding="ascii")
    assert requests.get(f"{plain}/.well-known/acme-challenge/token", timeout=10).text == "answer"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_of_today_only(shown: Front, version: ssl.TLSVersion) -> None:
    """1.2 and 1.3 with forward secrecy; a client that knows nothing newer than 1.1 is turned away."""
    context = ssl.create_default_context(cafile=str(shown.certificate))
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", shown.https), 10) as plain:
        secured = context.wrap_socket(plain, server_hostname="localhost")
        cipher = secured.cipher()
        assert cipher is not None
        assert cipher[0].startswith(("ECDHE", "TLS_"))
        secured.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_of_yesterday_is_refused(shown: Front) -> None:
    """TLS 1.1 with every cipher the client has."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", shown.https), 10) as plain, pytest.raises((ssl.SSLError, OSError)):
        context.wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize(("path", "most"), [("/api/v1/links", 256), ("/login", 64), ("/twilio/status", 64)])
def test_a_body_is_limited(shown: Front, path: str, most: int) -> None:
    """To what the portal and the webhook take, in KiB; more is refused before it is read."""
    assert ask(shown, path, "POST", data=b"x" * (most * 1024)).status_code == 200
    assert ask(shown, path, "POST", data=b"x" * (most * 1024 + 1)).status_code == 413


def test_passwords_cannot_be_tried_by_the_hundred(shown: Front) -> None:
    """One address gets 30 tries at once, and then one every two seconds."""
    codes = [ask(shown, "/login", "POST", data="password=x").status_code for _ in range(45)]
    assert codes[:30] == [200] * 30
    assert 429 in codes
    assert ask(shown, "/my").status_code == 200, "who is logged in goes on"


def test_no_login_link_is_logged(shown: Front) -> None:
    """It opens an account; nor is what somebody looked for. What is refused may be used later."""
    ask(shown, "/login/link/very-secret-token")
    assert ask(shown, "//login/link/very-secret-token").status_code == 400
    for path in ("/login/link/very-secret-token", "/login"):
        assert 429 in {ask(shown, path).status_code for _ in range(45)}
    errors = shown.log.read_text(encoding="utf-8")
    assert "limiting requests" in errors, "of the last one"
    assert "very-secret" not in errors
    ask(shown, "/search?q=very-secret-word")
    ask(shown, "/a-page-that-is-logged")
    log = shown.log.parent / "access.log"

    def logged() -> set[str]:
        return {json.loads(line)["path"] for line in log.read_text(encoding="utf-8").splitlines()}

    # A request is logged when its answer has gone out.
    wait_until(lambda: {"/search", "/a-page-that-is-logged"} <= logged(), "the requests to be logged")
    assert "very-secret" not in log.read_text(encoding="utf-8")
