"""One reading of one device: each kind of row is asked for once and shared by the collectors that want it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar, cast

from devices.session import ConnectionLost, Deadline, DeviceError, DeviceTimeout, Interface, Row, Session
from exporter.interfaces import InterfaceIndex

R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """Rows of one kind and when they were read, monotonic seconds.

    The device takes its counters somewhere between question and answer. The middle is used: where two readings
    take equally long, the error cancels in their difference.
    """

    rows: Sequence[R]
    at: float


class Reading:
    """Reads from an open session until `deadline`; no single read takes longer than `attempt_seconds`."""

    def __init__(self, session: Session, deadline: Deadline, attempt_seconds: float) -> None:
        self.deadline = deadline
        self.lost: DeviceError | None = None
        self._session = session
        self._attempt_seconds = attempt_seconds
        self._tables: dict[object, Table[Row] | DeviceError] = {}

    def table(self, kind: type[R], at_most: float | None = None) -> Table[R]:
        """The rows of that kind, read at the first call. Raises what `Session.rows` raises, again at each call.

        `at_most` seconds are given to the read where that is less than it would get anyway.
        """
        known = self._tables.get(kind)
        if known is None:
            known = self._tables[kind] = self._read(kind, at_most)
        if isinstance(known, DeviceError):
            raise known
        return cast("Table[R]", known)

    @cached_property
    def interfaces(self) -> InterfaceIndex:
        """The interfaces by name. Raises what `Session.rows` raises."""
        table = self.table(Interface)
        return InterfaceIndex(table.rows, table.at)

    def ping(self, address: str, count: int, deadline: Deadline) -> list[float | None]:
        """`Session.ping`, for as long as the session lasts."""
        if self.lost is not None:
            raise self.lost
        with self._noting_loss():
            return self._session.ping(address, count, deadline)

    def _read(self, kind: type[R], at_most: float | None) -> Table[Row] | DeviceError:
        if self.lost is not None:
            return self.lost
        try:
            seconds = min(self.deadline.remaining(), self._attempt_seconds, at_most or self._attempt_seconds)
            started = time.monotonic()
            with self._noting_loss():
                rows = self._session.rows(kind, Deadline(seconds))
        except DeviceError as error:
            return error
        return Table(cast("Sequence[Row]", rows), (started + time.monotonic()) / 2)

    @contextmanager
    def _noting_loss(self) -> Iterator[None]:
        try:
            yield
        except (ConnectionLost, DeviceTimeout) as error:
            self.lost = error
            raise
        except DeviceError:
            raise
        except Exception:  # nobody knows what of the answer is still under way, so the session is not used again
            self.lost = ConnectionLost("the session was given up after a fault in Backhaul")
            raise
