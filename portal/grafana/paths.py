r"""Which addresses under /grafana/ there are, judged as they were written, before anything decodes or tidies them.

What one program reads as `/grafana/public/x` another may read as `/grafana/api/x`, when it undoes `..`, `//`, `%2e`,
`%2f`, `\` or `;` at another moment. So an address that could be meant for Grafana or the gateway has none of these.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote

Kind = Literal["page", "dashboard", "asset", "query", "nothing"]

_GUARDED = ("/grafana", "/gateway")
_CLEAN = re.compile(r"/(?:grafana|gateway)(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9_.~@+-]+)*/?")
_DECODINGS = 5  # as often as anybody might; what is still encoded then is refused by its %

_UID = r"(?P<uid>[a-z][a-z0-9-]{0,39})"
_SLUG = r"(?:/[a-z0-9-]{1,80})?"
# Scripts, styles, pictures, fonts and texts of the front end; no page, and no map of the sources.
_ASSET = r"public/(?:[A-Za-z0-9_.~@+-]+/)*[A-Za-z0-9_.~@+-]+\.(?:js|mjs|css|json|svg|png|gif|ico|jpg|woff2?|ttf|wasm)"
_RESOURCE = (
    r"apis/dashboard\.grafana\.app/v[0-9]+(?:(?:alpha|beta)[0-9]+)?/namespaces/(?P<namespace>[a-z0-9-]+)"
    rf"/dashboards/{_UID}/dto"
)


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of address that passes, for a method; `parameters` are what Grafana itself is told of the query."""

    kind: Kind
    method: str
    pattern: re.Pattern[str]
    full_page: bool = False  # with Grafana's own frame around the panels: for the staff


def _route(kind: Kind, method: str, pattern: str, *, full_page: bool = False) -> Route:
    return Route(kind, method, re.compile(pattern, re.ASCII), full_page)


# Grafana 12. The dashboard is asked for in one of two ways, as the toggle kubernetesDashboards has it; the second first
# asks which versions there are. Grafana's own list of what a page asks: e2e-playwright, "statsFilter".
ROUTES = (
    _route("page", "GET", f"d-solo/{_UID}{_SLUG}"),
    _route("page", "GET", f"d/{_UID}{_SLUG}", full_page=True),
    _route("dashboard", "GET", f"api/dashboards/uid/{_UID}"),
    _route("dashboard", "GET", _RESOURCE),
    _route("dashboard", "GET", r"apis/dashboard\.grafana\.app/"),
    _route("asset", "GET", _ASSET),
    _route("query", "POST", "api/ds/query"),
)

_NAMESPACES = ("default", "org-2", "org-3")

# What Grafana's pages ask besides and can do without: answered here, with nothing in it. Without flags everything has
# its default.
NOTHING: Mapping[tuple[str, str], object] = {
    ("GET", "api/annotations"): [],
    ("GET", "api/search"): [],
    ("GET", "api/user/stars"): [],
    ("GET", "api/prometheus/grafana/api/v1/rules"): {"status": "success", "data": {"groups": []}},
    ("POST", "api/frontend-metrics"): {},
    ("POST", "ofrep/v1/evaluate/flags"): {"flags": []},
    **{
        ("POST", f"apis/features.grafana.app/v0alpha1/namespaces/{name}/ofrep/v1/evaluate/flags"): {"flags": []}
        for name in _NAMESPACES
    },
    **{
        ("GET", f"apis/collections.grafana.app/v1alpha1/namespaces/{name}/stars"): {"items": []} for name in _NAMESPACES
    },
}


@dataclass(frozen=True, slots=True)
class Found:
    """A route, and what its address names."""

    route: Route
    uid: str | None
    namespace: str | None


def is_disguised(raw: str) -> bool:
    """Whether `raw` (the path as the browser sent it) leads to Grafana or the gateway by anything but a plain way."""
    return _leads_there(raw) and _CLEAN.fullmatch(raw) is None


def find(method: str, path: str) -> Found | None:
    """The route of `path` (after /grafana/) for that method; None for everything else."""
    for route in ROUTES:
        if route.method == method and (found := route.pattern.fullmatch(path)):
            named = found.groupdict()
            return Found(route, named.get("uid"), named.get("namespace"))
    return None


def raw_path(environ: Mapping[str, object]) -> str:
    """The path as it was sent: from the ASGI server, or as a WSGI server gives it."""
    scope = environ.get("asgi.scope")
    if isinstance(scope, dict) and isinstance(scope.get("raw_path"), bytes):
        raw: bytes = scope["raw_path"]
        return raw.decode("latin-1").partition("?")[0]
    given = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if isinstance(given, str):
        return re.sub(r"^https?://[^/]*", "", given).partition("?")[0]
    return quote(str(environ.get("PATH_INFO", "")), safe="/")


def _leads_there(raw: str) -> bool:
    """However often it is decoded, wherever it is tidied up."""
    text = raw
    for _ in range(_DECODINGS):
        slashes = re.sub(r";[^/]*", "", text.replace("\\", "/"))
        ways = (text, slashes, posixpath.normpath(re.sub("/+", "/", slashes)))
        if any(re.sub("/+", "/", way).lower().startswith(_GUARDED) for way in ways):
            return True
        text = unquote(text, errors="replace")
    return False
