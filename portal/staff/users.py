"""The people who may log in, and what each role may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol, cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from inventory.models import Language
from inventory.registry import attempts, audit, finding, people, sessions
from inventory.registry.people import RANKS, NewUser, Refused, User
from inventory.registry.scope import LOGIN, Transaction
from inventory.registry.tenants import get_tenant
from portal import role_words
from portal.login import links
from portal.roles import TENANT_ROLES
from portal.services import services
from portal.staff import asked
from portal.staff.actors import actor
from portal.staff.around import isp
from portal.staff.fields import differences
from portal.tenancy import identity, needs

blueprint = Blueprint("users", __name__)

LANGUAGES = (("en", "English"), ("bn", "বাংলা"))
_FIELDS = ("name", "email", "role", "tenant", "language")


class Step(Protocol):
    """A change of an account by somebody with the role `by`. Raises Refused."""

    def __call__(self, tx: Transaction, user_id: str, *, by: str) -> bool:
        """False where there is no such account."""
        ...


@blueprint.get("/users")
@needs("users.read")
def index() -> str:
    """Everybody of this isp, staff and customers."""
    search = asked.word("q")
    with services().registry.read(identity().scope) as tx:
        page = people.list_users(tx, search=search or None, page=asked.page_number())
        names = finding.names_of(tx, [user.tenant for user in page.items if user.tenant])
    return render_template(
        "staff/users/index.html",
        page=page,
        search=search,
        names=names,
        table=role_words.table(),
        roles=role_words.columns(),
    )


@blueprint.route("/users/new", methods=["GET", "POST"])
@needs("users.write")
def new() -> str | Response:
    """Make an account."""
    values = {"role": "engineer", "language": "en"} | _of_tenant()
    if request.method == "GET":
        return _form(values, None)
    values, errors = _sent(), {}
    try:
        with services().registry.write(identity().scope) as tx:
            made = people.create_user(tx, _wanted(values), by=identity().role)
            _note(tx, "create", made, {"role": made.role, "email": made.email})
    except Refused as refused:
        errors = {refused.field: str(refused)}
        return _form(values, None, errors)
    flash(f"The account of {made.name} was made.")
    return _link(made, url_for("users.index"))


@blueprint.route("/users/<identifier>/edit", methods=["GET", "POST"])
@needs("users.write")
def edit(identifier: str) -> str | Response | tuple[str, int]:
    """Change an account."""
    with services().registry.read(identity().scope) as tx:
        user = _found(tx, identifier)
    if request.method == "GET":
        return _form(_shown(user), user)
    values = _sent()
    try:
        with services().registry.write(identity().scope) as tx:
            done = people.update_user(tx, identifier, _wanted(values), version=_version(), by=identity().role)
            if done is not None:
                _note(tx, "update", done, {"changes": _changed(user, done)})
    except Refused as refused:
        # With the version it was opened with: what somebody else saved since is not overwritten unseen.
        return _form(values, replace(user, version=_version()), {refused.field: str(refused)})
    if done is None:
        with services().registry.read(identity().scope) as tx:
            user = _found(tx, identifier)
        return _form(values, user, theirs=_shown(user)), 422
    flash(
        "The change was saved."
        if (user.role, user.email) == (done.role, done.email)
        else "The change was saved. The account has to log in again."
    )
    return redirect(url_for("users.index"), 303)


@blueprint.post("/users/<identifier>/disable")
@needs("users.write")
def disable(identifier: str) -> Response:
    """Let nobody log in with it any more."""
    if identifier == identity().user:
        flash("Nothing was changed: you cannot disable yourself. Ask another admin.", "error")
        return redirect(url_for("users.edit", identifier=identifier), 303)
    return _act(identifier, people.disable, "disable", "The account was disabled; its sessions and tokens have ended.")


@blueprint.post("/users/<identifier>/enable")
@needs("users.write")
def enable(identifier: str) -> Response:
    """Let the account log in again."""
    return _act(identifier, people.enable, "enable", "The account may log in again.")


@blueprint.post("/users/<identifier>/reset-second-factor")
@needs("users.write")
def reset_second_factor(identifier: str) -> Response:
    """Take the second factor away from one who lost it."""
    done = "The second factor was taken away; the account has to log in anew."
    return _act(identifier, people.reset_totp, "reset second factor", done)


@blueprint.post("/users/<identifier>/login-link")
@needs("users.write")
def login_link(identifier: str) -> str | Response:
    """Send a link to log in with to the address of the account; without a mail server, show one to hand over."""
    with services().registry.read(identity().scope) as tx:
        user = _found(tx, identifier)
    return _link(user, url_for("users.edit", identifier=identifier))


def _act(identifier: str, step: Step, action: str, done: str) -> Response:
    try:
        with services().registry.write(identity().scope) as tx:
            user = _found(tx, identifier)
            if not step(tx, user.id, by=identity().role):
                raise NotFound
            _note(tx, action, user, {})
    except Refused as refused:
        flash(f"Nothing was changed: {refused}.", "error")
    else:
        flash(done)
    return redirect(url_for("users.edit", identifier=identifier), 303)


def _link(user: User, back: str) -> str | Response:
    """Give that person a link, by mail or else by hand; `back` is the page to go on with."""
    if user.disabled_at is not None:
        flash("No login link was made: the account is disabled.", "error")
    elif services().mailer.available:
        _send(user)
    elif RANKS[user.role] > RANKS[identity().role]:
        flash("No login link was made: this account may do more than yours.", "error")
    else:
        return _handed_over(user, back)
    return redirect(back, 303)


def _send(user: User) -> None:
    """Send it beside the request; says what became of that."""
    with services().registry.write(LOGIN) as tx:
        wanted = attempts.begin_staff_mail(tx, user.email)
        if wanted:
            _note(tx, "send login link", user, {})
    if not wanted:
        flash("No login link was sent: those of the last 10 minutes are still good.", "error")
        return
    links.send_later(services(), user.email)
    flash(f"A login link goes to {user.email}. It is good for {sessions.LINK_SECONDS / 60:.0f} minutes, once.")


def _handed_over(user: User, back: str) -> str:
    """Show a link, this once: it is good for longer, since somebody carries it."""
    with services().registry.write(identity().scope) as tx:
        token = sessions.make_link(tx, user.id, seconds=sessions.INVITATION_SECONDS)
        _note(tx, "make login link", user, {})
    link = f"{services().settings.public_url}/login/link/{token}"
    hours = sessions.INVITATION_SECONDS / 3600
    return render_template("staff/users/link.html", user=user, link=link, hours=f"{hours:.0f}", back=back)


def _found(tx: Transaction, identifier: str) -> User:
    user = people.get_user(tx, identifier)
    if user is None:
        raise NotFound
    return user


def _note(tx: Transaction, action: str, user: User, detail: Mapping[str, Any]) -> None:
    audit.record(tx, actor(), action, "user", user.id, {"name": user.name, **detail}, isp=user.isp, tenant=user.tenant)


def _changed(before: User, after: User) -> dict[str, list[str | None]]:
    both = {name: [getattr(before, name), getattr(after, name)] for name in _FIELDS}
    return {name: pair for name, pair in both.items() if pair[0] != pair[1]}


def _shown(user: User) -> dict[str, str]:
    return {name: getattr(user, name) or "" for name in _FIELDS}


def _sent() -> dict[str, str]:
    return {name: asked.clean(request.form.get(name, ""))[:300] for name in _FIELDS}


def _version() -> int:
    text = request.form.get("_version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _wanted(values: Mapping[str, str]) -> NewUser:
    """The account a form describes, of this isp. Raises Refused."""
    role, language = values["role"], values["language"]
    if role not in role_words.grantable(identity().role):
        raise Refused("role", "choose one of the roles that are offered")
    if language not in dict(LANGUAGES):
        raise Refused("language", "choose one of the languages that are offered")
    tenant = values["tenant"] or None
    if (role in TENANT_ROLES) != (tenant is not None):
        raise Refused(
            "tenant",
            "needed for a reseller or client" if tenant is None else "leave it empty: this role is of the staff",
        )
    return NewUser(role, values["name"], values["email"], isp(), tenant, cast("Language", language))


def _of_tenant() -> dict[str, str]:
    """What the page of a customer says when it leads here."""
    with services().registry.read(identity().scope) as tx:
        row = get_tenant(tx, asked.word("tenant")) if asked.word("tenant") else None
    return {} if row is None else {"role": row.tenant.kind, "tenant": row.tenant.id}


def _form(
    values: Mapping[str, str],
    user: User | None,
    errors: Mapping[str, str] | None = None,
    *,
    theirs: Mapping[str, str] | None = None,
) -> str:
    """`theirs` is what somebody else saved meanwhile."""
    return render_template(
        "staff/users/form.html",
        values=values,
        user=user,
        errors=errors,
        differences=None if theirs is None else differences(theirs, values),
        languages=LANGUAGES,
        grantable=[(role, f"{role}: {role_words.SUMMARIES[role]}") for role in role_words.grantable(identity().role)],
        mail=services().mailer.available,
    )
