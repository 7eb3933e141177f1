"""Alerts, messages, maintenance, users, audit and settings in a real browser: they fit, are accessible, and act."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from inventory.registry import alerts
from inventory.registry.alerts import Filters
from inventory.registry.scope import Scope
from tests.portal.browser import DESK, PHONE, Visit, assert_accessible, assert_fits, photograph
from tests.portal.serving import Served, end, fire
from tests.portal.staff.operation import HOSTILE
from tests.portal.world import SKY

PAGES = {
    "alerts": "/alerts?state=all",
    "alert": "/alerts/{alert}",
    "messages": "/deliveries",
    "message": "/deliveries/{notice}",
    "maintenance": "/maintenance",
    "maintenance-form": f"/maintenance/{SKY.maintenance}/edit",
    "users": "/users",
    "user": "/users/{user}/edit",
    "audit": "/audit",
    "platform": "/platform",
    "platform-alerts": "/platform/alerts",
    "platform-audit": "/platform/audit",
    "settings": "/settings",
    "settings-form": "/settings/edit",
}


@pytest.fixture(scope="module")
def hostile_alert(served: Served) -> Iterator[None]:
    """An alert in words nobody expects: one, and over at the end, so that the pages of all tests do not grow by it."""
    begun = fire(served.registry, summary=HOSTILE[:2000], tenant=SKY.resellers[0], circuit=HOSTILE[:500])
    yield
    end(served.registry, begun)


@pytest.mark.usefixtures("hostile_alert")
@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("name", PAGES)
def test_the_page_fits_and_is_accessible(visit: Visit, served: Served, name: str, width: int) -> None:
    """On a desk and on a phone, also with names nobody expects; a picture is kept to look at."""
    names = {
        "alert": served.world.alerts[SKY.id, SKY.resellers[0]],
        "notice": served.world.notices[SKY.id],
        "user": served.world.user("engineer").id,
    }
    page = visit("owner" if name.startswith("platform") else "admin", PAGES[name].format(**names), width=width)
    assert_fits(page)
    assert_accessible(page)
    photograph(page, f"staff-{name}")


def test_an_alert_is_acknowledged(visit: Visit, served: Served) -> None:
    """From the list, with a note, and the list says so."""
    fire(served.registry, name="DeviceDown", summary="Device does not answer", device=SKY.device)
    page = visit("support", "/alerts?text=answer")
    page.get_by_role("link", name="Device does not answer").first.click()
    page.get_by_label("A note for the others").fill("power cut, generator runs")
    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_text("silences nothing: messages").wait_for()
    with served.registry.read(Scope("staff", SKY.id)) as tx:
        (row,) = alerts.list_alerts(tx, Filters(text="answer")).items
    assert (row.note, row.acknowledged_by) == ("power cut, generator runs", served.world.user("support").email)


def test_an_open_timeline_follows_the_alerts(visit: Visit, served: Served) -> None:
    """A new alert stands there, and the end of it, without a click."""
    page = visit("support", "/alerts?text=follows")
    page.get_by_text("There is no such alert").wait_for()
    alert = fire(served.registry, name="CircuitLossHigh", summary="Loss that a page follows")
    page.locator("#timeline").get_by_role("link", name="Loss that a page follows").wait_for()
    end(served.registry, alert)
    page.locator("#timeline").get_by_text("Ended").wait_for()


def test_the_calendar_is_a_grid_on_a_desk_and_a_list_on_a_phone(visit: Visit) -> None:
    """On a phone only the days that have something are shown."""
    for width, columns in ((DESK, 7), (PHONE, 1)):
        page = visit("support", "/maintenance", width=width)
        shown = [box for day in page.locator(".month > .day").all() if (box := day.bounding_box()) is not None]
        assert len({round(box["x"]) for box in shown}) == (columns if shown else 0)
        assert len(shown) >= 28 if width == DESK else len(shown) <= 7
