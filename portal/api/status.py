"""How the network is now: upstream links, in our words and in those of an NTTN, and routers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import fields

from inventory.models import Link
from inventory.registry.devices import list_devices
from inventory.registry.links import LinkRow, list_links
from inventory.registry.pages import Page
from portal.api.asked import own_isp
from portal.api.fields import Shape, described
from portal.api.operations import operation, subject
from portal.api.paging import LINK_HEADERS, SearchQuery, page_of, paged
from portal.api.times import utc
from portal.services import services
from portal.states import DeviceNow, LinkNow, State, devices_now, level_of, links_now
from portal.tenancy import identity

blueprint = subject("Status", "How links and routers are now. What was not measured in the last minute is null.")

_STATE = described("up, down, idle (up without traffic), unknown or maintenance.", "up")
AWAY = described("Why nothing was measured, while Prometheus does not answer; else null.")


def figure(what: str, example: float, **kwargs: Any) -> fields.Float:
    """A measured number, null while it is not known."""
    return fields.Float(required=True, allow_none=True, metadata=described(what, example), **kwargs)


class VlanState(Shape):
    """One member of a link, now."""

    vlan = fields.Integer(required=True, metadata=described("802.1Q.", 10))
    device = fields.String(required=True, metadata=described("Which carries it.", "core-1"))
    interface = fields.String(required=True, metadata=described("There.", "vlan10"))
    capacity_mbps = fields.Float(required=True, metadata=described("Of the inventory.", 200))
    state = fields.String(required=True, metadata=_STATE)
    receive_mbps = figure("As the router sees it, the last 5 minutes.", 158.2)
    transmit_mbps = figure("As the router sees it, the last 5 minutes.", 12.9)


class LinkState(Shape):
    """An upstream link, now: the sum of its VLANs against its threshold."""

    id = fields.String(required=True, metadata=described("The link.", "nttn-dhaka"))
    name = fields.String(required=True, metadata=described("What people call it.", "NTTN Dhaka"))
    state = fields.String(required=True, metadata=_STATE)
    measure = fields.String(required=True, metadata=described("How the sum is made.", "max"))
    bandwidth_mbps = figure("The sum, the last 5 minutes.", 812.5)
    threshold_mbps = fields.Float(required=True, metadata=described("The alert starts here.", 950))
    utilization_ratio = figure("Sum by threshold.", 0.855)
    over_threshold = fields.Boolean(required=True, allow_none=True, metadata=described("Whether it is past it."))
    complete = fields.Boolean(required=True, metadata=described("If not, the sum is `at least`: members are missing."))
    vlans = fields.List(fields.Nested(VlanState), required=True)


class NttnStatus(Shape):
    """A link as an NTTN's bill and its engineers speak of it."""

    link = fields.String(required=True, metadata=described("The link.", "nttn-dhaka"))
    name = fields.String(required=True, metadata=described("What people call it.", "NTTN Dhaka"))
    state = fields.String(required=True, metadata=_STATE)
    level = fields.String(required=True, metadata=described("green, yellow (80 %), red (full) or unknown.", "yellow"))
    bandwidth_mbps = figure("Used, the last 5 minutes.", 812.5)
    threshold_mbps = fields.Float(required=True, metadata=described("Agreed.", 950))
    headroom_mbps = figure("What is left up to the threshold; negative past it, null while a VLAN is missing.", 137.5)
    capacity_mbps = fields.Float(required=True, metadata=described("Of all its VLANs.", 1000))
    vlans = fields.Integer(required=True, metadata=described("How many VLANs it has.", 5))
    vlans_reporting = fields.Integer(required=True, allow_none=True, metadata=described("Measured now.", 5))


class RouterStatus(Shape):
    """A router or switch, now."""

    id = fields.String(required=True, metadata=described("The device.", "core-1"))
    driver = fields.String(required=True, metadata=described("How it is spoken to.", "routeros"))
    host = fields.String(required=True, metadata=described("Where.", "192.0.2.1"))
    place = fields.String(required=True, allow_none=True, metadata=described("Where it stands.", "Dhaka, rack 4"))
    state = fields.String(required=True, metadata=_STATE)
    up = fields.Boolean(required=True, allow_none=True, metadata=described("Whether it was read.", example=True))
    last_poll = fields.String(required=True, allow_none=True, metadata=described("Last read.", "2026-11-20T01:00:00Z"))
    booted = fields.String(required=True, allow_none=True, metadata=described("When it started."))
    vendor = fields.String(required=True, allow_none=True, metadata=described("As it says.", "MikroTik"))
    model = fields.String(required=True, allow_none=True, metadata=described("As it says.", "CCR2004"))
    version = fields.String(required=True, allow_none=True, metadata=described("As it says.", "7.16"))
    cpu_ratio = figure("0 to 1.", 0.12)
    memory_ratio = figure("Used by total, 0 to 1.", 0.4)
    temperature_celsius = figure("The highest.", 41)
    failing = fields.List(fields.String(), required=True, metadata=described("What it does not give whole."))


def mbps(bits: float | None) -> float | None:
    """Bits per second in the API's unit."""
    return None if bits is None else round(bits / 1_000_000, 6)


def _link_state(link: Link, now: LinkNow) -> dict[str, Any]:
    over = None if now.bandwidth_bps is None else now.bandwidth_bps >= link.threshold  # as the alert
    vlans = [(vlan, now.vlan(vlan.device, vlan.vlan)) for vlan in link.vlans]
    return {
        "id": link.id,
        "name": link.name,
        "state": now.state.value,
        "measure": link.measure,
        "bandwidth_mbps": mbps(now.bandwidth_bps),
        "threshold_mbps": mbps(link.threshold),
        "utilization_ratio": None if now.bandwidth_bps is None else now.bandwidth_bps / link.threshold,
        # A sum without all its members is "at least": past the threshold is certain, below it is not.
        "over_threshold": over if over or now.complete else None,
        "complete": now.complete,
        "vlans": [
            {
                "vlan": vlan.vlan,
                "device": vlan.device,
                "interface": vlan.interface,
                "capacity_mbps": mbps(vlan.capacity),
                "state": seen.state.value,
                "receive_mbps": mbps(seen.receive_bps),
                "transmit_mbps": mbps(seen.transmit_bps),
            }
            for vlan, seen in vlans
        ],
    }


def _nttn_status(link: Link, now: LinkNow) -> dict[str, Any]:
    used = now.bandwidth_bps
    return {
        "link": link.id,
        "name": link.name,
        "state": now.state.value,
        "level": level_of(None if used is None else used / link.threshold, complete=now.complete),
        "bandwidth_mbps": mbps(used),
        "threshold_mbps": mbps(link.threshold),
        "headroom_mbps": mbps(link.threshold - used) if used is not None and now.complete else None,
        "capacity_mbps": mbps(sum(vlan.capacity for vlan in link.vlans)),
        "vlans": len(link.vlans),
        "vlans_reporting": now.vlans_reporting,
    }


def _links(query: Mapping[str, Any]) -> tuple[Page[LinkRow], Mapping[str, LinkNow], str | None]:
    with services().registry.read(identity().scope) as tx:
        page = list_links(tx, search=query.get("search"), page=query["page"], per_page=query["per_page"])
    now = links_now(services().prometheus, own_isp(), [row.link.id for row in page.items])
    return page, now, now.away


@operation(
    blueprint,
    "GET",
    "/link-state",
    permissions=("network.read",),
    name="list_link_states",
    summary="State of the links",
    description="Each link: its sum against its threshold, and each of its VLANs.",
    query=SearchQuery,
    answer=page_of(LinkState, "LinkState", away=fields.String(required=True, allow_none=True, metadata=AWAY)),
    headers=LINK_HEADERS,
)
def list_link_states(query: Mapping[str, Any]) -> Response:
    """The links of a page, each with its VLANs."""
    page, now, away = _links(query)
    return paged(page, lambda row: _link_state(row.link, now[row.link.id]), away=away)


@operation(
    blueprint,
    "GET",
    "/nttn/status",
    permissions=("network.read",),
    name="list_nttn_status",
    summary="Status of the NTTN links",
    description="What is used of what was agreed, what is left, and how many VLANs report.",
    query=SearchQuery,
    answer=page_of(NttnStatus, "NttnStatus", away=fields.String(required=True, allow_none=True, metadata=AWAY)),
    headers=LINK_HEADERS,
)
def list_nttn_status(query: Mapping[str, Any]) -> Response:
    """The links of a page in the words of an NTTN."""
    page, now, away = _links(query)
    return paged(page, lambda row: _nttn_status(row.link, now[row.link.id]), away=away)


@operation(
    blueprint,
    "GET",
    "/router/status",
    permissions=("network.read",),
    name="list_router_status",
    summary="Status of the routers",
    description="Whether each answers, when it was last read, and what it says of itself.",
    query=SearchQuery,
    answer=page_of(RouterStatus, "RouterStatus", away=fields.String(required=True, allow_none=True, metadata=AWAY)),
    headers=LINK_HEADERS,
)
def list_router_status(query: Mapping[str, Any]) -> Response:
    """The devices of a page."""
    with services().registry.read(identity().scope) as tx:
        page = list_devices(tx, search=query.get("search"), page=query["page"], per_page=query["per_page"])
    now = devices_now(services().prometheus, own_isp(), [row.device.id for row in page.items])
    return paged(
        page,
        lambda row: {
            "id": row.device.id,
            "driver": row.device.driver,
            "host": row.device.host,
            "place": row.device.place,
            **_router(now[row.device.id]),
        },
        away=now.away,
    )


def _router(now: DeviceNow) -> dict[str, Any]:
    known = now.state is not State.UNKNOWN
    memory = None
    if now.memory_used_bytes is not None and now.memory_total_bytes:
        memory = now.memory_used_bytes / now.memory_total_bytes
    return {
        "state": now.state.value,
        "up": now.state is not State.DOWN if known else None,
        "last_poll": utc(now.read_at),
        "booted": utc(now.boot_at),
        "vendor": now.vendor or None,
        "model": now.model or None,
        "version": now.version or None,
        "cpu_ratio": now.cpu_ratio,
        "memory_ratio": memory,
        "temperature_celsius": now.temperature_celsius,
        "failing": list(now.failing),
    }
