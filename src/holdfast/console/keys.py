"""The console's keys, and what each does unless a person chose otherwise; as in `static/js/keymap.js`.

Single keys ask, and nothing final happens by one of them: Enter leads to a confirmation, which takes another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from holdfast.errors import UsageError

__all__ = ["OFF", "USUAL", "changed"]

OFF: Final = "off"  # in a person's key map: single keys do nothing but hide and help

USUAL: Final[Mapping[str, str]] = {
    "next": "n",
    "reveal": "h",
    "full": "f",
    "label-a1": "1",
    "label-a2": "2",
    "label-b1": "3",
    "label-b2": "4",
    "label-none": "0",
    "annotate": "a",
    "comment": "c",
    "undo": "u",
    "pause": "p",
    "forward": "j",
    "back": "k",
    "confirm": "y",
    "help": "?",
}


def changed(given: Mapping[str, str], *, off: bool) -> dict[str, str]:
    """What of ``given`` (action -> key) is not as usual, to be kept with a person.

    Raises `UsageError` for an action that is none, a key that is not one printable character, and a key that
    would do two things.
    """
    keys = {**USUAL, **{action: key.strip().lower() for action, key in given.items()}}
    if set(keys) != set(USUAL):
        raise UsageError("There is no such action. No key was changed.")
    if any(len(key) != 1 or not key.isprintable() for key in keys.values()):
        raise UsageError("A key is one character. No key was changed.")
    if len(set(keys.values())) != len(keys):
        raise UsageError("One key would do two things. No key was changed. Give each its own.")
    kept = {action: key for action, key in keys.items() if key != USUAL[action]}
    return {**kept, OFF: "yes"} if off else kept
