"""`?` words of a print: a stack machine over the properties of a row, as the API manual's "Queries" section tells.

`?name` pushes whether the row has the property, `?-name` whether it has not, `?name=x` and `?=name=x` whether it is x,
`?<name=x` and `?>name=x` whether it is less or greater. `?#ops` works on the stack: `!` turns the top, `&` and `|`
combine the top two, `N.` pushes a copy of value N, `N` alone leaves only value N. What is left at the end must all be
true.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence


class QueryError(Exception):
    """A query word that means nothing, or takes from an empty stack."""


_OPERATION = re.compile(r"(\d+\.?|[!&|.])")


def matches(row: Mapping[str, str], queries: Sequence[str]) -> bool:
    """Whether the row passes the query words (without order they mean nothing, so it is kept). Raises QueryError."""
    stack: list[bool] = []
    for word in queries:
        if word.startswith("?#"):
            _operate(stack, word[2:])
        else:
            stack.append(_test(row, word[1:]))
    return all(stack)


def _test(row: Mapping[str, str], test: str) -> bool:
    if test[:1] in ("<", ">"):
        name, equals, value = test[1:].partition("=")
        if not equals:
            raise QueryError(f"?{test}")
        return name in row and _compare(row[name], value) == (-1 if test[0] == "<" else 1)
    if test.startswith("-"):
        return test[1:] not in row
    name, equals, value = test.removeprefix("=").partition("=")
    return row.get(name) == value if equals else name in row


def _compare(left: str, right: str) -> int:
    """-1, 0 or 1: as numbers where both are numbers, else as text."""
    try:
        a, b = int(left), int(right)
    except ValueError:
        return (left > right) - (left < right)
    return (a > b) - (a < b)


def _operate(stack: list[bool], operations: str) -> None:
    if "".join(_OPERATION.findall(operations)) != operations:
        raise QueryError(f"?#{operations}")
    for operation in _OPERATION.findall(operations):
        try:
            _step(stack, operation)
        except IndexError as error:
            raise QueryError(f"?#{operations}: nothing left on the stack") from error


def _step(stack: list[bool], operation: str) -> None:
    if operation == "!":
        stack.append(not stack.pop())
    elif operation == "&":
        right, left = stack.pop(), stack.pop()
        stack.append(left and right)
    elif operation == "|":
        right, left = stack.pop(), stack.pop()
        stack.append(left or right)
    elif operation == ".":
        stack.append(stack[-1])
    elif operation.endswith("."):
        stack.append(stack[int(operation[:-1])])
    else:
        stack[:] = [stack[int(operation)]]
