"""What to do about an alert: its section of docs/runbooks.md, as paragraphs of a page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

_FILE = Path(__file__).resolve().parent.parent / "docs" / "runbooks.md"

_SECTION = re.compile(r"^## (\w+)$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_MARKS = re.compile(r"\*\*(?P<bold>[^*]+)\*\*|`(?P<code>[^`]+)`")


def paragraphs(alertname: str) -> Sequence[Markup]:
    """The section of that alert; empty where there is none, or where the documentation is not installed."""
    return _sections().get(alertname, ())


@cache
def _sections() -> Mapping[str, Sequence[Markup]]:
    try:
        text = _FILE.read_text(encoding="utf-8")
    except OSError:
        return {}
    _, *parts = _SECTION.split(text)
    return {name: _read(body) for name, body in zip(parts[::2], parts[1::2], strict=True)}


def _read(body: str) -> Sequence[Markup]:
    return tuple(_written(block) for block in body.split("\n\n") if block.strip())


def _written(block: str) -> Markup:
    line = _LINK.sub(r"\1", " ".join(block.split()))
    return Markup(_MARKS.sub(_mark, str(escape(line))))  # noqa: S704 - escaped, then our own two tags


def _mark(found: re.Match[str]) -> str:
    return f"<b>{found['bold']}</b>" if found["bold"] else f"<code>{found['code']}</code>"
