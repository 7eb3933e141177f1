"""What may still be said of maintenance: the SLA leaves out only work that was announced before it began.

The inventory file may tell of the past, as what was announced elsewhere; a form and the API may not.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from inventory.entries import EntryError, EntryErrors
from inventory.models import Maintenance

BEGUN = (
    "This window has begun. The SLA counts only work that was announced before it started, so what is left to change "
    "is to end it now."
)

# What says "now" took this long at most, with a clock that is not quite ours.
_UNDER_WAY = timedelta(minutes=1)


def too_late(starts: datetime | None, approved_at: datetime | None, now: datetime) -> list[EntryError]:
    """What is wrong with these times of a window that is announced or changed now."""
    late = []
    if starts is not None and starts <= now:
        late.append(EntryError("starts", "starts has passed; the SLA counts only work that is announced before it"))
    if approved_at is not None and approved_at > now:
        late.append(EntryError("approved_at", "approved_at is still to come; expected when it was approved"))
    return late


def judge(window: Maintenance, before: Maintenance | None, now: datetime, by: str) -> Maintenance:
    """What is kept of `window`, where it may take the place of `before` (None: it is new). Raises EntryErrors.

    A change is approved when it is made, `by` whoever makes it, unless it tells a later approval than `before` had or
    another approver. One that has begun can be ended, now or before it would have been.
    """
    if before is not None and before.starts <= now:
        return _ended(window, before, now)
    if late := too_late(window.starts, window.approved_at, now):
        raise EntryErrors(late)
    if before is None or window == before or window.approved_at > before.approved_at:
        return window
    approver = by if window.approved_by == before.approved_by else window.approved_by
    return replace(window, approved_at=now, approved_by=approver)


def _ended(window: Maintenance, before: Maintenance, now: datetime) -> Maintenance:
    """`before` with the end `window` says, and none that has passed: what happened until now is not to be rewritten."""
    only_end = replace(window, ends=before.ends) == before
    if not only_end or not now - _UNDER_WAY <= window.ends <= before.ends or before.ends <= now:
        raise EntryErrors([EntryError("ends" if window.ends != before.ends else "", BEGUN)])
    return replace(before, ends=max(window.ends, now))
