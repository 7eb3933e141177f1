"""The gateway's token: refused at start when it could be guessed, and read from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.settings import Address, SettingError
from portal.settings import read_settings

HERE = Address("127.0.0.1", 8080)


def test_it_is_read_from_a_file(tmp_path: Path) -> None:
    """As every secret."""
    (tmp_path / "token").write_text(f"{'t' * 40}\n")
    read = read_settings({"GRAFANA_GATEWAY_TOKEN_FILE": str(tmp_path / "token")}, HERE)
    assert read.grafana_gateway_token is not None
    assert read.grafana_gateway_token.reveal() == "t" * 40


@pytest.mark.parametrize("token", ["short", "t" * 31, "a b" * 20, "t" * 40 + "\x7f", "\u0442" * 40])
def test_a_weak_one_is_refused_and_not_repeated(token: str) -> None:
    """Whoever guesses it may ask as anybody."""
    with pytest.raises(SettingError, match="GRAFANA_GATEWAY_TOKEN") as error:
        read_settings({"GRAFANA_GATEWAY_TOKEN": token}, HERE)
    assert token not in str(error.value)
