"""What a stream says: one batch of alerts for one pair of eyes, as text of server-sent events.

A tenant's event names his circuit and nothing of the network behind it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from inventory.registry.alerts import AlertRow
from inventory.registry.scope import Scope
from portal.my import words

Kind = Literal["firing", "ended", "changed"]

MOST_SINGLE = 12  # more changes than that in one second are told as a number
_LONGEST = 300  # characters of a text in an event

HEARTBEAT = b"event: beat\ndata:\n\n"
BYE = b"event: bye\ndata:\n\n"


@dataclass(frozen=True, slots=True)
class Eyes:
    """Who sees: all of one isp, or one tenant of it."""

    isp: str
    tenant: str | None = None

    @property
    def scope(self) -> Scope:
        """In which the registry is asked for them."""
        return Scope("staff", self.isp) if self.tenant is None else Scope("tenant", self.isp, self.tenant)

    def see(self, isp: str | None, tenant: str | None) -> bool:
        """Whether a thing of this isp and tenant is theirs to see."""
        return isp == self.isp and (self.tenant is None or tenant == self.tenant)


@dataclass(frozen=True, slots=True)
class News:
    """One change of an alert: what it means, and the name of its circuit while that is its owner's."""

    alert: AlertRow
    kind: Kind
    circuit_name: str | None = None


def hello(cursor: int, open_count: int, isp: str) -> bytes:
    """The first event: where the stream begins, how many alerts are open, and whose."""
    return _event("hello", cursor, {"open": open_count, "isp": isp})


def batch(news: Sequence[News], eyes: Eyes, open_count: int, cursor: int) -> bytes | None:
    """The events `eyes` get of these changes, of which `cursor` is the last; None where none is theirs."""
    own = [one for one in news if eyes.see(one.alert.isp, one.alert.tenant)]
    if not own:
        return None
    if len(own) > MOST_SINGLE:
        kinds = [one.kind for one in own]
        told = {"firing": kinds.count("firing"), "ended": kinds.count("ended"), "open": open_count}
        return _event("many", cursor, told)
    return b"".join(_event("alert", cursor, _told(one, eyes) | {"open": open_count}) for one in own)


def _told(news: News, eyes: Eyes) -> dict[str, Any]:
    alert = news.alert
    return {
        "id": alert.id,
        "kind": news.kind,
        "severity": alert.severity,
        "title": _title(news, staff=eyes.tenant is None)[:_LONGEST],
        "where": _where(news, staff=eyes.tenant is None)[:_LONGEST],
        "url": f"/alerts/{alert.id}" if eyes.tenant is None else "/my/alerts",
    }


def _title(news: News, *, staff: bool) -> str:
    circuit = news.alert.labels.get("circuit", "")
    return news.alert.summary if staff else words.sentence(news.alert, {circuit: news.circuit_name or circuit})


def _where(news: News, *, staff: bool) -> str:
    labels: Mapping[str, str] = news.alert.labels
    circuit = news.circuit_name or labels.get("circuit")
    if circuit or not staff:
        return circuit or ""
    about = [labels[name] for name in ("link", "tenant", "device") if labels.get(name)]
    if labels.get("vlan"):
        about.append(f"VLAN {labels['vlan']}")
    return " · ".join(about)


def _event(name: str, cursor: int, data: Mapping[str, Any]) -> bytes:
    # json.dumps escapes line ends, so whatever stands in a text stays within its one line of the protocol.
    return f"id: {cursor}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()
