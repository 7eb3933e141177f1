"""The languages of the messages: each a folder of templates with a `words.yml`; a new one is a new folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER = Path(__file__).parent / "templates"

DEFAULT = "en"

# Plain text, where HTML escaping would garble "5 > 3"; what comes from outside is cleaned before it gets here.
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(FOLDER),
    undefined=StrictUndefined,
    trim_blocks=True,
    autoescape=False,  # noqa: S701
)


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its words, and its templates by name (`whatsapp_firing`)."""

    code: str
    words: Mapping[str, Any]

    def render(self, channel: str, kind: str, **values: object) -> str:
        """The channel's template of that kind with those values; mail's where the channel has none of its own."""
        names = [f"{self.code}/{wanted}_{kind}.txt" for wanted in (channel, "email")]
        return _ENVIRONMENT.select_template(names).render(**values)

    def title(self, alertname: str) -> str | None:
        """What this alert is called; None where the rule's own summary is in this language."""
        title: str | None = self.words["titles"].get(alertname)
        return title

    def bound(self, alertname: str) -> str:
        """What the limit of this alert is to the reader: a limit, a plan, a promise."""
        bounds: Mapping[str, str] = self.words["bounds"]
        return bounds.get(alertname, bounds["other"])

    def step(self, alertname: str, role: str) -> str:
        """What the reader does next; empty where there is no advice."""
        text: str = self.words["steps"].get(alertname, {}).get(role, "")
        return text


def codes() -> tuple[str, ...]:
    """The languages there are, by folder name."""
    return tuple(sorted(path.parent.name for path in FOLDER.glob("*/words.yml")))


@cache
def language(code: str) -> Language:
    """That language; English for one we do not have."""
    chosen = code if code in codes() else DEFAULT
    words = yaml.safe_load((FOLDER / chosen / "words.yml").read_text(encoding="utf-8"))
    return Language(chosen, words)
