"""Who asks, and what it may do."""

from __future__ import annotations

from flask import Response
from marshmallow import fields

from portal.api.answers import answer
from portal.api.fields import Shape, described
from portal.api.operations import operation, subject
from portal.roles import PERMISSIONS
from portal.tenancy import identity

blueprint = subject("Me", "Who you are to the portal.")


class Me(Shape):
    """The user behind the token or the session."""

    user = fields.String(required=True, metadata=described("Its id.", "4f6c0d"))
    name = fields.String(required=True, metadata=described("Its name.", "Rahim"))
    email = fields.String(required=True, metadata=described("Its login.", "rahim@example.net"))
    role = fields.String(required=True, metadata=described("One of the roles of the portal.", "engineer"))
    isp = fields.String(required=True, allow_none=True, metadata=described("null: an owner who chose none.", "skylink"))
    tenant = fields.String(required=True, allow_none=True, metadata=described("null for the staff.", "r1001"))
    via = fields.String(required=True, metadata=described("session or token.", "token"))
    permissions = fields.List(fields.String(), required=True, metadata=described("What it may do here."))


@operation(
    blueprint,
    "GET",
    "/me",
    permissions=(),
    name="get_me",
    summary="Get who you are",
    description="Good for trying a token.",
    answer=Me,
)
def get_me() -> Response:
    """Who asks."""
    who = identity()
    return answer(
        {
            "user": who.user,
            "name": who.name,
            "email": who.email,
            "role": who.role,
            "isp": who.isp,
            "tenant": who.tenant,
            "via": who.via,
            "permissions": [each for each in PERMISSIONS if who.may(each)],
        }
    )
