"""What an entry of the audit says of a thing, in lines that people read: each field, and of a change old and new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_ABSENT = "—"
_WORDS = {"mbps": "Mbps", "ms": "ms", "id": "ID", "sla": "SLA", "tls": "TLS", "snmp": "SNMP", "vlans": "VLANs"}


def lines(detail: Mapping[str, Any]) -> list[str]:
    """`committed Mbps download: 100 → 300` for each field of an entry's detail (`inventory/registry/told.py`)."""
    found: list[str] = []
    for name, value in detail.items():
        if name == "changes" and isinstance(value, Mapping):
            found += [_changed(field, change) for field, change in value.items()] or ["no field changed"]
        elif isinstance(value, Mapping):
            found += [f"{_label(name)} {line}" for line in lines(value)]
        else:
            found.append(f"{_label(name)}: {_text(value)}")
    return found


def _changed(field: str, change: Any) -> str:
    """A pair of old and new, or what became of a secret."""
    if isinstance(change, Sequence) and not isinstance(change, str) and len(change) == 2:
        return f"{_label(field)}: {_text(change[0])} → {_text(change[1])}"
    return f"{_label(field)}: {_text(change)}"


def _label(name: str) -> str:
    """`sla.uptime_percent` is `SLA uptime percent`."""
    words = name.replace(".", " ").replace("_", " ").split(" ")
    return " ".join(_WORDS.get(word, word) for word in words)


def _text(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(_text(each) for each in value) or _ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _ABSENT if value is None or value == "" else str(value)
