"""Recorded rows of a real router, as the words its API would have sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from simulator.sections import NetworkError, Section


def read_recording(section: Section, path: str, what: Any) -> tuple[Mapping[str, str], ...]:
    """The rows for one directory (`/interface`): `what` is a file name, or {file, sample}.

    The file is a list of rows, {"data": [rows]}, or a list of readings of one router at several moments
    ({"recorded_at": ..., NAME: [rows]}), of which `sample` (from 0) is served. Raises NetworkError.
    """
    place = f"{section.place}: recording: {path}"
    if not isinstance(what, Mapping):
        what = {"file": what}
    entry = Section(what, place, section.folder)
    file, sample = entry.path("file"), int(entry.number("sample", 0))
    entry.done()
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NetworkError(f"{place}: cannot read {file}: {error}") from error
    rows = _rows(document, sample)
    if rows is None:
        raise NetworkError(f"{place}: {file} holds no list of rows, or no sample {sample}")
    return tuple({str(name): _word(value) for name, value in row.items()} for row in rows)


def _rows(document: Any, sample: int) -> list[dict[str, Any]] | None:
    if isinstance(document, Mapping):
        document = document.get("data", document.get("rows"))
    if not isinstance(document, list) or not all(isinstance(row, Mapping) for row in document):
        return None
    if not document or not any(isinstance(value, list) for value in document[0].values()):
        return list(document)
    if not 0 <= sample < len(document):
        return None
    return next((value for value in document[sample].values() if isinstance(value, list)), None)


def _word(value: Any) -> str:
    """A value as the wire has it: a client's library turned `true` into a flag and digits into a number."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
