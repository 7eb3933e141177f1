"""Who may make, change and disable whom; the rules the pages for users stand on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from inventory.registry import people, sessions, tables
from inventory.registry.people import NewUser, Refused, User
from inventory.registry.scope import SERVICE, Scope
from portal.services import Services
from tests.portal.conftest import LoginAs, on_both_databases
from tests.portal.login.forms import is_logged_in
from tests.portal.world import DELTA, SKY, World

pytestmark = on_both_databases

STAFF_SCOPE = Scope("staff", SKY.id)


def _like(user: User, **changes: str | None) -> NewUser:
    made = NewUser(user.role, user.name, user.email, user.isp, user.tenant, user.language)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("new", "by", "field"),
    [
        (NewUser("owner", "A", "a@x.example"), "admin", "role"),
        (NewUser("admin", "A", "a@x.example", SKY.id), "engineer", "role"),
        (NewUser("engineer", "A", "a@x.example"), "admin", "isp"),
        (NewUser("engineer", "A", "a@x.example", DELTA.id), "admin", "isp"),
        (NewUser("engineer", "A", "a@x.example", SKY.id, "sky-r1"), "admin", "tenant"),
        (NewUser("reseller", "A", "a@x.example", SKY.id), "admin", "tenant"),
        (NewUser("reseller", "A", "a@x.example", SKY.id, "del-r1"), "admin", "tenant"),
        (NewUser("reseller", "A", "a@x.example", SKY.id, "sky-c1"), "admin", "role"),
        (NewUser("client", "A", "a@x.example", SKY.id, "sky-r1"), "admin", "role"),
        (NewUser("boss", "A", "a@x.example", SKY.id), "admin", "role"),
        (NewUser("support", " ", "a@x.example", SKY.id), "admin", "name"),
        (NewUser("support", "A", "no address", SKY.id), "admin", "email"),
        (NewUser("support", "A", "a@x.example\nBcc: b@x.example", SKY.id), "admin", "email"),
        (NewUser("support", "A", "<a@x.example>", SKY.id), "admin", "email"),
        (NewUser("support", "A", "ADMIN@skylink.example", SKY.id), "admin", "email"),
        (NewUser("support", "A", "admin@deltanet.example", SKY.id), "admin", "email"),
    ],
)
def test_an_account_that_must_not_be(services: Services, new: NewUser, by: str, field: str) -> None:
    """Nobody gives a role above his own, nor one of another isp; an address has one account."""
    with services.registry.write(STAFF_SCOPE) as tx:
        with pytest.raises(Refused) as refused:
            people.create_user(tx, new, by=by)
        assert refused.value.field == field


def test_an_admin_makes_all_of_his_isp(services: Services) -> None:
    """Equals too, and tenants of their kind."""
    with services.registry.write(STAFF_SCOPE) as tx:
        for number, role in enumerate(("admin", "engineer", "support", "sales", "finance")):
            people.create_user(tx, NewUser(role, "A", f"a{number}@x.example", SKY.id), by="admin")
        made = people.create_user(tx, NewUser("client", "C", " C@X.example ", SKY.id, "sky-c1"), by="admin")
    assert made.email == "c@x.example"
    assert not made.has_password


def test_an_admin_does_not_touch_the_owner_nor_another_isp(services: Services, world: World) -> None:
    """They are not there for him."""
    with services.registry.write(STAFF_SCOPE) as tx:
        for user in (world.user("owner"), world.user("engineer", DELTA)):
            assert people.get_user(tx, user.id) is None
            assert not people.disable(tx, user.id, by="admin")
            assert not people.reset_totp(tx, user.id, by="admin")
            assert people.update_user(tx, user.id, _like(user), version=user.version, by="admin") is None
        listed = people.list_users(tx, per_page=100)
    assert {user.isp for user in listed.items} == {SKY.id}
    assert listed.total == 8


def test_the_last_admin_stays(services: Services, world: World) -> None:
    """Neither disabled nor made something else, by himself or another; with a second one he may go."""
    admin = world.user("admin")
    with services.registry.write(STAFF_SCOPE) as tx:
        with pytest.raises(Refused, match="last admin"):
            people.disable(tx, admin.id, by="admin")
        with pytest.raises(Refused, match="last admin"):
            people.update_user(tx, admin.id, _like(admin, role="support"), version=admin.version, by="admin")
        second = people.create_user(tx, NewUser("admin", "B", "b@x.example", SKY.id), by="admin")
        assert people.disable(tx, admin.id, by="admin")
        with pytest.raises(Refused, match="last admin"):
            people.disable(tx, second.id, by="admin")
        assert people.enable(tx, admin.id, by="admin")
        assert people.disable(tx, second.id, by="admin")


def test_two_who_change_the_same_account(services: Services, world: World) -> None:
    """The slower one is told."""
    user = world.user("support")
    with services.registry.write(STAFF_SCOPE) as tx:
        changed = people.update_user(tx, user.id, _like(user, name="New"), version=user.version, by="admin")
        assert changed is not None
        assert changed.version == user.version + 1
        assert people.update_user(tx, user.id, _like(user, name="Newer"), version=user.version, by="admin") is None
        assert people.get_user(tx, user.id) == changed


def test_another_role_begins_with_another_login(services: Services, world: World, login_as: LoginAs) -> None:
    """Sessions end when the role changes, not when the name does; an admin's transaction reaches that far."""
    user, client = world.user("support"), login_as("support")
    with services.registry.write(STAFF_SCOPE) as tx:
        named = people.update_user(tx, user.id, _like(user, name="New"), version=user.version, by="admin")
    assert named is not None
    assert is_logged_in(client)
    with services.registry.write(STAFF_SCOPE) as tx:
        people.update_user(tx, user.id, _like(user, role="sales"), version=named.version, by="admin")
    assert not is_logged_in(client)


def test_an_admin_ends_all_access_of_one(services: Services, world: World, login_as: LoginAs) -> None:
    """Sessions, login links and tokens are gone from the tables, in the admin's own transaction."""
    user, client = world.user("engineer"), login_as("engineer")
    with services.registry.write(STAFF_SCOPE) as tx:
        sessions.make_link(tx, user.id)
        assert people.disable(tx, user.id, by="admin")
    assert not is_logged_in(client)
    with services.registry.read(SERVICE) as tx:
        for table in (tables.sessions, tables.login_links, tables.api_tokens):
            assert tx.connection.execute(select(table).where(table.c.user_id == user.id)).all() == []


def test_people_are_found_by_name_address_and_tenant(services: Services) -> None:
    """Part of each, in any case, and no wildcard means more than itself."""
    with services.registry.read(STAFF_SCOPE) as tx:
        assert [user.email for user in people.list_users(tx, search="SUPPORT").items] == ["support@skylink.example"]
        assert people.list_users(tx, search="sky-r").total == 2
        assert people.list_users(tx, search="%").total == 0
        page = people.list_users(tx, page=2, per_page=3)
    assert (len(page.items), page.pages) == (3, 3)
