"""Holds the compose file to what no schema says: each GF_ key is one of Grafana's, each image has an exact tag.

Each image of ours is built by one service alone. And the Dockerfile: what it is built from is a patch release, which
does not become another one by itself.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
_EXACT = re.compile(r"[^:\s$]+:v?\d+\.\d+(\.\d+)?[\w.-]*$")  # PostgreSQL's releases have two numbers
_PATCH = re.compile(r"[^:\s$]+:\d+\.\d+\.\d+[\w.-]*$")


def grafana_variables() -> frozenset[str]:
    """Every environment variable grafana/settings.txt allows."""
    lines = (ROOT / "grafana" / "settings.txt").read_text(encoding="utf-8").splitlines()
    words = [line.split()[:2] for line in lines if line.strip() and not line.startswith("#")]
    names = {f"GF_{section}_{key}".upper().replace(".", "_").replace("-", "_") for section, key in words}
    return frozenset(names | {f"{name}__FILE" for name in names})


def problems(services: dict[str, Any]) -> list[str]:
    """What is wrong with the services of a compose file."""
    known = grafana_variables()
    found = []
    for name, service in services.items():
        found += [
            f"{name}: {variable} is not in grafana/settings.txt"
            for variable in service.get("environment", {})
            if variable.startswith("GF_") and variable not in known
        ]
        if "image" in service and not _EXACT.match(service["image"]):
            found.append(f"{name}: {service['image']} has no exact tag")
    builders: dict[str, str] = {}
    for name, service in services.items():
        if "build" in service and (first := builders.setdefault(service.get("image", name), name)) != name:
            found.append(f"{name}: builds {service['image']}, which {first} builds; at the same time one of them fails")
    return found


def floating(dockerfile: str) -> list[str]:
    """The images a Dockerfile is built from, by its own defaults, that name no patch release."""
    defaults = dict(re.findall(r"^ARG (\w+)=(\S+)$", dockerfile, re.MULTILINE))
    bases = [
        re.sub(r"\$\{(\w+)\}", lambda found: defaults.get(found[1], found[0]), base)
        for base in re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    ]
    return [f"Dockerfile: {base} is no patch release" for base in bases if not _PATCH.match(base)]


def main() -> int:
    """Print what is wrong with each compose file and the Dockerfile; 1 where that is something."""
    found = [
        f"{path.name}: {problem}"
        for path in sorted(ROOT.glob("docker-compose*.yml"))
        for problem in problems(yaml.safe_load(path.read_text(encoding="utf-8")).get("services", {}))
    ]
    found += floating((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    print("\n".join(found) or "the compose files are in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
