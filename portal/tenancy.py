"""The only place where it is decided who may see what: every view says what it needs, and everything else is refused.

A view without a declaration keeps the application from starting, so nothing is open by being forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, g, request
from werkzeug.exceptions import NotFound, Unauthorized

from inventory.registry.scope import Scope
from portal.roles import Permission, Role

View = TypeVar("View", bound=Callable[..., Any])

_DECLARED = "__backhaul_access__"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, known from a session or an API token.

    `isp` is the one looked at (the platform's owner chooses one; None before that), `tenant` is None for staff.
    `of_platform`: on the pages of what is no isp's.
    """

    user: str
    name: str
    email: str
    role: Role
    isp: str | None
    tenant: str | None
    permissions: frozenset[Permission]
    via: str  # session | token
    of_platform: bool = False

    @property
    def scope(self) -> Scope:
        """What the registry shows. Raises NotFound for the platform's owner who has not chosen an isp."""
        if self.of_platform:
            return Scope("unowned")
        if self.isp is None:
            raise NotFound
        return Scope("staff", self.isp) if self.tenant is None else Scope("tenant", self.isp, self.tenant)

    def may(self, permission: Permission) -> bool:
        """Whether this is allowed, here: for templates and for the guard."""
        return permission in self.permissions


@dataclass(frozen=True, slots=True)
class Access:
    """What a view needs: `permission` or one of `others`; without, anybody logged in, or with `public` anybody."""

    permission: Permission | None = None
    public: bool = False
    others: tuple[Permission, ...] = ()

    def allows(self, who: Identity) -> bool:
        """Whether `who` has what is needed."""
        return self.permission is None or any(who.may(each) for each in (self.permission, *self.others))


def needs(permission: Permission, *others: Permission) -> Callable[[View], View]:
    """Declare that a view is for whoever has `permission` or one of `others`; for the rest it does not exist."""
    return _declare(Access(permission, others=others))


def public(view: View) -> View:
    """Declare that a view is for anybody."""
    return _declare(Access(public=True))(view)


def logged_in(view: View) -> View:
    """Declare that a view is for anybody who is logged in."""
    return _declare(Access())(view)


def declared(view: Callable[..., Any]) -> Access | None:
    """What `view` declared; None where it said nothing."""
    found = getattr(view, _DECLARED, None)
    return found if isinstance(found, Access) else None


def identity() -> Identity:
    """Who asks. Raises Unauthorized for nobody; the application's error handler leads a browser to the login."""
    found = g.get("identity")
    if not isinstance(found, Identity):
        raise Unauthorized
    return found


def install(app: Flask) -> None:
    """Let the guard stand before every view. Raises RuntimeError where one did not say whom it is for."""
    missing = [name for name, view in app.view_functions.items() if declared(view) is None]
    if missing:
        raise RuntimeError(f"these views do not declare their access (portal/tenancy.py): {', '.join(sorted(missing))}")
    app.before_request(guard)


def guard() -> None:
    """Refuse what the view's declaration does not allow: nobody is led to the login, others meet a 404."""
    from flask import current_app  # noqa: PLC0415 - the application exists during a request alone

    view = current_app.view_functions.get(request.endpoint or "")
    access = declared(view) if view is not None else None
    if access is None or access.public:
        return  # no route: Flask's own 404 or 405
    if not access.allows(identity()):
        raise NotFound


def _declare(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, _DECLARED, access)
        return view

    return mark
