"""The SNMP engine on pysnmp: pure Python, a second opinion where gufo-snmp and an agent disagree; same rows."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Iterator, Sequence
from typing import Any

from pyasn1.type import univ
from pysnmp.error import PySnmpError
from pysnmp.hlapi.v3arch import asyncio as snmp
from pysnmp.proto import errind, rfc1902, rfc1905

from devices.addresses import Endpoint
from devices.session import BadReply, ConnectionLost, Deadline, LoginFailed, Unreachable
from devices.snmp.engine import LARGE_PAGE_TRIES, NoAnswer, PageTooLarge, Refusal, Value, VarBind, ask_again
from inventory.models import SnmpSettings

# By the names the inventory takes.
AUTH_PROTOCOLS = {
    "MD5": snmp.USM_AUTH_HMAC96_MD5,
    "SHA": snmp.USM_AUTH_HMAC96_SHA,
    "SHA224": snmp.USM_AUTH_HMAC128_SHA224,
    "SHA256": snmp.USM_AUTH_HMAC192_SHA256,
    "SHA384": snmp.USM_AUTH_HMAC256_SHA384,
    "SHA512": snmp.USM_AUTH_HMAC384_SHA512,
}
PRIVACY_PROTOCOLS = {
    "DES": snmp.USM_PRIV_CBC56_DES,
    "AES128": snmp.USM_PRIV_CFB128_AES,
    "AES192": snmp.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "AES256": snmp.USM_PRIV_CFB256_AES_BLUMENTHAL,
    "AES192C": snmp.USM_PRIV_CFB192_AES,
    "AES256C": snmp.USM_PRIV_CFB256_AES,
}
_REFUSED = (
    errind.UnknownUserName,
    errind.WrongDigest,
    errind.UnsupportedSecurityLevel,
    errind.UnsupportedAuthProtocol,
    errind.UnsupportedPrivProtocol,
    errind.AuthenticationError,
    errind.AuthenticationFailure,
    errind.DecryptionError,
)
# pysnmp forgets a question after this long; our own wait always ends sooner.
_PYSNMP_WAIT_SECONDS = 60.0


class PysnmpEngine:
    """See devices.snmp.engine.Engine."""

    def __init__(self, endpoint: Endpoint, settings: SnmpSettings, deadline: Deadline) -> None:
        """Open a socket; pysnmp learns a version 3 agent's engine id and clock with the first question."""
        deadline.remaining()
        self._auth = _auth(settings)
        self._bulk = settings.version != "1"
        self._loop = asyncio.new_event_loop()
        self._engine = snmp.SnmpEngine()
        transport = snmp.Udp6TransportTarget if ":" in endpoint.sockaddr[0] else snmp.UdpTransportTarget
        target = transport.create(endpoint.sockaddr[:2], timeout=_PYSNMP_WAIT_SECONDS, retries=0)
        try:
            self._target = self._loop.run_until_complete(target)
        except PySnmpError as error:
            self.close()
            raise Unreachable(f"no socket towards {endpoint.sockaddr[0]}: {error}") from error

    def get(self, oids: Sequence[str], deadline: Deadline) -> dict[str, Value]:
        """The values of `oids`; one the agent does not have is missing from the answer."""
        if not self._bulk and len(oids) > 1:  # a version 1 answer is all or nothing
            raise PageTooLarge
        try:
            return dict(self._ask(snmp.get_cmd, (), oids, deadline))
        except Refusal as refusal:
            refusal.to_get(len(oids))
            return {}

    def pages(self, column: str, size: int, deadline: Deadline) -> Iterator[list[VarBind]]:
        """The cells below `column`, until the agent has no more of them."""
        command, arguments = (snmp.bulk_cmd, (0, size)) if self._bulk else (snmp.next_cmd, ())
        give_up = LARGE_PAGE_TRIES if self._bulk and size > 1 else None
        last, below = column, f"{column}."
        while True:
            try:
                page = self._ask(command, arguments, [last], deadline, give_up)
            except Refusal as refusal:
                refusal.to_page(size if self._bulk else 1)
                return
            cells = [cell for cell in page if cell[0].startswith(below)]
            if cells:
                yield cells
            if not page or len(cells) < len(page):
                return
            last = cells[-1][0]

    def close(self) -> None:
        """Let go of the socket and the event loop."""
        self._engine.close_dispatcher()
        # pysnmp cancels its timer but does not wait for its end.
        for timer in asyncio.all_tasks(self._loop):
            timer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(timer)
        self._loop.close()

    def _ask(
        self,
        command: Any,
        arguments: tuple[int, ...],
        oids: Sequence[str],
        deadline: Deadline,
        give_up: int | None = None,
    ) -> list[VarBind]:
        objects = [snmp.ObjectType(snmp.ObjectIdentity(oid)) for oid in oids]

        def attempt(seconds: float) -> list[VarBind]:
            question = command(
                self._engine, self._auth, self._target, snmp.ContextData(), *arguments, *objects, lookupMib=False
            )
            return self._answer(question, seconds)

        return ask_again(attempt, deadline, give_up)

    def _answer(self, question: Awaitable[Any], seconds: float) -> list[VarBind]:
        try:
            indication, status, _, cells = self._loop.run_until_complete(asyncio.wait_for(question, seconds))
        except TimeoutError:
            raise NoAnswer from None
        if indication is not None:
            raise _indicated(indication)
        if int(status):
            raise Refusal(int(status))
        return [(str(oid), _value(value)) for oid, value in cells if not _absent(value)]


def _indicated(indication: Any) -> Exception:
    if isinstance(indication, errind.RequestTimedOut):
        return NoAnswer()
    if isinstance(indication, errind.NotInTimeWindow):
        return ConnectionLost("the agent's clock moved: it may have restarted")
    if isinstance(indication, _REFUSED):
        return LoginFailed(f"the agent refuses our SNMPv3 user: {indication}")
    return BadReply(f"the agent's answer could not be used: {indication}")


def _absent(value: Any) -> bool:
    return isinstance(value, rfc1905.NoSuchObject | rfc1905.NoSuchInstance | rfc1905.EndOfMibView)


def _value(value: Any) -> Value:
    """As gufo-snmp gives it; Null is an OctetString to pyasn1, so it is asked for first."""
    if isinstance(value, univ.Null):
        return None
    if isinstance(value, rfc1902.IpAddress):
        return str(value.prettyPrint())
    if isinstance(value, univ.OctetString):
        return bytes(value)
    if isinstance(value, univ.Integer):
        return int(value)
    return str(value) if isinstance(value, univ.ObjectIdentifier) else None


def _auth(settings: SnmpSettings) -> Any:
    if settings.version != "3":
        community = settings.community.reveal() if settings.community else ""
        return snmp.CommunityData(community, mpModel=0 if settings.version == "1" else 1)
    options: dict[str, Any] = {}
    if settings.auth:
        options["authKey"] = settings.auth.key.reveal()
        options["authProtocol"] = AUTH_PROTOCOLS[settings.auth.protocol]
    if settings.privacy:
        options["privKey"] = settings.privacy.key.reveal()
        options["privProtocol"] = PRIVACY_PROTOCOLS[settings.privacy.protocol]
    return snmp.UsmUserData(settings.username or "", **options)  # noqa: S509 - the level is the inventory's choice
