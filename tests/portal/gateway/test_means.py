"""Over a long range a panel is drawn from means: a line of 30 days has a point an hour, with all of the hour in it."""

from __future__ import annotations

import time

import pytest

from portal.queries import CATALOGUE
from tests.portal.gateway.conftest import Gateway

DAY = 86_400
OWN = CATALOGUE["circuit-download"].expr.replace("$circuit", "sky-r1-main")
PLAN = CATALOGUE["circuit-plan"].expr.replace("$circuit", "sky-r1-main")


def drawn(gateway: Gateway, expr: str, days: int, step: int) -> str:
    """What Prometheus was asked."""
    end = int(time.time())
    answer = gateway.draw(expr, start=str(end - days * DAY), end=str(end), step=str(step))
    assert answer.status_code == 200, answer.text
    return gateway.asked[-1]


@pytest.mark.parametrize(
    ("days", "step", "window"),
    [
        (1, 120, None),
        (4, 450, None),
        (7, 765, "[15m]"),
        (17, 1_800, "[15m]"),
        (30, 3_255, "[1h]"),
        (365, 39_420, "[1d]"),
    ],
)
def test_what_lies_between_two_points_is_in_the_mean(
    gateway: Gateway, days: int, step: int, window: str | None
) -> None:
    """As in the portal's own charts; with the asker's isp and tenant all the same."""
    asked = drawn(gateway, OWN, days, step)
    assert asked.startswith("avg_over_time(") is (window is not None)
    assert window is None or window in asked
    assert 'isp="skylink",tenant="sky-r1",circuit="sky-r1-main"' in asked


def test_what_has_no_mean_is_asked_as_it_is(gateway: Gateway) -> None:
    """A plan is what it was at that moment."""
    assert "avg_over_time" not in drawn(gateway, PLAN, 30, 3_255)
