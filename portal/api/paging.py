"""Pages of a list: `?page=&per_page=`, answered in an envelope and in Link headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Response, request
from marshmallow import Schema, ValidationError, fields, validate

from inventory.registry.pages import Page
from portal.api.answers import answer
from portal.api.fields import Shape, described

T = TypeVar("T")
MAX_PER_PAGE = 200
_MAX_PAGE = 100_000  # an offset beyond any list, and within any database's integers


class PageQuery(Shape):
    """Which page."""

    page = fields.Integer(load_default=1, validate=validate.Range(1, _MAX_PAGE), metadata=described("From 1 on.", 1))
    per_page = fields.Integer(
        load_default=50, validate=validate.Range(1, MAX_PER_PAGE), metadata=described("At most 200.", 50)
    )


def printable(what: str, example: str) -> fields.String:
    """A few printable characters to look for."""
    checks: list[Callable[[str], object]] = [validate.Length(1, 100), _check_printable]
    return fields.String(
        validate=checks, metadata=described(what, example, pattern=r"^[^\u0000-\u001f\u007f-\u009f]+$")
    )


def _check_printable(text: str) -> None:
    if not text.isprintable():
        raise ValidationError("has characters that cannot be printed; expected text")


class SearchQuery(PageQuery):
    """Which page of what is found."""

    search = printable("Words of its id or its name, in any case.", "net")


def page_of(items: type[Schema], name: str, **more: fields.Field[Any]) -> type[Schema]:
    """The schema of a page of `items`, with `more` keys beside them."""
    return Shape.from_dict(
        {
            "items": fields.List(fields.Nested(items), required=True),
            "page": fields.Integer(required=True, metadata=described("This page.", 1)),
            "per_page": fields.Integer(required=True, metadata=described("Items a page, at most.", 50)),
            "pages": fields.Integer(required=True, metadata=described("How many pages there are.", 1)),
            "total": fields.Integer(required=True, metadata=described("Items on all pages.", 1)),
            **more,
        },
        name=f"{name}Page",
    )


LINK_HEADERS: Mapping[str, Any] = {
    "Link": {"description": "first, prev, next, last (RFC 8288).", "schema": {"type": "string"}},
    "X-Total-Count": {"description": "Items on all pages.", "schema": {"type": "integer"}},
}


def paged(
    page: Page[T], body_of: Callable[[T], Mapping[str, Any]], *, after: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """The answer with one page, and `more` keys beside its items.

    `after` are the parameters by which the next page is found, where its number would mean other items by then.
    """
    body = {
        "items": [body_of(item) for item in page.items],
        "page": page.page,
        "per_page": page.per_page,
        "pages": page.pages,
        "total": page.total,
        **more,
    }
    return answer(body, headers={"Link": _links(page.page, page.pages, after), "X-Total-Count": str(page.total)})


def _links(page: int, pages: int, after: Mapping[str, str] | None) -> str:
    last = max(pages, 1)
    wanted = {"first": 1, "prev": min(page - 1, last), "next": page + 1, "last": last}
    there = {name: {"page": str(number)} for name, number in wanted.items() if 1 <= number <= last}
    if after and "next" in there:
        there["next"] = dict(after)
    return ", ".join(f'<{_address(words)}>; rel="{name}"' for name, words in there.items())


def _address(words: Mapping[str, str]) -> str:
    query = [(key, value) for key, value in request.args.items(multi=True) if key not in {"page", *words}]
    return f"{request.path}?{urlencode([*query, *words.items()])}"
