"""An attempt to send is over when its time is: whoever looks the message up later must find all that will ever be."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from alert_webhook.notifiers import NOTIFIERS, email, whatsapp
from alert_webhook.reasons import DeliveryError, Reason
from tests.alert_webhook.test_notifiers import MESSAGE, settings

WHOLE = 0.3


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Where the notifiers send, each within 0.3 seconds."""
    for notifier in (whatsapp, email):
        monkeypatch.setattr(notifier, "WHOLE_SECONDS", WHOLE)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening


@pytest.fixture
def silent() -> Iterator[tuple[str, int]]:
    """An address that answers nothing: its queue of connections is full, so the kernel drops what knocks."""
    with ExitStack() as opened:
        full = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            client = opened.enter_context(socket.socket())
            client.settimeout(0)
            client.connect_ex(full.getsockname())
        yield full.getsockname()


def check_nothing_was_sent(channel: str, server: socket.socket) -> None:
    """It is known not to have been sent, and nobody was so much as called."""
    with pytest.raises(DeliveryError) as caught:
        NOTIFIERS[channel](settings(server.getsockname()[1])).send(MESSAGE)
    assert caught.value.reason is Reason.UNREACHABLE
    assert caught.value.retryable
    with pytest.raises(BlockingIOError):
        server.accept()


@pytest.mark.parametrize("channel", NOTIFIERS)
def test_a_name_that_is_looked_up_for_too_long(
    channel: str, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's resolver cannot be told to hurry; what it finds too late is not called."""

    def slow(*_asked: Any, **_options: Any) -> list[Any]:
        time.sleep(WHOLE)  # the resolver's
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", server.getsockname())]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    check_nothing_was_sent(channel, server)


@pytest.mark.parametrize("channel", NOTIFIERS)
def test_addresses_that_do_not_answer_share_the_time(
    channel: str, server: socket.socket, silent: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider has many; the one that answers in the end is not called when the time is over."""
    addresses = [silent, server.getsockname()]
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_options: found)
    check_nothing_was_sent(channel, server)
