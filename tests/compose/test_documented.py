"""What docs/ tells an operator to type, held to the compose file it is typed at."""

from __future__ import annotations

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
