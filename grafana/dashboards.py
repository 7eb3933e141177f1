"""Writes the dashboards Grafana reads and the table the portal's proxy reads; with --check says which are stale."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.layout import Layout
from grafana.platform_dashboards import PLATFORM_DASHBOARDS
from grafana.staff_dashboards import STAFF_DASHBOARDS
from grafana.tenant_dashboards import TENANT_DASHBOARDS

ROOT = Path(__file__).resolve().parent.parent
GENERATED = ROOT / "grafana" / "generated"
PANELS = ROOT / "portal" / "grafana" / "panels.json"

DASHBOARDS: Mapping[str, Layout] = {
    layout.uid: layout for layout in (*TENANT_DASHBOARDS, *STAFF_DASHBOARDS, *PLATFORM_DASHBOARDS)
}


def files() -> Iterator[tuple[Path, str]]:
    """Every file that follows from the code, with what is in it. A folder of dashboards is one organisation's."""
    for uid, layout in DASHBOARDS.items():
        text = JSONEncoder(sort_keys=True, indent=2).encode(layout.dashboard())
        yield GENERATED / layout.audience / f"{uid}.json", f"{text}\n"
    table = {uid: layout.table() for uid, layout in DASHBOARDS.items()}
    yield PANELS, f"{json.dumps(table, indent=1)}\n"


def main(arguments: list[str]) -> int:
    """Write all of them, or with --check list those that differ or that nothing writes; returns the exit code."""
    wanted = dict(files())
    left = [path for path in GENERATED.rglob("*.json") if path not in wanted]
    if "--check" not in arguments:
        for path, text in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for path in left:
            path.unlink()
        return 0
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in (*stale, *left):
        print(f"{path.relative_to(ROOT)} is not what the code writes: run make dashboards", file=sys.stderr)  # noqa: T201
    return 1 if stale or left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
