"""What docs/ tells an operator to type, held to the compose file it is typed at."""

from __future__ import annotations

import ipaddress
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness import ROOT, program

OVERRIDES = [
    (page, number)
    for page in ("install.md", "operations.md")
    for number in range((ROOT / "docs" / page).read_text(encoding="utf-8").count("# docker-compose.override.yml\n"))
]
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


@pytest.mark.parametrize(("page", "number"), OVERRIDES)
def test_what_is_put_beside_the_file_is_valid_and_adds_what_it_says(page: str, number: int, tmp_path: Path) -> None:
    """As docker-compose reads both together: nothing of the shipped file is lost by it."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    (tmp_path / "more.yml").write_text(
        re.findall(r"```yaml\n# docker-compose\.override\.yml\n(.*?)```", text, re.DOTALL)[number], encoding="utf-8"
    )
    ours, more = str(ROOT / "docker-compose.yml"), str(tmp_path / "more.yml")
    shipped, both = (
        yaml.safe_load(
            subprocess.run(
                [program("docker-compose"), *words, "--env-file", str(ROOT / ".env.example"), "config"],
                capture_output=True, text=True, timeout=60, check=True,
            ).stdout
        )
        for words in (("-f", ours), ("-f", ours, "-f", more))
    )  # fmt: skip
    for name, service in shipped["services"].items():
        for key in ("environment", "ports", "volumes", "networks", "secrets"):
            assert set(map(str, service.get(key, ()))) <= set(map(str, both["services"][name].get(key, ()))), name
    assert both != shipped
