"""Checks audits at a cost that does not grow with them: what is new at each look, and of what is old a part in turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from inventory.registry.audit import BEGINNING, PLATFORM, Mark, follow
from inventory.registry.scope import UNOWNED, Registry, Scope

# Of one look: 25 us each.
NEW = 20_000
AGAIN = 2_000


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look found. `broken` is the id of the first entry that is not as it was written.

    `seen` of `entries` were checked since this process began; `since` (Unix seconds) is when the last round over all
    of them began, None before the first has ended.
    """

    broken: int | None
    seen: int
    entries: int
    since: float | None


@dataclass(frozen=True, slots=True)
class _Known:
    began: float  # this round
    tip: Mark = BEGINNING  # everything up to here was good when it was checked
    again: Mark = BEGINNING  # and up to here once more, in this round
    since: float | None = None


class AuditWatch:
    """Remembers how far each chain was checked. Thread-safe; each process has its own."""

    def __init__(self, *, new: int = NEW, again: int = AGAIN, clock: Callable[[], float] = time.time) -> None:
        self._new, self._again, self._clock = new, again, clock
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def look(self, registry: Registry, isp: str) -> Checked:
        """Check the chain of an isp, or PLATFORM, on. What was found broken stays so until it is as it was.

        One after the other, each with a moment of its own: to an older one the end that a newer one saw is missing.
        """
        scope = UNOWNED if isp == PLATFORM else Scope("staff", isp)
        with self._lock, registry.read(scope) as tx:
            known = self._known.get(isp) or _Known(self._clock())
            ahead = follow(tx, isp, known.tip, self._new)
            round_over = known.since is None and ahead.ended and ahead.broken is None
            known = replace(known, tip=ahead.mark)
            broken = ahead.broken
            if broken is None and known.since is not None:
                behind = follow(tx, isp, known.again, self._again)
                known, broken = replace(known, again=behind.mark), behind.broken
                round_over = behind.ended and broken is None
            if round_over:
                known = _Known(self._clock(), tip=known.tip, since=known.began)
            self._known[isp] = known
            return Checked(broken, known.tip.entries, ahead.entries, known.since)
