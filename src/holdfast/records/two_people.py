"""Are these two people? What takes two is refused unless both sides are surely not one and the same.

A person may hold a key beside their session, and an account of the machine beside both. So only names of one
kind are compared: two who signed in, two keys, two accounts of the machine.
"""

from __future__ import annotations

__all__ = ["are_two_people"]


def are_two_people(first: str, second: str) -> bool:
    """Whether two subjects ("person:ID", "key:ID", "local:USER") are of one kind, and not the same."""
    return first != second and _kind(first) == _kind(second)


def _kind(subject: str) -> str:
    kind, colon, _ = subject.partition(":")
    return kind if colon else ""
