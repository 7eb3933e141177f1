"""A form's flat names and the mapping they stand for are the same thing written twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from portal.staff.fields import flat, nested

_WORDS = st.text("abcxyz", min_size=1, max_size=5)
_LEAVES = st.one_of(_WORDS, st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=20))
_MAPPINGS = st.dictionaries(
    _WORDS, st.one_of(_LEAVES, st.dictionaries(_WORDS, _LEAVES, min_size=1, max_size=3)), max_size=4
)
_ROWS = st.lists(st.dictionaries(_WORDS, _LEAVES, min_size=1, max_size=3), min_size=1, max_size=12)


@given(_MAPPINGS, _ROWS)
def test_there_and_back(mapping: dict[str, object], rows: list[dict[str, str]]) -> None:
    """Mappings in mappings, and rows in their order, past the tenth too."""
    whole = {**mapping, "rows": rows}
    assert nested(MultiDict(flat(whole))) == whole


def test_what_a_form_does_not_say() -> None:
    """Blanks, blank rows, the token, names of ours, names that are too deep, and two that contradict each other."""
    form = MultiDict(
        [
            ("csrf", "token"),
            ("_version", "3"),
            ("name", "  Dhaka  "),
            ("empty", "   "),
            ("contacts.0.language", "en"),
            ("contacts.2.name", "NOC"),
            ("contacts.2.language", "en"),
            ("a.b.c.d.e", "deep"),
            ("sla", "x"),
            ("sla.latency_ms", "5"),
        ]
    )
    assert nested(form) == {"name": "Dhaka", "contacts": [{"name": "NOC", "language": "en"}], "sla": "x"}


def test_numbers_are_numbers_and_secrets_are_as_typed() -> None:
    """What is no decimal number stays text, for the parsers to speak about."""
    form = MultiDict(
        [("port", "0161"), ("vlan", "30"), ("threshold_mbps", "9.5"), ("password", " s "), ("tls.verify", "false")]
    )
    assert nested(form) == {
        "port": "0161",
        "vlan": 30,
        "threshold_mbps": 9.5,
        "password": " s ",
        "tls": {"verify": False},
    }
