"""What is wrong with a document: where, which rule, and in words."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Problem", "positions"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule. ``path`` is an XPath of the element or attribute, ``rule`` one stable word.

    ``message`` is for people and never quotes the value: it may hold somebody's data.
    """

    path: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message} ({self.rule})"


def positions(path: str) -> str:
    """The path without positions, as the tables spell it: /report/victim[2]/age is /report/victim/age."""
    return "/".join(step.split("[", 1)[0] for step in path.split("/"))
