"""scripts/setup.sh on machines that are not ready: it says the one thing to do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.harness import ROOT

TOOLS = ("bash", "cat", "chmod", "cp", "cut", "dirname", "env", "mkdir", "rm", "sha256sum", "sort", "touch")
INSTALLED = dict.fromkeys(("prometheus", "promtool", "alertmanager", "amtool", "npm"), "exit 0")

# It makes an environment whose own python fails at everything, as pip does without a network.
PYTHON_WITHOUT_NETWORK = """
if [ "$1 $2" = "-m venv" ]; then
  mkdir -p .venv/bin; printf '#!/bin/sh\\nexit 1\\n' > .venv/bin/python; chmod +x .venv/bin/python
fi"""

# It makes an environment in which pip says that all went well.
PYTHON_THAT_INSTALLS = PYTHON_WITHOUT_NETWORK.replace("exit 1", "exit 0")


def programs(folder: Path, own: dict[str, str]) -> Path:
    """A folder of the usual tools and of `own`, shell scripts by name."""
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(str(shutil.which(tool)))
    for name, script in own.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
        (folder / name).chmod(0o755)
    return folder


def set_up(project: Path, own: dict[str, str], failing: str = ".venv", **environ: str) -> str:
    """What the script says in a fresh copy of the project where only `own` is installed; `failing` has to fail."""
    (project / "scripts").mkdir(parents=True)
    for script in ("setup.sh", "pages.sh"):
        shutil.copy(ROOT / "scripts" / script, project / "scripts")
    (project / "portal").mkdir()
    for name in ("requirements.lock", "pyproject.toml", "portal/package.json", "portal/package-lock.json"):
        shutil.copy(ROOT / name, project / name)
    path = {"PATH": str(programs(project / "programs", own))}
    ended = subprocess.run(
        [str(project / "scripts" / "setup.sh"), "run"],
        env=path | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert not list(project.glob(f"{failing}/.installed*")), "the next run has to try again"
    return ended.stdout


def test_whoever_may_not_install_is_told_the_one_command(tmp_path: Path) -> None:
    """Neither root nor sudo: the whole line to type, with every missing package, and nothing is tried."""
    said = set_up(tmp_path / "a b", {"id": "echo 1000", "apt-get": "echo tried", "python3": "exit 0"})
    packages = "npm prometheus prometheus-alertmanager"
    assert f"sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends {packages}'" in said
    assert "tried" not in said


@pytest.mark.parametrize(
    ("python", "said"),
    [
        ('case "$*" in *version_info*) exit 1;; esac', "Python 3.11 or newer is needed"),
        (PYTHON_WITHOUT_NETWORK, "could not be installed"),
    ],
)
def test_an_old_python_and_a_failed_download_are_said(tmp_path: Path, python: str, said: str) -> None:
    """The last words are ours and say what to do."""
    assert said in set_up(tmp_path / "project", {"python3": python, **INSTALLED})


def test_a_failed_download_of_the_pages_scripts_is_said(tmp_path: Path) -> None:
    """The words of npm come first, then ours: what failed, and what to set."""
    npm = {"npm": "echo 'npm: no such host' >&2; exit 1"}
    said = set_up(tmp_path / "project", {"python3": PYTHON_THAT_INSTALLS, **INSTALLED, **npm}, failing=".npm")
    assert "npm could not install" in said
    assert "npm_config_registry" in said


def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Who chose one with PYTHON is not told to install another."""
    said = set_up(tmp_path / "project", {"id": "echo 1000", **INSTALLED}, PYTHON="python3.99")
    assert "python3.99, which is not here" in said
