"""The stand-in refuses what Grafana refuses; README.md says where each is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from simulator.grafana.app import create_app
from simulator.grafana.config import Config, read_config

ADMIN = ("admin", "pass-of-admin")
CONFIG = Config(sub_path="/grafana", admin_password=ADMIN[1], proxy_header="X-WEBAUTH-USER", send_user_header=True)


@pytest.fixture
def grafana() -> FlaskClient:
    return create_app(CONFIG).test_client()


def admin(grafana: FlaskClient, method: str, path: str, body: Any = None, organisation: int = 1) -> TestResponse:
    headers = {"X-Grafana-Org-Id": str(organisation)}
    return grafana.open(f"/grafana{path}", method=method, json=body, auth=ADMIN, headers=headers)


def test_health_needs_nobody(grafana: FlaskClient) -> None:
    """With the sub-path and without it; the rest is under the sub-path alone."""
    for path in ("/api/health", "/grafana/api/health"):
        assert grafana.get(path).get_json()["database"] == "ok"
    assert grafana.get("/d-solo/x").headers["Location"] == "/grafana/d-solo/x"


def test_a_page_says_nothing_of_whether_its_dashboard_is_there(grafana: FlaskClient) -> None:
    """It is the same for every uid; only the dashboard's own address answers 404."""
    headers = {"X-WEBAUTH-USER": "one"}
    for page in ("/grafana/d-solo/x", "/grafana/d-solo/x/x", "/grafana/d/x/x"):
        assert "grafanaBootData" in grafana.get(page, headers=headers).get_data(as_text=True)
    assert grafana.get("/grafana/api/dashboards/uid/x", headers=headers).status_code == 404


def test_who_asks_is_the_header_or_the_password(grafana: FlaskClient) -> None:
    """Nobody else gets in, and no password of another."""
    assert grafana.get("/grafana/api/dashboards/uid/x").status_code == 401
    assert grafana.get("/grafana/api/dashboards/uid/x", headers={"X-WEBAUTH-USER": " "}).status_code == 401
    assert grafana.get("/grafana/api/dashboards/uid/x", headers={"X-WEBAUTH-USER": "one"}).status_code == 404
    assert grafana.get("/grafana/api/orgs", auth=("admin", "wrong")).status_code == 401
    assert grafana.get("/grafana/api/orgs", headers={"X-WEBAUTH-USER": "one"}).status_code == 403


def test_only_the_proxys_address_may_say_the_header() -> None:
    """`whitelist` names who may."""
    config = read_config({"GF_AUTH_PROXY_ENABLED": "true", "GF_AUTH_PROXY_WHITELIST": "192.0.2.0/24"})
    grafana = create_app(config).test_client()
    headers = {"X-WEBAUTH-USER": "one"}
    assert grafana.get("/api/dashboards/uid/x", headers=headers).status_code == 401
    inside = {"REMOTE_ADDR": "192.0.2.7"}
    assert grafana.get("/api/dashboards/uid/x", headers=headers, environ_overrides=inside).status_code == 404


def test_signing_up_gives_the_main_organisation_alone(grafana: FlaskClient) -> None:
    """Members of others are made by the admin, once."""
    assert admin(grafana, "POST", "/api/orgs", {"name": "Staff"}).get_json()["orgId"] == 2
    assert admin(grafana, "POST", "/api/orgs", {"name": "Staff"}).status_code == 409
    there = {"X-WEBAUTH-USER": "one", "X-Grafana-Org-Id": "2"}
    assert grafana.get("/grafana/api/dashboards/uid/x", headers=there).status_code == 403
    member = {"loginOrEmail": "one", "role": "Viewer"}
    assert admin(grafana, "POST", "/api/orgs/2/users", {**member, "loginOrEmail": "two"}).status_code == 404
    assert admin(grafana, "POST", "/api/orgs/2/users", {**member, "role": "King"}).status_code == 400
    assert admin(grafana, "POST", "/api/orgs/2/users", member).status_code == 200
    assert admin(grafana, "POST", "/api/orgs/2/users", member).status_code == 409
    assert grafana.get("/grafana/api/dashboards/uid/x", headers=there).status_code == 404


def test_the_query_outranks_the_header(grafana: FlaskClient) -> None:
    """Which is why no proxy may let it through."""
    headers = {"X-WEBAUTH-USER": "one", "X-Grafana-Org-Id": "1"}
    assert grafana.get("/grafana/api/dashboards/uid/x?targetOrgId=2", headers=headers).status_code == 403


def test_a_data_source_shows_no_secret(grafana: FlaskClient) -> None:
    """And a second one of the same name is refused."""
    source = {
        "name": "a",
        "uid": "a",
        "type": "prometheus",
        "access": "proxy",
        "secureJsonData": {"httpHeaderValue1": "x"},
    }
    assert admin(grafana, "POST", "/api/datasources", source).status_code == 200
    assert admin(grafana, "POST", "/api/datasources", source).status_code == 409
    said = admin(grafana, "GET", "/api/datasources/uid/a").get_json()
    assert "secureJsonData" not in said
    assert said["secureJsonFields"] == {"httpHeaderValue1": True}


def test_a_query_needs_its_data_source_and_times(grafana: FlaskClient) -> None:
    """Of this organisation."""
    headers = {"X-WEBAUTH-USER": "one"}
    query = {"refId": "A", "expr": "up", "datasource": {"uid": "a"}}
    for body, status in (
        ({"queries": [], "from": "1", "to": "2"}, 400),
        ({"queries": [query], "from": "now-1h", "to": "now"}, 400),
        ({"queries": [query], "from": "1", "to": "2"}, 404),
    ):
        assert grafana.post("/grafana/api/ds/query", json=body, headers=headers).status_code == status


def test_provisioning_keeps_what_it_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And an organisation that is not there keeps Grafana from starting."""
    for name in ("datasources", "dashboards", "json"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TOKEN_OF_TESTS", "abc")
    source = {
        "name": "a",
        "uid": "a",
        "type": "prometheus",
        "secureJsonData": {"httpHeaderValue1": "Bearer $TOKEN_OF_TESTS"},
    }
    file = tmp_path / "datasources" / "a.yml"
    file.write_text(json.dumps({"apiVersion": 1, "datasources": [source]}))
    (tmp_path / "json" / "d.json").write_text(json.dumps({"uid": "d", "title": "D"}))
    provider = {"name": "p", "options": {"path": str(tmp_path / "json")}}
    (tmp_path / "dashboards" / "p.yml").write_text(json.dumps({"apiVersion": 1, "providers": [provider]}))
    environ = {"GF_PATHS_PROVISIONING": str(tmp_path)}
    app = create_app(read_config(environ))
    main = app.extensions["grafana_store"].organisations[1]
    assert main.datasources["a"]["secureJsonData"]["httpHeaderValue1"] == "Bearer abc"
    change = {"name": "a", "uid": "a", "type": "prometheus", "access": "proxy"}
    assert app.test_client().put("/api/datasources/uid/a", json=change, auth=("admin", "admin")).status_code == 403
    saved = {"dashboard": {"uid": "d", "title": "E"}, "overwrite": True}
    assert app.test_client().post("/api/dashboards/db", json=saved, auth=("admin", "admin")).status_code == 400
    file.write_text(json.dumps({"apiVersion": 1, "datasources": [{**source, "orgId": 2}]}))
    with pytest.raises(ValueError, match="organization not found"):
        create_app(read_config(environ))


def test_it_misbehaves_on_demand(grafana: FlaskClient) -> None:
    """As often as it was told."""
    assert grafana.post("/-/faults", json={"path": "/api/health", "status": 500}).status_code == 200
    assert grafana.post("/-/faults", json={"kind": "x"}).status_code == 400
    assert [grafana.get("/grafana/api/health").status_code for _ in range(2)] == [500, 200]
