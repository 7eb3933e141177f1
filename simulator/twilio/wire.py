"""Answers that are no answers: a connection that is cut off in the middle of a request."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

from flask import Response, request
from waitress.channel import ClientDisconnected


def reset_connection() -> Response:
    """A response that never comes: the client gets a TCP reset instead.

    waitress puts no socket into the environment, but a method of the channel that owns it. With a linger time of 0
    the kernel sends RST when the server closes, which it does without a word after ClientDisconnected.
    """
    channel = request.environ["waitress.client_disconnected"].__self__

    def cut() -> Iterator[bytes]:
        channel.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ClientDisconnected
        yield b""

    return Response(cut())
