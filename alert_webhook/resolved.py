"""Lets a "resolved" go only when Prometheus itself no longer reports the alert.

Alertmanager also calls an alert resolved when it has merely not heard of it for a while: Prometheus restarting
must not tell people that their circuit is up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import reduce
from itertools import chain
from typing import Any

import requests
import structlog
from sqlalchemy import select

from alert_webhook.deadline import Deadline, http_session
from alert_webhook.expired import revive_expired
from alert_webhook.history import History
from alert_webhook.payload import MAX_LABEL, clean_labels
from alert_webhook.text import clean
from alert_webhook.transitions import release, set_notices
from inventory.outbox import NoticeState, notices

log = structlog.get_logger()

TIMEOUT_SECONDS = 5.0  # for the connection, and for each read
WHOLE_SECONDS = 10.0  # for both answers
LOOK_EVERY = 60.0  # for alerts whose end was lost on the way, and for those that expired

# Two alerts that differ in none of these are compared label by label.
_IDENTITY = ("alertname", "isp", "tenant", "circuit", "link", "vlan", "device", "direction", "instance")

Labels = Mapping[str, str]


class PrometheusAway(Exception):
    """Prometheus did not say which alerts fire."""


class FiringAlerts:
    """The alerts Prometheus reports as firing at one moment, and the names of those it cannot tell about."""

    def __init__(self, alerts: Iterable[Labels], unknown: Iterable[str] = (), rules: Iterable[str] = ()) -> None:
        self._unknown = frozenset(unknown)
        self._rules = frozenset(rules)
        self._by_identity: dict[tuple[str, ...], list[Labels]] = {}
        for labels in map(_compared, alerts):
            self._by_identity.setdefault(_identity(labels), []).append(labels)

    def joined(self, other: FiringAlerts) -> FiringAlerts:
        """What either of the two reports, or cannot tell about."""
        alerts = chain.from_iterable((*self._by_identity.values(), *other._by_identity.values()))
        return FiringAlerts(alerts, self._unknown | other._unknown, self._rules | other._rules)

    def deny(self, labels: Labels) -> bool:
        """Whether that alert is of one of its own rules, and none of them."""
        return labels.get("alertname") in self._rules and not self.report(labels)

    def report(self, labels: Labels) -> bool:
        """Whether that alert is one of them, or may be."""
        return labels.get("alertname") in self._unknown or self.hold(labels)

    def hold(self, labels: Labels) -> bool:
        """Whether that alert is one of them: Alertmanager's labels may hold external ones in addition."""
        compared = _compared(labels)
        candidates = self._by_identity.get(_identity(compared), ())
        return any(candidate.items() <= compared.items() for candidate in candidates)


def fetch_firing(prometheus_urls: Sequence[str]) -> FiringAlerts:
    """Ask each Prometheus that evaluates the rules: an alert fires as long as one of them says so.

    Those that are away say nothing. Raises PrometheusAway when none gives an answer we understand.
    """
    answers, away = [], PrometheusAway("none is named")
    for url in prometheus_urls:
        try:
            answers.append(_fetch(url))
        except PrometheusAway as error:
            away = error
    if not answers:
        raise away
    return reduce(FiringAlerts.joined, answers)


def _fetch(prometheus_url: str) -> FiringAlerts:
    try:
        # In this order: a rule that is evaluated in between has its alerts in the second answer.
        with Deadline(WHOLE_SECONDS) as deadline, http_session(deadline) as session:
            groups = _ask(session, prometheus_url, "rules").get("groups")
            alerts = _ask(session, prometheus_url, "alerts")["alerts"]
        if groups == []:  # a store of series that others evaluate: it would take every alert for over
            raise PrometheusAway("it evaluates no rules")
        rules = [rule for group in groups or () for rule in group["rules"]]
        return FiringAlerts(
            alerts=[_labels(alert) for alert in alerts if alert["state"] == "firing"],
            # "unknown" until a rule's first evaluation after a start, "err" while it fails: then that no alert of its
            # name is reported says nothing. https://prometheus.io/docs/prometheus/latest/querying/api/#rules
            unknown=[clean(rule["name"], MAX_LABEL) for rule in rules if rule["health"] != "ok"],
            rules=[clean(rule["name"], MAX_LABEL) for rule in rules],
        )
    except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PrometheusAway(type(error).__name__) from error


def _labels(alert: Mapping[str, Any]) -> Labels:
    """Its labels, cleaned as those are that it is compared with. Raises TypeError for what are no labels."""
    labels = clean_labels(alert["labels"])
    if labels is None:
        raise TypeError("an alert has no labels")
    return labels


def _ask(session: requests.Session, prometheus_url: str, page: str) -> dict[str, Any]:
    answer = session.get(f"{prometheus_url}/api/v1/{page}", timeout=TIMEOUT_SECONDS)
    if page == "rules" and answer.status_code == requests.codes.not_found:
        return {}  # what answers here keeps alerts but tells nothing of rules
    answer.raise_for_status()
    data: dict[str, Any] = answer.json()["data"]
    return data


class Verifier:
    """Moves held notices on, and the history of alerts with them; revives what expired and still fires."""

    def __init__(self, history: History, prometheus_urls: Sequence[str]) -> None:
        self._engine = history.engine
        self._history = history
        self._urls = prometheus_urls
        self._away = False
        self._looked = 0.0
        self._still_firing: frozenset[int] = frozenset()

    def round(self, now: float) -> int:
        """Release every held notice whose alert is over, and now and then what expired and is not.

        Returns how many are due now. While Prometheus is away they wait.
        """
        held = select(notices.c.id, notices.c.alert).where(notices.c.state == NoticeState.HELD)
        with self._engine.begin() as connection:
            rows = connection.execute(held).all()
        lost = now - self._looked >= LOOK_EVERY or now < self._looked
        firing = self._ask(len(rows)) if rows or lost or self._history.waits() else None
        if firing is None:
            return 0
        revived = 0
        if lost:
            self._looked = now
            self._history.end_lost(firing.deny, now)
            revived = revive_expired(self._engine, firing.hold, now)
        over = [row for row in rows if not firing.report(row.alert["labels"])]
        with self._engine.begin() as connection:
            release(connection, [row.id for row in over], now)
            for row in over:
                if row.id in self._still_firing:
                    # Alertmanager took it for over too early: it ended only now.
                    ended = {**row.alert, "ends_at": f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}"}
                    set_notices(connection, [row.id], alert=ended)
        self._still_firing = frozenset(row.id for row in rows) - {row.id for row in over}
        self._history.confirm(firing.report, now)
        return len(over) + revived

    def _ask(self, waiting: int) -> FiringAlerts | None:
        """What fires; None while Prometheus is away, which is logged when it begins and when it ends."""
        try:
            firing = fetch_firing(self._urls)
        except PrometheusAway as error:
            if not self._away:
                log.warning("Prometheus is away: ends of alerts wait", waiting=waiting, error=str(error))
            self._away = True
            return None
        if self._away:
            log.info("Prometheus is back", waiting=waiting)
        self._away = False
        return firing


def _compared(labels: Labels) -> Labels:
    """What has to be equal: a circuit that is moved to another device while it is down is not up for that."""
    if not labels.get("circuit"):
        return labels
    return {name: value for name, value in labels.items() if name != "device"}


def _identity(labels: Labels) -> tuple[str, ...]:
    return tuple(labels.get(name, "") for name in _IDENTITY)
