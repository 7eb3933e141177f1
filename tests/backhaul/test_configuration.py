"""Addresses put into the shipped files of Prometheus and Alertmanager."""

from __future__ import annotations

from pathlib import Path

import pytest

from backhaul.demo.configuration import MissingAddressError, replaced


def test_an_address_that_was_put_in_is_not_replaced_again(tmp_path: Path) -> None:
    """`make run ARGS="--port-offset 1"`: the exporter's new port is the webhook's old one."""
    (tmp_path / "file").write_text('["127.0.0.1:9909"] ["127.0.0.1:9910"]', encoding="utf-8")
    moved = {"127.0.0.1:9909": "127.0.0.1:9910", "127.0.0.1:9910": "127.0.0.1:9911"}
    written = replaced(tmp_path / "file", tmp_path / "written", moved)
    assert written.read_text(encoding="utf-8") == '["127.0.0.1:9910"] ["127.0.0.1:9911"]'


def test_an_address_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Whoever changes the shipped file learns of it here, and not from a Prometheus that scrapes nobody."""
    (tmp_path / "file").write_text("127.0.0.1:9909", encoding="utf-8")
    with pytest.raises(MissingAddressError, match=r"127\.0\.0\.1:9093"):
        replaced(tmp_path / "file", tmp_path / "written", {"127.0.0.1:9093": "127.0.0.1:1"})
