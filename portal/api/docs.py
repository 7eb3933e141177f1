"""The description of the API, as a file and as a page."""

from __future__ import annotations

import json

from flask import Blueprint, Response, current_app, render_template, request

from portal.tenancy import public

blueprint = Blueprint("api_docs", __name__)

EXTENSION = "backhaul_openapi"  # the description as text, written once when the application starts


@blueprint.get("/api/v1/openapi.json")
@public
def openapi() -> Response:
    """OpenAPI 3.1. It holds nothing of anybody, so it is for anybody."""
    text: str = current_app.extensions[EXTENSION]
    response = Response(text, content_type="application/json")
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.get("/api/docs")
@public
def page() -> str:
    """The same to browse and to try."""
    return render_template("api/docs.html")


def as_text(description: object) -> str:
    """The description as it is sent."""
    return json.dumps(description, ensure_ascii=False)
