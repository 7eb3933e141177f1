"""The files a Grafana can read at its start: organisation 1 alone, the gateway as data source, no secret in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.secrets import Secret
from portal.grafana.panels import SOURCES
from portal.grafana.setup import Plan, datasource
from tests.harness import ROOT

PROVISIONING = ROOT / "grafana" / "provisioning"
# What Grafana reads of each; anything else it drops without a word.
DATASOURCE = {"name", "uid", "orgId", "type", "access", "url", "isDefault", "editable", "jsonData", "secureJsonData"}
PROVIDER = {"name", "orgId", "type", "folder", "disableDeletion", "allowUiUpdates", "updateIntervalSeconds", "options"}


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PROVISIONING / name).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("path", sorted(PROVISIONING.rglob("*.yml")), ids=lambda path: path.parent.name)
def test_only_the_organisation_that_is_always_there_is_named(path: Path) -> None:
    """A file that names another keeps a new Grafana from starting."""
    assert path.parent.name in {"datasources", "dashboards"}
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert found.pop("apiVersion") == 1
    ((_, entries),) = found.items()
    assert [one["orgId"] for one in entries] == [1]


def test_the_data_source_is_the_one_setup_makes_elsewhere() -> None:
    """So that a dashboard works in every organisation alike; the token comes from a file, the address from outside."""
    (found,) = read("datasources/tenants.yml")["datasources"]
    assert set(found) == DATASOURCE
    plan = Plan("${GRAFANA_GATEWAY_URL}", Secret("token"), Path(), {})
    made = datasource(plan, SOURCES["tenant"])
    same = DATASOURCE - {"orgId", "editable", "secureJsonData"}
    assert {name: found[name] for name in same} == {name: made[name] for name in same}
    assert found["secureJsonData"] == {"httpHeaderValue1": "Bearer $__file{/run/secrets/grafana_gateway_token}"}
    assert found["editable"] is False


def test_the_dashboards_are_those_of_tenants_and_nobody_changes_them() -> None:
    """From a folder that has the tenants' alone."""
    (found,) = read("dashboards/tenants.yml")["providers"]
    assert set(found) == PROVIDER
    assert Path(found["options"]["path"]).name == "tenant"
    assert found["allowUiUpdates"] is False
    assert sorted(path.stem for path in (ROOT / "grafana/generated/tenant").iterdir()) == [
        "tenant-circuit",
        "tenant-circuits",
    ]


def test_what_tenants_need_of_grafanas_settings_is_set() -> None:
    """Embedded, told by the portal who asks, in the browser's theme, and with a nonce for its own script."""
    grafana = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]["grafana"]
    wanted = {
        "GF_AUTH_PROXY_ENABLED": "true",
        "GF_AUTH_PROXY_HEADER_NAME": "X-WEBAUTH-USER",
        "GF_AUTH_ANONYMOUS_ENABLED": "false",
        "GF_DATAPROXY_SEND_USER_HEADER": "true",
        "GF_SECURITY_ALLOW_EMBEDDING": "true",
        "GF_SECURITY_CONTENT_SECURITY_POLICY": "true",
        "GF_SERVER_SERVE_FROM_SUB_PATH": "true",
        "GF_USERS_DEFAULT_THEME": "system",
    }
    assert {name: grafana["environment"].get(name) for name in wanted} == wanted
