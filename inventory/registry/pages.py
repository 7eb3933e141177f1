"""One page of a list: what a table or an API answer shows, and how many there are in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, or_
from sqlalchemy.sql.elements import ColumnClause
from sqlalchemy.sql.schema import Column

T = TypeVar("T")

PER_PAGE = 50
MOST_PER_PAGE = 500
HIGHEST_ID = 2**63 - 1  # what a BIGINT holds; PostgreSQL compares no more with one


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`items` of page number `page` (counted from 1) of a list that holds `total`, `per_page` on each."""

    items: Sequence[T]
    total: int
    page: int = 1
    per_page: int = PER_PAGE

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // self.per_page))


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is asked for; senseless numbers become the nearest that make sense."""

    page: int = 1
    per_page: int = PER_PAGE

    @property
    def number(self) -> int:
        """The page, counted from 1. PostgreSQL counts rows in 64 bits."""
        return min(max(1, self.page), 10**9)

    @property
    def limit(self) -> int:
        """How many rows at most."""
        return min(max(1, self.per_page), MOST_PER_PAGE)

    @property
    def offset(self) -> int:
        """How many rows come before."""
        return (self.number - 1) * self.limit

    def of(self, items: Sequence[T], total: int) -> Page[T]:
        """The page that holds `items`."""
        return Page(items, total, self.number, self.limit)


def matches(search: str | None, *columns: Column[str] | ColumnClause[str]) -> list[ColumnElement[bool]]:
    """Conditions that every word of `search` stands in one of `columns`, in any case; none without a search."""
    words = (search or "").split()
    return [or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in words]
