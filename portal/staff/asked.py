"""What a page of a list was asked for: the words of its query string, made harmless.

A word that makes no sense filters nothing and is not an error: addresses are typed, cut and passed on.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import request

LONGEST = 200

_JOINERS = "\u200c\u200d"  # they shape Bangla conjuncts


def word(name: str) -> str:
    """The text of a parameter on one line, without what a database cannot take; empty where there is none."""
    return clean(request.args.get(name, ""))[:LONGEST]


def clean(text: str) -> str:
    """`text` without what breaks or turns a line (control characters, overrides), and without blanks at its ends."""
    seen = text.encode("utf-8", "ignore").decode()
    return "".join(each if each.isprintable() or each in _JOINERS else " " for each in seen).strip()


def choice(name: str, allowed: Collection[str], default: str = "") -> str:
    """The parameter where it is one of `allowed`, else `default`."""
    given = word(name)
    return given if given in allowed else default


def page_number() -> int:
    """The page that is asked for, counted from 1."""
    given = word("page")
    return max(1, int(given)) if given.isascii() and given.isdigit() and len(given) < 8 else 1


def day(name: str) -> date | None:
    """A day (YYYY-MM-DD); None for anything else."""
    try:
        return date.fromisoformat(word(name))
    except ValueError:
        return None


def begins(wanted: date | None, zone: ZoneInfo) -> float | None:
    """When that day begins in `zone`, Unix seconds."""
    return None if wanted is None else datetime.combine(wanted, time(), zone).timestamp()


def ends(wanted: date | None, zone: ZoneInfo) -> float | None:
    """When that day is over."""
    return None if wanted is None or wanted == date.max else begins(wanted + timedelta(days=1), zone)
