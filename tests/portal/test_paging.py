"""A list asked for past its end does not say that there is nothing: it says where what there is can be found."""

from __future__ import annotations

import pytest

from tests.portal.conftest import LoginAs
from tests.portal.staff.acting import text_of
from tests.portal.world import SKY

LISTS = (
    *("/resellers", "/clients", "/links", "/devices", f"/tenants/{SKY.resellers[0]}", f"/devices/{SKY.device}"),
    *("/resellers?sort=use", "/links?state=unknown", "/devices?state=unknown"),
    *("/users", "/audit", "/deliveries", "/alerts"),
)


@pytest.mark.parametrize(
    ("who", "path"), [*(("admin", path) for path in LISTS), (SKY.resellers[0], "/my"), (SKY.resellers[0], "/my/alerts")]
)
def test_past_the_end_there_is_a_way_back(login_as: LoginAs, who: str, path: str) -> None:
    """To the last page, with what was searched for."""
    client = login_as(who)
    joined = f"{path}{'&' if '?' in path else '?'}page=7"
    page = text_of(client, joined)
    assert "Nothing on this page." in page
    assert "There is no page 7 any more. The last page" in page
    for untrue in ("yet.", "is like that", "Nothing is wrong", "Nothing fires", "No entry", "Nobody is called"):
        assert untrue not in page
    assert "Nothing on this page." not in text_of(client, path)


@pytest.mark.parametrize("path", [f"/tenants/{SKY.resellers[0]}", "/links?state=unknown", "/resellers?sort=use"])
def test_there_is_no_page_before_the_first(login_as: LoginAs, path: str) -> None:
    """Its number is a mistake, and no list of nothing."""
    page = text_of(login_as("admin"), f"{path}{'&' if '?' in path else '?'}page=0")
    for untrue in ("yet.", "is like that", "Nothing on this page."):
        assert untrue not in page
