"""The page between asking for something and doing it. Enter leads there; confirming takes another key."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Confirmation"]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What is about to happen, in words. ``action`` takes the form's ``fields`` and ``go`` ("yes" or "no").

    ``is_final``: it cannot be undone. ``choices`` are asked for under ``choices_name``.
    """

    title: str
    follows: str
    facts: tuple[tuple[str, str], ...]
    action: str
    fields: tuple[tuple[str, str], ...]
    button: str
    back: str
    warnings: tuple[str, ...] = ()
    is_final: bool = False
    refuse: str = ""
    choices_name: str = ""
    choices_title: str = ""
    choices: tuple[tuple[str, str], ...] = ()
