"""Times in a query and in an answer."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields

from inventory.fields import END_OF_MOMENTS, FIRST_MOMENT, YEARS
from portal.api.fields import described
from portal.format import on_calendar

# An unescaped + of an address is a space by the time it is read, so an offset may begin with one.
_PATTERN = (
    r"^([0-9]{1,10}(\.[0-9]{1,6})?"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[ +-][0-9]{2}:[0-9]{2}))$"
)
_EXPECTED = "is no time; expected Unix seconds, or one with its offset such as 2026-11-20T01:00Z"


class When(fields.String):
    """A time in a query: Unix seconds or RFC 3339; loads as Unix seconds."""

    def __init__(self, what: str, **kwargs: Any) -> None:
        metadata = described(what, "2026-11-20T01:00Z", pattern=_PATTERN)
        super().__init__(metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not re.fullmatch(_PATTERN, text, re.ASCII):
            raise ValidationError(_EXPECTED)
        if "-" not in text:
            return float(text)  # ten digits end in 2286
        if text[-6] == " ":
            text = f"{text[:-6]}+{text[-5:]}"
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise ValidationError(_EXPECTED) from None
        if not FIRST_MOMENT <= found < END_OF_MOMENTS:
            raise ValidationError(f"is out of bounds; expected a time {YEARS}")
        return found.timestamp()


def utc(seconds: float | None) -> str | None:
    """Unix seconds as RFC 3339 in UTC; None stays None."""
    if seconds is None:
        return None
    return on_calendar(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
