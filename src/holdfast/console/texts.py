"""The console's words: one catalogue a language, looked up by key.

A catalogue is a pair of TOML files in ``i18n/`` (`-access`: signing in and people); nested tables make dotted
keys. Where a text depends on a number, its table has ``one`` and ``other``. Every key exists in every
language (a test holds them together).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

__all__ = ["DEFAULT_LANGUAGE", "LANGUAGES", "Texts", "language_of", "texts"]

# Code -> the language's own name.
LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "es": "Español"}
DEFAULT_LANGUAGE: Final = "en"


class Texts:
    """The texts of one language. ``texts("queue.title")``, ``texts("queue.waiting", count=3)``."""

    def __init__(self, language: str, catalogue: Mapping[str, str]) -> None:
        self.language = language
        self.catalogue = catalogue

    def __call__(self, key: str, /, **values: Any) -> str:
        """The text with ``values`` put in. Raises KeyError for a key that no catalogue has."""
        if key not in self.catalogue and "count" in values:
            key = f"{key}.one" if values["count"] == 1 else f"{key}.other"
        text = self.catalogue[key]
        return text.format_map({name: self._shown(value) for name, value in values.items()})

    def or_else(self, prefix: str, word: str, words: str) -> str:
        """The text of a word that comes from the records, or ``words`` where there is none."""
        return self.catalogue.get(f"{prefix}.{word}", words)

    def or_plain(self, prefix: str, word: str) -> str:
        """The text of a word that comes from the records; the word itself where it is not one of ours."""
        return self.catalogue.get(f"{prefix}.{word}", word.replace("_", " "))

    def number(self, value: float, digits: int = 0) -> str:
        """A number as it is written in this language."""
        text = f"{value:,.{digits}f}"
        return text if self.language == "en" else text.translate(str.maketrans(",.", ".,"))

    def _shown(self, value: Any) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            return self.number(value)
        return str(value)


@cache
def texts(language: str) -> Texts:
    """The texts of a language of `LANGUAGES`. Raises KeyError for another."""
    if language not in LANGUAGES:
        raise KeyError(language)
    catalogue: dict[str, str] = {}
    for name in (f"{language}.toml", f"{language}-access.toml"):
        source = files("holdfast.console").joinpath("i18n", name)
        catalogue.update(_flat(tomllib.loads(source.read_text(encoding="utf-8"))))
    return Texts(language, catalogue)


def language_of(chosen: str | None, accepted: str) -> str:
    """The language chosen, else the first that the browser accepts (RFC 9110, section 12.5.4)."""
    if chosen in LANGUAGES:
        return str(chosen)
    for part in accepted.split(","):
        code = part.split(";")[0].strip().lower().split("-")[0]
        if code in LANGUAGES:
            return code
    return DEFAULT_LANGUAGE


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
