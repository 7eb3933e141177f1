"""Writes JSON answers, and the version of a thing as its ETag."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from flask import Response, request

from portal.api.problems import Refused
from portal.tenancy import identity


def answer(body: Mapping[str, Any], status: int = 200, *, headers: Mapping[str, str] | None = None) -> Response:
    """JSON that no cache keeps: it is one person's view."""
    text = json.dumps(body, ensure_ascii=False, allow_nan=False)
    response = Response(text, status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    response.headers.extend(headers or {})
    return response


def nothing() -> Response:
    """204."""
    return Response(status=204, headers={"Cache-Control": "no-store"})


def etag(version: int, body: Mapping[str, Any]) -> str:
    """The tag of a thing: its version, and what it says (one that was deleted and made anew begins at version 1).

    A tenant, who writes none, gets that of what it says alone: a version counts changes that it is not shown.
    """
    known = version if identity().tenant is None else None
    return hashlib.sha256(json.dumps([known, body], sort_keys=True).encode()).hexdigest()[:32]


def versioned(
    body: Mapping[str, Any], version: int, status: int = 200, *, headers: Mapping[str, str] | None = None
) -> Response:
    """A thing with its ETag; 304 where who asks has it already."""
    tag = etag(version, body)
    if request.method in {"GET", "HEAD"} and request.if_none_match.contains_weak(tag):
        response = Response(status=304)
    else:
        response = answer(body, status, headers=headers)
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(tag)
    return response


def want_match(body: Mapping[str, Any], version: int) -> None:
    """Let a write pass that knows what it changes. Raises Refused: 428 without If-Match, 412 for another version."""
    if not request.headers.get("If-Match"):
        raise Refused(428)
    if not request.if_match.contains(etag(version, body)):
        raise Refused(412)
