"""Every query of every panel of every dashboard, on a real Prometheus with thirty days in it: none stays empty."""

from __future__ import annotations

import time

import pytest

from portal.grafana.panels import load_panels
from portal.prometheus import Prometheus
from tests.portal.prometheus import DAY, Measured
from tests.portal.test_queries import bound

TARGETS = {
    f"{uid}-{panel}-{letter}": target
    for uid, dashboard in load_panels().items()
    for panel, targets in dashboard.panels.items()
    for letter, target in targets.items()
}


@pytest.mark.parametrize("name", TARGETS)
def test_every_panel_has_something_to_draw(name: str, filled_prometheus: Measured) -> None:
    """With the points a panel of that kind asks for, and few enough lines to tell apart."""
    target = TARGETS[name]
    prometheus = Prometheus(filled_prometheus.url)
    if target.kind == "instant":
        found = prometheus.instant(bound(target.query))
        assert found, bound(target.query)
        assert len(found) <= 200
        return
    end = int(time.time())
    series = prometheus.range(bound(target.query), end - DAY, end, 120)
    assert any(points for points in (one.points for one in series)), bound(target.query)
    assert len(series) <= 20
