"""What tenants and staff get through the portal's /grafana/: their own dashboards with figures, and nothing else."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import requests
from playwright.sync_api import Browser

from inventory.registry import sessions
from inventory.registry.scope import LOGIN
from portal.app import create_app
from portal.server import WORKERS
from portal.services import Services
from portal.turns import AT_ONCE
from tests.harness import wait_until
from tests.portal.browser import Visit
from tests.portal.conftest import logged_in_client
from tests.portal.grafana.conftest import Stack
from tests.portal.prometheus import PLAN, USED
from tests.portal.serving import COOKIE
from tests.portal.world import DELTA, SKY, World

CIRCUIT = "sky-r1-main"
PANEL = f"d-solo/tenant-circuit/circuit?panelId=1&var-circuit={CIRCUIT}"


def test_a_tenants_panel_has_its_figures(stack: Stack) -> None:
    """By the proxy, Grafana and the gateway, from Prometheus."""
    answer = stack.draw(stack.browser("sky-r1"), "tenant-circuit", "1")
    assert answer.status_code == 200, answer.text
    frames = answer.json()["results"]["A"]["frames"]
    assert [frame["schema"]["fields"][1]["labels"]["circuit"] for frame in frames] == [CIRCUIT]
    values = frames[0]["data"]["values"][1]
    assert len(values) > 100
    assert values[-2] == pytest.approx(PLAN["download"] * USED, rel=0.01)


def test_every_panel_of_ours_is_let_through(stack: Stack) -> None:
    """To whom it is for: each query of the table, on the whole way."""
    who = {"tenant": "sky-r1", "staff": "support", "platform": "owner"}
    for uid, dashboard in stack.table.items():
        browser = stack.browser(who[dashboard.audience])
        assert browser.get(f"{stack.url}/d-solo/{uid}?panelId=1", timeout=10).status_code == 200, uid
        for panel in dashboard.panels:
            answer = stack.draw(browser, uid, panel)
            assert answer.status_code == 200, f"{uid} {panel}: {answer.text}"


def test_grafana_is_told_by_us_who_asks(stack: Stack) -> None:
    """User and organisation by the session, nothing of the browser's cookies and headers, and no query of its own."""
    browser = stack.browser("sky-r1")
    sent = {
        "X-WEBAUTH-USER": "admin",
        "X-Grafana-User": "admin",
        "X-Grafana-Org-Id": "2",
        "Authorization": "Basic YWRtaW46YWRtaW4=",
        "Connection": "close, X-WEBAUTH-USER, X-Grafana-User, X-Grafana-Org-Id",
        "X-Forwarded-For": "127.0.0.1",
        "X-Original-URL": "/grafana/api/orgs",
        "Cookie": f"grafana_session=stolen; {COOKIE}={browser.cookies[COOKIE]}",
    }
    assert stack.draw(browser, "tenant-circuit", "1", headers=sent).status_code == 200
    assert browser.get(f"{stack.url}/{PANEL}&targetOrgId=2&orgId=2", headers=sent, timeout=10).status_code == 200
    own = stack.portal.world.user("sky-r1").id
    for asked in stack.seen():
        headers = {name.lower(): value for name, value in asked["headers"].items()}
        assert headers["x-webauth-user"] == own
        assert headers["x-grafana-org-id"] == "1"
        assert set(headers) <= {
            "host", "accept", "accept-encoding", "user-agent", "x-webauth-user", "x-grafana-org-id", "content-type",
            "content-length", "x-dashboard-uid", "x-panel-id",
        }  # fmt: skip
        assert asked["query"] in {"", "ds_type=prometheus"}


def test_the_page_may_run_its_own_script_and_nothing_else(stack: Stack) -> None:
    """Grafana's nonce within the portal's policy; its cookies and its own headers stay behind."""
    answer = stack.browser("sky-r1").get(f"{stack.url}/{PANEL}", timeout=10)
    policy = answer.headers["Content-Security-Policy"]
    assert re.search(r"script-src 'self' 'nonce-[\w-]+' 'strict-dynamic'", policy)
    assert "'unsafe-inline'" not in policy.split("style-src", maxsplit=1)[0]
    assert "frame-ancestors 'self'" in policy
    assert "grafana.com" not in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "Set-Cookie" not in answer.headers


def test_a_panel_in_a_browser(stack: Stack, chromium: Browser) -> None:
    """Opened as the tenant's page embeds it, its numbers are drawn and nothing is reported on the console."""
    visit = Visit(chromium, stack.portal)
    page = visit("sky-r1", f"/grafana/{PANEL}")
    page.wait_for_selector("#panel[data-state]", timeout=10_000)
    assert page.locator("#panel").get_attribute("data-state") == "drawn", page.locator("#panel").inner_text()
    assert "points" in page.locator("li").first.inner_text()
    visit.close()


def test_a_logout_ends_it_at_once(stack: Stack) -> None:
    """Each request asks the session anew: nothing of Grafana's own keeps somebody in."""
    browser = stack.browser("sky-r1")
    assert browser.get(f"{stack.url}/{PANEL}", timeout=10).status_code == 200
    with stack.portal.registry.write(LOGIN) as tx:
        sessions.end_others(tx, stack.portal.world.user("sky-r1").id, keep=None)
    page = browser.get(f"{stack.url}/{PANEL}", timeout=10, allow_redirects=False)
    assert (page.status_code, page.headers["Location"].split("?")[0]) == (303, "/login")
    assert stack.draw(browser, "tenant-circuit", "1").status_code == 401


def test_nobody_and_one_whose_code_is_missing(stack: Stack) -> None:
    """They are led to the login, or told so."""
    half = requests.Session()
    half.cookies.set(COOKIE, stack.portal.token("support", second_factor=False))
    for browser in (requests.Session(), half):
        for path in (PANEL, "public/build/app.js", "api/dashboards/uid/tenant-circuit"):
            answer = browser.get(f"{stack.url}/{path}", timeout=10, allow_redirects=False)
            assert answer.status_code in {303, 401}, path
        assert stack.draw(browser, "tenant-circuit", "1").status_code == 401
    assert stack.seen() == []


@pytest.mark.parametrize("circuit", ["sky-r2-main", "sky-c1-main", "del-r1-main", "nowhere", "../x", "$circuit"])
def test_another_ones_circuit_is_not_there(stack: Stack, circuit: str) -> None:
    """Neither its page nor its figures, and Grafana is not asked."""
    browser = stack.browser("sky-r1")
    page = browser.get(f"{stack.url}/d-solo/tenant-circuit", params={"var-circuit": circuit}, timeout=10)
    assert page.status_code == 404
    assert stack.draw(browser, "tenant-circuit", "1", places={"circuit": circuit}).status_code == 403
    assert stack.seen() == []


@pytest.mark.parametrize(("who", "isp"), [("sky-r1", SKY), ("support", SKY), ("owner", SKY), ("owner", None)])
def test_another_audiences_dashboards_are_not_there(stack: Stack, who: str, isp: None) -> None:
    """Nor ones that nobody made."""
    own = {"sky-r1": "tenant", "support": "staff", "owner": "platform"}[who]
    browser = stack.browser(who, isp)
    for uid, dashboard in {**stack.table, "nothing": None}.items():
        if dashboard is not None and dashboard.audience == own:
            continue
        for path in (f"d-solo/{uid}", f"d/{uid}", f"api/dashboards/uid/{uid}"):
            assert browser.get(f"{stack.url}/{path}", timeout=10).status_code == 404, path
        panel = "1"
        answer = stack.draw(browser, uid, panel) if dashboard else None
        assert answer is None or answer.status_code == 403, uid
    assert [asked for asked in stack.seen() if not asked["path"].startswith("/api/orgs")] == []


def test_staff_look_at_whole_dashboards_in_their_organisation(stack: Stack) -> None:
    """They are made members when they first look; tenants have no whole dashboards."""
    staff = stack.browser("sales")
    answer = staff.get(f"{stack.url}/d/staff-overview", timeout=10)
    assert answer.status_code == 200
    assert answer.url.endswith("/grafana/d/staff-overview/dashboard")
    assert '"orgId": 2' in answer.text
    assert staff.get(f"{stack.url}/api/dashboards/uid/staff-overview", timeout=10).status_code == 200
    assert stack.browser("sky-r1").get(f"{stack.url}/d/tenant-circuit", timeout=10).status_code == 404


def test_without_the_admins_password_staff_are_no_members(stack: Stack, services: Services, world: World) -> None:
    """Grafana shows them nothing then: it is not taken for less than it is."""
    settings = replace(services.settings, grafana_url=stack.grafana)
    services = replace(services, settings=settings)
    client = logged_in_client(create_app(services), services, world.user("finance"), None)
    assert client.get("/grafana/d-solo/staff-overview").status_code == 403
    tenant = logged_in_client(create_app(services), services, world.user("sky-r2"), None)
    assert tenant.get("/grafana/d-solo/tenant-circuits").status_code == 200


def test_staff_of_another_isp_see_theirs(stack: Stack) -> None:
    """The same dashboards, other figures: the gateway goes by who asks."""
    panel = next(
        (uid, number)
        for uid, dashboard in stack.table.items()
        for number, targets in dashboard.panels.items()
        if any(target.query.name == "links-bandwidth" for target in targets.values())
    )
    for isp in (SKY, DELTA):
        browser = stack.browser("engineer", isp)
        browser.get(f"{stack.url}/d-solo/{panel[0]}", timeout=10)
        text = stack.draw(browser, *panel).text
        assert isp.link in text
        assert (DELTA if isp is SKY else SKY).link not in text


def test_files_pass_and_are_kept(stack: Stack) -> None:
    """Scripts may be kept by the browser, as Grafana says."""
    answer = stack.browser("sky-r1").get(f"{stack.url}/public/build/app.js", timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert answer.headers["Content-Type"] == "application/javascript"


def test_what_its_pages_ask_besides_is_answered_empty(stack: Stack) -> None:
    """Annotations, stars, searches: there are none, and Grafana is not asked."""
    browser = stack.browser("sky-r1")
    for path in ("api/annotations?from=1", "api/search?query=", "api/user/stars"):
        assert browser.get(f"{stack.url}/{path}", timeout=10).json() == [], path
    assert browser.post(f"{stack.url}/api/frontend-metrics", json={}, timeout=10).json() == {}
    flags = "apis/features.grafana.app/v0alpha1/namespaces/default/ofrep/v1/evaluate/flags"
    assert browser.post(f"{stack.url}/{flags}", json={"context": {}}, timeout=10).json() == {"flags": []}
    assert stack.seen() == []


def test_many_panels_at_one_moment_are_all_answered(stack: Stack) -> None:
    """More than there are threads: who waits for Grafana leaves room for what Grafana asks back."""
    browser = stack.browser("sky-r1")
    with ThreadPoolExecutor(80) as pool:
        drawn = list(pool.map(lambda _: stack.draw(browser, "tenant-circuit", "1").status_code, range(80)))
    assert drawn == [200] * 80


def test_a_grafana_that_hangs_holds_no_page_up(stack: Stack) -> None:
    """Its panels wait, and the portal's own pages do not; nor do panels of others, who have turns of their own."""
    browser = stack.browser("sky-r1")
    at_once = AT_ONCE * WORKERS
    stack.fault(path="/api/ds/query", seconds=20, times=at_once)
    with ThreadPoolExecutor(60) as pool:
        waiting = [pool.submit(stack.draw, browser, "tenant-circuit", "1") for _ in range(60)]
        wait_until(lambda: len(stack.seen()) >= at_once, "Grafana to be asked")
        for _ in range(10):
            assert stack.browser("sky-r1").get(f"{stack.portal.url}/my", timeout=10).status_code == 200
        assert len(stack.seen()) == at_once
        assert stack.draw(stack.browser("sky-r2"), "tenant-circuits", "1").status_code == 200
        assert not any(one.done() for one in waiting)
        stack.forget()
        assert {one.result().status_code for one in waiting} == {200}


def test_grafana_away_is_said(stack: Stack) -> None:
    """And one that fails says so itself."""
    browser = stack.browser("sky-r1")
    stack.fault(path="/d-solo", status=500)
    assert browser.get(f"{stack.url}/{PANEL}", timeout=10).status_code == 500
    assert browser.get(f"{stack.url}/{PANEL}", timeout=10).status_code == 200


def test_grafana_leads_nowhere_else(stack: Stack) -> None:
    """A redirect is followed to our dashboards alone."""
    browser = stack.browser("sky-r1")
    for target in ("https://evil.example/", "//evil.example/", "/grafana/login", "/grafana/../account", "/overview"):
        stack.fault(path="/d-solo", status=302, headers={"Location": target})
        answer = browser.get(f"{stack.url}/{PANEL}", timeout=10, allow_redirects=False)
        assert answer.status_code == 502, target
        assert "Location" not in answer.headers


def test_without_the_users_header_there_are_no_figures(stack: Stack) -> None:
    """Where Grafana is set up without send_user_header, the gateway answers nothing."""
    stack.fault(path="/api/ds/query", without_user=True)
    answer = stack.draw(stack.browser("sky-r1"), "tenant-circuit", "1")
    assert answer.status_code == 400
    assert {one["status"] for one in answer.json()["results"].values()} == {403}
    assert all(one["frames"] == [] for one in answer.json()["results"].values())


def test_a_viewer_at_grafana_itself_gets_no_more(stack: Stack) -> None:
    """Who reaches Grafana past the proxy, as himself, is held by the gateway: the second of the two layers."""
    own = stack.portal.world.user("sky-r1").id
    for expr in ("up", 'circuit:download_bits_per_second:rate5m{tenant="sky-r2"}'):
        query = {"refId": "A", "datasource": {"uid": "backhaul"}, "expr": expr, "instant": True}
        answer = requests.post(
            f"{stack.grafana}/api/ds/query",
            json={"queries": [query], "from": "1700000000000", "to": "1700003600000"},
            headers={"X-WEBAUTH-USER": own},
            timeout=10,
        )
        assert answer.json()["results"]["A"]["status"] == 403
        assert answer.json()["results"]["A"]["frames"] == []
