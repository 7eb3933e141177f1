"""What a logged-in tenant might try at /grafana/: paths, methods, websockets, headers."""

from __future__ import annotations

import random
import socket
from urllib.parse import urlsplit

import pytest
import requests

from portal.grafana import paths
from tests.portal.grafana.conftest import Stack
from tests.portal.serving import COOKIE

TRICKS = (
    "/grafana/public/../api/orgs",
    "/grafana/public/%2e%2e/api/orgs",
    "/grafana/public/..%2fapi/orgs",
    "/grafana/public%2f..%2fapi/orgs",
    "/grafana/public/%252e%252e/api/orgs",
    "/grafana/public/..;/api/orgs",
    "/grafana/public/..\\api/orgs",
    "/grafana/public/..%5capi/orgs",
    "/grafana/public/./build/app.js",
    "/grafana//api/orgs",
    "//grafana/api/orgs",
    "/grafana/api//orgs",
    "/grafana/%61pi/orgs",
    "/grafana/api%2forgs",
    "/grafana/api/orgs%00.js",
    "/grafana/public/build/app.js%3f/../../api/orgs",
    "/grafana/public/build/app.js;/../../api/orgs",
    "/grafana/d-solo/tenant-circuit/..%2f..%2fapi%2forgs",
    "/grafana/api/dashboards/uid/tenant-circuit%2f..%2fstaff-overview",
    "/%67rafana/api/orgs",
    "/%2567rafana/api/orgs",
    "/static/../grafana/api/orgs",
    "/static/..%2fgrafana/api/orgs",
    "/./grafana/api/orgs",
    "/grafana/../gateway/api/v1/query",
    "/gateway%2fapi/v1/query",
    "/gateway//api/v1/query",
    "/GRAFANA/..%2fgrafana/api/orgs",
    "/grafana/public/\u2025/api/orgs",
    "/grafana/public/%c0%ae%c0%ae/api/orgs",
    "/grafana/public/%ef%bc%8e%ef%bc%8e/api/orgs",
    "/grafana/ api/orgs".replace(" ", "%20"),
    "/grafana/api/orgs%0d%0aX-WEBAUTH-USER:%20admin",
)

CLOSED = (
    "",
    "login",
    "logout",
    "explore",
    "admin/users",
    "api/orgs",
    "api/org",
    "api/org/users",
    "api/users",
    "api/user",
    "api/user/using/2",
    "api/admin/settings",
    "api/admin/stats",
    "api/datasources",
    "api/datasources/uid/backhaul",
    "api/datasources/proxy/1/api/v1/query",
    "api/datasources/proxy/uid/backhaul/api/v1/query",
    "api/datasources/uid/backhaul/resources/api/v1/labels",
    "api/datasources/uid/backhaul/health",
    "api/tsdb/query",
    "api/live/ws",
    "api/live/push/x",
    "api/plugins",
    "api/snapshots",
    "api/dashboards/home",
    "api/dashboards/db",
    "api/dashboards/tags",
    "api/dashboards/uid/tenant-circuit/versions",
    "api/dashboards/uid/tenant-circuit/permissions",
    "api/folders",
    "api/frontend/settings",
    "api/serviceaccounts",
    "api/auth/keys",
    "api/health",
    "metrics",
    "render/d-solo/tenant-circuit",
    "public",
    "public/",
    "public/build/app.js.map",
    "public/index.html",
    "public/build/.env",
    "public-dashboards/x",
    "avatar/x",
    "apis/query.grafana.app/v0alpha1/namespaces/default/query",
    "apis/dashboard.grafana.app/v1beta1/namespaces/default/dashboards",
    "apis/dashboard.grafana.app/v1beta1/namespaces/org-2/dashboards/tenant-circuit/dto",
    "apis/dashboard.grafana.app/v1beta1/namespaces/default/dashboards/staff-overview/dto",
    "apis/iam.grafana.app/v0alpha1/namespaces/default/users",
    "openapi/v3",
)


def raw(stack: Stack, method: str, path: str, *lines: str, body: bytes = b"") -> int:
    """The status of a request whose path no client tidies up."""
    host, port = urlsplit(stack.portal.url).hostname, urlsplit(stack.portal.url).port
    token = stack.portal.token("sky-r1")
    head = [f"{method} {path} HTTP/1.1", f"Host: {host}:{port}", f"Cookie: {COOKIE}={token}", *lines]
    if body:
        head.append(f"Content-Length: {len(body)}")
    with socket.create_connection((host, port), timeout=10) as sock:
        sock.sendall("\r\n".join([*head, "Connection: close", "", ""]).encode("utf-8") + body)
        answer = b""
        while part := sock.recv(65_536):
            answer += part
    return int(answer.split(b" ", 2)[1])


def refusals(stack: Stack, reason: str) -> float:
    """How many the proxy has counted for that reason."""
    text = requests.get(f"{stack.portal.url}/metrics", timeout=10).text
    wanted = f'backhaul_portal_grafana_refused_total{{reason="{reason}",where="proxy"}}'
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(wanted))


@pytest.mark.parametrize("path", TRICKS)
def test_a_disguised_path_gets_nowhere(stack: Stack, path: str) -> None:
    """Refused as it was written, before anything decodes it; Grafana is not asked."""
    assert raw(stack, "GET", path) in {400, 403, 404}
    assert stack.seen() == []


@pytest.mark.parametrize("path", CLOSED)
def test_what_panels_do_not_need_is_closed(stack: Stack, path: str) -> None:
    """By any method."""
    for method in ("GET", "POST"):
        assert raw(stack, method, f"/grafana/{path}") in {403, 404}, method
    assert stack.seen() == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "FOO"])
def test_no_other_method(stack: Stack, method: str) -> None:
    """Also where GET and POST are open. What HTTP knows is refused as all else is: counted, and in the log."""
    before = refusals(stack, "method")
    for path in ("d-solo/tenant-circuit", "api/ds/query", "public/build/app.js"):
        assert raw(stack, method, f"/grafana/{path}") in {400, 403, 404, 405, 501}, path
    assert stack.seen() == []
    if method in {"PUT", "PATCH", "DELETE", "TRACE"}:
        assert refusals(stack, "method") == before + 3


def test_the_method_cannot_be_said_otherwise(stack: Stack) -> None:
    """Headers that some programs take for the method."""
    lines = [f"{name}: DELETE" for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")]
    raw(stack, "GET", "/grafana/d-solo/tenant-circuit", *lines)
    assert {asked["method"] for asked in stack.seen()} <= {"GET"}


def test_no_websockets(stack: Stack) -> None:
    """Neither on the address for them nor on another."""
    lines = ("Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13")
    for path in ("api/live/ws", "d-solo/tenant-circuit", "public/build/app.js"):
        assert raw(stack, "GET", f"/grafana/{path}", *lines) == 403
    assert stack.seen() == []


def test_headers_with_underscores_are_no_headers(stack: Stack) -> None:
    """WSGI would take them for the ones with dashes."""
    raw(stack, "GET", "/grafana/d-solo/tenant-circuit", "X_WEBAUTH_USER: admin", "X_Grafana_Org_Id: 2")
    own = stack.portal.world.user("sky-r1").id
    for asked in stack.seen():
        assert asked["headers"]["X-Webauth-User"] == own
        assert asked["headers"]["X-Grafana-Org-Id"] == "1"


def test_a_hundred_thousand_made_up_paths() -> None:
    """Whatever is pieced together: what is not refused is one of the few routes, as it stands."""
    random.seed(4)
    pieces = (
        "grafana",
        "gateway",
        "public",
        "api",
        "..",
        ".",
        "",
        "%2e",
        "%2f",
        "%252e",
        "\\",
        ";",
        "d-solo",
        "app.js",
        "x",
    )
    for _ in range(100_000):
        path = "/" + "/".join(random.choice(pieces) for _ in range(random.randrange(1, 7)))
        if paths.is_disguised(path) or not path.startswith("/grafana/"):
            continue
        assert not set(path) & set("%\\;"), path
        assert "//" not in path, path
        assert not {".", ".."} & set(path.split("/")), path
        found = paths.find("GET", path.removeprefix("/grafana/"))
        assert found is None or found.route.kind in {"page", "asset"}, path
