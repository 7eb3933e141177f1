from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from tests.harness import wait_until
from tests.simulator.twilio.browser import Browser, browser
from tests.simulator.twilio.support import ALICE, BOB, NOC, NOC_NAME, FakeTwilio

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)"> javascript:alert(3) *<b onclick=alert(4)>bold</b>*'
PHONE, DESK = (390, 844), (1280, 800)


@pytest.fixture(scope="module")
def page() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def text_of(page: Browser, selector: str) -> str:
    found: str = page.evaluate(f"[...document.querySelectorAll('{selector}')].map(n => n.innerText).join('|')")
    return found


def test_the_inbox_is_read_by_program(twilio: FakeTwilio) -> None:
    """Every message with the time it was accepted, oldest first, for all or for one recipient."""
    before = time.time()
    for to, body in ((ALICE, "one"), (BOB, "two"), (ALICE, "three")):
        twilio.post({"To": to, "Body": body})
    times = [message["accepted_at"] for message in twilio.inbox()]
    assert before <= times[0] <= times[1] <= times[2] <= time.time()
    assert [message["body"] for message in twilio.inbox(ALICE)] == ["one", "three"]
    assert len(requests.get(f"{twilio.url}/inbox.json?limit=1", timeout=5).json()["messages"]) == 1


def test_the_page_allows_only_its_own_script(twilio: FakeTwilio) -> None:
    """The policy of the page forbids inline script, so that even a mistake could not run a message."""
    policy = requests.get(twilio.url, timeout=5).headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_a_phone_shows_chats_and_opens_one(twilio: FakeTwilio, page: Browser) -> None:
    """On 390 pixels: the chat list first, newest on top; nothing is wider than the screen; a tap opens the chat."""
    twilio.post({"To": ALICE, "Body": "first " + "x" * 300})
    twilio.post({"To": BOB, "Body": "দ্বিতীয়"})
    page.open(twilio.url, *PHONE)
    wait_until(lambda: "দ্বিতীয়" in text_of(page, "#chats"), "the chats")
    assert text_of(page, "#chats .who") == "+8801700000002|+8801700000001"
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    page.evaluate("document.querySelectorAll('#chats a')[1].click()")
    wait_until(lambda: text_of(page, "#name") == "+8801700000001", "the chat")
    assert text_of(page, ".text").startswith("first x")


def test_news_come_without_reload(twilio: FakeTwilio, page: Browser) -> None:
    """A message sent while the page is open appears, and its ticks follow its status."""
    page.open(twilio.url, *DESK)
    wait_until(lambda: text_of(page, "#state") == "Live", "the page")
    twilio.post({"Body": "*Link* is _down_, a*b*c"})
    wait_until(
        lambda: page.evaluate("document.querySelector('#messages .ticks.read')?.innerText") == "✓✓", "blue ticks"
    )
    assert text_of(page, "#messages strong") == "Link"
    assert text_of(page, "#messages em") == "down"
    assert text_of(page, "#messages .text") == "Link is down, a*b*c"


def test_hostile_text_is_only_text(twilio: FakeTwilio, page: Browser) -> None:
    """HTML in a message is shown to the letter; nothing of it becomes an element or runs."""
    twilio.post({"Body": HOSTILE})
    page.open(twilio.url, *DESK)
    wait_until(lambda: "<script>" in text_of(page, "#messages .text"), "the message")
    assert text_of(page, "#messages .text") == HOSTILE.replace("*", "")
    assert page.evaluate("document.querySelectorAll('img, b, [onclick], [onerror], script:not([src])').length") == 0
    assert page.dialogs == 0


def test_a_failure_says_why(twilio: FakeTwilio, page: Browser) -> None:
    """An undelivered message shows Twilio's code and text below it."""
    twilio.fault(kind="undelivered", code=63016)
    twilio.post()
    page.open(twilio.url, *DESK)
    wait_until(lambda: "63016: Failed to send freeform" in text_of(page, ".error"), "the reason")


def test_a_known_number_has_a_name(twilio: FakeTwilio, page: Browser) -> None:
    """The list and the chat show whose phone it is, the chat its number as well."""
    twilio.post({"To": ALICE})
    twilio.post({"To": NOC})
    page.open(twilio.url, *DESK)
    wait_until(lambda: text_of(page, "#chats .who") == f"{NOC_NAME}|+8801700000001", "the names")
    assert text_of(page, "#name") == NOC_NAME
    assert text_of(page, "#number") == "+8801700000009"
