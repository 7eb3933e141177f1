from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.routeros.queries import QueryError, matches

ROW = {"name": "vlan10", "type": "vlan", "mtu": "1500", "comment": "a=b"}

Judge = Callable[[dict[str, str]], bool]
Expression = tuple[list[str], Judge]

names = st.sampled_from(["name", "type", "mtu", "comment", "absent"])
texts = st.sampled_from(["vlan10", "vlan", "1500", "900", "a=b", ""])


def _has(name: str) -> Expression:
    return [f"?{name}"], lambda row: name in row


def _lacks(name: str) -> Expression:
    return [f"?-{name}"], lambda row: name not in row


def _is(name: str, text: str) -> Expression:
    return [f"?={name}={text}"], lambda row: row.get(name) == text


def _negated(inner: Expression) -> Expression:
    return [*inner[0], "?#!"], lambda row: not inner[1](row)


def _both(left: Expression, right: Expression) -> Expression:
    return [*left[0], *right[0], "?#&"], lambda row: left[1](row) and right[1](row)


def _either(left: Expression, right: Expression) -> Expression:
    return [*left[0], *right[0], "?#|"], lambda row: left[1](row) or right[1](row)


expressions = st.recursive(
    st.one_of(st.builds(_has, names), st.builds(_lacks, names), st.builds(_is, names, texts)),
    lambda inner: st.one_of(
        st.builds(_negated, inner), st.builds(_both, inner, inner), st.builds(_either, inner, inner)
    ),
    max_leaves=8,
)


@given(expressions, st.dictionaries(names.filter(lambda name: name != "absent"), texts))
def test_postfix_words_mean_what_the_expression_means(expression: Expression, row: dict[str, str]) -> None:
    """Any nesting of tests and operators judges any row as the expression itself does."""
    words, judge = expression
    assert matches(row, words) == judge(row)


@given(st.lists(expressions, min_size=2, max_size=3), st.dictionaries(names, texts))
def test_words_side_by_side_must_all_hold(several: list[Expression], row: dict[str, str]) -> None:
    """What is left on the stack is joined by and."""
    words = [word for expression in several for word in expression[0]]
    assert matches(row, words) == all(judge(row) for _, judge in several)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["?mtu=1500"], True),
        (["?comment=a=b"], True),
        (["?>mtu=900"], True),
        (["?<mtu=900"], False),
        (["?>absent=1"], False),
        (["?<name=vlan2"], True),
        (["?type=vlan", "?type=ether", "?#0.|&"], True),
        (["?type=ether", "?type=vlan", "?#1"], True),
        (["?type=vlan", "?type=ether", "?#.!&&"], False),
        ([], True),
    ],
)
def test_examples(words: list[str], expected: bool) -> None:  # noqa: FBT001 - a table of cases
    """Values with equals signs, numbers as numbers, text as text, copies and choices by index."""
    assert matches(ROW, words) is expected


@pytest.mark.parametrize("words", [["?#|"], ["?name", "?#&"], ["?name", "?#x"], ["?name", "?#5."], [">?", "?<mtu"]])
def test_nonsense_is_an_error(words: list[str]) -> None:
    """An operator without operands, an unknown one, a comparison without a value."""
    with pytest.raises(QueryError):
        matches(ROW, words)
