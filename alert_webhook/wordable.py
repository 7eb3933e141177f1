"""Words a message so that one alert that cannot be put into words does not silence what is due beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog
from jinja2 import TemplateError

from alert_webhook.message import Message
from alert_webhook.notice import Notice

log = structlog.get_logger()

Wording = Callable[[Sequence[Notice]], Message]

# How code that turns values from outside into text fails. What the database or the system says is not among them.
_WORDLESS = (ArithmeticError, AttributeError, LookupError, TemplateError, TypeError, ValueError)


def worded(told: Sequence[Notice], wording: Wording) -> tuple[Message | None, list[Notice]]:
    """The message that tells `told` (at least one), None when nothing of it can be; and what it had to leave out.

    What fails although each notice alone can be worded is raised as it is.
    """
    try:
        return wording(told), []
    except _WORDLESS:
        left_out = [notice for notice in told if not _is_wordable(notice, wording)]
        if not left_out:
            raise
    kept = [notice for notice in told if notice not in left_out]
    return (wording(kept) if kept else None), left_out


def _is_wordable(notice: Notice, wording: Wording) -> bool:
    try:
        wording([notice])
    except _WORDLESS:
        log.exception("an alert cannot be put into words", notice=notice.id, alert=notice.alert.name)
        return False
    return True
