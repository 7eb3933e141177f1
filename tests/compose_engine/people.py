"""Who comes to the installation from outside: somebody with a browser, and a tenant who logs in."""

from __future__ import annotations

import html
import re

import requests

from tests.compose_engine.installation import Installation

TENANT, PASSWORD = "it@uttara.example.net", "a long enough password for a test"
_CSRF = re.compile(r'name="csrf" value="([^"]*)"')


def browser(installation: Installation) -> requests.Session:
    """Somebody outside, who trusts the certificate."""
    client = requests.Session()
    client.trust_env = False  # a bundle named there would come before ours
    client.verify = str(installation.secret("tls_certificate"))
    return client


def log_in(installation: Installation) -> requests.Session:
    client = browser(installation)
    form = _CSRF.search(client.get(f"{installation.url}/login", timeout=20).text)
    assert form is not None
    fields = {"csrf": html.unescape(form[1]), "email": TENANT, "password": PASSWORD}
    answer = client.post(f"{installation.url}/login", data=fields, timeout=20, headers={"Origin": installation.url})
    assert answer.url == f"{installation.url}/my", answer.text[:2000]
    return client
