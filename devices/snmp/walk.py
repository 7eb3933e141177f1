"""Reading columns of an agent's tables, so that it ends whatever the agent does."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

import structlog

from devices.session import BadReply, Deadline, DeviceTimeout
from devices.snmp.engine import Engine, PageTooLarge, Value

log = structlog.get_logger()

# A column's cells by index: the part of the OID after the column's own.
Column = Mapping[str, Value]

# A page of 50 counters fits an Ethernet frame; one of 50 long texts is fragmented, which most paths bear.
PAGE_SIZES = (50, 10, 1)
# More rows than any device has; an agent that makes up rows for ever ends here.
MAX_ROWS = 250_000


class Walker:
    """Reads columns through an engine, and remembers which page size gets through to this agent."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sizes: Sequence[int] = PAGE_SIZES

    def get(self, oids: Sequence[str], deadline: Deadline) -> dict[str, Value]:
        """The values of single objects; one the agent does not have, or answers with an error, is missing.

        Raises BadReply where it answers none of them but with an error.
        """
        try:
            return self._engine.get(oids, deadline)
        except PageTooLarge:
            return self._get_apart(oids, deadline)

    def columns(
        self, oids: Iterable[str], deadline: Deadline, needed: Container[str] | None = None
    ) -> dict[str, Column]:
        """The columns by their OID; one the agent does not have is empty. Raises DeviceError.

        With `needed`, so is one that is not among them and that the agent answers with an error.
        """
        columns: dict[str, Column] = {}
        for oid in oids:
            try:
                columns[oid] = self.column(oid, deadline)
            except BadReply as error:
                if needed is None or oid in needed:
                    raise
                log.debug("an SNMP column cannot be read, doing without", column=oid, reason=str(error))
                columns[oid] = {}
        return columns

    def column(self, oid: str, deadline: Deadline) -> Column:
        """One column; what there is of it where the agent goes in circles. Raises DeviceError."""
        return self._column(oid, deadline, is_whole=False)

    def whole_column(self, oid: str, deadline: Deadline) -> Column:
        """One column, where a missing row would say something. Raises DeviceError, also where it goes in circles."""
        return self._column(oid, deadline, is_whole=True)

    def _column(self, oid: str, deadline: Deadline, *, is_whole: bool) -> Column:
        """Asks again in smaller pages when large ones do not arrive."""
        before = self._sizes
        while True:
            try:
                return self._read(oid, self._sizes[0], deadline, is_whole=is_whole)
            except PageTooLarge:
                self._sizes = self._sizes[1:]
                log.info("large SNMP answers do not arrive, asking for smaller ones", rows=self._sizes[0])
            except (BadReply, DeviceTimeout):  # the column's fault, not that of the size
                self._sizes = before
                raise

    def _read(self, oid: str, size: int, deadline: Deadline, *, is_whole: bool) -> Column:
        cells: dict[str, Value] = {}
        start = len(oid) + 1
        for page in self._engine.pages(oid, size, deadline):
            known = len(cells)
            cells |= {name[start:]: value for name, value in page}
            if len(cells) == known:
                # The agent goes in circles (its OIDs do not increase): no new row will come.
                if is_whole:
                    raise BadReply(f"the SNMP column {oid} repeats itself after {known} rows, so it has no end")
                log.warning("an SNMP table repeats itself, reading what it has", column=oid, rows=known)
                break
            if len(cells) > MAX_ROWS:
                raise BadReply(f"the SNMP column {oid} has more than {MAX_ROWS} rows")
            deadline.remaining()
        return cells

    def _get_apart(self, oids: Sequence[str], deadline: Deadline) -> dict[str, Value]:
        cells: dict[str, Value] = {}
        failures: list[BadReply] = []
        for oid in oids:
            try:
                cells |= self._engine.get([oid], deadline)
            except BadReply as error:
                failures.append(error)
        if len(failures) == len(oids):
            raise failures[0]
        return cells

    def close(self) -> None:
        """Let go of the engine's socket."""
        self._engine.close()
