"""Bytes that a database cannot keep: whatever carries them, no page and no operation fails over them."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient

from tests.portal.conftest import LoginAs, csrf_of, on_both_databases

pytestmark = on_both_databases

ODD = ("a%00b", "%ED%A0%80", "%E2%80%AE")
FIELDS = """
email password name role tenant language current new again code scopes days which isp version _version number whatsapp
note id device attach_kind attach_name ping faces committed_mbps.download sla.uptime_percent threshold_mbps measure
reason starts ends circuits links approved_by host driver port username place timezone currency contact next remove
"""


def test_addresses(app: Flask, login_as: LoginAs, nobody: FlaskClient) -> None:
    """In every place of every address, for staff, a tenant and nobody; and as every parameter."""
    rules = sorted({rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())})
    for client in (login_as("admin"), login_as("sky-r1"), nobody):
        for rule in rules:
            if rule == "/static/<path:filename>":
                continue
            for odd in ODD:
                path = re.sub(r"<[^>]+>", odd, rule)
                answer = client.get(path if path != rule else f"{rule}?q={odd}&search={odd}&text={odd}&tenant={odd}")
                assert answer.status_code < 500, f"{rule} {odd}"
                answer.close()


def test_forms(app: Flask, login_as: LoginAs) -> None:
    """In every field of every form. The gateway asks for its own token before it reads: 403."""
    rules = sorted({rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())})
    for client in (login_as("admin"), login_as("sky-r1")):
        token = csrf_of(client)
        for rule in rules:
            if rule != "/logout":
                path = re.sub(r"<[^>]+>", "1", rule).replace("/tenants/1", "/tenants/sky-r1")
                answer = client.post(path, data=dict.fromkeys(FIELDS.split(), "a\0b") | {"csrf": token})
                assert answer.status_code in {303, 400, 403, 404, 405, 415, 422}, rule


def test_a_login(nobody: FlaskClient) -> None:
    """An address with a NUL belongs to nobody."""
    page = nobody.get("/login").get_data(as_text=True)
    token = page.split('name="csrf" value="', 1)[1].split('"', 1)[0]
    for path in ("/login", "/login/link"):
        for email, status in (("a\0b@example.net", 400), ("x" * 100_000, 422 if path == "/login" else 200)):
            answer = nobody.post(path, data={"csrf": token, "email": email, "password": "a few words"})
            assert answer.status_code == status, f"{path} {email[:20]!r}"
