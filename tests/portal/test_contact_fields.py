"""A contact is the same everywhere: what the file knows of one, the registry keeps, and forms and the API give back."""

from __future__ import annotations

from inventory.models import CONTACT_FIELDS
from inventory.registry.tables import contacts
from portal.api import shapes
from tests.portal.conftest import LoginAs
from tests.portal.world import SKY


def test_no_field_of_a_contact_is_lost_on_the_way(login_as: LoginAs) -> None:
    """A form or a body without one would take it away from whoever is saved by it."""
    known = set(CONTACT_FIELDS)
    assert set(contacts.c.keys()) == known | {"id", "isp", "tenant", "position"}
    assert set(shapes.Contact().fields) == known
    for who, path, prefix in (
        ("engineer", "/tenants/new?kind=reseller", "contacts.0."),
        ("admin", "/settings/edit", "contacts.0."),
        (SKY.resellers[0], "/my/contacts", ""),
    ):
        page = login_as(who).get(path).get_data(as_text=True)
        assert {field for field in known if f'name="{prefix}{field}"' not in page} == set(), path
