"""What is not let through: why, how that is counted, and what is said about it in the log."""

from __future__ import annotations

import re
from typing import Literal

import structlog

from portal.metrics import GRAFANA_REFUSED

log = structlog.get_logger(__name__)

Where = Literal["gateway", "proxy"]
Reason = Literal[
    "token",  # none or a wrong one
    "user_header",  # none, several, or one that is no login
    "user",  # unknown, disabled, or of nothing
    "endpoint",  # not one of the few
    "parameters",  # twice, in two places, unknown, or not to be read
    "bounds",  # a time range, step or number of points that is too much
    "expression",  # not the catalogue's, or not for this audience
    "place",  # an id that is not the asker's
    "path",  # written so that another program might read something else
    "dashboard",  # not of this audience
    "panel",  # not in the table of panels
    "websocket",
    "body",  # too long, or not JSON as Grafana sends it
    "answer",  # of Grafana, leading elsewhere
    "method",  # neither GET nor POST
    "busy",  # too many queries of one person at once
]

_SHOWN = 200
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


class Refused(Exception):
    """It is not let through. `text` goes to the asker and holds nothing but our own words."""

    def __init__(self, reason: Reason, text: str, *, about: str = "", status: int = 403) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text
        self.about = about
        self.status = status


def note(where: Where, refused: Refused, *, user: str = "") -> None:
    """Count and log it. What the request said is cut, and its control characters are taken out."""
    GRAFANA_REFUSED.labels(where, refused.reason).inc()
    log.warning(
        "grafana_refused",
        where=where,
        reason=refused.reason,
        status=refused.status,
        text=refused.text,
        user=printable(user),
        about=printable(refused.about),
    )


def printable(text: str) -> str:
    """`text` for one line of a log."""
    return _UNPRINTABLE.sub("?", text[:_SHOWN])
