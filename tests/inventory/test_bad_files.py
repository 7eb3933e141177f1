"""One bad file per rule: each says its exact messages in its first lines, `# expect: LINE: PLACE: text`."""

from pathlib import Path

import pytest

from inventory.loader import InventoryError, load_inventory

HERE = Path(__file__).parent
BAD_FILES = sorted((HERE / "bad").glob("*.yml"))
ENVIRON = {"SECRET": "correct-horse-battery", "SHORT": "horse", "EMPTY": ""}


def problems_of(path: Path, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(InventoryError) as caught:
        load_inventory(path, environ or {})
    assert str(caught.value) == "\n".join(caught.value.problems)
    return list(caught.value.problems)


@pytest.mark.parametrize("path", BAD_FILES, ids=lambda path: path.stem)
def test_a_bad_file_gets_exactly_its_messages(path: Path) -> None:
    """Each rule is reported with file, line and place, and nothing else is reported with it."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    expected = [f"{path}:{line.removeprefix('# expect: ')}" for line in lines if line.startswith("# expect: ")]
    assert expected, "a bad file says what it expects"
    assert problems_of(path, ENVIRON) == expected


@pytest.mark.parametrize("path", BAD_FILES, ids=lambda path: path.stem)
def test_no_message_shows_a_secret(path: Path) -> None:
    """Neither a variable's value nor what stands in a secret's place is repeated."""
    text = "\n".join(problems_of(path, ENVIRON))
    assert ENVIRON["SECRET"] not in text
    assert "horse" not in text
    assert "hunter2" not in text


def test_the_file_is_named_as_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path stays relative, so that an editor can jump to it."""
    monkeypatch.chdir(HERE / "bad")
    (problem,) = problems_of(Path("device_driver_unknown.yml"), ENVIRON)
    assert problem == (
        'device_driver_unknown.yml:5: device "core-1": unknown driver "ros"; expected one of routeros, snmp'
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file, and a folder, are named with the system's reason."""
    missing = tmp_path / "inventory.yml"
    assert problems_of(missing) == [f"{missing}: cannot be read: No such file or directory; expected an inventory file"]
    assert problems_of(tmp_path) == [f"{tmp_path}: cannot be read: Is a directory; expected an inventory file"]


def test_a_file_that_is_far_too_big(tmp_path: Path) -> None:
    """A wrong path to something huge is refused before it is parsed."""
    path = tmp_path / "inventory.yml"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    assert problems_of(path) == [f"{path}: larger than 16 MiB; expected an inventory file"]


def test_lines_are_right_with_windows_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    """A file saved by a Windows editor reports the lines that editor shows."""
    path = tmp_path / "inventory.yml"
    path.write_bytes(
        b"\xef\xbb\xbfisp: {id: a, name: A, timezone: Asia/Dhaka, currency: BDT}\r\ndevices: []\r\nlink: []\r\n"
    )
    assert problems_of(path) == [f'{path}:3: top level: unknown key "link"; did you mean "links"?']


def test_a_thing_that_failed_causes_no_second_message(tmp_path: Path) -> None:
    """References to a device whose own entry is wrong, or whose id cannot be read, are not reported too."""
    path = tmp_path / "inventory.yml"
    path.write_text(
        "isp: {id: a, name: A, timezone: Asia/Dhaka, currency: BDT}\n"
        "devices:\n"
        "  - {driver: routeros, host: 192.0.2.1, username: u, password: p}\n"
        "links:\n"
        "  - {id: l, name: L, threshold_mbps: 1, vlans: [{vlan: 1, device: d, interface: i, capacity_mbps: 1}]}\n"
        "tenants:\n"
        "  - {id: t, kind: client, name: T, circuts: [{id: c}]}\n"
        "maintenance:\n"
        "  - {id: m, circuits: [c], starts: 2026-01-02T00:00Z, ends: 2026-01-03T00:00Z,\n"
        "     approved_at: 2026-01-01T00:00Z, approved_by: noc, reason: r}\n",
        encoding="utf-8",
    )
    assert problems_of(path) == [
        f"{path}:3: device number 1: id is missing; expected an id",
        f'{path}:7: tenant "t": unknown key "circuts"; did you mean "circuits"?',
    ]


def test_brackets_without_end_do_not_end_the_process(tmp_path: Path) -> None:
    """The YAML library would recurse once for each of them and crash."""
    path = tmp_path / "inventory.yml"
    path.write_text("[" * 100_000, encoding="utf-8")
    assert problems_of(path) == [f"{path}:1: file: nested more than 32 deep; expected an inventory"]
