"""The agent of one simulated device: a pysnmp engine behind a socket that misbehaves on demand."""

from __future__ import annotations

import asyncio
import hashlib
import random
import socket
from typing import Any

from pysnmp.carrier.asyncio.dgram import udp, udp6
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import cmdrsp, context

from simulator.device import SimulatedDevice
from simulator.network import SnmpUser
from simulator.snmp.instrument import Instrument

# Answers that a client would not fit in its own buffer help nobody; pysnmp's 64 is too few for one row of many columns.
MOST_BINDINGS = 128
TRICKLE_SECONDS = 1.0

AUTH_PROTOCOLS = {
    None: config.USM_AUTH_NONE,
    "MD5": config.USM_AUTH_HMAC96_MD5,
    "SHA": config.USM_AUTH_HMAC96_SHA,
    "SHA224": config.USM_AUTH_HMAC128_SHA224,
    "SHA256": config.USM_AUTH_HMAC192_SHA256,
    "SHA384": config.USM_AUTH_HMAC256_SHA384,
    "SHA512": config.USM_AUTH_HMAC384_SHA512,
}
PRIVACY_PROTOCOLS = {
    None: config.USM_PRIV_NONE,
    "DES": config.USM_PRIV_CBC56_DES,
    "AES128": config.USM_PRIV_CFB128_AES,
    "AES192": config.USM_PRIV_CFB192_AES,
    "AES256": config.USM_PRIV_CFB256_AES,
}


class _Bulk(cmdrsp.BulkCommandResponder):  # type: ignore[misc]  # pysnmp has no types
    max_varbinds = MOST_BINDINGS


class Agent:
    """Answers GET, GETNEXT and GETBULK for one device; a SET is refused."""

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device
        self._instrument = Instrument(device)
        self._engine: Any = None
        self._listener: socket.socket | None = None
        self._booted = device.booted
        self._boots = 0

    async def apply(self) -> None:
        """Bring the agent in line with the device's faults. Raises OSError where it cannot listen."""
        if self._engine is not None and (self._device.away or self._device.booted != self._booted):
            self._close()
        self._booted = self._device.booted
        if self._engine is None and not self._device.away:
            self._open()

    async def close(self) -> None:
        """Stop answering."""
        self._close()

    def _close(self) -> None:
        if self._engine is not None:
            self._engine.close_dispatcher()
            self._engine = None
        if self._listener is not None:
            # asyncio lets go of a socket only in the next turn of its loop; the address must be free at once.
            self._listener.close()
            self._listener = None

    def _open(self) -> None:
        spec = self._device.spec
        self._listener = listener = _bound_socket(spec.listen.host, spec.listen.port)
        self._boots = max(self._boots + 1, int(self._device.clock()))
        self._engine = _engine(spec.id, self._boots)
        module = udp6 if listener.family == socket.AF_INET6 else udp
        transport = (udp6.Udp6Transport if module is udp6 else udp.UdpTransport)().open_server_mode(sock=listener)
        self._gate(transport)
        config.add_transport(self._engine, module.DOMAIN_NAME, transport)
        if spec.community is not None:
            config.add_v1_system(self._engine, "community", spec.community)
        for user in spec.snmp_users:
            _add_user(self._engine, user)
        self._respond()

    def _respond(self) -> None:
        objects = context.SnmpContext(self._engine)
        objects.unregister_context_name(b"")
        objects.register_context_name(b"", self._instrument)
        for responder in (cmdrsp.GetCommandResponder, cmdrsp.NextCommandResponder, _Bulk, cmdrsp.SetCommandResponder):
            responder(self._engine, objects)

    def _gate(self, transport: Any) -> None:
        """Let the device's faults act on each request before pysnmp sees it."""
        receive = transport.datagram_received

        def gated(datagram: bytes, address: Any) -> None:
            self._device.turn()
            self._device.statistics.commands += 1
            if self._device.ailing("hang") or self._device.ailing("close") or self._device.ailing("wrong-password"):
                return
            if self._device.ailing("garbage"):
                transport.transport.sendto(random.Random(len(datagram)).randbytes(64), address)  # noqa: S311 - garbage
            elif self._device.ailing("trickle"):
                asyncio.get_running_loop().call_later(TRICKLE_SECONDS, receive, datagram, address)
            else:
                receive(datagram, address)

        transport.datagram_received = gated


def _bound_socket(host: str, port: int) -> socket.socket:
    """A UDP socket on that address. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)  # noqa: FBT003 - the socket's own signature
    return listener


def _engine(name: str, boots: int) -> Any:
    """An engine with one identity for life, which starts for the `boots`th time, as RFC 3411 and 3414 ask.

    A number of starts taken from the clock only rises and needs no file. It is set afterwards because an engine made
    with an identity keeps its starts in a file of its own choice. The identity's fifth format is free octets.
    """
    made = engine.SnmpEngine()
    identity, starts = made.get_mib_builder().import_symbols("__SNMP-FRAMEWORK-MIB", "snmpEngineID", "snmpEngineBoots")
    octets = bytes.fromhex("8000000005") + hashlib.sha256(name.encode()).digest()[:12]
    identity.syntax = made.snmpEngineID = identity.syntax.clone(octets)
    starts.syntax = starts.syntax.clone(boots)
    return made


def _add_user(snmp_engine: Any, user: SnmpUser) -> None:
    config.add_v3_user(
        snmp_engine,
        user.name,
        AUTH_PROTOCOLS[user.auth_protocol],
        user.auth_key,
        PRIVACY_PROTOCOLS[user.privacy_protocol],
        user.privacy_key,
    )
