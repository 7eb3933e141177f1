"""The SNMP engine on gufo-snmp: a Rust core that costs the least CPU per cell.

gufo's session classes wait for a fixed time and never ask again, so this drives the sockets below them
(gufo.snmp._fast): with a timeout of 0 these never block, and we wait with poll until the deadline.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar, cast

from gufo.snmp import (
    Aes128Key,
    Aes192Key,
    Aes256Key,
    DesKey,
    KeyExpansion,
    Md5Key,
    Sha1Key,
    Sha224Key,
    Sha256Key,
    Sha384Key,
    Sha512Key,
    User,
)
from gufo.snmp._fast import (
    GetIter,
    NoSuchInstance,
    SnmpAuthError,
    SnmpDecodeError,
    SnmpError,
    SnmpV1ClientSocket,
    SnmpV2cClientSocket,
    SnmpV3ClientSocket,
)
from gufo.snmp.user import BaseAuthKey, BasePrivKey

from devices.addresses import Endpoint
from devices.session import BadReply, Deadline, LoginFailed, Unreachable
from devices.snmp.engine import LARGE_PAGE_TRIES, NoAnswer, PageTooLarge, Refusal, Value, VarBind, ask_again
from devices.snmp.error_status import HEAD_BYTES, error_status
from inventory.models import SnmpSettings

# By the names the inventory takes.
AUTH_KEYS: dict[str, type[BaseAuthKey]] = {
    "MD5": Md5Key,
    "SHA": Sha1Key,
    "SHA224": Sha224Key,
    "SHA256": Sha256Key,
    "SHA384": Sha384Key,
    "SHA512": Sha512Key,
}
# AES192C and AES256C extend a short key as Cisco (and net-snmp) does, the others as Blumenthal's draft.
PRIVACY_KEYS: dict[str, tuple[type[BasePrivKey], KeyExpansion]] = {
    "DES": (DesKey, KeyExpansion.Blumenthal),
    "AES128": (Aes128Key, KeyExpansion.Blumenthal),
    "AES192": (Aes192Key, KeyExpansion.Blumenthal),
    "AES256": (Aes256Key, KeyExpansion.Blumenthal),
    "AES192C": (Aes192Key, KeyExpansion.Cisco),
    "AES256C": (Aes256Key, KeyExpansion.Cisco),
}
# gufo's advice is to learn the agent's clock anew after 150 s (RFC 3414's time window).
_CLOCK_SECONDS = 100.0

_PEEK = socket.MSG_PEEK | socket.MSG_DONTWAIT
_HIDDEN_ERROR = "the agent answered with an error; `engine: pysnmp` says which"

_Socket = SnmpV1ClientSocket | SnmpV2cClientSocket | SnmpV3ClientSocket
_Reply = TypeVar("_Reply")


class GufoEngine:
    """See devices.snmp.engine.Engine."""

    def __init__(self, endpoint: Endpoint, settings: SnmpSettings, deadline: Deadline) -> None:
        """Open a socket; for version 3, learn the agent's engine id and clock. Raises DeviceError."""
        self._sock = _open_socket(endpoint, settings)
        self._poll = select.poll()
        self._poll.register(self._sock.get_fd(), select.POLLIN)
        # The same socket once more, to look at an answer before gufo takes it. What version 3 encrypts says nothing.
        is_plain = not isinstance(self._sock, SnmpV3ClientSocket)
        self._plain = socket.socket(fileno=os.dup(self._sock.get_fd())) if is_plain else None
        self._clock_read_at = time.monotonic()
        self._accepted = False
        if isinstance(self._sock, SnmpV3ClientSocket):
            self._discover(self._sock, _user(settings), deadline)

    def get(self, oids: Sequence[str], deadline: Deadline) -> dict[str, Value]:
        """The values of `oids`; one the agent does not have is missing from the answer."""
        if isinstance(self._sock, SnmpV1ClientSocket) and len(oids) > 1:  # a version 1 answer is all or nothing
            raise PageTooLarge
        self._keep_clock(deadline)
        values = self._get_many(list(oids), deadline) if len(oids) > 1 else self._get_one(oids[0], deadline)
        self._accepted = True  # learning the clock before was no proof: that an agent tells anyone
        return values

    def pages(self, column: str, size: int, deadline: Deadline) -> Iterator[list[VarBind]]:
        """The cells below `column`, until the agent has no more of them."""
        self._keep_clock(deadline)
        if isinstance(self._sock, SnmpV1ClientSocket):  # version 1 has no GETBULK
            yield from self._single_cells(column, deadline)
            return
        cursor = GetIter(column, size)
        send, receive = partial(self._sock.send_get_bulk, cursor), partial(self._sock.recv_get_bulk, cursor)
        while True:
            try:
                page = self._ask(send, receive, deadline, give_up=LARGE_PAGE_TRIES if size > 1 else None)
            except StopAsyncIteration:
                self._require_end(cursor, size, deadline)
                return
            except Refusal as refusal:
                refusal.to_page(size)
                return
            ended = not page or page[-1] is None  # gufo marks the end of the column
            if cells := cast("list[VarBind]", page[:-1] if ended else page):
                yield cells
            if ended:
                return

    def close(self) -> None:
        """Let go of the socket: gufo closes it with its last reference."""
        if self._plain is not None:
            self._plain.close()
        del self._sock

    def _single_cells(self, column: str, deadline: Deadline) -> Iterator[list[VarBind]]:
        cursor = GetIter(column)
        send, receive = partial(self._sock.send_get_next, cursor), partial(self._sock.recv_get_next, cursor)
        while True:
            try:
                yield [self._ask(send, receive, deadline)]
            except (StopAsyncIteration, NoSuchInstance):
                return
            except Refusal as refusal:
                refusal.to_page(1)
                return

    def _require_end(self, cursor: GetIter, size: int, deadline: Deadline) -> None:
        """Make sure that the MIB has ended: gufo says of version 3 the same for an error.

        It shows the end as it is in answer to a GETNEXT, and an error as no value. Raises BadReply, PageTooLarge.
        """
        if self._plain is not None:  # it would have been a Refusal
            return
        try:
            value = self._ask(partial(self._sock.send_get_next, cursor), self._sock.recv_get, deadline)
        except NoSuchInstance:
            return
        if value is not None and size > 1:
            raise PageTooLarge
        raise BadReply(_HIDDEN_ERROR)

    def _get_many(self, oids: list[str], deadline: Deadline) -> dict[str, Value]:
        try:
            values = self._ask(partial(self._sock.send_get_many, oids), self._sock.recv_get_many, deadline)
        except Refusal as refusal:
            refusal.to_get(len(oids))
            return {}
        if not values and self._plain is None:  # none is there, or an error
            raise PageTooLarge
        return values

    def _get_one(self, oid: str, deadline: Deadline) -> dict[str, Value]:
        try:
            value = self._ask(partial(self._sock.send_get, oid), self._sock.recv_get, deadline)
        except NoSuchInstance:
            return {}
        except Refusal as refusal:
            refusal.to_get(1)
            return {}
        if value is None and self._plain is None:
            raise BadReply(_HIDDEN_ERROR)
        return {} if value is None else {oid: value}

    def _discover(self, sock: SnmpV3ClientSocket, user: User, deadline: Deadline) -> None:
        self._ask(sock.send_refresh, sock.recv_refresh, deadline)
        sock.set_keys(user.name, user.get_auth_alg(), user.get_auth_key(), user.get_priv_alg(), user.get_priv_key())
        self._read_clock(deadline)

    def _keep_clock(self, deadline: Deadline) -> None:
        """Read a version 3 agent's clock again before ours has drifted out of its window."""
        if time.monotonic() - self._clock_read_at > _CLOCK_SECONDS:
            self._read_clock(deadline)

    def _read_clock(self, deadline: Deadline) -> None:
        if isinstance(self._sock, SnmpV3ClientSocket):
            self._ask(self._sock.send_refresh, self._sock.recv_refresh, deadline)
        self._clock_read_at = time.monotonic()

    def _ask(
        self,
        send: Callable[[], None],
        receive: Callable[[], _Reply],
        deadline: Deadline,
        give_up: int | None = None,
    ) -> _Reply:
        """Send and wait for the answer, again and again; a late answer to an earlier try is passed over by gufo."""

        def attempt(seconds: float) -> _Reply:
            send()
            return self._receive(receive, seconds)

        try:
            return self._translated(attempt, deadline, give_up)
        except SnmpAuthError:
            if not self._accepted:
                raise LoginFailed(
                    "the agent refuses our SNMPv3 user: check username, security level, auth protocol and key"
                ) from None
        # gufo has one error for a wrong key and for a clock out of step, as after the agent's restart: read
        # the clock and ask once more, without crediting the agent with having accepted us.
        self._accepted = False
        self._read_clock(deadline)
        return self._ask(send, receive, deadline, give_up)

    def _translated(self, attempt: Callable[[float], _Reply], deadline: Deadline, give_up: int | None) -> _Reply:
        """As `ask_again`, with gufo's errors in our words, but for those the callers tell apart."""
        try:
            return ask_again(attempt, deadline, give_up)
        except (SnmpAuthError, NoSuchInstance):
            raise
        except SnmpError as error:
            raise BadReply(f"the agent answered with an error: {error}") from error
        except OSError as error:
            raise Unreachable(f"the system cannot send to the agent: {error}") from error

    def _receive(self, receive: Callable[[], _Reply], seconds: float) -> _Reply:
        """The answer, if it comes within `seconds`; datagrams that are none are passed over."""
        until = time.monotonic() + seconds
        garbled = ""
        while (left := until - time.monotonic()) > 0 and self._poll.poll(left * 1000):
            try:
                status = self._coming_status()
                return self._unless_refused(receive, status)
            except BlockingIOError:  # an answer to another question: gufo dropped it
                continue
            except SnmpDecodeError as error:
                garbled = f"a datagram that is not SNMP came ({error})"
            except (TimeoutError, ConnectionRefusedError) as error:  # gufo names ECONNREFUSED so too
                raise Unreachable(f"{error}: no SNMP agent listens on this port") from None
            except BaseException as error:
                # gufo's Rust core indexes past the end of some malformed datagrams. PyO3 makes of that a
                # BaseException of a class that cannot be imported, so that `except Exception` does not hold it.
                if type(error).__name__ != "PanicException":
                    raise
                garbled = "a malformed datagram came"
        raise NoAnswer(garbled)

    def _coming_status(self) -> int:
        """The error-status of the datagram that has come, 0 where it is not to be seen."""
        return 0 if self._plain is None else error_status(self._plain.recv(HEAD_BYTES, _PEEK))

    @staticmethod
    def _unless_refused(receive: Callable[[], _Reply], status: int) -> _Reply:
        """What gufo makes of the datagram. Raises Refusal where that is nothing, and it has an error-status."""
        try:
            reply = receive()
        except StopAsyncIteration:
            if status:
                raise Refusal(status) from None
            raise
        if status and not reply:
            raise Refusal(status)
        return reply


def _open_socket(endpoint: Endpoint, settings: SnmpSettings) -> _Socket:
    host, port = endpoint.sockaddr[0], endpoint.sockaddr[1]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        if settings.version == "3":
            # Without a user until the agent's engine id is known: keys are bound to it.
            return SnmpV3ClientSocket(address, b"", "", 0, b"", 0, b"", 0, 0, 0, 0)
        community = settings.community.reveal() if settings.community else ""
        kind = SnmpV1ClientSocket if settings.version == "1" else SnmpV2cClientSocket
        return kind(address, community, 0, 0, 0, 0)
    except OSError as error:
        raise Unreachable(f"no socket towards {address}: {error}") from error


def _user(settings: SnmpSettings) -> User:
    auth, privacy, expansion = None, None, KeyExpansion.Blumenthal
    if settings.auth:
        auth = AUTH_KEYS[settings.auth.protocol](settings.auth.key.reveal().encode())
    if settings.privacy:
        kind, expansion = PRIVACY_KEYS[settings.privacy.protocol]
        privacy = kind(settings.privacy.key.reveal().encode())
    return User(settings.username or "", auth_key=auth, priv_key=privacy, key_expansion=expansion)
