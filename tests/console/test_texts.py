"""The catalogues: the same keys in every language, each used somewhere, none missing, placeholders alike."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import holdfast.console
from holdfast.console import keys
from holdfast.console.texts import DEFAULT_LANGUAGE, LANGUAGES, language_of, texts

CONSOLE = Path(holdfast.console.__file__).parent
# t("key"...), t.or_plain("family", ...), and families: t("family." ~ word), t(f"family.{word}")
_KEY = re.compile(r"""\b_?t\(\s*f?(["'])([a-z0-9_.A-Z-]+)\1""")
_FAMILY = re.compile(
    r"""\b_?t\(\s*f?["']([a-z0-9_.]*?)(?:["']\s*~|\{)|or_(?:plain|else)\(\s*["']([a-z0-9_.]+)["']|f["']([a-z0-9_]+\.)\{"""
)


def _sources() -> str:
    found = [*CONSOLE.rglob("*.py"), *CONSOLE.rglob("*.html")]
    return "\n".join(path.read_text(encoding="utf-8") for path in found)


def _used() -> tuple[set[str], set[str]]:
    """Whole keys, and beginnings of keys that are put together."""
    text = _sources()
    whole = {match[1] for match in _KEY.findall(text)}
    whole |= set(re.findall(r"""["']([a-z_]+\.[a-z0-9_.]+)["'] if """, text))
    whole |= set(re.findall(r""" else ["']([a-z_]+\.[a-z0-9_.]+)["']""", text))
    begun = {next(filter(None, groups)) for groups in _FAMILY.findall(text) if any(groups)}
    return whole, {one for one in begun if "." in one or one in _families()}


def _families() -> set[str]:
    return {key.rpartition(".")[0] for key in texts(DEFAULT_LANGUAGE).catalogue}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_placeholders(language: str) -> None:
    english, other = texts(DEFAULT_LANGUAGE).catalogue, texts(language).catalogue
    assert set(other) == set(english)
    for key, text in english.items():
        assert _names(other[key]) == _names(text), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_left_in_english(language: str) -> None:
    english, other = texts(DEFAULT_LANGUAGE).catalogue, texts(language).catalogue
    assert all(text.strip() for text in other.values())
    same = [key for key in other if other[key] == english[key] and len(english[key].split()) > 3]
    assert language == DEFAULT_LANGUAGE or same == []


def test_what_the_pages_say_is_in_the_catalogue() -> None:
    whole, _ = _used()
    catalogue = texts(DEFAULT_LANGUAGE).catalogue
    missing = {key for key in whole if not key.endswith((".", "_")) and "." in key}
    missing = {key for key in missing if key not in catalogue and f"{key}.one" not in catalogue}
    assert missing == set()


def test_what_is_in_the_catalogue_is_said_somewhere() -> None:
    whole, begun = _used()
    idle = [
        key
        for key in texts(DEFAULT_LANGUAGE).catalogue
        if not {key, key.removesuffix(".one"), key.removesuffix(".other")} & whole
        and not any(key.startswith(one) for one in begun)
    ]
    assert idle == []


def test_every_key_of_the_keyboard_is_told() -> None:
    catalogue = texts(DEFAULT_LANGUAGE).catalogue
    assert all(f"keys.{action}" in catalogue for action in keys.USUAL)


def test_one_and_many() -> None:
    t = texts("en")
    assert t("today.waiting", count=1) == "1 case waits."
    assert t("today.waiting", count=3000) == "3,000 cases wait."


def test_the_language_that_the_browser_accepts() -> None:
    assert language_of(None, "de-DE,es;q=0.8,en;q=0.5") == "es"
    assert language_of("en", "es") == "en"
    assert language_of("xx", "") == "en"


def _names(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
