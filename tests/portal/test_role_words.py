"""The table of roles leaves none out: neither a role nor anything that may be done."""

from __future__ import annotations

import pytest

from portal import role_words
from portal.roles import PERMISSIONS, ROLES, Role


def test_every_role_and_permission_is_in_words() -> None:
    """The page of users and docs/portal.md draw from it."""
    assert {role for row in role_words.table() for role in row.roles} == set(ROLES) == set(role_words.SUMMARIES)
    assert len({row.meaning for row in role_words.table()}) == len(PERMISSIONS)


@pytest.mark.parametrize(("by", "most"), [("owner", "admin"), ("admin", "admin"), ("engineer", "engineer")])
def test_nobody_may_give_more_than_he_has(by: Role, most: Role) -> None:
    """And the platform's owner is made on the command line alone."""
    offered = role_words.grantable(by)
    assert offered[0] == most
    assert "owner" not in offered
