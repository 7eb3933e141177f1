"""The `isp` and `tenants` of an inventory: who they are, and how they are told."""

from __future__ import annotations

from typing import get_args

from inventory.circuit_section import circuit
from inventory.fields import currency, email, time_zone, whatsapp
from inventory.models import Contact, Isp, Language, Tenant, TenantKind
from inventory.problems import Wrong
from inventory.reader import Entry, Field, Parser, listing
from inventory.text_fields import choice, new_id, text

_language: Parser[Language] = choice(get_args(Language))
_tenant_kind: Parser[TenantKind] = choice(get_args(TenantKind), "kind")


def isp(at: Field) -> Isp:
    """Whose network this is."""
    entry = Entry(at, "isp")
    name = entry.need("id", new_id("isp"))
    title = entry.need("name", text)
    timezone = entry.need("timezone", time_zone)
    money = entry.need("currency", currency)
    contacts = entry.maybe("contacts", contact_list).otherwise(())
    entry.finish()
    return Isp(id=name.value, name=title.value, timezone=timezone.value, currency=money.value, contacts=contacts.value)


def tenant(at: Field) -> Tenant:
    """One tenant with its contacts and circuits."""
    entry = Entry(at, at.place)
    name = entry.need("id", new_id("tenant"))
    kind = entry.need("kind", _tenant_kind)
    title = entry.need("name", text)
    contacts = entry.maybe("contacts", contact_list).otherwise(())
    circuits = entry.maybe(
        "circuits", listing("circuit", lambda item: circuit(item, tenant=name), holds=("circuit",))
    ).otherwise(())
    if not entry.finish():
        at.source.ids.lose_track("circuit")  # one of the keys not read may have been meant to be `circuits`
    return Tenant(id=name.value, kind=kind.value, name=title.value, contacts=contacts.value, circuits=circuits.value)


def _contact(at: Field) -> Contact:
    entry = Entry(at, at.place)
    name = entry.need("name", text)
    phone = entry.maybe("whatsapp", whatsapp)
    mail = entry.maybe("email", email)
    language = entry.maybe("language", _language)
    whole = entry.finish()
    contact = Contact(name=name.value, whatsapp=phone.value, email=mail.value, language=language.value or "en")
    if whole and not contact.ways:
        raise Wrong("neither whatsapp nor email; expected at least one of them")
    return contact


# The contacts of an isp or a tenant.
contact_list = listing("contact", _contact, label="name")
