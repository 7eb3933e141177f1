"""The dashboard of whoever runs Backhaul: its own services, as Prometheus sees them."""

from __future__ import annotations

from grafana.layout import Layout
from grafana.panels import bars, figure, lines, numbers, states

_HEALTH = Layout(
    uid="platform-health",
    title="Backhaul itself",
    what="Whether Backhaul measures, alerts and answers as it should. What to do stands in docs/runbooks.md.",
    audience="platform",
    panels={
        1: numbers("Services answer", "Whether each service answers Prometheus now.", "services-now", width=24),
        2: figure(
            "Watchdog",
            "How long ago the alert that always fires came through to the webhook: alerting works from end to end.",
            "watchdog-age",
            steps=((300, "yellow"), (900, "red")),
        ),
        3: figure(
            "Oldest message",
            "How long the oldest message has been waiting.",
            "messages-oldest",
            steps=((60, "yellow"), (120, "red")),
        ),
        4: figure(
            "Rules that failed",
            "Evaluations of rules that failed in 15 minutes. Any is a fault.",
            "rules-failed",
            steps=((0.5, "red"),),
        ),
        5: figure(
            "Alerts lost",
            "Alerts Prometheus could not hand to Alertmanager in 15 minutes.",
            "alerts-lost",
            steps=((0.5, "red"),),
        ),
        6: figure(
            "Notifications lost",
            "Notifications Alertmanager could not hand to the webhook in 15 minutes; it tries again.",
            "alertmanager-failed",
            steps=((0.5, "red"),),
        ),
        7: figure("Series", "Time series in Prometheus' memory: what its memory goes by.", "prometheus-series"),
        8: states("Services over time", "Green: answered. Red: did not.", "services-up"),
        9: lines("Alerts that fire", "By name, of all isps. Watchdog always does.", "alerts-firing", stacked=True),
        10: lines("Circuits that are down", "By isp.", "isps-circuits-down", stacked=True),
        11: lines(
            "Devices read in time",
            "Share of the readings that came back. Far below 100 %: the exporter is away or too slow.",
            "scrapes-answered",
            most=1,
        ),
        12: lines("Readings", "Readings of devices a second, by what became of them.", "exporter-probes", stacked=True),
        13: lines("Time a reading takes", "At most, for 95 of 100.", "exporter-probe-p95"),
        14: lines("Messages waiting", "By channel.", "messages-pending", stacked=True),
        15: lines("Tries to send", "In 5 minutes, by channel and outcome.", "messages-sent", stacked=True),
        16: lines("Time until a message is taken", "At most, for 95 of 100.", "messages-p95"),
        17: lines("Given up", "Messages nobody got, in the hour before.", "messages-given-up"),
        18: lines("Portal: answers a second", "By status.", "portal-requests", stacked=True),
        19: lines("Portal: time to answer", "At most, for 95 of 100.", "portal-p95"),
        20: lines("Logins", "In 15 minutes. Many refused ones: somebody guesses.", "portal-logins"),
        21: bars(
            "Rules: share of their time",
            "Of the time between two evaluations, what one takes. Near 100 % alerts come late.",
            "rules-share",
            steps=((0.5, "yellow"), (0.9, "red")),
        ),
        22: lines("Samples a second", "What Prometheus takes in: its disk goes by it.", "prometheus-samples"),
        23: lines("Disk of Prometheus", "Its blocks, without the last hours.", "prometheus-disk"),
        24: lines("Processor", "Cores each service uses.", "processor-used", stacked=True),
        25: lines("Memory", "What each service holds.", "memory-used", stacked=True),
        26: lines("Free disk", "Where the exporter runs; an alert starts below 10 %.", "disks-free", most=1),
        27: states("Pings are sent", "By family of addresses. Red: the exporter cannot.", "pinger-open", height=5),
        28: states("Inventory is followed", "Red: the last change was not read.", "inventory-followed", height=5),
        29: lines("Pings not sent", "A second, by family. The system took none of them.", "pings-not-sent"),
        30: lines("Alerts taken in", "In 5 minutes, by the webhook.", "alerts-received", stacked=True),
        31: lines("Alerts not understood", "In the hour before, by reason. Any is a fault.", "payloads-quarantined"),
        32: lines("Refused on the way to Grafana", "In 15 minutes, by reason.", "grafana-refused", stacked=True),
        33: lines("Live pages", "Pages that follow the alerts.", "portal-streams"),
        34: lines("Second store: behind", "An alert starts at 5 minutes. Empty without such a store.", "recorded-late"),
    },
)

PLATFORM_DASHBOARDS = (_HEALTH,)
