"""One notice of the outbox as the rest of the webhook sees it, and the columns it is read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alert_webhook.payload import Alert
from inventory.outbox import notices

DEVICE_DOWN = "DeviceDown"
CIRCUIT_DOWN = "CircuitDown"

RANKS = {"critical": 0, "warning": 1, "info": 2}
OTHER_RANK = 3

COLUMNS = (
    notices.c.id,
    notices.c.fingerprint,
    notices.c.starts_at,
    notices.c.status,
    notices.c.isp,
    notices.c.address,
    notices.c.language,
    notices.c.role,
    notices.c.rank,
    notices.c.alert,
    notices.c.queued_at,
    notices.c.attempts,
    notices.c.fallback_address,
)


@dataclass(frozen=True, slots=True)
class Notice:
    """An alert for one recipient on one channel, waiting to be told; `falls_back` to mail where that fails."""

    id: int
    alert: Alert
    isp: str | None
    address: str
    language: str
    role: str
    rank: int
    queued_at: float
    attempts: int
    falls_back: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What ties a "resolved" to its "firing"."""
        return self.alert.fingerprint, self.alert.starts_at

    @property
    def device(self) -> tuple[str, str]:
        """The isp and device this alert is about; empty where it names none."""
        return self.isp or "", self.alert.labels.get("device", "")

    @property
    def is_device_down(self) -> bool:
        """Whether this tells that a device stopped answering."""
        return self.alert.name == DEVICE_DOWN and self.alert.status == "firing" and bool(self.device[1])

    @property
    def is_circuit_down(self) -> bool:
        """Whether this tells that a circuit went down whose device is known."""
        is_down = self.alert.name == CIRCUIT_DOWN and self.alert.status == "firing"
        return is_down and bool(self.alert.labels.get("circuit")) and bool(self.device[1])


def rank_of(alert: Alert) -> int:
    """0 for critical, then warning, info and everything else: the order in which alerts are told."""
    return RANKS.get(alert.severity, OTHER_RANK)


def from_row(row: Any) -> Notice:
    """The notice of a row that holds COLUMNS."""
    stored = row.alert
    alert = Alert(
        row.fingerprint, row.status, row.starts_at, stored["ends_at"], stored["labels"], stored["annotations"]
    )
    return Notice(
        id=row.id,
        alert=alert,
        isp=row.isp,
        address=row.address,
        language=row.language,
        role=row.role,
        rank=row.rank,
        queued_at=row.queued_at,
        attempts=row.attempts,
        falls_back=row.fallback_address is not None,
    )
