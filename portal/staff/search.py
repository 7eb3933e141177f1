"""Finds whatever staff have a word, a number or an address of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import Blueprint, render_template, url_for

from inventory.registry import finding
from inventory.registry.finding import Hit, Hits
from inventory.registry.scope import Transaction
from portal.roles import Permission
from portal.services import services
from portal.staff import asked
from portal.tenancy import identity, needs

blueprint = Blueprint("search", __name__)

SHOWN = 10  # of each kind


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing: who may see it, how it is found, where one of it is, and where all that were found are."""

    title: str
    permission: Permission
    find: Callable[[Transaction, str], Hits]
    href: Callable[[Hit], str]
    more: str | None = None


KINDS: tuple[Kind, ...] = (
    Kind(
        "Resellers",
        "tenants.read",
        lambda tx, text: finding.find_tenants(tx, text, "reseller", SHOWN),
        lambda hit: url_for("tenants.show", tenant=hit.id),
        "tenants.resellers",
    ),
    Kind(
        "Clients",
        "tenants.read",
        lambda tx, text: finding.find_tenants(tx, text, "client", SHOWN),
        lambda hit: url_for("tenants.show", tenant=hit.id),
        "tenants.clients",
    ),
    Kind(
        "Circuits",
        "tenants.read",
        lambda tx, text: finding.find_circuits(tx, text, SHOWN),
        lambda hit: url_for("circuits.show", circuit=hit.id),
    ),
    Kind(
        "NTTN links",
        "network.read",
        lambda tx, text: finding.find_links(tx, text, SHOWN),
        lambda hit: url_for("links.show", link=hit.id),
        "links.index",
    ),
    Kind(
        "VLANs",
        "network.read",
        lambda tx, text: finding.find_vlans(tx, text, SHOWN),
        lambda hit: url_for("links.show", link=hit.id),
    ),
    Kind(
        "Routers",
        "network.read",
        lambda tx, text: finding.find_devices(tx, text, SHOWN),
        lambda hit: url_for("devices.show", device=hit.id),
        "devices.index",
    ),
)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one kind, ready to be shown."""

    kind: Kind
    hits: Hits
    more: str | None


@blueprint.get("/search")
@needs("tenants.read", "network.read")
def index() -> str:
    """Everything that carries the word."""
    text = asked.word("q")
    with services().registry.read(identity().scope) as tx:
        found = list(_found(tx, text)) if text else []
    return render_template("staff/search.html", query=text, found=found)


def _found(tx: Transaction, text: str) -> Iterator[Found]:
    for kind in KINDS:
        if identity().may(kind.permission) and (hits := kind.find(tx, text)).total:
            yield Found(kind, hits, url_for(kind.more, q=text) if kind.more else None)
