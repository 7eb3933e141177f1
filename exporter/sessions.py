"""Keeps one session to a device open between probes, so that a scrape costs no login."""

from __future__ import annotations

import structlog

from devices.session import Deadline, DeviceError, Opener, Session, System
from exporter.reading import Reading
from inventory.models import Device

log = structlog.get_logger()


class KeptSession:
    """The session to one device. `logins` counts those that were opened. Used by one thread at a time."""

    def __init__(self, device: Device, open_session: Opener) -> None:
        self.logins = 0
        self._device = device
        self._open = open_session
        self._session: Session | None = None

    def start_reading(self, deadline: Deadline) -> Reading:
        """A reading whose session has just answered: its System rows, or that it has none, are in.

        A kept session may have died unseen (the device restarted, an idle time-out, a firewall that forgot it), so
        it gets half of the time to answer, and a new session the rest. Raises DeviceError when there is none.
        """
        if self._session is not None:
            reading = self._reading(self._session, deadline)
            _first_rows(reading, deadline.remaining() / 2)
            if reading.lost is None:
                return reading
            log.info("the session is gone, opening another", device=self._device.id, reason=str(reading.lost))
            self.close()
        self._session = self._open(self._device, Deadline(min(deadline.remaining(), self._device.timeout_seconds)))
        self.logins += 1
        reading = self._reading(self._session, deadline)
        _first_rows(reading, None)
        if reading.lost is not None:
            self.close()
            raise reading.lost
        return reading

    def close(self) -> None:
        """Let go of the session, if there is one."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _reading(self, session: Session, deadline: Deadline) -> Reading:
        return Reading(session, deadline, self._device.timeout_seconds)


def _first_rows(reading: Reading, at_most: float | None) -> None:
    try:
        reading.table(System, at_most)
    except DeviceError:
        return  # what the session is worth stands in `reading.lost`; the rest is for the collector to report
