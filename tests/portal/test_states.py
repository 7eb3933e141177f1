"""What is said of things now, from a real Prometheus: each state, what is old, what is missing, nobody answering."""

from __future__ import annotations

from collections import Counter

import pytest

from portal.prometheus import Prometheus
from portal.standing import Standing, devices_standing, links_standing, own_states
from portal.states import (
    CircuitNow,
    State,
    circuits_down,
    circuits_now,
    devices_now,
    limits_seen,
    links_now,
    overview_counts,
    resellers_busiest,
)
from tests.portal.prometheus import STATES, Measured
from tests.portal.world import DELTA, MBPS, SKY

EXPECTED = {
    "up": State.UP,
    "idle": State.IDLE,
    "down": State.DOWN,
    "no-session": State.DOWN,
    "busy-queue": State.UP,
    "still-queue": State.UNKNOWN,
    "nothing": State.UNKNOWN,
    "window": State.MAINTENANCE,
    "stale": State.UNKNOWN,
}
MAIN = SKY.circuit(SKY.resellers[0])


@pytest.fixture
def prometheus(filled_prometheus: Measured) -> Prometheus:
    return Prometheus(filled_prometheus.url)


@pytest.mark.parametrize("state", STATES)
def test_a_circuit_is_in_the_state_it_is_in(state: str, prometheus: Prometheus) -> None:
    """Up, idle, down, without its session, busy or still without a ping, never read, in maintenance, read long ago."""
    circuit = f"sky-{state}"
    assert circuits_now(prometheus, SKY.id, [circuit])[circuit].state == EXPECTED[state]


def test_what_is_old_is_unknown_though_prometheus_still_shows_it(
    prometheus: Prometheus, filled_prometheus: Measured
) -> None:
    """A plain query goes on for five minutes after the last reading, two before all began; that is no "now"."""
    began = filled_prometheus.began
    (shown,) = prometheus.range('isp_circuit_up{circuit="sky-stale"}', began, began, 1)
    assert shown.points == [(began, 1)]
    assert circuits_now(prometheus, SKY.id, ["sky-stale"])["sky-stale"] == CircuitNow()


def test_the_rules_count_what_the_pages_say(prometheus: Prometheus) -> None:
    """`prometheus/rules/portal.yml` and `portal/states.py` decide alike."""
    codes = dict(enumerate(("down", "up", "idle", "maintenance", "unknown")))
    recorded = {
        one.labels["circuit"]: codes[int(one.value or 0)]
        for one in prometheus.instant('circuit:state:code{isp="skylink"}')
    }
    now = circuits_now(prometheus, SKY.id, list(recorded))
    assert recorded == {circuit: str(now[circuit].state) for circuit in recorded}
    counted = overview_counts(prometheus, SKY.id)
    for state in State:
        assert counted.circuits[state] == sum(one.state == state for one in now.values())


def test_a_circuits_figures_are_those_of_five_minutes(prometheus: Prometheus) -> None:
    """The same to the staff and to its tenant, who alone does not see what the router enforces."""
    staff = circuits_now(prometheus, SKY.id, [MAIN])[MAIN]
    tenant = circuits_now(prometheus, SKY.id, [MAIN], tenant=SKY.resellers[0])[MAIN]
    for seen in (staff, tenant):
        assert seen.state is State.UP
        assert seen.download_bps == pytest.approx(100 * MBPS, rel=0.1)
        assert seen.upload_bps == pytest.approx(50 * MBPS, rel=0.1)
        assert seen.utilization == pytest.approx(0.5, rel=0.1)
        assert seen.rtt_seconds == pytest.approx(0.012, rel=0.1)
        assert seen.loss_ratio == pytest.approx(0.0, abs=0.01)
    assert (staff.limit_download_bps, staff.limit_upload_bps) == (200 * MBPS, 100 * MBPS)
    assert (tenant.limit_download_bps, tenant.limit_upload_bps) == (None, None)


def test_a_tenant_sees_maintenance_and_nothing_of_another(prometheus: Prometheus) -> None:
    """Bound to another tenant or another isp the same id is unknown, as one that does not exist."""
    assert circuits_now(prometheus, SKY.id, ["sky-window"], tenant="sky-states")["sky-window"].state == "maintenance"
    for isp, tenant in ((SKY.id, SKY.resellers[1]), (DELTA.id, SKY.resellers[0]), (DELTA.id, None)):
        assert circuits_now(prometheus, isp, [MAIN], tenant=tenant)[MAIN] == CircuitNow()


def test_a_link_says_what_its_vlans_carry(prometheus: Prometheus) -> None:
    """Its state, its sum against the threshold, and each member."""
    link = links_now(prometheus, SKY.id, [SKY.link])[SKY.link]
    assert link.state is State.UP
    assert link.bandwidth_bps == pytest.approx(300 * MBPS, rel=0.1)
    assert link.utilization == pytest.approx(300 / 950, rel=0.1)
    assert (link.complete, link.vlans_reporting) == (True, 2)
    member = link.vlan(SKY.device, 10)
    assert member.state is State.UP
    assert member.receive_bps == pytest.approx(150 * MBPS, rel=0.1)
    assert link.vlan(SKY.device, 4000).state is State.UNKNOWN


def test_a_device_says_what_it_is_and_when_it_was_read(prometheus: Prometheus, filled_prometheus: Measured) -> None:
    """With what failed in the reading; one that is not there is unknown."""
    now = devices_now(prometheus, SKY.id, [SKY.device, "sky-none"])
    core = now[SKY.device]
    assert core.state is State.UP
    assert core.read_at is not None
    assert core.read_at >= filled_prometheus.began
    assert (core.cpu_ratio, core.temperature_celsius, core.model, core.version) == (0.25, 51, "CCR", "7.1")
    assert core.failing == ("circuits",)
    assert now["sky-none"].state is State.UNKNOWN


def test_the_limits_of_a_router_are_seen(prometheus: Prometheus) -> None:
    """By circuit and direction; of a circuit without one nothing is said."""
    seen = limits_seen(prometheus, SKY.id, SKY.device, [MAIN, "sky-up"])
    assert seen[MAIN] == {"download": 200 * MBPS, "upload": 100 * MBPS}
    assert seen["sky-up"] == {}


def test_what_is_down_or_full_is_found_among_all(prometheus: Prometheus) -> None:
    """Every link, device and own circuit by the state the rules recorded: of this isp, of this tenant."""
    assert set(links_standing(prometheus, SKY.id)) == {SKY.link}
    link = links_standing(prometheus, SKY.id)[SKY.link]
    assert link.state is State.UP
    assert link.utilization == pytest.approx(300 / 950, rel=0.1)
    assert devices_standing(prometheus, SKY.id) == {SKY.device: Standing(State.UP)}
    assert own_states(prometheus, SKY.id, "sky-states") == Counter(state.value for state in EXPECTED.values())
    worst_first = sorted(
        (Standing(State.UP, 0.2), Standing(), Standing(State.UP, 1.1), Standing(State.DOWN)), key=lambda one: one.order
    )
    assert worst_first == [Standing(State.DOWN), Standing(State.UP, 1.1), Standing(State.UP, 0.2), Standing()]


def test_the_overview_counts_and_names_what_is_down(prometheus: Prometheus) -> None:
    """Of this isp alone, with zeros where there is none."""
    counts = overview_counts(prometheus, SKY.id)
    assert counts.resellers == {"green": 2, "yellow": 0, "red": 0, "unknown": 0}
    assert counts.links == {"up": 1, "down": 0, "idle": 0, "maintenance": 0, "unknown": 0}
    assert counts.devices == {"up": 1, "down": 0, "unknown": 0}
    assert set(resellers_busiest(prometheus, SKY.id)) == set(SKY.resellers)
    assert set(circuits_down(prometheus, SKY.id)) == {"sky-down", "sky-no-session"}
    assert set(circuits_down(prometheus, DELTA.id)) == set()


def test_nobody_answering_is_unknown_with_a_sentence() -> None:
    """Every function, so that no page fails."""
    away = Prometheus("http://127.0.0.1:9")
    circuits = circuits_now(away, SKY.id, [MAIN])
    assert circuits[MAIN] == CircuitNow()
    assert circuits.away == "Prometheus cannot be reached; figures are unknown until it is back"
    for now in (links_now(away, SKY.id, [SKY.link]), devices_now(away, SKY.id, [SKY.device])):
        assert now.away
        assert all(one.state is State.UNKNOWN for one in now.values())
    for standing in (links_standing(away, SKY.id), devices_standing(away, SKY.id), own_states(away, SKY.id, "t")):
        assert standing.away
        assert not standing
    assert limits_seen(away, SKY.id, "d", ["c"])["c"] == {}
    assert circuits_down(away, SKY.id).away
    assert overview_counts(away, SKY.id).away
    assert overview_counts(away, SKY.id).circuits == {}


def test_an_empty_page_asks_nothing() -> None:
    """No ids, no query, no complaint."""
    assert dict(circuits_now(Prometheus("http://127.0.0.1:9"), SKY.id, [])) == {}
    assert circuits_now(Prometheus("http://127.0.0.1:9"), SKY.id, []).away is None
