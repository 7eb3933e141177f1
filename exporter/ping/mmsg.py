"""Sends and receives datagrams without giving up the interpreter lock.

A method of `socket.socket` lets go of the lock for every call. In a process whose other threads compute, getting it
back takes 5 ms (`sys.getswitchinterval`), so a loop of 5,000 sends and 5,000 receives a second comes to a stand:
measured beside one busy thread, 5 seconds of it did not end within a minute. These calls never wait, so they keep it
(`ctypes.PyDLL`), and `recvmmsg` takes up to BATCH datagrams at once.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Iterator

BATCH = 64  # datagrams a call; below that the call itself begins to count, above it nothing is gained
DATAGRAM_BYTES = 128  # an IPv4 header with options (60) and an echo message of 64
_NAME_BYTES = 28  # struct sockaddr_in6, the longer of the two
_CONTROL_BYTES = 64  # one SCM_TIMESTAMPNS takes 32 of it

SO_TIMESTAMPNS = 35  # asm-generic/socket.h; the control message has the same number
_TIMESTAMP = struct.Struct("@Niill")  # struct cmsghdr (length, level, type) and struct timespec
_LENGTH = struct.Struct("@I")


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
_LENGTH_OFFSET: int = _Mmsghdr.length.offset
_NO_CONTROL = bytes(BATCH * _CONTROL_BYTES)

_libc = ctypes.PyDLL(None, use_errno=True)
_libc.sendto.argtypes = (
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_uint32,
)
_libc.sendto.restype = ctypes.c_ssize_t
_libc.recvmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
_libc.recvmmsg.restype = ctypes.c_int


class Outgoing:
    """A buffer that is filled anew for each datagram sent from it."""

    def __init__(self, size: int) -> None:
        self.data = bytearray(size)
        self._address = _address(self.data)

    def send(self, descriptor: int, sockaddr: bytes) -> int:
        """Send the whole buffer to `sockaddr` (a packed struct sockaddr); 0, or the errno of the failure."""
        sent: int = _libc.sendto(
            descriptor, self._address, len(self.data), socket.MSG_DONTWAIT, sockaddr, len(sockaddr)
        )
        return 0 if sent >= 0 else ctypes.get_errno()


class Incoming:
    """Buffers for BATCH datagrams with their senders' addresses and the kernel's receive times."""

    def __init__(self) -> None:
        self.data = bytearray(BATCH * DATAGRAM_BYTES)
        self.names = bytearray(BATCH * _NAME_BYTES)
        self._control = bytearray(BATCH * _CONTROL_BYTES)
        self._iovecs = (_Iovec * BATCH)()
        self._messages = (_Mmsghdr * BATCH)()
        self._point_at_buffers()
        self._fresh = bytes(self._messages)

    def receive(self, descriptor: int) -> Iterator[tuple[int, int, int, int | None]]:
        """What waits on the socket: (offset in `data`, length, offset in `names`, Unix ns or None) of each datagram.

        Ends when nothing waits. An error the kernel queued on the socket ends it too and is passed over, since this
        took it off the socket: it is about a datagram sent before, whose missing answer counts anyway.
        """
        count = BATCH
        while count == BATCH:
            # The kernel writes the lengths it used over those it was offered, and no timestamp where it has none.
            ctypes.memmove(self._messages, self._fresh, len(self._fresh))
            self._control[:] = _NO_CONTROL
            count = _libc.recvmmsg(descriptor, self._messages, BATCH, socket.MSG_DONTWAIT, None)
            for index in range(count):
                # Read by offset: a ctypes field costs as much as all the rest of this loop.
                (length,) = _LENGTH.unpack_from(self._messages, index * _MESSAGE_BYTES + _LENGTH_OFFSET)
                yield index * DATAGRAM_BYTES, length, index * _NAME_BYTES, self._stamp(index)

    def _stamp(self, index: int) -> int | None:
        _, level, kind, seconds, nanoseconds = _TIMESTAMP.unpack_from(self._control, index * _CONTROL_BYTES)
        if level != socket.SOL_SOCKET or kind != SO_TIMESTAMPNS:
            return None
        return int(seconds * 1_000_000_000 + nanoseconds)

    def _point_at_buffers(self) -> None:
        data, names, control = (_address(buffer) for buffer in (self.data, self.names, self._control))
        for index, (message, iovec) in enumerate(zip(self._messages, self._iovecs, strict=True)):
            iovec.base, iovec.length = data + index * DATAGRAM_BYTES, DATAGRAM_BYTES
            header = message.header
            header.name, header.name_length = names + index * _NAME_BYTES, _NAME_BYTES
            header.iovecs, header.iovec_count = ctypes.pointer(iovec), 1
            header.control, header.control_length = control + index * _CONTROL_BYTES, _CONTROL_BYTES


def _address(buffer: bytearray) -> int:
    """Where the bytes are, for as long as nobody resizes the buffer."""
    return ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer))
