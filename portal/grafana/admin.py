"""Grafana's administration over its HTTP API, as far as we need it: organisations, members, data sources, dashboards.

Only a server admin with a password may do this (no token may make an organisation); `X-Grafana-Org-Id` says in which
organisation, of which the admin is a member because it made it.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import urllib3

from inventory.secrets import Secret
from portal.grafana.upstream import ORGANISATION_HEADER, PATH

TIMEOUT = 10.0  # seconds


class GrafanaFailed(Exception):
    """Grafana did not do what it was asked. The text says what, and what Grafana said; it holds no password."""


class GrafanaNotThere(GrafanaFailed):
    """Grafana cannot be reached, or is not ready."""


class Admin:
    """A server admin of one Grafana."""

    def __init__(self, url: str, user: str, password: Secret) -> None:
        self._url = url.removesuffix(PATH.rstrip("/")) + PATH
        self._basic = base64.b64encode(f"{user}:{password.reveal()}".encode()).decode()
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=4, retries=False)

    def version(self) -> str:
        """What Grafana says it is. Raises GrafanaNotThere while it is not ready."""
        status, said = self._ask("GET", "api/health")
        if status != 200 or not isinstance(said, dict) or said.get("database") != "ok":
            raise GrafanaNotThere(f"Grafana is not ready: it answers {status}")
        return str(said.get("version", "of no version"))

    def organisations(self) -> Mapping[int, str]:
        """The names of all by their numbers."""
        status, said = self._ask("GET", "api/orgs?perpage=1000")
        if status != 200 or not isinstance(said, list):
            _good(status if status != 200 else 502, said, "listing the organisations")
        return {int(one["id"]): str(one["name"]) for one in said}

    def make_organisation(self, name: str) -> int:
        """Make it; its number."""
        status, said = self._ask("POST", "api/orgs", {"name": name})
        return int(_good(status, said, f"making the organisation {name}")["orgId"])

    def rename_organisation(self, number: int, name: str) -> None:
        """Give it that name."""
        _good(*self._ask("PUT", f"api/orgs/{number}", {"name": name}), f"naming organisation {number}")

    def put_datasource(self, organisation: int, wanted: Mapping[str, Any]) -> str:
        """Make the data source, or let it be as wanted; says what was done. What a file provisioned is left."""
        uid = wanted["uid"]
        status, said = self._ask("GET", f"api/datasources/uid/{quote(uid, safe='')}", organisation=organisation)
        if status == 404:
            done = self._ask("POST", "api/datasources", wanted, organisation=organisation)
            _good(*done, f"making the data source {uid} of organisation {organisation}")
            return "made"
        if _good(status, said, f"reading the data source {uid}").get("readOnly"):
            return "left: it is provisioned from a file"
        done = self._ask("PUT", f"api/datasources/uid/{quote(uid, safe='')}", wanted, organisation=organisation)
        _good(*done, f"changing the data source {uid} of organisation {organisation}")
        return "kept"

    def put_dashboard(self, organisation: int, dashboard: Mapping[str, Any]) -> str:
        """Make the dashboard, or let it be as wanted; says what was done. What a file provisioned is left."""
        uid = str(dashboard["uid"])
        status, said = self._ask("GET", f"api/dashboards/uid/{quote(uid, safe='')}", organisation=organisation)
        there = status != 404
        if there and _good(status, said, f"reading the dashboard {uid}").get("meta", {}).get("provisioned"):
            return "left: it is provisioned from a file"
        wanted = {"dashboard": {**dashboard, "id": None}, "folderUid": "", "overwrite": True}
        done = self._ask("POST", "api/dashboards/db", wanted, organisation=organisation)
        _good(*done, f"writing the dashboard {uid} of organisation {organisation}")
        return "kept" if there else "made"

    def add_member(self, organisation: int, login: str, name: str) -> None:
        """Let the account `login` look at that organisation, making it where Grafana does not know it yet."""
        member = {"loginOrEmail": login, "role": "Viewer"}
        status, said = self._ask("POST", f"api/orgs/{organisation}/users", member)
        if status == 404:
            # It logs in by the proxy's header alone, so nobody needs to know this password.
            new = {"login": login, "name": name, "password": secrets.token_urlsafe(32), "OrgId": organisation}
            status, said = self._ask("POST", "api/admin/users", new)
            if status == 412:  # signed up by another request in between
                status, said = self._ask("POST", f"api/orgs/{organisation}/users", member)
        if status != 409:  # a member already
            _good(status, said, f"making {login} a member of organisation {organisation}")

    def _ask(self, method: str, path: str, body: Any = None, organisation: int = 1) -> tuple[int, Any]:
        headers = {"Authorization": f"Basic {self._basic}", ORGANISATION_HEADER: str(organisation)}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            response = self._pool.request(
                method,
                self._url + path,
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                timeout=TIMEOUT,
                redirect=False,
            )
            return response.status, json.loads(response.data)
        except urllib3.exceptions.HTTPError as error:
            raise GrafanaNotThere(f"Grafana cannot be reached at {self._url}: {type(error).__name__}") from error
        except ValueError:
            raise GrafanaNotThere(f"what answers at {self._url} is no Grafana: {path} gives no JSON") from None


def _good(status: int, said: Any, doing: str) -> Mapping[str, Any]:
    if status in {401, 403}:
        raise GrafanaFailed(
            f"{doing}: Grafana says {status}; are GRAFANA_ADMIN_USER and its password a server admin's?"
        )
    if status != 200 or not isinstance(said, dict):
        message = said.get("message") if isinstance(said, dict) else None
        raise GrafanaFailed(f"{doing}: Grafana says {status}, {message or 'nothing we understand'}")
    return said
