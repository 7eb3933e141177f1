"""Settings from the environment, from secret files and from `.env`."""

from pathlib import Path

import pytest

from inventory.settings import Address, SettingError, parse_listen, read_env_file, required, secret_setting, setting


def test_a_setting_comes_from_the_environment() -> None:
    """The value is given as it is; an empty one counts as not set."""
    assert setting({"MAIL_FROM": "noc@example.net"}, "MAIL_FROM") == "noc@example.net"
    assert setting({"MAIL_FROM": ""}, "MAIL_FROM") is None
    assert setting({}, "MAIL_FROM") is None


def test_a_setting_comes_from_a_file(tmp_path: Path) -> None:
    """NAME_FILE reads the value, without the line end an editor leaves."""
    path = tmp_path / "token"
    path.write_text("  s3cret \r\n", encoding="utf-8")
    assert setting({"BACKHAUL_WEBHOOK_TOKEN_FILE": str(path)}, "BACKHAUL_WEBHOOK_TOKEN") == "  s3cret "


def test_both_forms_at_once_are_refused(tmp_path: Path) -> None:
    """Nobody has to guess which of two values is in force, and neither is shown."""
    environ = {"TOKEN": "hunter2", "TOKEN_FILE": str(tmp_path / "token")}
    with pytest.raises(SettingError, match=r"^TOKEN and TOKEN_FILE are both set; keep one of them$"):
        setting(environ, "TOKEN")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    """A missing file and one that is not text are errors, not an empty setting."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingError, match=r"^TOKEN_FILE: cannot read .*token"):
        setting({"TOKEN_FILE": str(path)}, "TOKEN")


def test_a_secret_setting_hides_itself() -> None:
    """What is read as a secret prints as stars and knows where it came from."""
    secret = secret_setting({"TOKEN": "hunter2"}, "TOKEN")
    assert secret is not None
    assert secret.reveal() == "hunter2"
    assert secret.source == "${TOKEN}"
    assert "hunter2" not in f"{secret} {secret!r}"
    assert secret_setting({}, "TOKEN") is None


def test_a_required_setting_says_what_it_is_for() -> None:
    """The refusal names the setting, its purpose and both ways to give it."""
    with pytest.raises(SettingError) as caught:
        required({}, "BACKHAUL_SECRET_KEY", "signing sessions")
    assert str(caught.value) == (
        "BACKHAUL_SECRET_KEY is not set: it is needed for signing sessions; set it or BACKHAUL_SECRET_KEY_FILE"
    )


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9909", Address("127.0.0.1", 9909)),
        ("[::1]:9909", Address("::1", 9909)),
        (":9909", Address("0.0.0.0", 9909)),
        ("localhost:0", Address("localhost", 0)),
    ],
)
def test_a_listen_address_is_read(text: str, address: Address) -> None:
    """HOST:PORT in the usual forms."""
    assert parse_listen(text) == address


@pytest.mark.parametrize("text", ["", "9909", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "a:٣"])
def test_a_listen_address_without_a_port_is_refused(text: str) -> None:
    """The refusal quotes what was given and shows the form."""
    with pytest.raises(SettingError, match="expected HOST:PORT"):
        parse_listen(text)


def test_an_ipv6_listen_address_needs_brackets() -> None:
    """`::1:9909` could mean two things; the refusal shows the right form."""
    with pytest.raises(SettingError, match=r"write an IPv6 host in brackets: \[::1\]:9909"):
        parse_listen("::1:9909")


def test_an_env_file_fills_in_what_the_environment_lacks(tmp_path: Path) -> None:
    """Comments, `export` and quotes are understood; the real environment wins."""
    path = tmp_path / ".env"
    path.write_text("# ours\n\nexport A='1 2'\nB=\"two\"\nC = three=3 \nD='\nKEPT=file\n", encoding="utf-8")
    environ = {"KEPT": "environment"}
    read_env_file(path, environ)
    assert environ == {"A": "1 2", "B": "two", "C": "three=3", "D": "'", "KEPT": "environment"}


def test_a_missing_env_file_is_no_error(tmp_path: Path) -> None:
    """Most machines have none."""
    environ: dict[str, str] = {}
    read_env_file(tmp_path / ".env", environ)
    assert environ == {}


@pytest.mark.parametrize("line", ["hunter2", "NO-NAME=hunter2", "=hunter2"])
def test_a_broken_env_line_is_named_without_its_text(tmp_path: Path, line: str) -> None:
    """The error gives file and line; what stands there may be a secret."""
    path = tmp_path / ".env"
    path.write_text(f"A=1\n{line}\n", encoding="utf-8")
    with pytest.raises(SettingError) as caught:
        read_env_file(path, {})
    assert str(caught.value) == f"{path}:2: expected NAME=value"
