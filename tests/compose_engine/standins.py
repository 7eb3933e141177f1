"""What stands where the compose file pins images of others: their names, made of this machine's Debian packages."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.compose_engine.engine import Engine
from tests.compose_engine.packing import add_build_settings, add_npm, pack
from tests.harness import ROOT

_DAEMONS = ("prometheus", "prometheus-alertmanager", "victoria-metrics", "postgresql", "nginx-light")

# As the image of PostgreSQL does it, in what the compose file uses of it:
# https://github.com/docker-library/postgres/blob/master/docker-entrypoint.sh
_POSTGRES = r"""#!/bin/bash
set -euo pipefail
export PATH=$(echo /usr/lib/postgresql/*/bin):$PATH PGDATA=/var/lib/postgresql/data
if [ "${1:-}" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  eval "initdb -D '$PGDATA' -U '$POSTGRES_USER' --pwfile='$POSTGRES_PASSWORD_FILE' $POSTGRES_INITDB_ARGS" >/dev/null
  printf 'host all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses= -k /run/postgresql" -w start
  export PGHOST=/run/postgresql
  for script in /docker-entrypoint-initdb.d/*.sh; do "$script"; done
  pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/run/postgresql
"""

# Only what is written: the folders the real images have, whose owner a new volume takes, and their entry points.
_DOCKERFILES: Mapping[str, str] = {
    "postgres": """
        COPY entrypoint.sh /usr/local/bin/docker-entrypoint.sh
        RUN mkdir -p /var/lib/postgresql/data /docker-entrypoint-initdb.d /run/postgresql \\
         && chown 999:999 /var/lib/postgresql /var/lib/postgresql/data && chmod 700 /var/lib/postgresql/data \\
         && ln -s /usr/lib/postgresql/*/bin/pg_isready /usr/lib/postgresql/*/bin/psql /usr/local/bin/
        VOLUME /var/lib/postgresql/data
        ENTRYPOINT ["docker-entrypoint.sh"]""",
    "prometheus": """
        RUN mkdir -p /prometheus && chown 65534:65534 /prometheus
        USER 65534
        ENTRYPOINT ["/usr/bin/prometheus"]""",
    "alertmanager": """
        RUN mkdir -p /alertmanager && chown 65534:65534 /alertmanager
        USER 65534
        ENTRYPOINT ["/usr/bin/prometheus-alertmanager"]""",
    "recorded": """
        ENTRYPOINT ["/usr/bin/victoria-metrics"]""",
    "front": """
        ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin
        STOPSIGNAL SIGQUIT
        USER 101""",
}


def make_bases(engine: Engine, folder: Path) -> None:
    """Python and Node, under the names the Dockerfile takes them by, and all daemons in one image."""
    made: list[tuple[str, tuple[str, ...], str, Callable[[Path], Any]]] = [
        ("python", ("python3", "python3-venv"), "python:3.11.15-slim-bookworm", _as_python),
        ("node", ("nodejs",), "node:22.22.2-bookworm-slim", add_npm),
        ("daemons", _DAEMONS, "standin/daemons:1", lambda _root: None),
    ]
    for name, packages, image, finish in made:
        root = folder / name
        pack(packages, root)
        finish(root)
        engine.load(root, image, add_build_settings(root) if name != "daemons" else None)
        shutil.rmtree(root)


def _as_python(root: Path) -> None:
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")


def make_services(engine: Engine, folder: Path, services: Mapping[str, Any]) -> None:
    """Each image of `services` (those of the compose file) that is not ours. `backhaul:*` has to be there."""
    for name, lines in _DOCKERFILES.items():
        context = folder / name
        context.mkdir(parents=True)
        _script(context / "entrypoint.sh", _POSTGRES)
        text = "\n".join(line.strip() for line in ["FROM standin/daemons:1", *lines.splitlines()])
        (context / "Dockerfile").write_text(text, encoding="ascii")
        engine.build(services[name]["image"], context)


def make_simulators(engine: Engine, folder: Path, services: Mapping[str, Any]) -> None:
    """The simulators on our own image, under the name the tests' compose file has, and as Grafana."""
    context = folder / "simulators"
    context.mkdir()
    shutil.copytree(ROOT / "simulator", context / "simulator", ignore=shutil.ignore_patterns("__pycache__"))
    lines = [f"FROM {services['portal']['image']}", "USER 0:0", "COPY simulator /app/simulator"]
    simulators = [*lines, "USER 10001:10001", 'ENTRYPOINT ["python", "-m"]', "CMD []"]
    (context / "Dockerfile").write_text("\n".join(simulators), encoding="ascii")
    engine.build("simulators:1", context)
    lines += [
        "RUN mkdir -p /var/lib/grafana && chown 472:0 /var/lib/grafana",
        "USER 472:0",
        "STOPSIGNAL SIGINT",
        'ENTRYPOINT ["python", "-m", "simulator.grafana"]',
        "CMD []",
    ]
    (context / "Dockerfile").write_text("\n".join(lines), encoding="ascii")
    engine.build(services["grafana"]["image"], context)


def _script(path: Path, text: str) -> None:
    path.write_text(text, encoding="ascii")
    path.chmod(0o755)
