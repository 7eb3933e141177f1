"""What takes long waits in a line of its own, and holds up no page."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from inventory.registry import sessions
from inventory.registry.scope import LOGIN
from portal.asgi import TEST_THREADS, THREADS, Portal
from tests.harness import run_apart
from tests.portal.conftest import services_on
from tests.portal.serving import COOKIE
from tests.portal.templates import Stocked
from tests.portal.world import SKY

PATIENCE = 20.0


class Hanging:
    """An exporter that answers nothing before `release` is set; `asked` counts who waits for it."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.release = threading.Event()

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Its address, until the block ends."""
        hanging = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hanging.asked.release()
                hanging.release.wait(PATIENCE)
                self.send_error(503)

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            self.release.set()
            server.shutdown()
            server.server_close()


async def ask(portal: Portal, method: str, path: str, *headers: tuple[bytes, bytes]) -> int:
    """The status of the answer to a request without a body."""
    status: list[int] = []
    scope: dict[str, Any] = {"type": "http", "http_version": "1.1", "method": method}
    path, _, query = path.partition("?")
    scope |= {
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
    }
    scope |= {"server": ("127.0.0.1", 8080), "headers": [(b"host", b"127.0.0.1:8080"), *headers]}

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])

    await portal(scope, receive, send)
    return status[0]


def test_tests_of_connections_hold_up_no_page(stocked: Stocked) -> None:
    """As many as there are threads for pages hang at their device; a page comes all the same."""
    exporter = Hanging()
    with exporter.serve() as url:
        services = services_on(stocked[0], exporter_urls=(url,))
        with services.registry.write(LOGIN) as tx:
            engineer = stocked[1].user("engineer")
            token = sessions.start_session(tx, engineer, second_factor=True, address="127.0.0.1", agent="test")
            session = sessions.find_session(tx, token)
        assert session is not None
        own = ((b"cookie", f"{COOKIE}={token}".encode()), (b"x-csrf-token", session.csrf.encode()))

        async def crowd() -> list[int]:
            portal = Portal(services)
            path = f"/devices/{SKY.device}/test"
            tests = [asyncio.create_task(ask(portal, "POST", path, *own)) for _ in range(THREADS)]
            for _ in range(TEST_THREADS):
                assert await asyncio.to_thread(exporter.asked.acquire, timeout=PATIENCE)
            page = await asyncio.wait_for(ask(portal, "GET", "/alerts", *own), PATIENCE / 2)
            assert not exporter.asked.acquire(blocking=False), "more tests run at once than there are threads for them"
            exporter.release.set()
            return [page, *await asyncio.gather(*tests)]

        assert set(run_apart(crowd())) == {200}
        services.registry.engine.dispose()
