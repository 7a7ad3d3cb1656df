"""Who counts as two people."""

from __future__ import annotations

import pytest

from holdfast.records.two_people import are_two_people


@pytest.mark.parametrize(
    ("first", "second", "are_two"),
    [
        ("person:ana", "person:bea", True),
        ("key:1", "key:2", True),
        ("local:ana", "local:bea", True),
        ("person:ana", "person:ana", False),
        ("person:ana", "key:1", False),  # it may be hers
        ("person:ana", "local:ana", False),
        ("rule:known", "person:ana", False),  # a rule is nobody
    ],
)
def test_names_of_one_kind_that_differ_are_two(first: str, second: str, are_two: bool) -> None:
    assert are_two_people(first, second) is are_two
    assert are_two_people(second, first) is are_two
