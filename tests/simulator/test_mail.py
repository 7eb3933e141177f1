"""The simulated mailbox: what a mail program sends is seen on its page and by program."""

from __future__ import annotations

import smtplib
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests

from tests.harness import answers, free_port, service


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """The address of a running mailbox's page, and its SMTP port."""
    page, smtp = free_port(), free_port()
    command = [sys.executable, "-m", "simulator.mail", "--listen", f"127.0.0.1:{page}", "--smtp", f"127.0.0.1:{smtp}"]
    with service(command, tmp_path / "log", ready=lambda: answers(f"http://127.0.0.1:{page}/-/ready")):
        yield f"http://127.0.0.1:{page}", smtp


def send(port: int, subject: str, text: str, subtype: str) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "a@example.net", "b@example.net"
    mail.set_content(text, subtype=subtype)
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as server:
        server.send_message(mail)


def test_newest_first_for_people_and_programs(mailbox: tuple[str, int]) -> None:
    """Subject, text and recipient of each mail; text is shown as text."""
    url, smtp = mailbox
    send(smtp, "one", "5 > 3", "plain")
    send(smtp, "two", "সার্কিট বন্ধ", "plain")
    mails = requests.get(f"{url}/mails.json", timeout=5).json()
    assert [mail["subject"] for mail in mails] == ["two", "one"]
    assert mails[0]["body"].strip() == "সার্কিট বন্ধ"
    assert mails[0]["recipients"] == ["b@example.net"]
    assert "5 &gt; 3" in requests.get(url, timeout=5).text


def test_a_mail_in_html_is_shown_in_a_sandbox(mailbox: tuple[str, int]) -> None:
    """Alertmanager's mails are HTML alone: they are seen as their reader would, and can do nothing to the page."""
    url, smtp = mailbox
    send(smtp, "Watchdog", '<b>firing</b></iframe><script>alert("x")</script>', "html")
    page = requests.get(url, timeout=5).text
    assert '<iframe sandbox srcdoc="&lt;b&gt;firing' in page
    assert "<script" not in page


def test_a_taken_port_is_said_in_words(mailbox: tuple[str, int], tmp_path: Path) -> None:
    """A second mailbox on the same ports ends with one line, not with a traceback."""
    _, smtp = mailbox
    command = [sys.executable, "-m", "simulator.mail", "--listen", f"127.0.0.1:{free_port()}"]
    with service([*command, "--smtp", f"127.0.0.1:{smtp}"], tmp_path / "second", ready=lambda: True) as second:
        assert second.process.wait(20) == 2
    said = (tmp_path / "second").read_text(encoding="utf-8")
    assert f"cannot listen on 127.0.0.1:{smtp}" in said
    assert "Traceback" not in said
