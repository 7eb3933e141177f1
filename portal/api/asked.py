"""Who asks, for the registry's audit, and what a request names that is not there."""

from __future__ import annotations

from flask import request
from werkzeug.exceptions import NotFound

from inventory.registry.audit import Actor
from portal.tenancy import identity


def actor() -> Actor:
    """Who is written into the audit."""
    who = identity()
    return Actor(who.email if who.via == "session" else f"api:{who.email}", request.remote_addr)


def own_isp() -> str:
    """The isp looked at. Raises NotFound for the platform's owner who has not chosen one."""
    isp = identity().isp
    if isp is None:
        raise NotFound
    return isp
