"""A real browser without a window: Chromium spoken to over its DevTools pipe, where it is installed."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.harness import cannot


def chromium() -> str:
    """The installed Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        cannot("no Chromium is installed: run `make setup`")
    return found


class Browser:
    """One page. The pipe carries JSON messages, each ended by a zero byte (`--remote-debugging-pipe`)."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._from = os.fdopen(read_fd, "rb")
        self._to = os.fdopen(write_fd, "wb", buffering=0)
        self._ids = itertools.count(1)
        self._session: str | None = None
        self.dialogs = 0
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.command("Page.enable")

    def command(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command and answer its result; a dialog that opens meanwhile is counted and closed."""
        number = self._send(method, params)
        while True:
            message = self._receive()
            if message.get("method") == "Page.javascriptDialogOpening":
                self.dialogs += 1
                self._send("Page.handleJavaScriptDialog", {"accept": True})
            elif message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result

    def open(self, url: str, width: int, height: int) -> None:
        """Show a page in a window of that size, as a phone would below 720 pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 720}
        self.command("Emulation.setDeviceMetricsOverride", **size)
        self.command("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression on the page."""
        return self.command("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def screenshot(self, target: Path) -> None:
        """Keep what the page looks like now."""
        target.write_bytes(base64.b64decode(self.command("Page.captureScreenshot")["data"]))

    def _send(self, method: str, params: dict[str, Any]) -> int:
        number = next(self._ids)
        session = {"sessionId": self._session} if self._session else {}
        self._to.write(json.dumps({"id": number, "method": method, "params": params, **session}).encode() + b"\0")
        return number

    def _receive(self) -> dict[str, Any]:
        message = bytearray()
        while (byte := self._from.read(1)) not in {b"\0", b""}:
            message += byte
        received: dict[str, Any] = json.loads(message)
        return received


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser with a fresh profile; ended with all its processes."""
    program = chromium()
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        # Chromium reads commands from descriptor 3 and answers on 4.
        script = f'exec "$@" 3<&{to_read} 4>&{from_write}'
        command = [program, *flags, "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(
            ["bash", "-c", script, "bash", *command],
            pass_fds=(to_read, from_write),
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_read)
        os.close(from_write)
        try:
            yield Browser(from_read, to_write)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=10)
