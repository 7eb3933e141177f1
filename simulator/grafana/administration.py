"""The administration API: organisations, members, users, data sources, dashboards. For the server's admin alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from simulator.grafana.config import Config
from simulator.grafana.store import Organisation, Store
from simulator.grafana.who import Who, refuse, who

_SECRET = "secureJsonData"  # noqa: S105 - the name of a field


Asks = Callable[[], Who]


def administration(config: Config, store: Store) -> Blueprint:
    """Its addresses."""
    blueprint = Blueprint("administration", __name__)

    def admin() -> Who:
        asks = who(request, config, store)
        if not asks.is_admin:
            refuse(403, "You'll need additional permissions to perform this action.")
        return asks

    _organisations(blueprint, admin, store)
    _people(blueprint, admin, store)
    _datasources(blueprint, admin)
    _dashboards(blueprint, admin)
    return blueprint


def _organisations(blueprint: Blueprint, admin: Asks, store: Store) -> None:
    @blueprint.get("/api/orgs")
    def organisations() -> Response:
        admin()
        return jsonify([{"id": one.id, "name": one.name} for one in store.organisations.values()])

    @blueprint.post("/api/orgs")
    def make_organisation() -> Response:
        admin()
        name = _body("name")["name"]
        with store.lock:
            if any(one.name == name for one in store.organisations.values()):
                refuse(409, "Organization name taken")
            return jsonify(orgId=store.make_organisation(name).id, message="Organization created")

    @blueprint.put("/api/orgs/<int:number>")
    def rename(number: int) -> Response:
        admin()
        _organisation(store, number).name = _body("name")["name"]
        return jsonify(message="Organization updated")


def _people(blueprint: Blueprint, admin: Asks, store: Store) -> None:
    @blueprint.post("/api/orgs/<int:number>/users")
    def add_member(number: int) -> Response:
        admin()
        found, said = _organisation(store, number), _body("loginOrEmail", "role")
        if said["role"] not in {"Viewer", "Editor", "Admin", "None"}:
            refuse(400, "Invalid role specified")
        with store.lock:
            if said["loginOrEmail"] not in store.users:
                refuse(404, "User not found")
            if said["loginOrEmail"] in found.members:
                refuse(409, "User is already member of this organization")
            found.members[said["loginOrEmail"]] = said["role"]
        return jsonify(message="User added to organization", userId=len(store.users))

    @blueprint.post("/api/admin/users")
    def make_user() -> Response:
        admin()
        said = _body("login", "password")
        if len(said["password"]) < 4:
            refuse(400, "Password is missing or too short")
        found = _organisation(store, int(said.get("OrgId") or 1))
        with store.lock:
            if said["login"] in store.users:
                refuse(412, f"User with email '' or username '{said['login']}' already exists")
            store.users[said["login"]] = str(said.get("name") or said["login"])
            found.members[said["login"]] = "Viewer"
        return jsonify(id=len(store.users), message="User created")


def _dashboards(blueprint: Blueprint, admin: Asks) -> None:
    @blueprint.post("/api/dashboards/db")
    def save_dashboard() -> Response:
        found, said = admin().here, _body("dashboard")
        dashboard = said["dashboard"]
        if not dashboard.get("title"):
            refuse(400, "Dashboard title cannot be empty")
        if dashboard["uid"] in found.provisioned:
            refuse(400, "Cannot save provisioned dashboard")
        if dashboard["uid"] in found.dashboards and not said.get("overwrite"):
            refuse(412, "The dashboard has been changed by someone else")
        found.dashboards[dashboard["uid"]] = dashboard
        return jsonify(status="success", uid=dashboard["uid"], version=1)


def _datasources(blueprint: Blueprint, admin: Asks) -> None:
    @blueprint.get("/api/datasources/uid/<uid>")
    def datasource(uid: str) -> Response:
        return jsonify(_shown(_datasource(admin().here, uid)))

    @blueprint.post("/api/datasources")
    def make_datasource() -> Response:
        found, said = admin().here, _body("name", "type", "access")
        taken = {one["name"] for one in found.datasources.values()}
        if said["name"] in taken or said["uid"] in found.datasources:
            refuse(409, "data source with the same name already exists")
        found.datasources[said["uid"]] = said
        return jsonify(datasource=_shown(said), message="Datasource added", name=said["name"])

    @blueprint.put("/api/datasources/uid/<uid>")
    def change_datasource(uid: str) -> Response:
        found, said = admin().here, _body("name", "type", "access")
        if _datasource(found, uid).get("readOnly"):
            refuse(403, "Cannot update read-only data source")
        found.datasources[uid] = said
        return jsonify(datasource=_shown(said), message="Datasource updated", name=said["name"])


def _organisation(store: Store, number: int) -> Organisation:
    found = store.organisations.get(number)
    if found is None:
        refuse(404, "Organization not found")
    return found


def _datasource(organisation: Organisation, uid: str) -> dict[str, Any]:
    found = organisation.datasources.get(uid)
    if found is None:
        refuse(404, "Data source not found")
    return found


def _shown(datasource: dict[str, Any]) -> dict[str, Any]:
    """Secrets are named, and never shown."""
    secret = datasource.get(_SECRET) or {}
    return {**{k: v for k, v in datasource.items() if k != _SECRET}, "secureJsonFields": dict.fromkeys(secret, True)}


def _body(*names: str) -> dict[str, Any]:
    said = request.get_json(silent=True)
    if not isinstance(said, dict) or any(not said.get(name) for name in names):
        refuse(400, "bad request data")
    return said
