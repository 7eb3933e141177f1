"""One decorator for every operation: what it needs, what it takes, what it answers, all in its OpenAPI description."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException

from portal.api import problems
from portal.roles import Permission
from portal.tenancy import logged_in, needs

PREFIX = "/api/v1"
View = Callable[..., Response]


class _Parser(FlaskParser):
    """Query parameters nobody asked for are refused: a misspelt filter must not show everything."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE}  # noqa: RUF012


class Subject(Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """The operations on one subject; `title` is their tag in the description."""

    title: str

    ARGUMENTS_PARSER = _Parser()


def subject(name: str, description: str) -> Subject:
    """A blueprint below the API's address, whose errors are problems."""
    blueprint = Subject(f"api_{name.lower()}", __name__, url_prefix=PREFIX, description=description)
    blueprint.title = name
    blueprint.register_error_handler(HTTPException, problems.of_exception)
    return blueprint


def operation(  # noqa: PLR0913 - an operation has these parts, each said by its name
    blueprint: Subject,
    method: str,
    rule: str,
    *,
    permissions: tuple[Permission, ...],
    name: str,
    summary: str,
    description: str,
    answer: type[Schema] | Schema | None = None,
    status: int = 200,
    query: type[Schema] | None = None,
    body: type[Schema] | Mapping[str, Any] | None = None,
    media_type: str = "application/json",
    example: object = None,
    versioned: bool = False,
    refusals: tuple[int, ...] = (),
    headers: Mapping[str, Any] | None = None,
) -> Callable[[View], View]:
    """Register a view function as an operation of `blueprint`.

    `versioned`: a GET gives an ETag, a write wants it as If-Match. `refusals` are the error statuses of its own, beside
    those that any operation may give. `query` arrives as the view's first argument, a mapping.
    """

    def register(view: View) -> View:
        declare = needs(*permissions) if permissions else logged_in
        made: Any = declare(_copy(view, name))
        if query is not None:
            made = blueprint.arguments(query, location="query")(made)
        made = blueprint.response(status, answer, headers=_headers(method, headers, versioned=versioned))(made)
        for code in sorted(
            {*_common(method, versioned=versioned, has_body=body is not None, has_query=query is not None), *refusals}
        ):
            made = blueprint.alt_response(code, f"PROBLEM_{code}")(made)
        if versioned and method == "GET":
            made = blueprint.alt_response(304, "NOT_CHANGED")(made)
        needed = " or ".join(f"`{each}`" for each in permissions) or "a login, whatever its role"
        document: dict[str, Any] = {
            "operationId": _camel(name),
            "summary": summary,
            "description": f"{description}\n\nNeeds {needed}.",
            "x-permissions": list(permissions),
        }
        if body is not None:
            content: dict[str, Any] = {"schema": body}
            if example is not None:
                content["example"] = example
            document["requestBody"] = {"required": True, "content": {media_type: content}}
        if versioned and method != "GET":
            document["parameters"] = ["IF_MATCH"]
        elif versioned:
            document["parameters"] = ["IF_NONE_MATCH"]
        documented = blueprint.doc(**document)(made)
        blueprint.add_url_rule(rule, name, documented, methods=[method], tags=[blueprint.title])
        return view

    return register


def _copy(view: View, name: str) -> View:
    """A callable of its own, so that one function can serve several operations with different declarations."""

    @functools.wraps(view)
    def called(*args: Any, **kwargs: Any) -> Response:
        return view(*args, **kwargs)

    called.__name__ = name
    called.__doc__ = None
    return called


def _camel(name: str) -> str:
    """`listResellers`: what generators of clients make methods of."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _headers(method: str, more: Mapping[str, Any] | None, *, versioned: bool) -> dict[str, Any]:
    found: dict[str, Any] = dict(more or {})
    if versioned and method != "DELETE":
        found["ETag"] = {"description": "The version this is; send it as If-Match.", "schema": {"type": "string"}}
    return found


def _common(method: str, *, versioned: bool, has_body: bool, has_query: bool) -> set[int]:
    """The errors any operation of that form may give."""
    found = {401, 403, 404, 429, 500, 503}  # 403: a token without the scope for it
    if has_body:
        found |= {400, 413, 415, 422}
    if has_query:
        found.add(422)
    if versioned and method != "GET":
        found |= {412, 428}
    return found
