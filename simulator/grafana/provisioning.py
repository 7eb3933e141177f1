"""Files a Grafana is provisioned from: data sources and dashboards, for organisations that are there at the start."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from simulator.grafana.store import Organisation, Store


class BadProvisioning(ValueError):
    """Grafana would not start with this; the text names the file."""


def provision(folder: Path, store: Store) -> None:
    """Read what there is. Raises BadProvisioning."""
    for file, said in _entries(folder / "datasources", "datasources"):
        organisation = _organisation(store, said, file)
        organisation.datasources[said["uid"]] = {**said, "readOnly": not said.get("editable", False)}
    for file, said in _entries(folder / "dashboards", "providers"):
        organisation = _organisation(store, said, file)
        for path in sorted(Path(said["options"]["path"]).glob("**/*.json")):
            dashboard = json.loads(path.read_text(encoding="utf-8"))
            organisation.dashboards[dashboard["uid"]] = dashboard
            organisation.provisioned.add(dashboard["uid"])


def _entries(folder: Path, key: str) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for file in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]):
        said = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        if said.get("apiVersion") != 1:
            raise BadProvisioning(f"{file}: expected apiVersion: 1")
        for entry in said.get(key) or ():
            yield file, _expanded(entry)


def _organisation(store: Store, said: Mapping[str, Any], file: Path) -> Organisation:
    found = store.organisations.get(int(said.get("orgId") or 1))
    if found is None:
        raise BadProvisioning(f"{file}: organization not found")
    return found


def _expanded(value: Any) -> Any:
    """`$NAME`, `${NAME}` and `$__file{PATH}` within texts; `$$` is a dollar."""
    if isinstance(value, Mapping):
        return {name: _expanded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_expanded(one) for one in value]
    if not isinstance(value, str):
        return value
    pattern = r"\$\$|\$__file\{([^}]+)\}|\$__env\{(\w+)\}|\$\{(\w+)\}|\$(\w+)"

    def put_in(place: re.Match[str]) -> str:
        if place[0] == "$$":
            return "$"
        if place[1]:
            return Path(place[1]).read_text(encoding="utf-8").strip()
        return os.environ.get(place[2] or place[3] or place[4] or "", "")

    return re.sub(pattern, put_in, value)
