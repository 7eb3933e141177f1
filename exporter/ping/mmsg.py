"""Sends and receives datagrams without giving up the interpreter lock.

A method of `socket.socket` lets go of the lock for every call. In a process whose other threads compute, getting it
back takes 5 ms (`sys.getswitchinterval`), so a loop of 5,000 sends and 5,000 receives a second comes to a stand:
measured beside one busy thread, 5 seconds of it did not end within a minute. These calls never wait, so they keep it
(`ctypes.PyDLL`), and `recvmmsg` takes up to BATCH datagrams at once. Why not `sendmmsg` too, docs/decisions/0003 says.

`argtypes` are not declared: with them ctypes converts every argument anew, which costs as much as a send. What is
handed over is therefore an int, or a reference made once.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Iterator
from typing import Any

BATCH = 64  # datagrams a call; below that the call itself begins to count, above it nothing is gained
DATAGRAM_BYTES = 128  # an IPv4 header with options (60) and an echo message of 64
NAME_BYTES = 28  # struct sockaddr_in6, the longer of the two
_CONTROL_BYTES = 64  # one SCM_TIMESTAMPNS takes 32 of it

SO_TIMESTAMPNS = 35  # asm-generic/socket.h; the control message has the same number
_TIMESTAMP = struct.Struct("@N8sll32x")  # struct cmsghdr (length; level and type), struct timespec, the room behind
IS_TIMESTAMP = struct.pack("@ii", socket.SOL_SOCKET, SO_TIMESTAMPNS)


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Msghdr(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("iovecs", ctypes.POINTER(_Iovec)),
        ("iovec_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Mmsghdr(ctypes.Structure):
    """As in recvmmsg(2); `length` is that of the datagram received."""

    _fields_ = (("header", _Msghdr), ("length", ctypes.c_uint))


_MESSAGE_BYTES = ctypes.sizeof(_Mmsghdr)
_LENGTH = struct.Struct(f"@{_Mmsghdr.length.offset}xI{_MESSAGE_BYTES - _Mmsghdr.length.offset - 4}x")
_STARTS = range(0, BATCH * DATAGRAM_BYTES, DATAGRAM_BYTES)
_NO_CONTROL = bytes(BATCH * _CONTROL_BYTES)

_libc = ctypes.PyDLL(None, use_errno=True)
_sendmsg, _recvmmsg = _libc.sendmsg, _libc.recvmmsg
_DONT_WAIT = int(socket.MSG_DONTWAIT)

# Offset in `Incoming.data`, (length,), the fields of the datagram, those of its sender's sockaddr, and of the time of
# arrival: (_, IS_TIMESTAMP where the kernel gave one, Unix seconds, nanoseconds).
Datagram = tuple[int, tuple[int], tuple[Any, ...], tuple[Any, ...], tuple[int, bytes, int, int]]


class Outgoing:
    """A buffer that is filled anew for each datagram sent from it, all to addresses of one length."""

    def __init__(self, size: int, name_bytes: int) -> None:
        self.data = bytearray(size)
        self._name = bytearray(name_bytes)
        self._iovec = _Iovec(_address(self.data), size)
        self._header = _Msghdr(_address(self._name), name_bytes, ctypes.pointer(self._iovec), 1)
        self._reference = ctypes.byref(self._header)

    def send(self, descriptor: int, sockaddr: bytes) -> int:
        """Send the whole buffer to `sockaddr` (a packed struct sockaddr); 0, or the errno of the failure."""
        self._name[:] = sockaddr
        return 0 if _sendmsg(descriptor, self._reference, _DONT_WAIT) >= 0 else ctypes.get_errno()


class Incoming:
    """Buffers for BATCH datagrams with their senders' addresses and the kernel's receive times.

    `fields` and `source` are what is read of a datagram (DATAGRAM_BYTES) and of a sockaddr (NAME_BYTES).
    """

    def __init__(self, fields: struct.Struct, source: struct.Struct) -> None:
        self.data = bytearray(BATCH * DATAGRAM_BYTES)
        self._fields, self._source = fields, source
        self._names = bytearray(BATCH * NAME_BYTES)
        self._control = bytearray(BATCH * _CONTROL_BYTES)
        self._messages = _messages(self.data, self._names, self._control)
        self._reference = ctypes.byref(self._messages)
        self._fresh = bytes(self._messages)
        self._bytes = memoryview(self._messages).cast("B")

    def receive(self, descriptor: int) -> Iterator[Iterator[Datagram]]:
        """What waits on the socket, up to BATCH datagrams at once, which are to be read before the next.

        Behind a datagram's own length its fields are those of another. Ends when nothing waits. An error the kernel
        queued on the socket ends it too and is passed over, since this took it off the socket: it is about a
        datagram sent before, whose missing answer counts anyway.
        """
        count = BATCH
        while count == BATCH:
            # The kernel writes the lengths it used over those it was offered, and no timestamp where it has none.
            self._bytes[:] = self._fresh
            self._control[:] = _NO_CONTROL
            count = _recvmmsg(descriptor, self._reference, BATCH, _DONT_WAIT, None)
            if count <= 0:
                return
            # Read all of a kind in one go: a ctypes field costs as much as all the rest of this loop.
            yield zip(
                _STARTS,
                _LENGTH.iter_unpack(self._bytes[: count * _MESSAGE_BYTES]),
                self._fields.iter_unpack(self.data),
                self._source.iter_unpack(self._names),
                _TIMESTAMP.iter_unpack(self._control),
                strict=False,
            )


def _messages(data: bytearray, names: bytearray, control: bytearray) -> ctypes.Array[_Mmsghdr]:
    """The headers of BATCH messages, each with its share of the buffers."""
    messages = (_Mmsghdr * BATCH)()
    iovecs = (_Iovec * BATCH)()
    for index, message in enumerate(messages):
        iovecs[index].base, iovecs[index].length = _address(data) + index * DATAGRAM_BYTES, DATAGRAM_BYTES
        header = message.header
        header.name, header.name_length = _address(names) + index * NAME_BYTES, NAME_BYTES
        header.iovecs, header.iovec_count = ctypes.pointer(iovecs[index]), 1  # which keeps the iovecs alive
        header.control, header.control_length = _address(control) + index * _CONTROL_BYTES, _CONTROL_BYTES
    return messages


def _address(buffer: bytearray) -> int:
    """Where the bytes are, for as long as nobody resizes the buffer."""
    return ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer))
