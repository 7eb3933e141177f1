"""The description of the API: true, whole, and a page to look at."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import defaultdict

import pytest
from flask import Flask
from playwright.sync_api import expect

from inventory.registry.scope import LOGIN
from inventory.registry.tokens import GoodFor, create_token
from portal.tenancy import declared
from tests.harness import ROOT, cannot
from tests.portal.browser import DESK, PHONE, Visit, assert_accessible, assert_fits, photograph
from tests.portal.serving import Served
from tests.portal.world import SKY

TEXT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def test_calls_of_the_documentation_run_as_they_stand(served: Served) -> None:
    """In their order, on a portal that runs."""
    if shutil.which("curl") is None:
        cannot("no curl: apt-get install curl")
    with served.registry.write(LOGIN) as tx:
        token = create_token(tx, served.world.user("admin"), GoodFor("docs", ("read", "write"), SKY.id))
    setting, *calls = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    given = {"API": f"{served.url}/api/v1", "TOKEN": token, "DEVICE": SKY.device}
    assert set(re.findall(r"export (\w+)=", setting)) == set(given)
    assert len(calls) == 10
    script = "set -eu\n" + "\necho\n".join(calls)
    done = subprocess.run(
        ["bash", "-c", script], env={**os.environ, **given}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"committed_mbps": 300' in done.stdout


def test_the_table_names_every_operation(app: Flask) -> None:
    """And no other."""
    found: dict[str, set[str]] = defaultdict(set)
    for addresses, methods in re.findall(r"^\| (`/[^|]*) \| ([A-Z, ]+) \|", TEXT, re.MULTILINE):
        for address in re.findall(r"`([^`]+)`", addresses):
            found[address] |= set(methods.split(", "))
    paths = app.test_client().get("/api/v1/openapi.json").get_json()["paths"]
    there = {
        path.removeprefix("/api/v1"): {method.upper() for method in item if method != "parameters"}
        for path, item in paths.items()
    }
    assert found == there


def test_operations_say_what_they_need(app: Flask) -> None:
    """The description, an example of what is sent, the errors, and the permission the guard asks for."""
    client = app.test_client()
    description = client.get("/api/v1/openapi.json").get_json()
    assert description["openapi"] == "3.1.0"
    rules = {(rule.rule, method): rule for rule in app.url_map.iter_rules() for method in rule.methods or ()}
    for path, item in description["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["description"], where
            assert {"401", "404", "429"} <= set(operation["responses"]), where
            if "requestBody" in operation:
                content = next(iter(operation["requestBody"]["content"].values()))
                assert "example" in content, where
            names = re.sub(r"\{(\w+)\}", r"<id:\1>", path).replace("<id:number>", _NUMBER)
            access = declared(app.view_functions[rules[names, method.upper()].endpoint])
            assert access is not None
            needed = [access.permission, *access.others] if access.permission else []
            assert operation["x-permissions"] == needed, where


def test_the_description_has_a_version(app: Flask) -> None:
    """Whoever has it already is told so."""
    client = app.test_client()
    tag = client.get("/api/v1/openapi.json").headers["ETag"]
    assert client.get("/api/v1/openapi.json", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_page(visit: Visit, width: int) -> None:
    """It is drawn under the portal's own content policy, also on a phone, and can be tried."""
    page = visit("admin", "/api/docs", width=width)
    page.click("#operations-Me-getMe .opblock-summary-control")
    page.wait_for_selector("#operations-Me-getMe .try-out__btn")
    photograph(page, "api-docs")
    assert_fits(page)
    page.click("#operations-Me-getMe .try-out__btn")
    page.click("#operations-Me-getMe .execute")
    expect(page.locator("#operations-Me-getMe .live-responses-table")).to_contain_text("admin@")
    assert_fits(page)


def test_page_for_nobody(visit: Visit) -> None:
    """It is open to read, by everybody: it holds nothing of anybody."""
    page = visit(None, "/api/docs", width=DESK)
    for operation in ("createReseller", "getResellerUsage"):
        page.click(f"#operations-Resellers-{operation} .opblock-summary-control")
        page.click(f"#operations-Resellers-{operation} .try-out__btn")
    page.wait_for_selector("textarea[aria-label]")
    assert_accessible(page)


_NUMBER = "<int(max=9223372036854775807):number>"
