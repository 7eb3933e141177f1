"""scripts/secrets.sh in a folder of its own: what it makes, what it leaves alone, and what it never says."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness import ROOT


@pytest.fixture(scope="module")
def file() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return read


def secrets_of(project: Path, *words: str) -> str:
    """What scripts/secrets.sh says in that folder."""
    done = subprocess.run(
        [project / "scripts" / "secrets.sh", *words], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "secrets.sh", tmp_path / "scripts")
    (tmp_path / ".env").write_text("BACKHAUL_PUBLIC_URL=https://portal.example.net:8443\n", encoding="ascii")
    return tmp_path


def test_secrets_are_made_once_and_never_said(project: Path, file: dict[str, Any]) -> None:
    """Every file the compose file names; run again, none is another; the folder is its owner's alone."""
    said = secrets_of(project)
    folder = project / "secrets"
    made = {path.name: path.read_text(encoding="ascii") for path in folder.iterdir()}
    assert set(made) == {Path(secret["file"]).name for secret in file["secrets"].values()}
    assert {name for name, text in made.items() if not text} == {"twilio_auth_token", "smtp_url"}
    assert folder.stat().st_mode & 0o777 == 0o700
    values = [text for text in made.values() if text]
    assert len(set(values)) == len(values), "each has a value of its own"
    assert not any(text.strip() in said for text in values)
    (folder / "grafana_secret_key").unlink()
    again = secrets_of(project)
    kept = {path.name: path.read_text(encoding="ascii") for path in folder.iterdir()}
    assert {name for name in made if made[name] != kept[name]} == {"grafana_secret_key"}
    assert again.splitlines() == ["secrets: made grafana_secret_key"]


def test_its_certificate_is_for_the_public_name_and_gives_way_to_a_real_one(project: Path, tmp_path: Path) -> None:
    """Of .env, without the port; another one is put in in place, and only with its key."""
    secrets_of(project)
    certificate = project / "secrets" / "tls_certificate"
    told = subprocess.run(
        ["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", certificate], capture_output=True, check=True
    )
    assert b"DNS:portal.example.net\n" in told.stdout
    other = tmp_path / "other"
    (other / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "secrets.sh", other / "scripts")
    secrets_of(other, "www.example.net")
    chain, key = other / "secrets" / "tls_certificate", other / "secrets" / "tls_key"
    inode = certificate.stat().st_ino
    secrets_of(project, "--certificate", str(chain), str(key))
    assert certificate.read_bytes() == chain.read_bytes()
    assert certificate.stat().st_ino == inode, "a running container sees the file it was started with"
    with pytest.raises(subprocess.CalledProcessError):
        secrets_of(other, "--certificate", str(chain), str(project / "scripts" / "secrets.sh"))


def test_a_secret_is_made_anew_in_place_and_with_what_holds_it(project: Path) -> None:
    """Containers see the file they were started with; what is next is said; what would lose something is not done."""
    secrets_of(project)
    folder = project / "secrets"
    before = {path.name: (path.read_text(encoding="ascii"), path.stat().st_ino) for path in folder.iterdir()}
    for name, after in (
        ("webhook_token", "restart alert_webhook alertmanager"),
        ("database_app_password", "passwords.sh"),
    ):
        said = secrets_of(project, "--rotate", name)
        assert said.startswith(f"secrets: made {name} anew; now: "), said
        assert after in said
    now = {path.name: (path.read_text(encoding="ascii"), path.stat().st_ino) for path in folder.iterdir()}
    assert {name for name in before if before[name] != now[name]} == {
        *("webhook_token", "database_app_password", "database_app_url")
    }
    assert {name: inode for name, (_, inode) in before.items()} == {name: inode for name, (_, inode) in now.items()}
    password = now["database_app_password"][0]
    assert now["database_app_url"][0] == f"postgresql://backhaul_app:{password}@postgres:5432/backhaul"
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444, 0o644}
    for name in ("secret_key", "tls_key", "twilio_auth_token", "nothing"):
        with pytest.raises(subprocess.CalledProcessError):
            secrets_of(project, "--rotate", name)
    assert {path.name: path.read_text(encoding="ascii") for path in folder.iterdir()} == {
        name: text for name, (text, _) in now.items()
    }


def test_an_address_with_a_slash_at_its_end_is_refused(project: Path) -> None:
    """Grafana's would have two of them."""
    (project / ".env").write_text("BACKHAUL_PUBLIC_URL=https://portal.example.net/\n", encoding="ascii")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        secrets_of(project)
    assert b"take it away" in (refused.value.stdout.encode() + refused.value.stderr.encode())
    assert not list((project / "secrets").iterdir())
