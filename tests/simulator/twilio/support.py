"""A fake Twilio's address and credentials, the official client for it, and a server that hears callbacks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import requests
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

SENDER = "whatsapp:+14155238886"
ALICE = "whatsapp:+8801700000001"
BOB = "whatsapp:+8801700000002"
NOC, NOC_NAME = "whatsapp:+8801700000009", "NOC = operators"


class LocalHttpClient(TwilioHttpClient):  # type: ignore[misc]  # the library is untyped
    """The official client's transport, sent to a local address instead of api.twilio.com."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=5)
        self._base = urlsplit(base)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        parts = urlsplit(url)._replace(scheme=self._base.scheme, netloc=self._base.netloc)
        return super().request(method, urlunsplit(parts), *args, **kwargs)


@dataclass(frozen=True)
class FakeTwilio:
    """Where it listens and how to speak to it."""

    port: int
    account_sid: str = "AC" + "1" * 32
    auth_token: str = "token-of-the-test"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def messages_url(self) -> str:
        return f"{self.url}/2010-04-01/Accounts/{self.account_sid}/Messages.json"

    def arguments(self) -> list[str]:
        account = ["--account-sid", self.account_sid, "--auth-token", self.auth_token]
        return [
            "--listen",
            f"127.0.0.1:{self.port}",
            *account,
            "--sender",
            SENDER,
            "--name",
            f"{NOC.removeprefix('whatsapp:')}={NOC_NAME}",
        ]

    def client(self) -> Client:
        return Client(self.account_sid, self.auth_token, http_client=LocalHttpClient(self.url))

    def post(self, form: dict[str, str] | None = None, timeout: float = 5) -> requests.Response:
        """Post a good message, but for the fields of `form`; one that is empty is left out."""
        whole = {"From": SENDER, "To": ALICE, "Body": "hello"} | (form or {})
        wanted = {name: value for name, value in whole.items() if value}
        return requests.post(self.messages_url, data=wanted, auth=(self.account_sid, self.auth_token), timeout=timeout)

    def inbox(self, to: str | None = None) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url}/inbox.json", params={"to": to} if to else None, timeout=5)
        messages: list[dict[str, Any]] = answer.json()["messages"]
        return messages

    def fault(self, **fault: Any) -> None:
        requests.post(f"{self.url}/control/faults", json=fault, timeout=5).raise_for_status()


@dataclass(frozen=True)
class Heard:
    """One callback: the whole URL, its form and its signature."""

    url: str
    form: dict[str, str]
    signature: str


@contextmanager
def callback_server() -> Iterator[tuple[str, list[Heard]]]:
    """A server on loopback that keeps every form posted to it; yields its URL and the growing list."""
    heard: list[Heard] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            url = f"http://{self.headers['Host']}{self.path}"
            form = dict(parse_qsl(body, keep_blank_values=True))
            heard.append(Heard(url, form, self.headers["X-Twilio-Signature"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/twilio/status?row=1", heard
    finally:
        server.shutdown()
        server.server_close()
