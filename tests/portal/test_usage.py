"""How much of what they bought tenants use: one figure, recorded by the rules, for resellers and clients alike."""

from __future__ import annotations

import pytest

from portal.prometheus import Prometheus
from portal.usage import TenantNow, fullness, tenant_now, tenants_now
from tests.portal.prometheus import Measured
from tests.portal.stand_in import stand_in
from tests.portal.world import DELTA, MBPS, SKY


@pytest.fixture
def prometheus(filled_prometheus: Measured) -> Prometheus:
    return Prometheus(filled_prometheus.url)


def test_tenants_have_levels(prometheus: Prometheus) -> None:
    """Half of the plan is green; one nothing is known of is unknown, not green."""
    now = tenants_now(prometheus, SKY.id, [*SKY.tenants, "sky-r9"])
    for tenant in SKY.tenants:
        assert (now[tenant].level, now[tenant].complete) == ("green", True), tenant
        assert now[tenant].utilization == pytest.approx(0.5, rel=0.1)
    assert now[SKY.resellers[0]].download_bps == pytest.approx(200 * MBPS, rel=0.1)  # two circuits
    assert now[SKY.client].upload_bps == pytest.approx(50 * MBPS, rel=0.1)
    assert now["sky-r9"] == TenantNow()


def test_a_tenant_sees_the_figures_the_staff_sees(prometheus: Prometheus) -> None:
    """From an entry of the tenants' audience, which binds the isp too."""
    for tenant in (SKY.resellers[0], SKY.client):
        own = tenant_now(prometheus, SKY.id, tenant)[tenant]
        assert own.utilization == pytest.approx(tenants_now(prometheus, SKY.id, [tenant])[tenant].utilization, rel=0.1)
        assert own.complete
        assert tenant_now(prometheus, DELTA.id, tenant)[tenant] == TenantNow()


def test_a_list_in_that_order_has_one_figure_of_each(prometheus: Prometheus) -> None:
    """Of one kind, of one isp."""
    assert set(fullness(prometheus, SKY.id, "reseller")) == set(SKY.resellers)
    assert set(fullness(prometheus, SKY.id, "client")) == {SKY.client}


@pytest.mark.parametrize(
    ("used", "measured", "level"),
    [(0.3, 1, "green"), (0.3, 0, "unknown"), (0.3, None, "unknown"), (0.85, 0, "yellow"), (0.995, 1, "red")],
)
def test_what_was_not_wholly_measured_is_at_least_that(used: float, measured: float | None, level: str) -> None:
    """It may be yellow or red, and is never green."""
    of = {"isp": SKY.id, "tenant": SKY.client}
    with stand_in() as figures:
        figures.put("client:utilization:ratio_rate5m", used, **of)
        if measured is not None:
            figures.put("client:measured:bool", measured, **of)
        now = tenants_now(Prometheus(figures.url), SKY.id, [SKY.client])[SKY.client]
    assert (now.level, now.utilization, now.complete) == (level, used, measured == 1)


def test_nobody_answering_is_unknown_with_a_sentence() -> None:
    """So that no page fails."""
    away = Prometheus("http://127.0.0.1:9")
    assert tenants_now(away, SKY.id, ["r"])["r"] == TenantNow()
    assert tenant_now(away, SKY.id, "r").away
    assert fullness(away, SKY.id, "client").away
