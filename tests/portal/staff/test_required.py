"""The star of a field that must be filled in stands at all of them, and at no other."""

from __future__ import annotations

import re

import pytest

from tests.portal.conftest import LoginAs
from tests.portal.staff.acting import errors_of, fields_of
from tests.portal.world import SKY

FORMS = (
    "/tenants/new?kind=reseller",
    f"/tenants/{SKY.client}/circuits/new",
    "/links/new",
    "/devices/new?driver=routeros",
    "/settings/edit",
    "/maintenance/new",
)
# Needed as a whole, in rows of which none need be filled in.
ROWS = {"vlans-0-vlan", "circuits"}


@pytest.mark.parametrize("path", FORMS)
def test_the_star_stands_where_a_blank_is_refused(login_as: LoginAs, path: str) -> None:
    """Sent as it is with every field blank, each starred field has an error, and each error a star."""
    admin = login_as("admin")
    page = admin.get(path).get_data(as_text=True)
    starred = set(re.findall(r'<label for="f-([\w-]+)">[^<]* <span class="must"', page))
    kept = {name: value for name, value in fields_of(page).items() if name in {"csrf", "_version", "kind", "driver"}}
    refused = set(errors_of(admin.post(path, data=kept))) - ROWS
    assert starred
    assert refused == starred
