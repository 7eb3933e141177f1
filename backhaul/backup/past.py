"""Until when people were told by the tables that are lost: what a restore cannot know by itself."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime

import requests

from inventory.settings import SettingError, setting

_RECORDED_WITHIN = 60  # seconds; the rules run every 5


def told_until(said: str | None, taken_at: float, environ: Mapping[str, str]) -> float | None:
    """Until when people were told: as said, else as Prometheus remembers; None where nobody knows."""
    if said is not None:
        try:
            moment = datetime.fromisoformat(said)
        except ValueError:
            raise SettingError(f'--stopped-at: "{said}" is no time; expected 2026-11-20T01:00+06:00') from None
        if moment.tzinfo is None:
            raise SettingError(f'--stopped-at: "{said}" names no zone; expected 2026-11-20T01:00+06:00')
        return min(moment.timestamp(), time.time())
    found = [_remembered(url, taken_at) for url in prometheus_urls(environ)]
    return max((moment for moment in found if moment is not None), default=None)


def prometheus_urls(environ: Mapping[str, str]) -> list[str]:
    """The addresses of PROMETHEUS_URL, which are several where Prometheus runs twice."""
    return [url.strip().rstrip("/") for url in (setting(environ, "PROMETHEUS_URL") or "").split(",") if url.strip()]


def _remembered(url: str, taken_at: float) -> float | None:
    """The last of the series that prometheus/rules/backhaul.yml records of it since the backup."""
    # Of a backup that is younger than the last record, what was told before it is known all the same.
    since = max(_RECORDED_WITHIN, int(time.time() - taken_at))
    query = {"query": f"max(last_over_time(webhook:told:timestamp[{since}s]))"}
    try:
        result = requests.get(f"{url}/api/v1/query", params=query, timeout=10).json()["data"]["result"]
        return float(result[0]["value"][1])
    except (requests.RequestException, ValueError, LookupError, TypeError):
        return None
