"""A real browser before the running portal.

`visit("sky-r1", "/my")` opens a page of the served portal, logged in; a test fails when a page it opened says anything
on its console that is an error, or throws. `photograph` keeps a picture under var/screenshots (CI keeps the folder),
`assert_accessible` runs axe, `assert_fits` finds what scrolls sideways.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from inventory.database import open_database
from inventory.registry.scope import Registry
from tests.harness import ROOT, cannot
from tests.portal.serving import COOKIE, Served, serve
from tests.portal.stand_in import StandIn, stand_in
from tests.portal.world import SKY, Isp, World

SCREENSHOTS = ROOT / "var" / "screenshots"
PHONE, DESK = 390, 1280
_CHROMIUM = Path("/usr/bin/chromium")
_AXE = ROOT / ".npm" / "node_modules" / "axe-core" / "axe.min.js"
_LONGEST_PICTURE = 8000  # pixels; Chromium draws none of more than 16,384, and takes long for the rest
_HEIGHTS = {PHONE: 844, DESK: 860}

# What a test says of time it says itself; all else may take as long as a machine with other work needs (default 5 s).
expect.set_options(timeout=20_000)


class Visit:
    """Opens pages as a role or tenant, and collects what they complain of."""

    def __init__(self, chromium: Browser, served: Served) -> None:
        self._chromium, self._served = chromium, served
        self._contexts: list[BrowserContext] = []
        self._complaints: list[str] = []
        # A form that is refused is answered 422, which the browser notes as an error of loading.
        self._forgiven = ["status of 422"]

    def __call__(
        self, who: str | None, path: str, *, width: int = DESK, isp: Isp | None = SKY, dark: bool = False
    ) -> Page:
        """A page of its own browser, logged in; None is nobody."""
        context = self._chromium.new_context(
            viewport={"width": width, "height": _HEIGHTS[width]}, color_scheme="dark" if dark else "light"
        )
        self._contexts.append(context)
        if who is not None:
            token = self._served.token(who, isp)
            context.add_cookies([{"name": COOKIE, "value": token, "url": self._served.url}])
        context.on("page", self._watch)
        page = context.new_page()
        page.goto(f"{self._served.url}{path}")
        return page

    def forgive(self, text: str) -> None:
        """Let complaints with this text pass: the test provokes them."""
        self._forgiven.append(text)

    def close(self) -> None:
        """Close all pages. Fails for a complaint."""
        for context in self._contexts:
            context.close()
        left = [one for one in self._complaints if not any(text in one for text in self._forgiven)]
        assert not left, "pages complained:\n" + "\n".join(left)

    def _watch(self, page: Page) -> None:
        """Errors of its scripts, of its content policy, of what it could not load."""

        def said(message: ConsoleMessage) -> None:
            if message.type == "error":
                where = message.location.get("url", "")
                self._complaints.append(f"{page.url}: {message.text} ({where})")

        page.on("console", said)
        page.on("pageerror", lambda error: self._complaints.append(f"{page.url}: {error}"))


@pytest.fixture(scope="session")
def figures() -> Iterator[StandIn]:
    """The Prometheus the served portal asks."""
    with stand_in() as found:
        yield found


@pytest.fixture(scope="session")
def served(
    sqlite_template: tuple[str, World], figures: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One portal for all tests of the session: they share its database, so each makes what it changes."""
    template, world = sqlite_template
    folder = tmp_path_factory.mktemp("served")
    copy = folder / "portal.db"
    copy.write_bytes(Path(template).read_bytes())
    url = f"sqlite:///{copy}"
    engine = open_database(url)
    with serve(url, Registry(engine), world, figures, folder) as running:
        yield running
    engine.dispose()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of the session."""
    if not _CHROMIUM.exists():
        cannot("no chromium at /usr/bin/chromium: apt-get install chromium")
    # The sandbox needs user namespaces, which root in a container has not.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(_CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, served: Served) -> Iterator[Visit]:
    """Opens pages; what they complain of fails the test at its end."""
    opened = Visit(chromium, served)
    yield opened
    opened.close()


def photograph(page: Page, name: str) -> None:
    """Keep a picture of the page, as somebody would look at it; of one as long as a book, its first pages."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    width, height = page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
    page.screenshot(
        path=SCREENSHOTS / f"{name}-{width}.png",
        full_page=True,
        clip={"x": 0, "y": 0, "width": width, "height": min(height, _LONGEST_PICTURE)},
    )


def assert_accessible(page: Page) -> None:
    """Nothing axe calls serious or critical."""
    page.evaluate(_axe())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    bad = [
        f"{one['id']} ({one['impact']}): {one['help']}: {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]
    assert not bad, f"{page.url}:\n" + "\n".join(bad)


def assert_fits(page: Page) -> None:
    """The page scrolls down only; what is too wide scrolls in its own box."""
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= seen, f"{page.url} is {wide} px wide on a screen of {seen}: {page.evaluate(_WIDEST)}"


_WIDEST = """[...document.querySelectorAll('body *')]
  .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 5).map((node) => node.outerHTML.slice(0, 120))"""


@cache
def _axe() -> str:
    if not _AXE.exists():
        cannot("axe-core is not installed: run make setup")
    return _AXE.read_text(encoding="utf-8")
