"""What docs/ tells an operator to type, held to the compose file it is typed at."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

import pytest
import yaml

from tests.harness import ROOT

# It reads its one file on an empty volume; the other is a script, of which docs/install.md says so.
READ_LATER = {"postgres"}


def blocks(page: str) -> list[str]:
    """The commands of a page, by block."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    return found


def test_the_networks_docker_is_told_to_take_are_enough_and_are_believed() -> None:
    """One for each of both files and Docker's own; none a network anybody routes; the portal believes all of them."""
    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    (pool,) = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0])["default-address-pools"]
    base = ipaddress.IPv4Network(pool["base"])
    assert base.subnet_of(ipaddress.IPv4Network("198.18.0.0/15")), "which is for tests within a network (RFC 2544)"
    needed = 1 + sum(
        len(yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))["networks"])
        for name in ("docker-compose.yml", "docker-compose.scale.yml")
    )
    assert len(list(base.subnets(new_prefix=pool["size"]))) >= needed
    assert re.findall(r"^BACKHAUL_TRUSTED_PROXIES=(\S+)$", text, re.MULTILINE) == [pool["base"]]


def test_the_import_sees_what_the_inventory_names(services: dict[str, Any]) -> None:
    """A folder, in which certificates and secrets lie beside the file; and our user may read all of it."""
    (block,) = (block for block in blocks("install.md") if "inventory import" in block)
    (mount,) = re.findall(r'-v "\$PWD/(\S+):(\S+):ro" .* portal inventory import (\S+)', block)
    folder, inside, file = mount
    assert file == f"{inside}/inventory.yml"
    group = services["portal"]["user"].split(":")[1]
    assert f"chown -R :{group} {folder} && sudo chmod -R u=rwX,g=rX,o= {folder} " in block
    assert f"/{folder}/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines(), "it holds secrets"


@pytest.mark.parametrize(("page", "change"), [("install.md", "git pull"), ("operations.md", "git checkout")])
def test_another_version_restarts_whoever_goes_on_with_the_old_files(
    services: dict[str, Any], page: str, change: str
) -> None:
    """A file git changes is a new one in the place of the mounted one; `up` makes nobody anew for that."""
    mounted = {
        name
        for name, service in services.items()
        for volume in service.get("volumes", [])
        if volume.startswith("./") and (ROOT / volume.split(":")[0]).is_file()
    }
    (block,) = (block for block in blocks(page) if change in block)
    (restarted,) = re.findall(r"docker-compose restart ([a-z_ ]+)", block)
    assert set(restarted.split()) == mounted - READ_LATER | {"prometheus", "alertmanager"}
