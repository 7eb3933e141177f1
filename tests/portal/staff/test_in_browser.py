"""The staff's pages in a real browser: from the login with a code to a new reseller's chart; on desk and phone."""

from __future__ import annotations

import re
import time

import pyotp
import pytest
from playwright.sync_api import Page, expect

from inventory.registry import people
from inventory.registry.people import NewUser
from inventory.registry.scope import SERVICE
from portal.login.passwords import hash_password
from tests.portal.browser import DESK, PHONE, Visit, assert_accessible, assert_fits, photograph
from tests.portal.serving import Served, end, fire
from tests.portal.world import DELTA, MBPS, PASSWORD, SKY

# Pages of Deltanet: of SkyLink's other tests change what is there.
PAGES = {
    "overview": "/overview",
    "resellers": "/resellers",
    "resellers-full": "/resellers?level=red",
    "clients": "/clients?sort=use",
    "tenant": f"/tenants/{DELTA.resellers[0]}",
    "tenant-form": f"/tenants/{DELTA.resellers[0]}/edit",
    "circuit": f"/circuits/{DELTA.circuit(DELTA.client)}?range=7d",
    "circuit-form": f"/circuits/{DELTA.circuit(DELTA.client)}/edit",
    "links": "/links",
    "link": f"/links/{DELTA.link}",
    "link-form": f"/links/{DELTA.link}/edit",
    "devices": "/devices",
    "device": f"/devices/{DELTA.device}",
    "device-form": f"/devices/{DELTA.device}/edit",
    "device-new-snmp": "/devices/new?driver=snmp",
    "search": "/search?q=del",
}


@pytest.fixture(autouse=True)
def measured(served: Served) -> None:
    """A link that is nearly full with a VLAN missing, a full and a green reseller, a router."""
    put, isp = served.prometheus.put, DELTA.id
    on = {"isp": isp, "device": DELTA.device}
    link = {"isp": isp, "link": DELTA.link}
    put("isp_link_vlans", 2, **link)
    put("isp_link_threshold_bits_per_second", 950 * MBPS, **link)
    put("link:bandwidth_bits_per_second:rate5m", 861 * MBPS, **link)
    put("link:vlans_reporting:count", 1, **link)
    put("link:vlans_measured:count", 1, **link)
    put("isp_vlan_up", 1, **link, vlan="10", device=DELTA.device)
    put("vlan:receive_bits_per_second:rate5m", 190 * MBPS, **link, vlan="10", device=DELTA.device)
    put("vlan:transmit_bits_per_second:rate5m", 41 * MBPS, **link, vlan="10", device=DELTA.device)
    for tenant, used in zip(DELTA.resellers, (0.997, 0.42), strict=True):
        of = {"isp": isp, "tenant": tenant}
        served.prometheus.tenant(isp, tenant, download=400 * MBPS * used, used=used, measured=1)
        served.prometheus.circuit(isp, tenant, DELTA.circuit(tenant), download=200e6 * used, upload=9e6, used=used)
        put("isp_circuit_up", 1, **of, circuit=DELTA.circuit(tenant))
    put("isp_device_up", 1, **on)
    put("isp_device_info", 1, **on, driver="routeros", vendor="MikroTik", model="CCR2004-16G", version="7.16.2")
    put("device:read:timestamp", time.time() - 7, **on)
    put("isp_device_cpu_ratio", 0.31, **on)
    put("isp_device_memory_used_bytes", 0.28, **on)  # the stand-in does not divide for the chart
    put("isp_device_memory_total_bytes", 1, **on)
    put("isp_device_temperature_celsius", 47, **on, sensor="cpu")
    put("isp_device_collector_success", 0, **on, collector="queues")
    for state, count in {"up": 2, "down": 0, "idle": 1, "maintenance": 0, "unknown": 1}.items():
        put("isp:circuits:count", count, isp=isp, state=state)
    for level, count in {"green": 1, "yellow": 0, "red": 1, "unknown": 0}.items():
        put("isp:resellers:count", count, isp=isp, level=level)
    put("isp:devices:count", 1, isp=isp, state="up")
    put("isp:devices:count", 0, isp=isp, state="down")


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_usable_on_desk_and_phone(visit: Visit, name: str) -> None:
    """No sideways scrolling at 390 px, no complaint on the console, nothing serious for axe; light and dark."""
    for width, dark in ((DESK, False), (PHONE, True)):
        page = visit("engineer", PAGES[name], width=width, dark=dark, isp=DELTA)
        settled(page)
        assert_fits(page)
        assert_accessible(page)
        photograph(page, f"staff-{name}{'-dark' if dark else ''}")


def test_an_engineer_sells_a_circuit(visit: Visit, served: Served) -> None:
    """Logs in with a code, makes a reseller with a contact and a circuit, and sees it on its page with its chart."""
    email = f"new-{time.time_ns()}@skylink.example"
    with served.registry.write(SERVICE) as tx:
        new = NewUser("engineer", "New engineer", email, SKY.id, password_hash=hash_password(PASSWORD))
        people.create_user(tx, new, by="admin")
    page = visit(None, "/resellers")
    log_in(page, email)
    expect(page.get_by_role("heading", name=re.compile("^Resellers"))).to_be_visible()
    page.get_by_role("link", name="New reseller").click()
    page.get_by_label("Id").fill("banani")
    page.get_by_role("textbox", name="Name", exact=True).first.fill("Banani Online")
    contact = page.get_by_role("group", name="Contact 1")
    contact.get_by_label("Name").fill("NOC")
    contact.get_by_label("WhatsApp").fill("01711")
    page.get_by_role("button", name="Save").last.click()
    expect(contact.get_by_label("WhatsApp")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Id")).to_have_value("banani")
    photograph(page, "staff-error")
    contact.get_by_label("WhatsApp").fill("+8801711111111")
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_text('The reseller "Banani Online" was made.')).to_be_visible()
    page.get_by_role("link", name="New circuit").click()
    page.get_by_label("Id").fill("banani-main")
    page.get_by_role("textbox", name="Name", exact=True).fill("Banani uplink")
    page.get_by_role("combobox", name="Device").fill(SKY.device)
    page.get_by_label("Its name on the device").fill("banani")
    page.get_by_label("Download, Mbps").fill("500")
    served.prometheus.circuit(SKY.id, "banani", "banani-main", download=431e6, upload=22e6, used=0.86)
    served.prometheus.put("isp_circuit_up", 1, isp=SKY.id, tenant="banani", circuit="banani-main")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name=re.compile("Banani uplink"))).to_contain_text("Up")
    expect(page.get_by_text("431 Mbps").first).to_be_visible()
    expect(page.locator('[data-chart="circuit-traffic"] canvas')).to_be_visible()
    settled(page)
    photograph(page, "staff-new-circuit")
    page.get_by_role("link", name="Banani Online").click()
    expect(page.get_by_role("row", name=re.compile("Banani uplink"))).to_contain_text("500 Mbps / 500 Mbps")
    page.get_by_role("searchbox").first.fill("banani")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Banani uplink")).to_be_visible()


def test_vlan_rows_come_and_go_in_place(visit: Visit) -> None:
    """With the script no page is loaded; the new row has the focus, and Enter saves instead of removing a row."""
    page = visit("admin", f"/links/{DELTA.link}/edit", isp=DELTA)
    rows = page.get_by_role("group", name=re.compile("VLAN row"))
    expect(rows).to_have_count(3)
    page.get_by_role("button", name="Add a VLAN").click()
    expect(rows).to_have_count(4)
    expect(rows.last.get_by_role("textbox", name="VLAN")).to_be_focused()
    rows.last.get_by_role("textbox", name="VLAN").fill("77")
    rows.last.get_by_label("Device").fill(DELTA.device)
    rows.last.get_by_label("Interface").fill("vlan77")
    rows.last.get_by_label("Capacity, Mbps").fill("100")
    rows.nth(1).get_by_role("button", name=re.compile("Remove")).click()
    expect(rows.nth(1)).to_be_visible()  # the third, now: hidden ones are no group of the page
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_role("row", name=re.compile("VLAN 77"))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("VLAN 20"))).to_have_count(0)


def test_an_open_overview_follows_the_alerts(visit: Visit, served: Served) -> None:
    """Without a reload: the alert is in the list, and gone from it when it is over."""
    page = visit("engineer", "/overview", isp=DELTA)
    listed = page.locator("#alerts")
    alert = fire(served.registry, DELTA, name="DeviceDown", summary="A router fell", device=DELTA.device)
    expect(listed.get_by_text("A router fell")).to_be_visible()
    expect(listed).to_contain_text(DELTA.device)
    end(served.registry, alert)
    expect(listed.get_by_text("A router fell")).to_have_count(0)


def log_in(page: Page, email: str) -> None:
    """With the password, and the second factor that is set up at the first login."""
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    secret = "".join(page.locator("code.key").inner_text().split())
    page.get_by_label("Code").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Finish and log in").click()


def settled(page: Page) -> None:
    """Wait until the charts have been drawn or have said why not."""
    expect(page.locator(".chart-state").filter(has_text="Loading")).to_have_count(0)
