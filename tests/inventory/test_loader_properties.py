"""Whatever stands in the file: an inventory or an InventoryError, and never a secret in its text."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.loader import InventoryError, load_inventory, summary
from inventory.models import Inventory

LITERAL, VARIABLE = "zq-literal-secret", "zq-variable-secret"
ENVIRON = {"SECRET": VARIABLE}
BASE: dict[str, Any] = {
    "isp": {
        "id": "a",
        "name": "A",
        "timezone": "Asia/Dhaka",
        "currency": "BDT",
        "contacts": [{"name": "N", "email": "n@a.example"}],
    },
    "devices": [
        {
            "id": "r",
            "driver": "routeros",
            "host": "192.0.2.1",
            "username": "u",
            "password": LITERAL,
            "tls": {"verify": False},
        },
        {"id": "s", "driver": "snmp", "host": "::1", "snmp": {"version": "2c", "community": "${SECRET}"}},
        {
            "id": "t",
            "driver": "snmp",
            "host": "t",
            "snmp": {
                "version": "3",
                "username": "u",
                "auth": {"protocol": "SHA", "key": LITERAL},
                "privacy": {"protocol": "DES", "key": "x${SECRET}"},
            },
        },
    ],
    "links": [
        {
            "id": "l",
            "name": "L",
            "threshold_mbps": 9.5,
            "vlans": [{"vlan": 1, "device": "r", "interface": "i", "capacity_mbps": 1}],
        }
    ],
    "tenants": [
        {
            "id": "t",
            "kind": "client",
            "name": "T",
            "circuits": [
                {
                    "id": "c",
                    "name": "C",
                    "device": "r",
                    "attach": {"queue": "q"},
                    "committed_mbps": {"download": 2, "upload": 1},
                    "ping": "192.0.2.9",
                    "sla": {"uptime_percent": 99.5},
                    "active": {"from": "2026-01-01"},
                }
            ],
        }
    ],
    "maintenance": [
        {
            "id": "m",
            "circuits": ["c"],
            "links": ["l"],
            "starts": "2026-01-02T00:00Z",
            "ends": "2026-01-03T00:00Z",
            "approved_at": "2026-01-01T00:00Z",
            "approved_by": "n",
            "reason": "r",
        }
    ],
}
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.datetimes(),
    st.text(max_size=20),
    st.sampled_from(
        [
            "${SECRET}",
            "x${SECRET}",
            "${SECRET",
            "${NONE}",
            "$${",
            "r",
            "c",
            "192.0.2.1",
            "2c",
            "on",
            "0x1F",
            "\x00",
            ".",
        ]
    ),
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "file", "name", "x"]), inner, max_size=3)
    ),
)
WITH_FILE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside `value`."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, inner in items for path in paths(inner, (*here, key)))]


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def load(path: Path, text: str) -> Inventory | None:
    """What loading gives; the errors are held to their form and to silence about secrets."""
    path.write_text(text, encoding="utf-8", newline="")
    problems: tuple[str, ...] = ()
    try:
        return load_inventory(path, ENVIRON)
    except InventoryError as error:
        problems = error.problems
    assert problems
    assert all(problem.startswith(f"{path}:") and len(problem.splitlines()) == 1 for problem in problems)
    assert not any(LITERAL in problem or VARIABLE in problem for problem in problems)
    return None


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inventory.yml"


@WITH_FILE
@given(
    text=st.text(st.characters(codec="utf-8"), max_size=200) | st.text("abi:-{}[],&*!|>'\"%@`#?<\n\t $1.", max_size=80)
)
def test_any_text_is_refused_in_order(path: Path, text: str) -> None:
    """Noise, YAML-like or not, ends in an InventoryError."""
    assert load(path, text) is None


@WITH_FILE
@given(content=st.binary(max_size=100))
def test_any_bytes_are_refused_in_order(path: Path, content: bytes) -> None:
    """So does a file that is not text."""
    path.write_bytes(content)
    with pytest.raises(InventoryError):
        load_inventory(path, ENVIRON)


@WITH_FILE
@given(data=st.data())
def test_a_good_file_with_anything_anywhere(path: Path, data: st.DataObject) -> None:
    """Values of any type in any place are taken or refused, never a crash; secrets stay where they are."""
    content = copy.deepcopy(BASE)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from([found for found in paths(content) if found]))
        at(content, place[:-1])[place[-1]] = data.draw(VALUES)
    load(path, yaml.safe_dump(content, allow_unicode=True))


@WITH_FILE
@given(data=st.data())
def test_a_good_file_with_lines_lost_or_shifted(path: Path, data: st.DataObject) -> None:
    """Slips of the editor next to secrets (a lost line, indent, colon or quote) show none of them."""
    lines = yaml.safe_dump(BASE, sort_keys=False).splitlines()
    for _ in range(data.draw(st.integers(1, 2))):
        number = data.draw(st.integers(0, len(lines) - 1))
        line = lines[number]
        lines[number] = data.draw(
            st.sampled_from(
                [
                    "",
                    "  " + line,
                    line.strip(),
                    line.replace(": ", ":"),
                    line.replace(": ", ": '"),
                    line + "\n" + line,
                    line.replace(": ", ": *"),
                    line.replace(": ", ": !"),
                    line.replace(": ", ": &"),
                    line.replace(": ", ": - "),
                ]
            )
        )
    load(path, "\n".join(lines))


NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
LABELS = st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters="$"), min_size=1, max_size=30)
MBPS = st.integers(1, 100_000)


@WITH_FILE
@given(data=st.data())
def test_a_generated_inventory_loads_with_all_it_holds(path: Path, data: st.DataObject) -> None:
    """Valid ids, names and rates of any script come back as they were written."""
    draw = data.draw
    content = copy.deepcopy(BASE)
    circuits = draw(st.lists(NAMES.filter(lambda name: name != "c"), unique=True, max_size=5))
    titles = {name: draw(LABELS) for name in circuits}
    rates = {name: draw(MBPS) for name in circuits}
    content["tenants"][0]["circuits"] += [
        {
            "id": name,
            "name": titles[name],
            "device": "s",
            "attach": {"interface": titles[name]},
            "committed_mbps": rates[name],
        }
        for name in circuits
    ]
    inventory = load(
        path, yaml.safe_dump(content, allow_unicode=draw(st.booleans()), default_flow_style=draw(st.booleans()))
    )
    assert inventory is not None
    assert {c.id: c.name for c in inventory.circuits_on("s")} == titles
    assert {c.id: c.committed.download for c in inventory.circuits_on("s")} == {n: r * 10**6 for n, r in rates.items()}
    assert f"{len(circuits) + 1} circuit" in summary(inventory)
