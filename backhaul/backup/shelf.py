"""The folder of the backups: which of them are whole, which one too many, and that a new one is on the disk."""

from __future__ import annotations

import os
from pathlib import Path

from backhaul.backup import manifest as manifests

PREFIX = "backhaul-"
PARTIAL = ".partial"


def whole(into: Path) -> list[Path]:
    """Each backup in the folder that was finished, the oldest first: names sort by time."""
    return sorted(path.parent for path in into.glob(f"{PREFIX}*/{manifests.NAME}") if PARTIAL not in path.parent.name)


def outnumbered(into: Path, keep: int | None) -> list[Path]:
    """The oldest whole backups beyond `keep`."""
    return [] if keep is None else whole(into)[:-keep]


def newest_with(into: Path, name: str) -> Path | None:
    """The newest whole backup that has a folder of that name."""
    return next((path for path in reversed(whole(into)) if (path / name).is_dir()), None)


def sync_below(folder: Path) -> None:
    """Have every folder in `folder`, and itself, on the disk. Raises OSError."""
    for parent, _, _ in os.walk(folder):
        sync(Path(parent))


def sync(folder: Path) -> None:
    """Have the names in `folder` on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
