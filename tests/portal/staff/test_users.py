"""Who may log in: made, changed, disabled; nobody gives more than he has, and the last admin stays."""

from __future__ import annotations

from flask.testing import FlaskClient

from inventory.registry import audit, people
from inventory.registry.people import User
from inventory.registry.scope import SERVICE, Scope
from portal.services import Services
from tests.portal.conftest import PUBLIC_URL, LoginAs, on_both_databases
from tests.portal.staff.acting import fields_of, read, text_of
from tests.portal.staff.operation import HOSTILE, post
from tests.portal.world import DELTA, SKY, World

pytestmark = on_both_databases

NEW = {"name": "Rahim", "email": "Rahim@Example.NET", "role": "support", "language": "bn", "tenant": ""}


def by_email(services: Services, email: str) -> User | None:
    with services.registry.read(Scope("staff", SKY.id)) as tx:
        found = people.list_users(tx, search=email).items
    return found[0] if found else None


def errors(client: FlaskClient, **changes: str) -> str:
    return read(post(client, "/users/new", NEW | changes))


def test_an_account_is_made_changed_and_shown(services: Services, login_as: LoginAs) -> None:
    """Its address in small letters; a change of role is audited with what it was."""
    admin = login_as("admin")
    assert "hand it over yourself" in read(post(admin, "/users/new", NEW)), "there is no mail server in this test"
    user = by_email(services, "rahim@example.net")
    assert user is not None
    assert (user.role, user.language, user.isp, user.tenant) == ("support", "bn", SKY.id, None)
    path = f"/users/{user.id}/edit"
    assert post(admin, path, NEW | {"role": "engineer", "_version": str(user.version)}).status_code == 303
    changed = by_email(services, "rahim@example.net")
    assert changed is not None
    assert changed.role == "engineer"
    with services.registry.read(Scope("staff", SKY.id)) as tx:
        (entry,) = audit.entries(tx, audit.Filters(action="update", kind="user")).items
    assert entry.detail["changes"]["role"] == ["support", "engineer"]
    answer = post(admin, path, NEW | {"name": "Karim", "role": "sales", "_version": str(user.version)})
    stale = read(answer, 422)
    assert "Somebody else changed this while you were editing" in stale
    assert "role engineer sales" in stale, "theirs beside what was typed"
    kept = fields_of(answer.get_data(as_text=True).replace('class="form card"', 'class="form"'))
    assert (kept["name"], kept["role"]) == ("Karim", "sales")
    assert admin.post(path, data=kept).status_code == 303
    now = by_email(services, "rahim@example.net")
    assert now is not None
    assert (now.name, now.role) == ("Karim", "sales")


def test_a_mistake_does_not_make_a_form_newer(services: Services, login_as: LoginAs, world: World) -> None:
    """Corrected, it is held against what it was opened with: the role somebody else gave meanwhile stays."""
    admin, user = login_as("admin"), world.user("support")
    path = f"/users/{user.id}/edit"
    left_open = {**fields_of(admin.get(path).get_data(as_text=True).replace('class="form card"', 'class="form"'))}
    assert admin.post(path, data=left_open | {"role": "sales"}).status_code == 303
    answer = admin.post(path, data=left_open | {"email": "no address"})
    corrected = fields_of(answer.get_data(as_text=True).replace('class="form card"', 'class="form"'))
    assert corrected["email"] == "no address"
    stale = admin.post(path, data=corrected | {"email": user.email})
    assert "Somebody else changed this while you were editing" in read(stale, 422)
    now = by_email(services, user.email)
    assert now is not None
    assert now.role == "sales"


def test_the_list_names_a_customer(login_as: LoginAs) -> None:
    """By the name people know, with the id that is in its address."""
    assert f"reseller of Company {SKY.resellers[0]} {SKY.resellers[0]}" in text_of(login_as("admin"), "/users")


def test_nobody_gives_more_than_he_has(services: Services, login_as: LoginAs, world: World) -> None:
    """No owner is made here, of no isp but one's own, and an engineer has no such page at all."""
    admin = login_as("admin")
    assert "choose one of the roles that are offered" in errors(admin, role="owner")
    assert 'value="owner"' not in admin.get("/users/new").get_data(as_text=True)
    assert "there is no tenant" in errors(admin, role="reseller", tenant=DELTA.resellers[0])
    assert "needed for a reseller or client" in errors(admin, role="reseller")
    assert "leave it empty" in errors(admin, role="sales", tenant=SKY.client)
    assert "so the role is client" in errors(admin, role="reseller", tenant=SKY.client)
    assert "has an account already" in errors(admin, email=f"sales@{SKY.id}.example")
    assert "expected an address" in errors(admin, email="no address")
    assert "expected a name" in errors(admin, name="")
    assert by_email(services, "rahim") is None
    engineer = login_as("engineer")
    for path in ("/users", "/users/new", f"/users/{world.user('sales').id}/edit"):
        assert engineer.get(path).status_code == 404
    assert admin.get(f"/users/{world.user('owner').id}/edit").status_code == 404
    assert admin.get(f"/users/{world.user('sales', DELTA).id}/edit").status_code == 404


def test_a_login_link_is_good_once_and_for_its_account(
    services: Services, login_as: LoginAs, nobody: FlaskClient, world: World
) -> None:
    """Without a mail server the admin is shown it; who opens it is that person; it is audited without the link."""
    user = world.user("client")
    page = post(login_as("admin"), f"/users/{user.id}/login-link").get_data(as_text=True)
    path = page.partition(PUBLIC_URL)[2].partition("</bdi>")[0]
    form = nobody.get(path).get_data(as_text=True)
    token = form.partition('name="csrf" value="')[2].partition('"')[0]
    assert nobody.post(path, data={"csrf": token}).status_code == 303
    assert user.email in nobody.get("/account").get_data(as_text=True)
    with services.registry.read(Scope("staff", SKY.id)) as tx:
        (entry,) = audit.entries(tx, audit.Filters(action="make login link")).items
    assert path.rpartition("/")[2] not in str(entry)


def test_disabling_ends_what_is_open(services: Services, login_as: LoginAs, world: World) -> None:
    """The other's next click leads to the login; enabled again, he logs in anew."""
    admin, sales = login_as("admin"), login_as("sales")
    user = world.user("sales")
    assert sales.get("/alerts").status_code == 200
    post(admin, f"/users/{user.id}/disable")
    assert sales.get("/alerts").status_code == 303
    assert "Disabled" in text_of(admin, f"/users/{user.id}/edit")
    post(admin, f"/users/{user.id}/enable")
    assert "may log in again" in text_of(admin, f"/users/{user.id}/edit")
    assert sales.get("/alerts").status_code == 303
    assert login_as("sales").get("/alerts").status_code == 200
    with services.registry.read(Scope("staff", SKY.id)) as tx:
        done = [entry.action for entry in audit.entries(tx, audit.Filters(kind="user")).items]
    assert done == ["enable", "disable"]


def test_the_last_admin_stays(services: Services, login_as: LoginAs, world: World) -> None:
    """He can neither be disabled nor become something else, by himself or by another admin."""
    admin, me = login_as("admin"), world.user("admin")
    post(admin, f"/users/{me.id}/disable")
    assert "you cannot disable yourself" in text_of(admin, f"/users/{me.id}/edit")
    form = {"name": me.name, "email": me.email, "role": "sales", "language": "en", "_version": str(me.version)}
    assert "this is the last admin" in read(post(admin, f"/users/{me.id}/edit", form))
    post(admin, "/users/new", NEW | {"role": "admin"})
    assert post(admin, f"/users/{me.id}/edit", form).status_code == 303
    now = by_email(services, me.email)
    assert now is not None
    assert now.role == "sales"


def test_a_lost_second_factor_is_reset(services: Services, login_as: LoginAs, world: World) -> None:
    """The account has none then, and its sessions are over."""
    user = world.user("engineer")
    with services.registry.write(SERVICE) as tx:
        people.propose_totp(tx, user.id, services.vault.seal("JBSWY3DPEHPK3PXP", f"user/{user.id}"))
        people.use_totp_step(tx, user.id, 1)
    engineer = login_as("engineer")
    assert engineer.get("/alerts").status_code == 200
    post(login_as("admin"), f"/users/{user.id}/reset-second-factor")
    now = by_email(services, user.email)
    assert now is not None
    assert not now.has_totp
    assert engineer.get("/alerts").status_code == 303


def test_a_customers_page_leads_to_a_user_of_it(login_as: LoginAs) -> None:
    """Role and customer are filled in; another isp's customer is not."""
    page = login_as("admin").get(f"/users/new?tenant={SKY.client}").get_data(as_text=True)
    assert f'value="{SKY.client}"' in page
    assert '<option value="client" selected>' in page
    assert DELTA.client not in login_as("admin").get(f"/users/new?tenant={DELTA.client}").get_data(as_text=True)


def test_hostile_names_do_nothing(services: Services, login_as: LoginAs) -> None:
    """In the list, in the form, in the audit."""
    admin = login_as("admin")
    post(admin, "/users/new", NEW | {"name": HOSTILE[:200]})
    user = by_email(services, "rahim@example.net")
    assert user is not None
    for path in ("/users", f"/users/{user.id}/edit", "/audit"):
        assert "<script>alert" not in admin.get(path).get_data(as_text=True)
