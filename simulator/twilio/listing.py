"""A page of messages as Twilio lists them: filtered, newest first, with a token that stays true as more arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from simulator.twilio.errors import ApiError
from simulator.twilio.messages import Message

DEFAULT_PAGE, LARGEST_PAGE = 50, 1000  # documented page sizes
_DAY = 86400.0
# Every filter the API knows, as the query writes it: `DateSent>=2026-11-20` arrives as the name "DateSent>".
_FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")


def page_of(newest_first: Sequence[Message], query: Mapping[str, str], path: str) -> dict[str, Any]:
    """The page a query asks for; `messages` holds Message values. Raises ApiError for a date or size not understood."""
    found = [message for message in newest_first if _wanted(message, query)]
    size = _whole(query, "PageSize", DEFAULT_PAGE, LARGEST_PAGE)
    number = _whole(query, "Page", 0, None)
    start = _start(found, query.get("PageToken"), number * size)
    messages = found[start : start + size]
    kept = {name: query[name] for name in _FILTERS if name in query} | {"PageSize": str(size)}
    more = start + size < len(found)
    following = {"Page": str(number + 1), "PageToken": f"PA{messages[-1].sid}"} if more else {}
    return {
        "messages": messages,
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + len(messages) - 1,
        "uri": f"{path}?{urlencode({**kept, 'Page': str(number)})}",
        "first_page_uri": f"{path}?{urlencode({**kept, 'Page': '0'})}",
        "next_page_uri": f"{path}?{urlencode({**kept, **following})}" if more else None,
        "previous_page_uri": f"{path}?{urlencode({**kept, 'Page': str(number - 1)})}" if number else None,
    }


def _start(found: Sequence[Message], token: str | None, otherwise: int) -> int:
    """Where the page begins: behind the message the token names, so that newer ones do not shift it."""
    if token is None:
        return otherwise
    return next((at + 1 for at, message in enumerate(found) if f"PA{message.sid}" == token), otherwise)


def _wanted(message: Message, query: Mapping[str, str]) -> bool:
    if query.get("To") not in {None, message.draft.to} or query.get("From") not in {None, message.draft.sender}:
        return False
    # A message that is still queued has no date of sending yet; it is listed by the date it was created.
    sent = message.sent_at if message.sent_at is not None else message.accepted_at
    on, before, after = (_moment(query, name) for name in ("DateSent", "DateSent<", "DateSent>"))
    return (
        (on is None or on <= sent < on + _DAY)
        and (before is None or sent <= before + (_DAY if _is_day(query["DateSent<"]) else 0))
        and (after is None or sent >= after)
    )


def _is_day(text: str) -> bool:
    return len(text) == len("YYYY-MM-DD")


def _moment(query: Mapping[str, str], name: str) -> float | None:
    """A GMT day or an ISO 8601 time, as Unix seconds."""
    text = query.get(name)
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise ApiError(20001, f"{name} {text} is not a date") from error
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _whole(query: Mapping[str, str], name: str, default: int, largest: int | None) -> int:
    text = query.get(name)
    if not text:
        return default
    if not text.isascii() or not text.isdigit():
        raise ApiError(20001, f"{name} {text} is not a whole number")
    return int(text) if largest is None else max(1, min(int(text), largest))
