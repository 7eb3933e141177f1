"""A tenant's contacts, over HTTP: who is told, and in which language."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from inventory.models import Contact
from inventory.registry import tenants
from inventory.registry.audit import Actor
from inventory.registry.scope import SERVICE, Scope
from portal.services import Services
from tests.portal.conftest import LoginAs, csrf_of, on_both_databases
from tests.portal.staff.acting import fields_of, text_of
from tests.portal.world import SKY


def contacts(services: Services) -> tuple[tuple[Contact, ...], int]:
    with services.registry.read(SERVICE) as tx:
        row = tenants.get_tenant(tx, "sky-r1")
    assert row is not None
    return row.tenant.contacts, row.version


def form(client: FlaskClient, version: int, **fields: str) -> dict[str, str]:
    blank = {"name": "", "whatsapp": "", "email": "", "language": "en"}
    return {"csrf": csrf_of(client), "version": str(version), **blank, **fields}


@on_both_databases
def test_a_contact_is_added_changed_and_removed(services: Services, login_as: LoginAs) -> None:
    """Each time as a new version, in the tenant's own scope."""
    client = login_as("sky-r1")
    before, version = contacts(services)
    new = form(client, version, name="রহিম", whatsapp="+8801711111111", language="bn")
    assert client.post("/my/contacts", data=new).status_code == 303
    told, version = contacts(services)
    assert told == (*before, Contact("রহিম", "+8801711111111", None, "bn"))
    assert "রহিম is saved." in text_of(client, "/my/contacts")

    changed = form(client, version, number="1", name="Rahim", email="r@example.net")
    assert client.post("/my/contacts", data=changed).status_code == 303
    told, version = contacts(services)
    assert told == (*before, Contact("Rahim", None, "r@example.net", "en"))

    assert client.post("/my/contacts", data=form(client, version, number="1", remove="yes")).status_code == 303
    assert contacts(services)[0] == before


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "Desk"}, ""),  # neither WhatsApp nor mail
        ({"name": "", "email": "a@example.net"}, "name"),
        ({"name": "Desk", "whatsapp": "01711111111"}, "whatsapp"),
        ({"name": "Desk", "email": "not an address"}, "email"),
        ({"name": "Desk", "email": "a@example.net", "language": "xx"}, "language"),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    services: Services, login_as: LoginAs, fields: dict[str, str], field: str
) -> None:
    """With what was typed still in the form, and nothing saved."""
    client = login_as("sky-r1")
    before = contacts(services)
    answer = client.post("/my/contacts", data=form(client, before[1], **fields))
    markup = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'role="alert"' in markup
    if field:
        assert f'id="f-{field}-error"' in markup
        assert re.search(rf'id="f-{field}"[^>]*aria-invalid="true"[^>]*aria-describedby="[^"]*f-{field}-error', markup)
    assert all(f'value="{typed}"' in markup for typed in fields.values() if typed and typed != "xx")
    assert contacts(services) == before


@on_both_databases
def test_nobody_overwrites_what_he_has_not_seen(services: Services, login_as: LoginAs) -> None:
    """The isp changed the contacts while the form was open."""
    client = login_as("sky-r1")
    _, version = contacts(services)
    with services.registry.write(Scope("staff", SKY.id)) as tx:
        theirs = [Contact("Theirs", email="theirs@example.net")]
        tenants.save_contacts(tx, "sky-r1", theirs, version=version, actor=Actor("admin@skylink.example"))
    removal = form(client, version, number="0", remove="yes")
    assert client.post("/my/contacts", data=removal).status_code == 303
    assert "Nobody was removed: the contacts were changed meanwhile" in text_of(client, "/my/contacts")
    stale = form(client, version, number="0", name="Mine", email="mine@example.net")
    answer = client.post("/my/contacts", data=stale)
    assert answer.status_code == 422
    assert "Not saved: the contacts were changed meanwhile" in answer.get_data(as_text=True)
    assert [contact.name for contact in contacts(services)[0]] == ["Theirs"]
    kept = fields_of(answer.get_data(as_text=True).replace(' action="/my/contacts"', ""))
    assert client.post("/my/contacts", data=kept).status_code == 303
    assert [contact.name for contact in contacts(services)[0]] == ["Theirs", "Mine"], "nobody else's place is taken"


def test_a_form_without_its_token_changes_nothing(services: Services, login_as: LoginAs) -> None:
    """Another site cannot post for a tenant who is logged in here."""
    client = login_as("sky-r1")
    before = contacts(services)
    forged = form(client, before[1], name="Evil", email="evil@example.net") | {"csrf": "x"}
    assert client.post("/my/contacts", data=forged).status_code == 400
    assert contacts(services) == before


def test_there_are_not_more_contacts_than_can_be_told(services: Services, login_as: LoginAs) -> None:
    """Twenty; the twenty-first is refused with the reason."""
    client = login_as("sky-r1")
    _, version = contacts(services)
    crowd = [Contact(f"C{number}", email=f"c{number}@example.net") for number in range(20)]
    with services.registry.write(Scope("staff", SKY.id)) as tx:
        version = tenants.save_contacts(tx, "sky-r1", crowd, version=version, actor=Actor("x"))
    answer = client.post("/my/contacts", data=form(client, version, name="One more", email="m@example.net"))
    assert answer.status_code == 422
    assert "there are 20 contacts already" in answer.get_data(as_text=True)
