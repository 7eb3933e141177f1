"""One SNMP value to ours: a cell of another type than expected is None and costs nothing else. Pure."""

from __future__ import annotations

from devices.snmp.engine import Value


def number(value: Value) -> int | None:
    """An INTEGER of any sign."""
    return value if isinstance(value, int) else None


def counter(value: Value) -> int | None:
    """A Counter, Gauge or TimeTicks, which cannot be negative."""
    return value if isinstance(value, int) and value >= 0 else None


def text(value: Value) -> str | None:
    """An OCTET STRING as text, None when it is empty.

    Bytes that are not UTF-8 become lone surrogates, so nothing is lost; some agents pad with NUL.
    """
    if not isinstance(value, bytes):
        return None
    return value.rstrip(b"\0").decode("utf-8", "surrogateescape") or None
