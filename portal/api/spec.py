"""The OpenAPI 3.1 description, made from the operations as they are registered."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import apispec
from flask import Flask
from flask_smorest import Api
from marshmallow import fields
from werkzeug.routing import BaseConverter

from portal.api.fields import ID_PATTERN, Shape, described
from portal.api.operations import Subject
from portal.api.problems import MEDIA_TYPE
from portal.login.cookies import session_cookie_name
from portal.services import Services

_ABOUT = """\
Everything the portal knows, for programs. Bodies have the keys of the inventory file.

* **Who you are**: `Authorization: Bearer TOKEN` with a token from your account page, or the portal's own session (then
  writes carry its CSRF token as `X-CSRF-Token`). A token may read, or read and write; beyond
  that it gets 403. It sees what its user sees.
* **Errors** are `application/problem+json`; `errors` names each field. What is not yours is 404.
* **Lists** come in pages (`page`, `per_page` up to 200) with `Link` headers, in a fixed order.
* **Writes** carry `If-Match` with the ETag of what you read: 428 without, 412 if somebody changed it since.
* **Limits**: each answer says in `RateLimit-*` what is left; 429 says in `Retry-After` when to come back.
* Times are RFC 3339 with an offset, or Unix seconds where a field says so; a value that is not known is null, never 0.
"""


class FieldProblem(Shape):
    """One thing that is wrong with what was sent."""

    field = fields.String(required=True, metadata=described("Its path; empty for the whole.", "sla.uptime_percent"))
    text = fields.String(required=True, metadata=described("What is wrong, and what was expected."))


class Problem(Shape):
    """An error (RFC 9457)."""

    type = fields.String(required=True, metadata=described("about:blank: the status says it.", "about:blank"))
    title = fields.String(required=True, metadata=described("The status in words.", "Not Found"))
    status = fields.Integer(required=True, metadata=described("The HTTP status.", 404))
    detail = fields.String(metadata=described("What to do."))
    errors = fields.List(fields.Nested(FieldProblem), metadata=described("What is wrong, field by field."))


class IdConverter(BaseConverter):
    """An id of the inventory in an address; anything else is no address at all, so 404."""

    regex = ID_PATTERN.strip("^$")


_MATCH = {"in": "header", "schema": {"type": "string", "minLength": 1}}
_WAIT = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}


class OpenApi(Api):  # type: ignore[misc]  # flask-smorest has no types
    """Without flask-smorest's own error handlers and pages: ours are the application's."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def register_blueprint(self, blp: Subject, *, parameters: object = None, **options: object) -> None:
        """Register a subject with the application and with the description, under its title."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp, **options)
        blp.register_views_in_doc(self, self._app, self.spec, name=blp.name, parameters=parameters)
        self.spec.tag({"name": blp.title, "description": blp.description})

    def _register_error_handlers(self) -> None:
        """Errors are answered by `problems.py`, below the API's address alone."""

    def _register_responses(self) -> None:
        """Every error status as a named response."""
        spec: apispec.APISpec = self.spec
        for status in (400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 500, 503):
            response: dict[str, Any] = {
                "description": HTTPStatus(status).phrase,
                "content": {MEDIA_TYPE: {"schema": Problem}},
            }
            if status == 401:
                response["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
            elif status == 429:
                response["headers"] = {"Retry-After": _WAIT}
            spec.components.response(f"PROBLEM_{status}", response, lazy=True)
        spec.components.response("NOT_CHANGED", {"description": "You have it already."}, lazy=True)
        spec.components.parameter(
            "IF_MATCH", "header", {"name": "If-Match", "required": True, "description": "The ETag you read.", **_MATCH}
        )
        spec.components.parameter(
            "IF_NONE_MATCH", "header", {"name": "If-None-Match", "description": "An ETag you have.", **_MATCH}
        )

    def _register_etag_headers(self) -> None:
        """Ours are registered with the responses."""

    def _register_pagination_header(self) -> None:
        """Ours stand in the operations."""


def open_api(app: Flask) -> OpenApi:
    """The description of `app`'s API, to which blueprints are registered."""
    app.url_map.converters["id"] = IdConverter
    api = OpenApi(
        spec_kwargs={
            "title": "Backhaul",
            "version": "1",
            "openapi_version": "3.1.0",
            "info": {"description": _ABOUT},
            "security": [{"token": []}, {"session": []}],
        }
    )
    api.init_app(app)
    api.register_converter(IdConverter, lambda _: {"type": "string", "pattern": ID_PATTERN})
    services: Services = app.extensions["backhaul"]
    cookie = session_cookie_name(https=services.settings.https)
    schemes = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token from your account page."},
        "session": {"type": "apiKey", "in": "cookie", "name": cookie, "description": "The portal's own login."},
    }
    for name, scheme in schemes.items():
        api.spec.components.security_scheme(name, scheme)
    return api
