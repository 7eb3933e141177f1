"""The commands of the registry, as somebody types them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import create_engine, insert, text

from inventory.loader import load_inventory
from inventory.registry.inventories import load_inventory_of
from inventory.registry.scope import LOGIN, SERVICE
from inventory.registry.tables import users
from inventory.vault import Vault, new_key, user_secret
from tests.harness import BIN
from tests.inventory.registry.kit import ENVIRON, body
from tests.postgres import APP, OWNER, Cluster, Database

Run = Callable[..., subprocess.CompletedProcess[str]]
KEY = new_key()


@pytest.fixture
def run(database: Database, tmp_path: Path) -> Run:
    """Runs `backhaul` on the database, in an empty folder."""

    def run_command(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        ours = {"BACKHAUL_DATABASE_URL": database.url, "BACKHAUL_SECRET_KEY": KEY, **ENVIRON, **settings}
        environ = {**os.environ, **ours}
        return subprocess.run(
            [BIN / "backhaul", *words],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            env=environ,
        )

    return run_command


def write(path: Path, content: dict[str, Any]) -> str:
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(path)


def test_an_inventory_goes_in_and_comes_out(run: Run, tmp_path: Path) -> None:
    """Tried, imported, changed, exported: each says what it did; no secret is printed."""
    file = write(tmp_path / "sky.yml", body("sky"))
    tried = run("inventory", "import", file, "--dry-run")
    assert tried.returncode == 0, tried.stderr
    assert tried.stdout.splitlines()[0] == "created isp sky"
    assert tried.stdout.splitlines()[-1] == "sky: 9 changes would be made"
    done = run("inventory", "import", file)
    assert done.stdout == tried.stdout.replace("would be made", "made")
    content = body("sky")
    content["tenants"][0]["name"] = "Other"
    assert run("inventory", "import", write(tmp_path / "sky.yml", content)).stdout == (
        "changed tenant sky-t1\nsky: 1 change made\n"
    )
    out = run("inventory", "export", "--isp", "sky")
    assert out.stderr == "backhaul: set these to import it: SECRET, DEVICE_SKY_EDGE_COMMUNITY\n"
    (tmp_path / "again.yml").write_text(out.stdout)
    environ = {**ENVIRON, "DEVICE_SKY_EDGE_COMMUNITY": "zq-literal-secret"}
    assert load_inventory(tmp_path / "again.yml", environ) == load_inventory(tmp_path / "sky.yml", ENVIRON)
    assert "zq-" not in out.stdout + out.stderr + done.stdout + done.stderr


def test_what_cannot_be_done_is_said_in_one_line(run: Run, tmp_path: Path) -> None:
    """No traceback, and no password of a URL."""
    file = write(tmp_path / "sky.yml", body("sky"))
    run("inventory", "import", file)
    clash = body("metro") | {"devices": [*body("metro")["devices"], body("sky")["devices"][0]]}
    away = {"BACKHAUL_DATABASE_URL": "postgresql://u:s3cret@127.0.0.1:1/x"}
    for done, said in (
        (run("inventory", "import", write(tmp_path / "m.yml", clash)), 'device "sky-core": isp "sky" has it already'),
        (run("inventory", "import", file, BACKHAUL_SECRET_KEY=""), "BACKHAUL_SECRET_KEY is not set"),
        (run("inventory", "export", "--isp", "nope"), 'the registry has no isp "nope"'),
        (run("inventory", "export", "--isp", "sky", **away), "BACKHAUL_DATABASE_URL: the database"),
        (run("inventory", "migrate", **away), "the database"),
    ):
        assert done.returncode != 0
        assert said in done.stderr
        assert "Traceback" not in done.stderr
        assert "s3cret" not in done.stderr
        assert done.stdout == ""


def test_keys_are_changed_while_services_go_on(run: Run, database: Database, tmp_path: Path) -> None:
    """With both keys everything opens before, while and after; then the old key is not needed any more."""
    run("inventory", "import", write(tmp_path / "sky.yml", body("sky")))
    made = run("secrets", "new-key").stdout.strip()
    old, both, new = (Vault.from_settings({"BACKHAUL_SECRET_KEY": keys}) for keys in (KEY, f"{made},{KEY}", made))
    with database.registry() as registry:
        with registry.write(LOGIN) as tx:
            person = {
                "id": "u1",
                "role": "owner",
                "name": "O",
                "email": "o@x.example",
                "language": "en",
                "created_at": 1,
            }
            sealed = old.seal("totp-seed", user_secret("u1"))
            tx.connection.execute(insert(users).values(**person, totp_sealed=sealed))

        def secrets(vault: Vault) -> list[str]:
            with registry.read(SERVICE) as tx:
                found = load_inventory_of(tx, "sky", vault)
                totp = tx.connection.execute(text("SELECT totp_sealed FROM user_account")).scalar_one()
            opened = [secret.reveal() for device in found.devices.values() for _, secret in device.secrets()]
            return [*opened, vault.open(totp, user_secret("u1"))]

        expected = ["zq-variable-secret", "zq-literal-secret", "totp-seed"]
        assert secrets(both) == expected
        done = run("secrets", "rotate", BACKHAUL_SECRET_KEY=f"{made},{KEY}")
        assert (done.returncode, done.stdout) == (0, "3 secrets sealed anew, 0 were already\n")
        assert secrets(both) == secrets(new) == expected
        again = run("secrets", "rotate", BACKHAUL_SECRET_KEY=made)
        assert again.stdout == "0 secrets sealed anew, 3 were already\n"
        lost = run("secrets", "rotate")
        assert lost.returncode == 1
        assert "device:sky-core:password does not open: it was sealed with key" in lost.stderr
        assert secrets(new) == expected


def test_the_owner_migrates_and_the_application_may_work(postgresql: Cluster, tmp_path: Path) -> None:
    """`--check` says what is missing with exit code 1; afterwards the application's role imports."""
    postgresql.empty("fresh")
    environ = {
        **os.environ,
        "BACKHAUL_OWNER_DATABASE_URL": postgresql.url(OWNER, "fresh"),
        "BACKHAUL_DATABASE_URL": postgresql.url(APP, "fresh"),
        "BACKHAUL_SECRET_KEY": KEY,
        **ENVIRON,
    }

    def run_command(*words: str) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [BIN / "backhaul", "inventory", *words]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=environ
        )

    missing = run_command("migrate", "--check")
    assert missing.returncode == 1
    assert missing.stdout.startswith("lacks 0001 The outbox of alerts\n")
    assert "run: backhaul inventory migrate" in run_command("export", "--isp", "sky").stderr
    done = run_command("migrate")
    assert done.stdout == missing.stdout.replace("lacks", "done")
    assert run_command("migrate", "--check").stdout == "the database is up to date\n"
    assert run_command("import", write(tmp_path / "sky.yml", body("sky"))).returncode == 0


def test_the_audit_is_verified(run: Run, database: Database, tmp_path: Path) -> None:
    """Each chain by its name with its last hash; one that somebody changed is named, with exit code 1."""
    run("inventory", "import", write(tmp_path / "sky.yml", body("sky")))
    done = run("audit", "verify")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"sky: 1 entry, unbroken, the last hash is [0-9a-f]{64}\n", done.stdout)
    owner = database.owner_url.replace("postgresql://backhaul_owner", "postgresql+psycopg://postgres")
    engine = create_engine(owner)
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit SET actor = 'nobody'"))
    engine.dispose()
    broken = run("audit", "verify")
    assert (broken.returncode, broken.stdout[:45]) == (1, "sky: broken at entry 1, after 0 good ones of ")
