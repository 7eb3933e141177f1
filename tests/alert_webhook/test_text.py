"""Text from outside in a message: readable where it is honest, harmless where it is not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_webhook.languages import codes, language
from alert_webhook.text import clean, clip, width
from alert_webhook.units import duration, humanise
from tests.alert_webhook.conftest import NOC, TENANT_BN, Hand, Stack, alert, link_alert

HOSTILE = "=cmd()\n<script>x</script>\r\n\u202egnp.exe\x00\x1b[31m \ud800 \t\t" + "A" * 10_000


@given(st.text(st.characters()), st.integers(1, 300))
def test_clean_text_is_one_bounded_visible_line(text: str, limit: int) -> None:
    """No control, direction or surrogate characters, whatever came."""
    line = clean(text, limit)
    assert width(line) <= limit
    assert "  " not in line
    assert line == line.strip()
    assert not [c for c in line if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}]
    line.encode("utf-8")  # raises for a lone surrogate


@given(st.text(), st.integers(0, 50))
def test_clip_never_exceeds_its_limit(text: str, limit: int) -> None:
    """In UTF-16 units, as platforms count."""
    assert width(clip(text, limit)) <= limit


def test_bangla_survives_cleaning() -> None:
    """Its joiners are letters' shapes, not tricks."""
    assert clean("ক্‍ষ র‌্য", 50) == "ক্‍ষ র‌্য"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        ("962000000", "bps", "962 Mbps"),
        ("1000000000", "bps", "1000 Mbps"),
        ("12500000000", "bps", "12.5 Gbps"),
        ("64000", "bps", "64 kbps"),
        ("12", "bps", "12 bps"),
        ("0.992", "ratio", "99.2 %"),
        ("1", "ratio", "100 %"),
        ("0.045", "seconds", "45 ms"),
        ("3.25", "seconds", "3.2 s"),
        ("183.4", "seconds", "3 min 3 s"),
        ("4", "VLANs", "4 VLANs"),
        ("0", "up", ""),
        ("NaN", "bps", ""),
        ("+Inf", "bps", "no limit"),
        ("+Inf", "ratio", ""),
        ("30.10 %", "", "30.10 %"),
    ],
)
def test_numbers_are_written_for_people(value: str, unit: str, text: str) -> None:
    """The figure and its unit as they are spoken."""
    assert humanise(value, unit, language("en").words) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (45, "45 s"), (125, "2 min 5 s"), (7500, "2 h 5 min"), (90061, "1 d 1 h")]
)
def test_a_span_shows_its_two_largest_units(seconds: float, text: str) -> None:
    """Nobody needs the seconds of a day."""
    assert duration(seconds, {"second": "s", "minute": "min", "hour": "h", "day": "d"}) == text


def test_hostile_text_is_harmless_on_the_phone(hand: Hand, stack: Stack) -> None:
    """One line each, no direction tricks, no tags, cut to size; the facts of the message stay."""
    evil = link_alert()
    evil["labels"]["link"] = HOSTILE
    evil["annotations"] = dict.fromkeys(("summary", "description", "value", "limit", "unit", "runbook"), HOSTILE)
    hand.post(evil)
    hand.work()
    (body,) = stack.twilio.bodies(NOC)
    assert width(body) <= 1024
    assert "<script" not in body
    assert not [c for c in body if c != "\n" and unicodedata.category(c) in {"Cc", "Cf", "Cs"}]
    assert not [line for line in body.splitlines() if line.startswith(("=", "+", "@", "-"))]
    assert body.splitlines()[-1].startswith("Ref ")


def test_hostile_text_is_harmless_in_a_mail(hand: Hand, stack: Stack) -> None:
    """No header can be smuggled in through the subject."""
    stack.twilio.fault("error", code=63016)
    evil = link_alert()
    evil["annotations"]["summary"] = "x\r\nBcc: everybody@example.net\r\n\r\nhello"
    hand.post(evil)
    hand.work()
    hand.work()
    (mail,) = stack.mailbox.mails
    assert mail["Bcc"] is None
    assert "[CRITICAL] x Bcc: everybody@example.net hello" in mail["Subject"]


def test_a_contact_is_spoken_to_in_its_language(hand: Hand, stack: Stack) -> None:
    """Bangla words, and numbers everybody can compare with a graph."""
    hand.post(alert("CircuitLossHigh", tenant="r1002", circuit="r1002-main", severity="warning"))
    hand.work()
    (body,) = stack.twilio.bodies(TENANT_BN)
    assert body.startswith("\U0001f7e1 সতর্কতা: সার্কিটে প্যাকেট হারাচ্ছে\nকোথায়: Mirpur uplink (r1002-main)")
    assert "962 Mbps" in body


@pytest.mark.parametrize("code", codes())
def test_every_language_says_everything(code: str, hand: Hand, stack: Stack) -> None:
    """Beginning, end and list, on both channels, with nothing missing in a template."""
    inventory = stack.folder / "inventory.yml"
    inventory.write_text(inventory.read_text(encoding="utf-8").replace("language: en", f"language: {code}"), "utf-8")
    for refused in (False, True):
        if refused:
            stack.twilio.fault("error", code=63016, times=None)
        first = 100 * refused
        hand.post(link_alert(first))
        hand.work(10)
        hand.work(10)
        hand.post(
            link_alert(first, status="resolved"), alert("DeviceDown", first, device="core-1"), link_alert(first + 1)
        )
        hand.work(10)
        hand.work(10)
    assert len(stack.twilio.bodies(NOC)) == 2
    assert len(stack.mailbox.mails) == 2
    assert all(mail["Subject"] for mail in stack.mailbox.mails)


@pytest.mark.parametrize("code", codes())
def test_a_language_has_every_word(code: str) -> None:
    """The same words as English, a whole sentence for each step, and one for every alert somebody may get."""
    english, words = language("en").words, language(code).words
    assert words.keys() == english.keys()
    assert words["steps"].keys() == english["steps"].keys()
    assert not words["titles"] or words["titles"].keys() == english["steps"].keys()
    for name, steps in words["steps"].items():
        assert steps.keys() == english["steps"][name].keys() <= {"operator", "tenant"}
        assert all(step.endswith((".", "।")) for step in steps.values()), name
