"""The kinds of platform that `holdfast init` knows: what each shows to whom, and what it should think of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["PLATFORMS", "Platform"]


@dataclass(frozen=True, slots=True)
class Platform:
    """``surfaces`` are those where its uploads usually are; ``advice`` is for whoever connects it."""

    words: str
    surfaces: tuple[str, ...]
    advice: tuple[str, ...]


PLATFORMS: Final[Mapping[str, Platform]] = {
    "social": Platform(
        "posts, profiles, comments and direct messages",
        ("public", "private"),
        (
            'Say surface "public" for posts and profile pictures, and "private" for direct messages.',
            "Screen before a post is shown. Ask again for what was uploaded before: `holdfast scan`.",
        ),
    ),
    "messaging": Platform(
        "messages between people and in groups",
        ("private",),
        (
            "Whether private messages may be looked at differs by country: read docs/legal.md with counsel.",
            "What is end-to-end encrypted never passes a server and cannot be checked here.",
        ),
    ),
    "education": Platform(
        "classes, course material and pupils' work",
        ("private", "public"),
        (
            "Uploads into a class are private: say so. Nothing is kept of pupils' files that match nothing.",
            "Agree beforehand who of the school is told what, and who is not.",
        ),
    ),
    "live_audio": Platform(
        "rooms where people talk",
        ("public", "private"),
        (
            "Sound is not matched yet. Avatars, room covers and shared pictures are: screen these.",
            'Say surface "private" for closed rooms.',
        ),
    ),
    "storage": Platform(
        "files that people keep and share by link",
        ("private", "public"),
        (
            'A file is private until it is shared by a public link: screen it again then, as "public".',
            "`holdfast scan` goes through what is stored already and can be stopped and gone on with.",
        ),
    ),
    "other": Platform(
        "anything else",
        ("public", "private"),
        ("Let every call say its surface and country: what is not said is treated as the stricter case.",),
    ),
}
