"""The way in, in a real browser: password, second factor, and the pages of one's own account."""

from __future__ import annotations

import re
import time

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.portal.browser import DESK, PHONE, Visit, assert_accessible, assert_fits, photograph
from tests.portal.serving import Served
from tests.portal.world import DELTA, PASSWORD


def enter(page: Page, email: str) -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_staff_logs_in_with_a_second_factor(visit: Visit, served: Served) -> None:
    """The first time it is set up, by the picture or by its key; the next time a code is asked for."""
    email = served.world.user("engineer", DELTA).email
    page = visit(None, "/login", width=PHONE)
    assert_fits(page)
    assert_accessible(page)
    photograph(page, "login")
    enter(page, email)
    expect(page.get_by_role("img", name="QR code of the key below")).to_be_visible()
    assert_fits(page)
    assert_accessible(page)
    photograph(page, "login-enrol")
    secret = re.sub(r"\s", "", page.locator("code.key").inner_text())
    now = time.time()
    page.get_by_label("Code").fill(pyotp.TOTP(secret).at(now))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/overview$"))

    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("button", name="Log out").click()
    page.goto(f"{served.url}/login")
    enter(page, email)
    expect(page).to_have_url(re.compile("/login/code"))
    assert_accessible(page)
    photograph(page, "login-code")
    page.get_by_label("Code").fill(pyotp.TOTP(secret).at(now + 30))  # each code counts once
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/overview$"))


def test_a_wrong_password_is_said_at_once(visit: Visit) -> None:
    """And what was typed as the address stays."""
    page = visit(None, "/login")
    visit.forgive("status of 401")
    page.get_by_label("Email").fill("nobody@example.net")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Email")).to_have_value("nobody@example.net")
    assert_accessible(page)
    photograph(page, "login-wrong")


@pytest.mark.parametrize(("who", "path"), [("admin", "/account"), ("sky-r1", "/account"), ("owner", "/platform")])
def test_ones_own_pages_fit(visit: Visit, who: str, path: str) -> None:
    """Desk and phone, light and dark."""
    for width, dark in ((DESK, True), (PHONE, False)):
        page = visit(who, path, width=width, dark=dark)
        assert_fits(page)
        assert_accessible(page)
        photograph(page, f"{path.strip('/')}-{who}{'-dark' if dark else ''}")


def test_what_is_not_there_is_a_page_too(visit: Visit) -> None:
    """With the way back, for whoever is logged in and for who is not."""
    visit.forgive("status of 404")
    page = visit("support", "/nothing/of/that", width=PHONE)
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    assert_fits(page)
    assert_accessible(page)
    photograph(page, "not-found")
