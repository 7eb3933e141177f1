from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.compose_engine import engine as engines
from tests.compose_engine.engine import Engine
from tests.compose_engine.installation import HERE, SERVICES, Installation, check_out, compose_file
from tests.compose_engine.people import PASSWORD, TENANT
from tests.compose_engine.standins import make_bases, make_services, make_simulators
from tests.harness import ROOT, require_root


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """Below var/, which is on a disk; the socket's path has to be short."""
    (ROOT / "var").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="engine-", dir=ROOT / "var"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def engine(place: Path) -> Iterator[Engine]:
    """Taken down when the run is asked to end, too: a SIGTERM would leave engine and networks behind."""
    require_root()
    before = signal.signal(signal.SIGTERM, lambda *_: pytest.exit("asked to end", returncode=1))
    with engines.engine(place) as running:
        yield running
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def checked_out(place: Path) -> Path:
    check_out(place / "project")
    return place / "project"


@pytest.fixture(scope="session")
def images(engine: Engine, place: Path, checked_out: Path) -> str:
    """Ours as docs/install.md builds it; the others' names by stand-ins."""
    services = compose_file()["services"]
    make_bases(engine, place / "roots")
    Installation(engine, checked_out, "backhaul").build()
    make_services(engine, place / "contexts", services)
    make_simulators(engine, place / "contexts", services)
    ours: str = services["portal"]["image"]
    return ours


@pytest.fixture(scope="session")
def installation(engine: Engine, images: str, checked_out: Path) -> Iterator[Installation]:
    """All services from empty volumes; every test here finds them healthy and leaves them so."""
    assert images
    with ExitStack() as stack:
        made = Installation(engine, checked_out, "backhaul")
        made.prepare()
        stack.callback(made.remove)
        made.up()
        yield made


@pytest.fixture(scope="session")
def filled(installation: Installation) -> Installation:
    """With a network and a tenant's login in the registry, put in as an operator does."""
    installation.wait_healthy(*SERVICES)
    mounted = ("-v", f"{HERE / 'inventory.yml'}:/inventory.yml:ro", "-e", "CORE1_COMMUNITY=public")
    said = installation.compose("run", "--rm", "-T", *mounted, "portal", "inventory", "import", "/inventory.yml")
    assert "sky:" in said
    add = ("user", "add", "--email", TENANT, "--role", "reseller", "--isp", "sky", "--tenant", "r1", "--password-stdin")
    installation.backhaul(*add, stdin=f"{PASSWORD}\n".encode())
    return installation
