"""The byte stream to a router: TCP and TLS, every step of which ends at the deadline.

librouteros' own transport has a timeout per read, so a router that sends one byte a second would hold a
probe for ever; and it reads a word at a time. This one waits no longer than the deadline leaves, and
reads what is there.
"""

from __future__ import annotations

import socket
import ssl

from devices.addresses import Endpoint, resolve
from devices.session import ConnectionLost, Deadline, DeviceError, DeviceTimeout, Unreachable
from inventory.models import Device, Tls

CHUNK_BYTES = 64 * 1024


class Transport:
    """An open stream. Raises DeviceTimeout and ConnectionLost; its owner then closes it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Send all of `data`."""
        try:
            self._sock.settimeout(deadline.remaining())
            self._sock.sendall(data)
        except TimeoutError:
            raise DeviceTimeout("the router took no more data before the deadline") from None
        except OSError as error:
            raise ConnectionLost(f"the connection broke: {_reason(error)}") from error

    def receive(self, deadline: Deadline) -> bytes:
        """The next bytes, at least one."""
        try:
            self._sock.settimeout(deadline.remaining())
            data = self._sock.recv(CHUNK_BYTES)
        except TimeoutError:
            raise DeviceTimeout("the router did not finish its answer before the deadline") from None
        except OSError as error:
            raise ConnectionLost(f"the connection broke: {_reason(error)}") from error
        if not data:
            raise ConnectionLost("the router closed the connection")
        return data

    def close(self) -> None:
        """Let go of the connection; never raises, never waits."""
        self._sock.close()


def connect(device: Device, deadline: Deadline) -> Transport:
    """A stream to the device, inside TLS when the inventory asks for it; never falls back to plain.

    Raises Unreachable naming the reason, DeviceTimeout when it took too long.
    """
    sock = _connect_tcp(device, deadline)
    if not device.tls.enabled:
        return Transport(sock)
    try:
        return Transport(_handshake(sock, device, deadline))
    except BaseException:
        sock.close()
        raise


def _connect_tcp(device: Device, deadline: Deadline) -> socket.socket:
    """Connect to the first of the host's addresses that answers; each gets a fair share of the time left."""
    endpoints = resolve(device.host, device.port, socket.SOCK_STREAM, deadline)
    failure: DeviceError = Unreachable(f'"{device.host}" has no address')
    for tried, endpoint in enumerate(endpoints):
        try:
            return _dial(endpoint, deadline.remaining() / (len(endpoints) - tried))
        except TimeoutError:
            failure = DeviceTimeout(
                f"no answer from {device.host} port {device.port}: is it up, is a firewall between?"
            )
        except OSError as error:
            failure = Unreachable(
                f"cannot connect to {device.host} port {device.port}: {_reason(error)}; {_service_hint(device.tls)}"
            )
    raise failure


def _dial(endpoint: Endpoint, timeout: float) -> socket.socket:
    sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.connect(endpoint.sockaddr)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        sock.close()
        raise
    return sock


def _handshake(sock: socket.socket, device: Device, deadline: Deadline) -> ssl.SSLSocket:
    context = _context(device.tls)
    sock.settimeout(deadline.remaining())
    try:
        # Python counts the timeout over the whole handshake, not per packet (Modules/_ssl.c), so a
        # trickling router cannot stretch it.
        return context.wrap_socket(sock, server_hostname=device.host)
    except TimeoutError:
        raise DeviceTimeout("the TLS handshake did not finish before the deadline") from None
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(
            f"the router's certificate does not verify: {error.verify_message}; "
            "set tls.ca_file to the CA that signed it, or give the router a certificate for this host"
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a host that cannot be a server name
        raise Unreachable(f"TLS failed: {_reason(error)}; {_service_hint(device.tls)}") from error


def _context(tls: Tls) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.ca_file, cadata=tls.ca)
    except OSError as error:
        raise Unreachable(f"cannot use tls.ca_file {tls.ca_file}: {_reason(error)}") from error
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        # A RouterOS without a certificate offers anonymous Diffie-Hellman only (MikroTik's API page), and
        # OpenSSL counts that as security level 0. Without verification it is no weaker than the rest.
        context.set_ciphers("ALL:!eNULL:@SECLEVEL=0")
    return context


def _service_hint(tls: Tls) -> str:
    service = "api-ssl" if tls.enabled else "api"
    return f"check that /ip/service {service} is enabled on this port and allows our address"


def _reason(error: Exception) -> str:
    """What the system said, without Python's trimmings."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
