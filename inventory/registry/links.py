"""Upstream links of the registry, each with its VLANs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select

from inventory.bodies import link_body
from inventory.models import BitsPerSecond, Link, Vlan
from inventory.registry import changes
from inventory.registry.audit import Actor, record
from inventory.registry.pages import PER_PAGE, Page, Window, matches
from inventory.registry.scope import Transaction
from inventory.registry.tables import links, vlans
from inventory.registry.told import told
from inventory.registry.windows import drop_empty


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link with its VLANs, whose it is, and the version a write compares."""

    link: Link
    isp: str
    version: int


def list_links(  # noqa: PLR0913 - filters, each by its name
    tx: Transaction,
    *,
    search: str | None = None,
    device: str | None = None,
    names: Sequence[str] | None = None,
    page: int = 1,
    per_page: int = PER_PAGE,
) -> Page[LinkRow]:
    """The links the scope may see in the order of the file; those on `device`, and of these ids, where it is given."""
    where = [tx.visible(links), *matches(search, links.c.link, links.c.name)]
    if device:
        where.append(links.c.link.in_(select(vlans.c.link).where(tx.visible(vlans), vlans.c.device == device)))
    if names is not None:
        where.append(links.c.link.in_(names))
    window = Window(page, per_page)
    query = select(links).where(*where).order_by(links.c.isp, links.c.position, links.c.link)
    rows = tx.connection.execute(query.limit(window.limit).offset(window.offset)).mappings().all()
    return window.of(_with_vlans(tx, rows), changes.count(tx, links, *where))


def get_link(tx: Transaction, link: str) -> LinkRow | None:
    """The link of that id, None where the scope sees none."""
    rows = tx.connection.execute(select(links).where(tx.visible(links), links.c.link == link)).mappings().all()
    return next(iter(_with_vlans(tx, rows)), None)


@changes.whole
def save_link(tx: Transaction, link: Link, *, version: int | None, actor: Actor, isp: str | None = None) -> int:
    """Make the link (`version` None) or change it, with all its VLANs; returns its version.

    Raises Taken, Conflict, and Gone where a device is not there any more.
    """
    whose = changes.owner(tx, isp)
    changes.take_turn(tx, whose)
    values = columns_of(link)
    before = get_link(tx, link.id) if version is not None else None
    if version is None:
        place = changes.next_position(tx, links, links.c.isp == whose)
        changes.add(tx, links, {"link": link.id, "isp": whose, "position": place, **values})
    else:
        changes.change(tx, links.c.link, link.id, version, values)
    _put_vlans(tx, whose, link)
    action = "create" if version is None else "update"
    detail = told(link_body(before.link) if before else None, link_body(link))
    record(tx, actor, action, "link", link.id, detail, isp=whose)
    return (version or 0) + 1


@changes.whole
def delete_link(tx: Transaction, link: str, *, version: int, actor: Actor, isp: str | None = None) -> None:
    """Remove the link with its VLANs. Raises Conflict."""
    whose = changes.owner(tx, isp)
    changes.take_turn(tx, whose)
    found = get_link(tx, link)
    changes.remove(tx, links.c.link, link, version)
    drop_empty(tx, whose, actor)
    record(tx, actor, "delete", "link", link, told(link_body(found.link), None) if found else None, isp=whose)


def load_links(tx: Transaction, isp: str) -> dict[str, Link]:
    """All links of an isp by id, in the order of the file."""
    query = select(links).where(tx.visible(links), links.c.isp == isp).order_by(links.c.position, links.c.link)
    rows = tx.connection.execute(query).mappings().all()
    return {row.link.id: row.link for row in _with_vlans(tx, rows, isp)}


def columns_of(link: Link) -> dict[str, Any]:
    """The link as the columns of its row, but for id, isp and position."""
    return {"name": link.name, "threshold_bps": link.threshold, "measure": link.measure}


def vlan_rows(isp: str, link: Link) -> list[dict[str, Any]]:
    """The rows of its VLANs."""
    return [
        {
            "isp": isp,
            "link": link.id,
            "position": position,
            "vlan": vlan.vlan,
            "device": vlan.device,
            "interface": vlan.interface,
            "capacity_bps": vlan.capacity,
        }
        for position, vlan in enumerate(link.vlans)
    ]


def _put_vlans(tx: Transaction, isp: str, link: Link) -> None:
    tx.connection.execute(delete(vlans).where(tx.visible(vlans), vlans.c.link == link.id))
    changes.add_all(tx, insert(vlans), vlan_rows(isp, link), "link")


def _with_vlans(tx: Transaction, rows: Sequence[RowMapping], isp: str | None = None) -> list[LinkRow]:
    """The links of these rows; those of a whole isp are asked for by its name, not by their thousand ids."""
    which = vlans.c.isp == isp if isp else vlans.c.link.in_([row["link"] for row in rows])
    query = select(vlans).where(tx.visible(vlans), which).order_by(vlans.c.link, vlans.c.position)
    members: dict[str, list[Vlan]] = {}
    for row in tx.connection.execute(query).mappings() if rows else ():
        members.setdefault(row["link"], []).append(_vlan(row))
    return [LinkRow(_link(row, members.get(row["link"], ())), row["isp"], row["version"]) for row in rows]


def _link(row: RowMapping, members: Iterable[Vlan]) -> Link:
    return Link(row["link"], row["name"], BitsPerSecond(row["threshold_bps"]), row["measure"], tuple(members))


def _vlan(row: RowMapping) -> Vlan:
    return Vlan(row["vlan"], row["device"], row["interface"], BitsPerSecond(row["capacity_bps"]))
