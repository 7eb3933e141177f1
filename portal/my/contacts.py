"""Who is told of a tenant's alerts: the tenant adds, changes and removes contacts; each change is one new version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from inventory.entries import EntryError, EntryErrors, read_contacts
from inventory.models import CONTACT_FIELDS, Contact
from inventory.registry import tenants
from inventory.registry.tenants import Conflict, TenantRow
from portal.services import services
from portal.staff.actors import actor
from portal.staff.asked import clean
from portal.tenancy import identity, needs

blueprint = Blueprint("my_contacts", __name__)

LANGUAGES = (("en", "English"), ("bn", "বাংলা"))
MOST = 20  # contacts of one tenant: each is sent every alert
_CHANGED = "Not saved: the contacts were changed meanwhile. Look at them as they are now, then save again."
_NOT_REMOVED = "Nobody was removed: the contacts were changed meanwhile. Here they are as they are now."


@dataclass(frozen=True, slots=True)
class Typed:
    """A form as it was sent: which contact (None: a new one), what was typed, and what is wrong with it."""

    number: int | None
    values: Mapping[str, str]
    errors: Mapping[str, Sequence[str]]


@blueprint.get("/my/contacts")
@needs("own.read")
def index() -> str:
    """The contacts, with the form of one that is to be changed (`?edit=0`) or of a new one."""
    row = _own()
    number = _number(request.args.get("edit", ""), row.tenant.contacts)
    values = _values(row.tenant.contacts[number]) if number is not None else {"language": "en"}
    return _page(row, Typed(number, values, {}))


@blueprint.post("/my/contacts")
@needs("own.contacts.write")
def change() -> Response | tuple[str, int]:
    """Save a new or changed contact, or remove one (`remove`)."""
    row = _own()
    seen = request.form.get("version", "") == str(row.version)
    told = list(row.tenant.contacts)
    number = _number(request.form.get("number", ""), told)
    if "remove" in request.form:
        return _removed(row, number) if seen else _not_removed()
    values = {name: clean(request.form.get(name, "")) for name in CONTACT_FIELDS}
    if not seen:
        return _overtaken(row, values)
    try:
        contact = _read(values, room=number is not None or len(told) < MOST)
    except EntryErrors as wrong:
        errors: dict[str, list[str]] = {}
        for error in wrong.errors:
            errors.setdefault(_field(error.field), []).append(error.text)
        return _page(row, Typed(number, values, errors)), 422
    told = [*told, contact] if number is None else [*told[:number], contact, *told[number + 1 :]]
    if not _stored(row, told, f"{contact.name} is saved."):
        return _overtaken(_own(), values)
    return redirect(url_for("my_contacts.index"), 303)


def _own() -> TenantRow:
    who = identity()
    with services().registry.read(who.scope) as tx:
        row = tenants.get_tenant(tx, who.tenant or "")
    if row is None:
        abort(404)
    return row


def _removed(row: TenantRow, number: int | None) -> Response:
    if number is None:
        abort(404)
    told = row.tenant.contacts
    if not _stored(row, told[:number] + told[number + 1 :], f"{told[number].name} is told nothing any more."):
        return _not_removed()
    return redirect(url_for("my_contacts.index"), 303)


def _not_removed() -> Response:
    flash(_NOT_REMOVED, "error")
    return redirect(url_for("my_contacts.index"), 303)


def _overtaken(row: TenantRow, values: Mapping[str, str]) -> tuple[str, int]:
    """The contacts as they are now, with what was typed: for the one of that name, if there still is one."""
    names = [contact.name for contact in row.tenant.contacts]
    number = names.index(values["name"]) if values["name"] in names else None
    return _page(row, Typed(number, values, {"": [_CHANGED]})), 422


def _stored(row: TenantRow, told: Sequence[Contact], done: str) -> bool:
    """Whether the contacts are saved: not where somebody else was faster."""
    try:
        with services().registry.write(identity().scope) as tx:
            tenants.save_contacts(tx, row.tenant.id, told, version=row.version, actor=actor())
    except Conflict:
        return False
    flash(done)
    return True


def _read(values: Mapping[str, str], *, room: bool) -> Contact:
    """The contact that was typed. Raises EntryErrors."""
    if not room:
        raise EntryErrors([EntryError("", f"there are {MOST} contacts already; remove one first")])
    return read_contacts([{name: text for name, text in values.items() if text}])[0]


def _field(name: str) -> str:
    """`contacts.0.email` of the inventory is `email` of this form; what is wrong with the whole has no field."""
    last = name.rpartition(".")[2]
    return last if last in CONTACT_FIELDS else ""


def _values(contact: Contact) -> dict[str, str]:
    return {name: getattr(contact, name) or "" for name in CONTACT_FIELDS}


def _number(text: str, told: Sequence[Contact]) -> int | None:
    """The place of a contact in the list; None for none of them."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None
    return number if number is not None and number < len(told) else None


def _page(row: TenantRow, typed: Typed) -> str:
    return render_template(
        "my/contacts.html",
        contacts=row.tenant.contacts,
        version=row.version,
        typed=typed,
        language_names=dict(LANGUAGES),
        kind=row.tenant.kind,
        full=len(row.tenant.contacts) >= MOST,
    )
