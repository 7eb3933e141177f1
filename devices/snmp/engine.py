"""What a library must do for us to read an agent, and how often an unanswered question is asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Protocol, TypeVar

from devices.session import BadReply, Deadline, DeviceTimeout, LoginFailed

# What a cell holds: INTEGER, Counter, Gauge, TimeTicks as int; OCTET STRING as bytes; OBJECT IDENTIFIER
# and IpAddress as dotted str; None where the type is none of these.
Value = int | float | bytes | str | None
VarBind = tuple[str, Value]
Answer = TypeVar("Answer")

# How long the first try waits. An agent on a busy router answers within a second, and a lost datagram must
# not cost the whole probe.
FIRST_WAIT_SECONDS = 1.0
# How often a large page is asked for before a smaller one is: twice, since one datagram may just be lost.
LARGE_PAGE_TRIES = 2

# RFC 3416's error-status: noSuchName is version 1's "no such object" and its end of the MIB; noAccess and
# authorizationError say that our user may not see this.
_TOO_BIG, _NO_SUCH_NAME, _NOT_ALLOWED = 1, 2, (6, 16)
_STATUSES = {1: "tooBig", 5: "genErr", 6: "noAccess", 13: "resourceUnavailable", 16: "authorizationError"}


class Engine(Protocol):
    """Talks to one agent. Every method raises DeviceError; OIDs are dotted, without a leading dot."""

    def get(self, oids: Sequence[str], deadline: Deadline) -> dict[str, Value]:
        """The values of `oids`; one the agent does not have is missing from the answer.

        Raises PageTooLarge where they have to be asked for one at a time.
        """
        ...

    def pages(self, column: str, size: int, deadline: Deadline) -> Iterator[list[VarBind]]:
        """The cells below `column`, about `size` at a time, as the agent orders them, until it has no more.

        Not guarded against an agent that never ends. Raises PageTooLarge when pages of that size seem
        not to arrive.
        """
        ...

    def close(self) -> None:
        """Let go of the socket; never raises, never waits."""
        ...


class NoAnswer(Exception):
    """One try went unanswered; the text says what came instead, empty when nothing did."""


class PageTooLarge(Exception):
    """Large answers do not arrive: some paths drop fragments, some agents refuse or drop what exceeds their buffer."""


class Refusal(Exception):
    """The agent answered with an error-status (RFC 3416), which is `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status

    def to_get(self, asked: int) -> None:
        """What it says of a GET of so many objects: nothing where a single object is not there. Raises otherwise.

        One object that fails makes the agent refuse all of them.
        """
        if self.status not in _NOT_ALLOWED and asked > 1:
            raise PageTooLarge
        self._raise_unless_absent()

    def to_page(self, size: int) -> None:
        """What it says of a page of so many cells: nothing where the table has ended. Raises otherwise."""
        if self.status == _TOO_BIG and size > 1:
            raise PageTooLarge
        self._raise_unless_absent()

    def _raise_unless_absent(self) -> None:
        told = _STATUSES.get(self.status, f"error-status {self.status}")
        if self.status in _NOT_ALLOWED:
            raise LoginFailed(f"the agent refuses our user: {told}; check its access rights and level")
        if self.status != _NO_SUCH_NAME:
            raise BadReply(f"the agent answered with an error: {told}")


def ask_again(attempt: Callable[[float], Answer], deadline: Deadline, give_up: int | None = None) -> Answer:
    """The result of `attempt(seconds)`, tried again while it raises NoAnswer.

    Every try waits twice as long as the one before, until the deadline: DeviceTimeout. With `give_up`,
    that many tries wait alike, to leave time for smaller pages: PageTooLarge.
    """
    heard = ""
    for tries in count():
        if tries == give_up:
            raise PageTooLarge
        try:
            longest = FIRST_WAIT_SECONDS * (2**tries if give_up is None else 1)
            wait = min(longest, deadline.remaining())
        except DeviceTimeout:
            raise DeviceTimeout(_silence(heard)) from None
        try:
            return attempt(wait)
        except NoAnswer as unanswered:
            heard = str(unanswered) or heard
    raise AssertionError("count() has no end")


def _silence(heard: str) -> str:
    if heard:
        return f"no usable SNMP answer before the deadline: {heard}"
    return (
        "no SNMP answer before the deadline: SNMP does not say whether the host is down, a firewall drops "
        "UDP, the community or privacy key is wrong, our address is not allowed, or it answers from another "
        "address (set its SNMP source address, or `engine: pysnmp`); check these in turn"
    )
