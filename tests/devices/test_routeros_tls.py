"""TLS to a router: verified, or refused with the reason; never a fall-back to plain."""

import socket
import threading
from pathlib import Path

import pytest

from devices.routeros import open_routeros
from devices.session import Deadline, DeviceTimeout, Interface, Unreachable
from inventory.models import Tls
from tests.devices.certificates import anonymous_context, self_signed, server_context
from tests.devices.scripted import answering, device, joined, router, row

ONE_ROW = joined([row(_id="*1", name="ether1")])


def test_a_certificate_of_our_ca_is_accepted(tmp_path: Path) -> None:
    """With the signer in `ca_file` and the right host, the session opens and answers."""
    pem = self_signed(tmp_path)
    with router(answering(ONE_ROW), server_context(pem)) as port:
        session = open_routeros(device(port, tls=Tls(ca_file=pem)), Deadline(10))
        assert session.rows(Interface, Deadline(10)) == [Interface(key="*1", name="ether1")]
        session.close()


def test_an_unknown_signer_is_refused_by_name(tmp_path: Path) -> None:
    """A self-signed certificate that nobody vouches for says so, and what to set."""
    with (
        router(answering(ONE_ROW), server_context(self_signed(tmp_path))) as port,
        pytest.raises(Unreachable, match=r"self-signed certificate.*tls\.ca_file"),
    ):
        open_routeros(device(port, tls=Tls()), Deadline(10))


def test_another_hosts_certificate_is_refused(tmp_path: Path) -> None:
    """A good signature for another address is not enough."""
    pem = self_signed(tmp_path, address="192.0.2.1")
    with (
        router(answering(ONE_ROW), server_context(pem)) as port,
        pytest.raises(Unreachable, match="IP address mismatch"),
    ):
        open_routeros(device(port, tls=Tls(ca_file=pem)), Deadline(10))


def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    """Expiry is named as the reason."""
    pem = self_signed(tmp_path, days=-1)
    with router(answering(ONE_ROW), server_context(pem)) as port, pytest.raises(Unreachable, match="expired"):
        open_routeros(device(port, tls=Tls(ca_file=pem)), Deadline(10))


def test_without_verification_any_certificate_will_do(tmp_path: Path) -> None:
    """`verify: false` is the operator's choice."""
    with router(answering(), server_context(self_signed(tmp_path, address="192.0.2.1"))) as port:
        open_routeros(device(port, tls=Tls(verify=False)), Deadline(10)).close()


def test_a_router_without_certificate_needs_verification_off() -> None:
    """RouterOS without a certificate speaks anonymous Diffie-Hellman: refused, unless verification is off."""
    with router(answering(), anonymous_context()) as port:
        with pytest.raises(Unreachable, match="handshake failure"):
            open_routeros(device(port, tls=Tls()), Deadline(10))
        open_routeros(device(port, tls=Tls(verify=False)), Deadline(10)).close()


def test_a_plain_port_is_refused_before_the_password_is_sent() -> None:
    """TLS against the plain API fails; nothing but TLS was sent."""
    received: list[bytes] = []

    def plain(conn: socket.socket) -> None:
        received.append(conn.recv(65536))
        conn.sendall(b"\x06!fatal\x0dnot logged in\x00")

    with router(plain) as port, pytest.raises(Unreachable, match=r"TLS failed.*api-ssl"):
        open_routeros(device(port, tls=Tls()), Deadline(10))
    assert received[0].startswith(b"\x16\x03")  # a TLS handshake record
    assert len(received) == 1


def test_a_handshake_that_hangs_ends_at_the_deadline() -> None:
    """A router that takes the connection and says nothing costs no more than the deadline."""

    def hang(conn: socket.socket) -> None:
        conn.recv(65536)
        threading.Event().wait(20)

    with router(hang) as port, pytest.raises(DeviceTimeout, match="TLS handshake"):
        open_routeros(device(port, tls=Tls()), Deadline(0.5))


def test_a_missing_ca_file_is_named(tmp_path: Path) -> None:
    """The path is in the message."""
    with router(answering()) as port, pytest.raises(Unreachable, match=r"missing\.pem"):
        open_routeros(device(port, tls=Tls(ca_file=tmp_path / "missing.pem")), Deadline(10))
