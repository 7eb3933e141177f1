"""Resellers and clients: who they are, who is told, what they bought and how much of it they use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from inventory.bodies import tenant_body
from inventory.entries import read_tenant
from inventory.models import Committed, Tenant, TenantKind
from inventory.registry.alerts import Filters
from inventory.registry.finding import tenant_ids, users_of
from inventory.registry.pages import PER_PAGE, Page
from inventory.registry.scope import Transaction
from inventory.registry.tenants import TenantRow, delete_tenant, get_tenant, list_tenants, save_tenant
from portal.context import today
from portal.services import services
from portal.staff import asked
from portal.staff.actors import actor
from portal.staff.around import Drawn, alerts_of, counted, isp, seen, windows_on
from portal.staff.choosing import chosen, tenant_rows
from portal.staff.forms import Form, deleted, exchanged
from portal.states import circuits_now, level_of
from portal.tenancy import identity, needs
from portal.usage import TenantNow, bought, fullness, in_service, tenant_now, tenants_now

blueprint = Blueprint("tenants", __name__)

LEVELS = (("", "all"), ("red", "full"), ("yellow", "high"), ("green", "ok"), ("unknown", "unknown"))


@dataclass(frozen=True, slots=True)
class Row:
    """A tenant in the list, with how many of all its circuits are in service; a plan of None is none of them."""

    id: str
    name: str
    now: TenantNow
    plan: Committed | None
    circuits: int
    all_circuits: int


@blueprint.get("/resellers")
@needs("tenants.read")
def resellers() -> str:
    """All resellers."""
    return _listed("reseller")


@blueprint.get("/clients")
@needs("tenants.read")
def clients() -> str:
    """All leased-line clients."""
    return _listed("client")


def _listed(kind: TenantKind) -> str:
    search, level = asked.word("q"), asked.choice("level", [name for name, _ in LEVELS])
    sort = asked.choice("sort", ("name", "use"), "name")
    by_use = sort == "use" or level != ""
    use: Mapping[str, float] = seen(fullness(services().prometheus, isp(), kind)) if by_use else {}
    with services().registry.read(identity().scope) as tx:
        if by_use or search:
            page = _chosen(tx, kind, search, level, sort, use)
        else:
            page = list_tenants(tx, kind=kind, page=asked.page_number())
    now = seen(tenants_now(services().prometheus, isp(), [row.tenant.id for row in page.items]))
    rows = Page([_row(row.tenant, now[row.tenant.id]) for row in page.items], page.total, page.page, page.per_page)
    title = f"{kind.capitalize()}s"
    return render_template(
        "staff/tenants.html", page=rows, kind=kind, title=title, search=search, level=level, sort=sort, levels=LEVELS
    )


def _chosen(  # noqa: PLR0913, PLR0917 - each says a part of what is wanted
    tx: Transaction, kind: TenantKind, search: str, level: str, sort: str, use: Mapping[str, float]
) -> Page[TenantRow]:
    """One page of those that are like that: how full they are Prometheus knows, all else the registry."""
    names = [name for name in tenant_ids(tx, kind=kind, search=search) if level in {"", level_of(use.get(name))}]
    if sort == "use":
        names.sort(key=lambda name: -use.get(name, -1.0))  # stable: equals, and the unknown at the end, stay by name
    return chosen(names, partial(tenant_rows, tx))


def _row(tenant: Tenant, now: TenantNow) -> Row:
    active = in_service(tenant.circuits, today())
    plan = bought(active) if active else None
    return Row(tenant.id, tenant.name, now, plan, len(active), len(tenant.circuits))


@blueprint.get("/tenants/<tenant>")
@needs("tenants.read")
def show(tenant: str) -> str:
    """One reseller or client."""
    with services().registry.read(identity().scope) as tx:
        found = _found(tx, tenant)
        alerts = alerts_of(tx, Filters(tenant=tenant))
        windows = windows_on(tx, tenant=tenant)
        users = users_of(tx, tenant) if identity().may("users.read") else None
    prometheus, number, own = services().prometheus, asked.page_number(), found.tenant.circuits
    circuits = Page(own[(number - 1) * PER_PAGE : number * PER_PAGE], len(own), number)
    return render_template(
        "staff/tenant.html",
        tenant=found.tenant,
        version=found.version,
        now=seen(tenant_now(prometheus, isp(), tenant))[tenant],
        circuits=circuits,
        circuits_now=seen(circuits_now(prometheus, isp(), [circuit.id for circuit in circuits.items])),
        charts=_charts(found.tenant),
        alerts=alerts,
        windows_found=windows,
        users=users,
        loses=_loses(found.tenant),
    )


@blueprint.route("/tenants/new", methods=["GET", "POST"])
@needs("tenants.write")
def new() -> str | Response:
    """Make a reseller or a client."""
    kind = request.args.get("kind", "")
    if kind not in get_args(TenantKind):
        raise NotFound
    form, done = exchanged(Form({"kind": kind}), _save, lambda _: None, place=_place, fixed={"kind": kind})
    if done:
        flash(f'The {kind} "{form.values["name"]}" was made. Add its first circuit.')
        return redirect(url_for("tenants.show", tenant=form.values["id"]), 303)
    return render_template("staff/tenant_form.html", form=form, current=None, back=url_for(f"tenants.{kind}s"))


@blueprint.route("/tenants/<tenant>/edit", methods=["GET", "POST"])
@needs("tenants.write")
def edit(tenant: str) -> str | Response:
    """Change the name and the contacts."""
    with services().registry.read(identity().scope) as tx:
        row = _found(tx, tenant)
    start = Form(_shown(row.tenant), row.version)
    fixed = {"id": tenant, "kind": row.tenant.kind}
    form, done = exchanged(start, _save, lambda tx: _now(tx, tenant), place=_place, fixed=fixed)
    back = url_for("tenants.show", tenant=tenant)
    if done:
        flash("The change was saved.")
        return redirect(back, 303)
    return render_template("staff/tenant_form.html", form=form, current=row.tenant, back=back)


@blueprint.post("/tenants/<tenant>/delete")
@needs("tenants.write")
def delete(tenant: str) -> Response:
    """Take a tenant out, with all that is its own."""
    with services().registry.read(identity().scope) as tx:
        row = _found(tx, tenant)
    return deleted(
        lambda tx, version: delete_tenant(tx, tenant, version=version, actor=actor()),
        f'The {row.tenant.kind} "{row.tenant.name}" was deleted.',
        back=url_for("tenants.show", tenant=tenant),
        to=url_for(f"tenants.{row.tenant.kind}s"),
    )


def _found(tx: Transaction, tenant: str) -> TenantRow:
    row = get_tenant(tx, tenant)
    if row is None:
        raise NotFound
    return row


def _save(tx: Transaction, form: Form) -> None:
    save_tenant(tx, read_tenant(form.mapping), version=form.version, actor=actor())


def _now(tx: Transaction, tenant: str) -> tuple[Mapping[str, Any], int] | None:
    row = get_tenant(tx, tenant)
    return None if row is None else (_shown(row.tenant), row.version)


def _shown(tenant: Tenant) -> dict[str, Any]:
    """What the form asks for; circuits have forms of their own."""
    return {key: value for key, value in tenant_body(tenant).items() if key != "circuits"}


def _charts(tenant: Tenant) -> list[Drawn]:
    drawn = [Drawn("tenant-traffic", {"tenant": tenant.id}, "Traffic of all its circuits")]
    if tenant.kind == "reseller":
        drawn.append(Drawn("reseller-utilization", {"tenant": tenant.id}, "Use of what was bought"))
    return drawn


def _place(field: str) -> str:
    """A contact that cannot be told anything has no address: said where one would be."""
    return f"{field}.email" if re.fullmatch(r"contacts\.[0-9]+", field) else field


def _loses(tenant: Tenant) -> list[str]:
    """What goes with it."""
    return [
        f"its {counted(len(tenant.contacts), 'contact')}, and the logins of its users",
        f"its {counted(len(tenant.circuits), 'circuit')}, with all their plans: no longer measured",
        "its place in maintenance windows",
    ]
