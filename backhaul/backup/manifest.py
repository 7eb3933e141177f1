"""What a backup says of itself: a JSON file that names every other file with its SHA-256, and is checked by its own.

A backup is a folder. Without a manifest it is none: the manifest is written last, and the folder gets its name when all
is on the disk.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inventory.settings import SettingError

NAME = "manifest.json"
FORMAT = 1

_CHUNK = 1024 * 1024


class BackupBroken(SettingError):
    """A folder is no whole backup, or not one this version can use; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """`taken_at` is Unix seconds, `step` the last migration of the database, `tables` rows by table.

    `keys` are the names of the keys that open its secrets, `files` the SHA-256 of each file by its path below the
    folder, `settings` what was set by name (a file by its path, never a value), `left_out` what is not in it and why.
    """

    version: str
    taken_at: float
    step: str
    tables: Mapping[str, int]
    keys: tuple[str, ...]
    files: Mapping[str, str]
    settings: Mapping[str, str]
    left_out: tuple[str, ...]


def write(folder: Path, manifest: Manifest) -> None:
    """Put the manifest into `folder`, on the disk."""
    content = {"format": FORMAT, **asdict(manifest)}
    text = json.dumps({**content, "sha256": _digest(content)}, indent=1, ensure_ascii=False)
    with private(folder / NAME) as descriptor:
        os.write(descriptor, f"{text}\n".encode())


def read(folder: Path) -> Manifest:
    """The manifest of a backup. Raises BackupBroken for a folder that is none."""
    path = folder / NAME
    try:
        if not path.is_file():
            raise BackupBroken(_no_backup(folder))
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        said, made_by = content.pop("sha256"), content.pop("format")
    except PermissionError:
        raise BackupBroken(not_ours(path)) from None
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise BackupBroken(f"{path} cannot be read ({type(error).__name__}); take another backup") from None
    if made_by != FORMAT:
        raise BackupBroken(f"{path} is of format {made_by}, this version reads {FORMAT}; use the version that made it")
    if said != _digest({"format": made_by, **content}):
        raise BackupBroken(f"{path} was changed since it was written; take another backup")
    return Manifest(**{**content, "keys": tuple(content["keys"]), "left_out": tuple(content["left_out"])})


def check_files(folder: Path, manifest: Manifest) -> None:
    """Raise BackupBroken that names the first file that is missing or not what was written."""
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BackupBroken(f"{folder / NAME} names a file outside the backup: {name}")
        try:
            found = sha256(path)
        except PermissionError:
            raise BackupBroken(not_ours(path)) from None
        except OSError as error:
            raise BackupBroken(f"{path} cannot be read: {error.strerror}; take another backup") from None
        if found != expected:
            raise BackupBroken(f"{path} is damaged: its SHA-256 is not that of the manifest; take another backup")


def not_ours(path: Path) -> str:
    """Whose the file is, or the folder above it that hides it, who may not read it, and what to do about it."""
    me = os.geteuid()
    for each in (path, *path.parents):
        try:
            owner = each.stat().st_uid
        except OSError:
            continue
        if not os.access(each, os.R_OK | os.X_OK if each.is_dir() else os.R_OK, effective_ids=True):
            return (
                f"{each} belongs to user {owner}, and this program runs as user {me}, who may not read it; as root:"
                f" chown -R {me} on the folder of the backups"
            )
    return f"{path} may not be read by user {me}, as whom this program runs"


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


class private:  # noqa: N801 - used as `open` is
    """A new file that only its owner may read, as a descriptor; on the disk when the block ends."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> int:
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.fsync(self._descriptor)
        os.close(self._descriptor)


def files_below(folder: Path) -> Iterator[Path]:
    """Every file in `folder` and below, in order."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _no_backup(folder: Path) -> str:
    if not folder.is_dir():
        return f"{folder} is no folder; name the folder of one backup"
    within = sorted(path.parent.name for path in folder.glob(f"*/{NAME}"))
    if within:
        return f"{folder} holds {len(within)} backup(s); name one of them, the newest is {folder / within[-1]}"
    return f"{folder} has no {NAME}: it is no backup, or one that was not finished; take another"
