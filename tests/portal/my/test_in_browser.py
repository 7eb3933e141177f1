"""A tenant's pages in a real browser: on a desk, on a phone, in the dark, and with hostile names."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from inventory.registry import tables
from inventory.registry.scope import SERVICE
from tests.portal.browser import DESK, PHONE, Visit, assert_accessible, assert_fits, photograph
from tests.portal.serving import Served, end, fire
from tests.portal.world import DELTA

MY_PAGES = {
    "circuits": "/my",
    "circuit": "/my/circuits/sky-r1-main",
    "circuit-30d": "/my/circuits/sky-r1-main?range=30d",
    "alerts": "/my/alerts?state=all",
    "contacts": "/my/contacts?edit=0",
}


@pytest.fixture(autouse=True)
def traffic(served: Served) -> None:
    """Two circuits with traffic, one of them full."""
    main = {"up": 1, "download": 172e6, "upload": 31e6, "used": 0.86, "rtt": 0.0123, "loss": 0.002}
    served.prometheus.circuit("skylink", "sky-r1", "sky-r1-main", **main)
    full = {"up": 1, "download": 201e6, "upload": 99e6, "used": 1.005, "rtt": 0.0119, "loss": 0.0}
    served.prometheus.circuit("skylink", "sky-r1", "sky-r1-backup", **full)


@pytest.fixture
def alert(served: Served) -> Iterator[None]:
    """One that is open while the test looks, and one that is over."""
    end(served.registry, fire(served.registry, tenant="sky-r1", name="CircuitLossHigh", circuit="sky-r1-main"))
    down = fire(served.registry, tenant="sky-r1", circuit="sky-r1-main")
    yield
    end(served.registry, down)


@pytest.mark.parametrize("name", MY_PAGES)
@pytest.mark.usefixtures("alert")
def test_every_page_is_usable_on_desk_and_phone(visit: Visit, name: str) -> None:
    """No sideways scrolling at 390 px, no complaint on the console, nothing serious for axe; light and dark."""
    for width, dark in ((DESK, False), (PHONE, True)):
        page = visit("sky-r1", MY_PAGES[name], width=width, dark=dark)
        settled(page)
        assert_fits(page)
        assert_accessible(page)
        photograph(page, f"my-{name}{'-dark' if dark else ''}")


def test_the_menu_opens_on_a_phone(visit: Visit) -> None:
    """The navigation is a button away, by keyboard too, and closes with Escape."""
    page = visit("sky-r1", "/my", width=PHONE)
    menu = page.get_by_role("navigation", name="Main")
    expect(menu).to_be_hidden()
    button = page.get_by_role("button", name="Menu", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    expect(menu).to_be_visible()
    photograph(page, "my-menu")
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    button.click()
    menu.get_by_role("link", name="Contacts").click()
    expect(page).to_have_url(re.compile("/my/contacts$"))


def test_a_tenant_sees_its_own_alone(visit: Visit) -> None:
    """Two tenants look at the same address."""
    first, second = visit("sky-r1", "/my"), visit("sky-r2", "/my")
    expect(first.get_by_role("heading", name="Line sky-r1-main")).to_be_visible()
    expect(first.get_by_text("Line sky-r2-main")).to_have_count(0)
    expect(second.get_by_role("heading", name="Line sky-r2-main")).to_be_visible()
    expect(second.get_by_text("Line sky-r1-main")).to_have_count(0)


def test_a_contact_is_added_and_removed_with_a_question_before(visit: Visit) -> None:
    """The error stands at its field and has the focus; the removal asks, and Cancel means it."""
    page = visit("sky-c1", "/my/contacts")
    page.get_by_label("Name").fill("Night desk")
    page.get_by_label("WhatsApp").fill("01711")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("WhatsApp")).to_have_attribute("aria-invalid", "true")
    assert_accessible(page)
    photograph(page, "my-contacts-error")
    page.get_by_label("WhatsApp").fill("+8801711111111")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Night desk is saved.")).to_be_visible()
    remove = page.get_by_role("button", name="Remove Night desk")
    remove.click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("Night desk will be told nothing any more.")
    question.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Night desk", exact=True)).to_be_visible()
    remove.click()
    question.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Night desk", exact=True)).to_have_count(0)


@pytest.fixture
def hostile(served: Served) -> Iterator[None]:
    """Names without a blank to wrap at, right-to-left, with a script and quotes: of a circuit and of its isp."""
    name = "<script>alert(1)</script>\"'\u202e\u05d0\u05d1\u05d2" + "W" * 215
    named = (
        (tables.circuits, tables.circuits.c.circuit == "del-r1-main"),
        (tables.isps, tables.isps.c.isp == DELTA.id),
    )
    before = []
    with served.registry.write(SERVICE) as tx:
        for table, which in named:
            before.append(tx.connection.execute(select(table.c.name).where(which)).scalar_one())
            tx.connection.execute(table.update().where(which).values(name=name))
    yield
    with served.registry.write(SERVICE) as tx:
        for (table, which), old in zip(named, before, strict=True):
            tx.connection.execute(table.update().where(which).values(name=old))


@pytest.mark.usefixtures("hostile")
def test_hostile_names_break_no_page(visit: Visit, served: Served) -> None:
    """The page stays as wide as the screen, and nothing of a name is run."""
    alert = fire(served.registry, DELTA, tenant="del-r1", name="Odd", circuit="del-r1-main", summary="Q" * 10_000)
    for path in ("/my", "/my/circuits/del-r1-main", "/my/alerts"):
        page = visit("del-r1", path, width=PHONE, isp=DELTA)
        settled(page)
        assert_fits(page)
        photograph(page, f"hostile{path.replace('/', '-')}")
    end(served.registry, alert)


def settled(page: Page) -> None:
    """Wait until the charts have been drawn or have said why not."""
    expect(page.locator(".chart-state").filter(has_text="Loading")).to_have_count(0)
