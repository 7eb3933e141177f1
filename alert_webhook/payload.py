"""Turns an Alertmanager webhook body (version 4) into alerts, setting aside what cannot be understood.

Format: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal, TypeGuard, cast

from alert_webhook.text import clean
from inventory.fields import END_OF_MOMENTS, FIRST_MOMENT

Status = Literal["firing", "resolved"]

# Bounds for what is kept of one alert: far above what a rule writes, far below what hurts.
MAX_LABELS = 64
MAX_NAME = 200
MAX_LABEL = 512
MAX_ANNOTATION = 2_000
MAX_FINGERPRINT = 128

_TIME = re.compile(
    r"(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,9})\d*)?(?P<offset>Z|[+-]\d\d:\d\d)", re.ASCII
)


class QuarantineReason(StrEnum):
    """Why something was set aside; the label of the metric."""

    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    SHAPE = "shape"
    VERSION = "version"
    ALERT = "alert"
    NO_RECIPIENT = "no_recipient"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as Alertmanager reports it; every text is one clean line.

    `starts_at` and `ends_at` are RFC 3339 in UTC with up to nine decimals; `ends_at` is None while it fires.
    """

    fingerprint: str
    status: Status
    starts_at: str
    ends_at: str | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.labels.get("alertname", "")

    @property
    def severity(self) -> str:
        """critical, warning, info or whatever the rule says, in lower case."""
        return self.labels.get("severity", "").lower()

    @property
    def happened(self) -> float:
        """When there was something to tell (Unix seconds): the beginning or, where that is over, the end."""
        return as_datetime(self.ends_at or self.starts_at).timestamp()


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A payload, or one alert of it, that was not understood, as it came."""

    reason: QuarantineReason
    raw: bytes


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a body held."""

    alerts: tuple[Alert, ...] = ()
    quarantined: tuple[Quarantined, ...] = field(default=())


def parse_payload(body: bytes) -> Parsed:
    """The alerts of one webhook body; never raises, whatever the body is."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return Parsed(quarantined=(Quarantined(QuarantineReason.NOT_JSON, body),))
    if not isinstance(payload, dict) or not isinstance(payload.get("alerts"), list):
        return Parsed(quarantined=(Quarantined(QuarantineReason.SHAPE, body),))
    if payload.get("version") != "4":
        return Parsed(quarantined=(Quarantined(QuarantineReason.VERSION, body),))
    return _parse_alerts(payload["alerts"])


def _parse_alerts(entries: list[Any]) -> Parsed:
    alerts: list[Alert] = []
    broken: list[Quarantined] = []
    for entry in entries:
        alert = _parse_alert(entry)
        if alert is None:
            raw = json.dumps(entry, ensure_ascii=True).encode()
            broken.append(Quarantined(QuarantineReason.ALERT, raw))
        else:
            alerts.append(alert)
    return Parsed(tuple(alerts), tuple(broken))


def _parse_alert(entry: Any) -> Alert | None:
    if not isinstance(entry, dict):
        return None
    fingerprint, status = entry.get("fingerprint"), entry.get("status")
    labels, annotations = clean_labels(entry.get("labels")), _texts(entry.get("annotations", {}), MAX_ANNOTATION)
    starts_at = normalise_time(entry.get("startsAt"))
    if not _is_fingerprint(fingerprint) or status not in ("firing", "resolved"):
        return None
    if labels is None or annotations is None or starts_at is None or not labels.get("alertname"):
        return None
    ends_at = normalise_time(entry.get("endsAt")) if status == "resolved" else None
    return Alert(fingerprint, cast("Status", status), starts_at, ends_at, labels, annotations)


def _is_fingerprint(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and value.isascii() and value.isalnum() and len(value) <= MAX_FINGERPRINT


def clean_labels(value: Any) -> dict[str, str] | None:
    """Labels as an Alert has them, whoever names them; None for what are no labels."""
    return _texts(value, MAX_LABEL)


def _texts(value: Any, limit: int) -> dict[str, str] | None:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        return None
    kept = list(value.items())[:MAX_LABELS]
    return {clean(name, MAX_NAME): clean(text, limit) for name, text in kept}


def normalise_time(value: Any) -> str | None:
    """An RFC 3339 time with any offset as one in UTC; nanoseconds kept, closing zeros not. None for anything else.

    None as well for a year that is no alert's, of which the year 1 is how Go writes "no time" (endsAt while it fires).
    """
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(match["second"] + match["offset"]).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if not FIRST_MOMENT <= moment < END_OF_MOMENTS:
        return None
    fraction = (match["fraction"] or "").rstrip("0")
    return f"{moment:%Y-%m-%dT%H:%M:%S}" + (f".{fraction}" if fraction else "") + "Z"


def as_datetime(text: str) -> datetime:
    """The moment `normalise_time` wrote, to the microsecond."""
    second, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{second}.{fraction[:6]:0<6}+00:00")
