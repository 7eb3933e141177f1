"""What went wrong, as a page for people and as problem+json (RFC 9457) for programs; never with what is inside."""

from __future__ import annotations

import json

import structlog
from flask import Flask, Response, g, redirect, render_template, request, url_for
from jinja2 import TemplateError
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable
from werkzeug.wrappers import Response as AnyResponse

from inventory.registry.attempts import TooMany
from portal.logged import logged_path
from portal.login.csrf import CsrfFailed

log = structlog.get_logger(__name__)

# Asked by programs and by our scripts: a page would tell them nothing.
_PROGRAMS = ("/api/", "/charts/", "/live", "/-/", "/metrics", "/gateway/", "/grafana/api/")

_TEXTS = {
    400: ("This request was not understood", "Go back, load the page again and retry."),
    403: ("This is not allowed", "Ask an admin of your provider if you need it."),
    404: ("There is nothing here", "It may have been removed, or it is not yours to see."),
    405: ("This cannot be done here", "Go back to the page you came from."),
    413: ("That was too much at once", "A request may have at most 1 MiB."),
    429: ("Too many attempts", "Wait a moment and try again."),
    500: ("Something went wrong on our side", "It was noted in the log. Try again; if it stays, tell the operator."),
    503: (
        "The registry does not answer",
        "Nothing you entered was saved; monitoring and messages go on. Try again in a minute. (BACKHAUL_DATABASE_URL)",
    ),
}


def install(app: Flask) -> None:
    """Answer every error alike."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(TooMany, _too_many)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(InterfaceError, _database)
    app.register_error_handler(PoolTimeout, _database)
    app.register_error_handler(Exception, _unexpected)


def wants_problem() -> bool:
    """Whether the answer is for a program."""
    return request.path.startswith(_PROGRAMS)


def problem(status: int, title: str, detail: str | None = None) -> Response:
    """An answer of RFC 9457. Further members are the caller's to add where it needs them."""
    body = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    return Response(json.dumps(body), status=status, content_type="application/problem+json")


def _http(error: HTTPException) -> AnyResponse | HTTPException:
    status = error.code or 500
    if status < 400:  # a redirect to the same page with a slash
        return error
    if status == 401 and not wants_problem():
        return _to_login()
    answer = _answer(status, error)
    for name, value in error.get_headers(request.environ):
        if name in {"Allow", "Retry-After"}:
            answer.headers[name] = value
    return answer


def _answer(status: int, error: HTTPException) -> Response:
    title, advice = _TEXTS.get(status, (error.name, ""))
    said = error.description if error.description and error.description != type(error).description else None
    if isinstance(error, CsrfFailed):
        said = error.description
    if wants_problem():
        answer = problem(status, error.name, said or advice or None)
        if status == 401:
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    return _page(status, title, said or advice)


def _page(status: int, title: str, advice: str) -> Response:
    try:
        return Response(render_template("errors/page.html", status=status, title=title, advice=advice), status=status)
    except (SQLAlchemyError, TemplateError) as error:  # the frame of the pages is what does not work
        log.warning("an error page could not be made", error=type(error).__name__)
        return Response(f"{title}. {advice}\n", status=status, content_type="text/plain; charset=utf-8")


def _to_login() -> AnyResponse:
    if g.get("session") is not None:  # the password was right; the code is still asked for
        return redirect(url_for("login.code"), 303)
    back = request.full_path.rstrip("?") if request.method == "GET" and request.path != "/" else None
    return redirect(url_for("login.login", next=back), 303)


def _too_many(error: TooMany) -> Response:
    advice = f"Try again in {_minutes(error.retry_after)}."
    title = _TEXTS[429][0]
    answer = problem(429, title, advice) if wants_problem() else _page(429, title, advice)
    answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def _database(error: Exception) -> Response:
    log.error("the database failed", path=logged_path(), error=type(error).__name__)
    g.database_away = True
    answer = _answer(503, ServiceUnavailable())
    answer.headers["Retry-After"] = "10"
    return answer


def _unexpected(error: Exception) -> Response:
    log.error("a view failed", endpoint=request.endpoint, exc_info=error)
    return _answer(500, InternalServerError())


def _minutes(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"
