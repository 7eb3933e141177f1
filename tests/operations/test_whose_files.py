"""A backup that was copied here by another user: whose it is, and who cannot read it, is said in one sentence."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backhaul.cli import main
from tests.operations.conftest import Installation

NOBODY = 65534  # who restores with the compose file


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder everybody may enter, as /srv is: pytest's own are one user's."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def kept_from(path: Path) -> Iterator[int]:
    """Who runs the program until the block ends, and may not read `path`: whose it is, and for root it is nobody."""
    before = path.stat().st_mode
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    else:
        path.chmod(0)
    try:
        yield os.geteuid()
    finally:
        os.seteuid(os.getuid())
        path.chmod(before)


@pytest.mark.parametrize("within", ["", "database/isp.jsonl.gz"], ids=["the folder", "a file in it"])
def test_who_may_not_read_it_is_told_whose_it_is(
    small: Installation, place: Path, monkeypatch: pytest.MonkeyPatch, within: str
) -> None:
    """Not that the backup is damaged, and no traceback."""
    folder = shutil.copytree(small.backup(), place / "backhaul-copied")
    assert small.run("restore", folder, "--check")[0] == 0
    if within:  # all but this one file is everybody's
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)
        (folder / within).chmod(0o600)
    monkeypatch.setattr("backhaul.cli.logs.configure", lambda **_: None)
    with kept_from(folder / within) as user:
        code = main(["restore", str(folder), "--check"])
    complaint = small.capsys.readouterr().err
    assert code == 2
    whose = f"{folder / within} belongs to user {os.getuid()}, and this program runs as user {user}, who may not read"
    assert whose in complaint, complaint
    assert f"chown -R {user}" in complaint
    assert "take another" not in complaint


def test_an_unreadable_data_folder_is_said(small: Installation, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is changed."""
    folder, data = shutil.copytree(small.backup(), place / "backhaul-copied"), place / "data"
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    data.mkdir(mode=0o700)
    assert small.run("restore", folder, "--check")[0] == 0
    for name, value in small.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("backhaul.cli.logs.configure", lambda **_: None)
    with kept_from(data) as user:
        code = main(["restore", str(folder), "--prometheus-data", str(data)])
    complaint = small.capsys.readouterr().err
    assert (code, f"user {user}, as whom this program runs, may not read {data}" in complaint) == (2, True), complaint
